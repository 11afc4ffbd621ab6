//! The call of Claude Code as a value: what a worker spawns, and what a dry run shows, are the same.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::program::Program;
use crate::consult::claude::argv::{Conversation, Shell, arguments};
use crate::consult::claude::credentials::Source;
use crate::consult::claude::env::{EnvChanges, Own, environment};
use crate::consult::claude::withheld::withheld;
use crate::consult::request::Request;
use crate::job::event::Session;
use crate::redact;

/// Everything that is given to Claude Code, but for the prompt on its standard input.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: EnvChanges,
    pub(crate) cwd: String,
}

/// What a call depends on besides the request.
pub(crate) struct Setting<'a> {
    pub(crate) job: &'a str,
    /// How many consults the caller was nested in.
    pub(crate) caller_depth: u32,
    /// Private directory of the job.
    pub(crate) tmp: &'a Path,
    /// File with the user's carried settings, if there is anything to carry.
    pub(crate) settings: Option<&'a Path>,
    /// The inherited variables.
    pub(crate) inherited: &'a [(String, String)],
    /// A home of Claude Code's own.
    pub(crate) config_dir: Option<&'a Path>,
    /// The variable and the value of a credential that the configuration names.
    pub(crate) credential: Option<(&'a str, &'a str)>,
    pub(crate) source: Source,
    /// How the variables begin that the chosen cloud's tools read.
    pub(crate) families: &'a [&'a str],
    pub(crate) shell: Shell,
}

impl Setting<'_> {
    /// The inherited variables that the adviser does not get, with a shell or without one. A helper of
    /// the user's may need any of them to fetch a key; where there is one there is never a shell.
    fn withheld(&self) -> Vec<&str> {
        if self.source == Source::Helper {
            return Vec::new();
        }
        let gives_away = |value: &str| matches!(redact::text(value), Cow::Owned(_));
        withheld(self.inherited, self.families, &gives_away)
    }
}

/// Builds the call.
pub(crate) fn call(
    request: &Request,
    session: &Session,
    program: &Program,
    setting: &Setting<'_>,
) -> Call {
    let conversation = if session.resumed {
        Conversation::Resume(&session.id)
    } else {
        Conversation::New(&session.id)
    };
    let settings = setting.settings.and_then(Path::to_str);
    let tmpdir = setting.tmp.to_string_lossy();
    let config_dir = setting.config_dir.map(Path::to_string_lossy);
    let withheld = setting.withheld();
    let own = Own {
        job: setting.job,
        depth: setting.caller_depth + 1,
        tmpdir: &tmpdir,
        config_dir: config_dir.as_deref(),
        credential: setting.credential,
        withheld: &withheld,
    };
    Call {
        program: program.path.clone(),
        arguments: arguments(request, conversation, &program.flags, settings, setting.shell),
        environment: environment(setting.inherited.iter().map(|(name, _)| name.as_str()), &own),
        cwd: session.cwd.clone(),
    }
}
