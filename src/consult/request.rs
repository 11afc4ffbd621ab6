//! What one consult is asked to do, with every default already resolved.
//!
//! It is recorded whole in the `queued` event, so a runner needs the log and nothing else: no
//! configuration is read twice, and what ran can always be told from the record.

use serde::{Deserialize, Serialize};

use super::claude::credentials::CredentialFile;

/// A resolved request. Fields are only ever added, each with a default, so old logs keep reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Request {
    /// The caller's own words; [`Request::effective_prompt`] is what Claude Code receives.
    pub(crate) prompt: String,
    /// Text put before the prompt; `None` when the configuration switched it off.
    pub(crate) prefix: Option<String>,
    /// Absolute path of the directory that is advised on.
    pub(crate) cwd: String,
    pub(crate) model: String,
    pub(crate) effort: String,
    pub(crate) max_turns: Option<u32>,
    /// US dollars.
    pub(crate) max_budget_usd: Option<f64>,
    /// The session that the caller asked to resume.
    pub(crate) session_id: Option<String>,
    /// Claude Code's names of the tools on offer, the web's included where `web` is set.
    pub(crate) tools: Vec<String>,
    pub(crate) web: bool,
    pub(crate) label: Option<String>,
    /// Wall clock limit from `started`, milliseconds; `None` is no limit.
    pub(crate) timeout_ms: Option<u64>,
    /// Longest silence (no valid line), milliseconds; `None` is no limit.
    pub(crate) idle_timeout_ms: Option<u64>,
    /// Time between TERM and KILL, milliseconds.
    pub(crate) grace_ms: u64,
    /// How many consults may run at once on this host.
    pub(crate) max_running: u32,
    /// Whether secrets of known shapes are replaced in what is recorded. The records of versions that
    /// did not know of it say no.
    pub(crate) redact: bool,
    /// The program as configured; `None` means `claude` on PATH.
    pub(crate) claude_bin: Option<String>,
    pub(crate) sandbox: Sandbox,
    /// The file with the credential to use, where the configuration names one.
    pub(crate) credential_file: Option<CredentialFile>,
}

/// How much of a jail is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sandbox {
    /// What the host has.
    #[default]
    Auto,
    /// All that matters, or no consult.
    Require,
    Off,
}

impl Sandbox {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Sandbox::Auto => "auto",
            Sandbox::Require => "require",
            Sandbox::Off => "off",
        }
    }

    /// The one of that name; any other word is `auto`, which the configuration has checked.
    pub(crate) fn of_name(name: &str) -> Self {
        match name {
            "require" => Sandbox::Require,
            "off" => Sandbox::Off,
            _ => Sandbox::Auto,
        }
    }
}

impl Default for Request {
    fn default() -> Self {
        Self {
            prompt: String::new(),
            prefix: None,
            cwd: String::new(),
            model: "opus".to_owned(),
            effort: "max".to_owned(),
            max_turns: None,
            max_budget_usd: None,
            session_id: None,
            tools: ["Read", "Grep", "Glob"].map(str::to_owned).to_vec(),
            web: false,
            label: None,
            timeout_ms: None,
            idle_timeout_ms: Some(20 * 60 * 1000),
            grace_ms: 5000,
            max_running: 4,
            redact: false,
            claude_bin: None,
            sandbox: Sandbox::Auto,
            credential_file: None,
        }
    }
}

impl Request {
    /// The text that Claude Code reads on its standard input.
    ///
    /// A prompt that starts with `/context` and the like runs as a slash command and never reaches
    /// the model (measured on 2.1.330), so something always stands before it: the prefix, or, with
    /// the prefix switched off, one newline.
    pub(crate) fn effective_prompt(&self) -> String {
        let prefix = self.prefix.as_deref().unwrap_or_default();
        format!("{prefix}\n\n{}", self.prompt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_command_never_comes_first() {
        for prefix in [None, Some(String::new()), Some("You advise.".to_owned())] {
            let request = Request { prompt: "/context".to_owned(), prefix, ..Request::default() };
            assert!(!request.effective_prompt().starts_with('/'));
            assert!(request.effective_prompt().ends_with("/context"));
        }
    }

    #[test]
    fn an_old_record_without_newer_fields_still_reads() {
        let old: Request = serde_json::from_str(r#"{"prompt":"hi","cwd":"/"}"#).expect("reads");
        assert_eq!((old.prompt.as_str(), old.grace_ms), ("hi", 5000));
    }
}
