//! A world in which the real Claude Code talks to a scripted API and to nothing else.

use std::path::PathBuf;

use serde_json::Value;

use super::api::Api;
use super::support::{World, until};

/// What the API says before an answer of scenario `held` is held.
pub(crate) const BEGUN: &str = "begun, a";
const FIRST_WORD: &str = "begun,";

/// The whole of such an answer.
pub(crate) const HELD: &str = "begun, and ended";

pub(crate) struct Offline {
    // First, because it looks for what was left running, which still needs the API.
    pub(crate) world: World,
    pub(crate) api: Api,
}

/// How a consult in the foreground ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) exit: Option<i32>,
    pub(crate) job: Value,
}

impl Offline {
    /// The usual one: an API key in the environment.
    pub(crate) fn new() -> Self {
        let mut offline = Self::without_credentials();
        offline.world.set("ANTHROPIC_API_KEY", "dummy");
        offline
    }

    pub(crate) fn without_credentials() -> Self {
        let (mut world, api) = (World::new(), Api::start());
        let claude = claude();
        world.set("PHONE_OPUS_CLAUDE_BIN", claude.to_str().expect("text"));
        world.set("ANTHROPIC_BASE_URL", &api.url());
        // Eleven tries over three minutes would show no more than two do.
        world.set("CLAUDE_CODE_MAX_RETRIES", "1");
        Self { world, api }
    }

    /// A consult in the foreground: how it ended, and its document.
    pub(crate) fn consult(&self, arguments: &[&str]) -> Ended {
        let all = ["consult", "--json"].iter().chain(arguments);
        let output = self.world.command(all).output().expect("run");
        let job = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {output:?}"));
        Ended { exit: output.status.code(), job }
    }

    /// Waits until the first word of a held answer is in a job's transcript; the last one waits in memory
    /// until it is whole, because half a secret could not be told.
    pub(crate) fn until_begun(&self, id: &str) {
        let transcript = self.world.job_file(id, "transcript.jsonl");
        until("the answer has begun", || {
            std::fs::read_to_string(&transcript).ok()?.contains(FIRST_WORD).then_some(())
        });
    }
}

/// The program that these tests are about.
pub(crate) fn claude() -> PathBuf {
    const NAME: &str = "PHONE_OPUS_TEST_CLAUDE";
    let path = std::env::var_os(NAME).map(PathBuf::from);
    let path = path.unwrap_or_else(|| panic!("set {NAME} to the path of the Claude Code program"));
    assert!(path.is_absolute() && path.exists(), "{NAME}: there is no {}", path.display());
    path
}
