//! Why a consult failed, in words that say what happened and what to do.
//!
//! `class` is coarse and old (`process`: the program or its host; `downstream`: the service);
//! `code` is the fine one that scripts should match on. Codes are only ever added.

use serde::{Deserialize, Serialize};

/// One failure as it is recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) class: Class,
    pub(crate) code: Code,
    /// What was seen this time: Claude Code's own words, a signal, a path.
    #[serde(default)]
    pub(crate) detail: String,
    #[serde(default)]
    pub(crate) api_status: Option<u16>,
    /// When trying again makes sense, where the service said so; milliseconds since 1970.
    #[serde(default)]
    pub(crate) retry_at_unix_ms: Option<i64>,
    #[serde(default)]
    pub(crate) exit_code: Option<i32>,
    #[serde(default)]
    pub(crate) signal: Option<i32>,
}

impl Failure {
    /// A failure with nothing but its code and what was seen.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            class: code.class(),
            code,
            detail: detail.into(),
            api_status: None,
            retry_at_unix_ms: None,
            exit_code: None,
            signal: None,
        }
    }
}

/// The coarse class, kept for those who relied on it first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Class {
    Process,
    Downstream,
}

macro_rules! codes {
    ($($variant:ident $name:literal $class:ident $cause:literal $remedy:literal)*) => {
        /// The fine code. A code that this version does not know is kept as it was written.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub(crate) enum Code { $($variant,)* Unknown(String) }

        impl Code {
            /// Every code of this version, in the order of the documentation.
            #[cfg(test)]
            pub(crate) const ALL: &'static [Code] = &[$(Code::$variant),*];

            pub(crate) fn name(&self) -> &str {
                match self { $(Code::$variant => $name,)* Code::Unknown(name) => name }
            }

            pub(crate) fn class(&self) -> Class {
                match self { $(Code::$variant => Class::$class,)* Code::Unknown(_) => Class::Process }
            }

            /// One sentence: what this code means.
            pub(crate) fn cause(&self) -> &'static str {
                match self {
                    $(Code::$variant => $cause,)*
                    Code::Unknown(_) => "A newer phone-opus recorded a failure that this version does not know.",
                }
            }

            /// One sentence: what to do about it, for someone at a shell.
            pub(crate) fn remedy(&self) -> &'static str {
                match self {
                    $(Code::$variant => $remedy,)*
                    Code::Unknown(_) => "Read the detail, or look at the job with the newer version.",
                }
            }
        }

        impl From<String> for Code {
            fn from(name: String) -> Self {
                match name.as_str() { $($name => Code::$variant,)* _ => Code::Unknown(name) }
            }
        }
    };
}

codes! {
    ClaudeMissing "claude_missing" Process
        "The Claude Code program was not found."
        "Install it (npm install -g @anthropic-ai/claude-code), or name it in claude_bin or PHONE_OPUS_CLAUDE_BIN."
    SpawnFailed "spawn_failed" Process
        "The consult could not be started."
        "Read the detail; nothing was spent, so trying again is safe."
    AuthRequired "auth_required" Downstream
        "Claude Code is not logged in, or its key was refused."
        "Run `claude` and log in, or set ANTHROPIC_API_KEY, then ask again."
    RateLimited "rate_limited" Downstream
        "The account's usage limit is reached."
        "Ask again after retry_at, or when the limit resets."
    Overloaded "overloaded" Downstream
        "The service is overloaded."
        "Ask again in a few minutes."
    ApiError "api_error" Downstream
        "The service answered with an error."
        "Read the detail; if it is not about the request itself, ask again later."
    Network "network" Downstream
        "The service could not be reached, or the connection broke."
        "Check the network, proxy and VPN, then ask again."
    PromptTooLong "prompt_too_long" Downstream
        "The prompt, with what was read, is larger than the model takes."
        "Ask a shorter question, or name fewer files."
    Refused "refused" Downstream
        "The model refused to answer."
        "Rephrase the question, or ask another model with --model."
    MaxTurns "max_turns" Downstream
        "The limit of turns was reached before the answer was complete."
        "Raise --max-turns, or resume the session and ask it to conclude."
    MaxBudget "max_budget" Downstream
        "The budget was reached before the answer was complete."
        "Raise --max-budget-usd, or resume the session and ask it to conclude."
    Timeout "timeout" Process
        "The consult took longer than its time limit."
        "Raise --timeout, or resume the session: its work is kept."
    IdleTimeout "idle_timeout" Process
        "Claude Code said nothing for longer than the idle limit."
        "Raise --idle-timeout, or resume the session: its work is kept."
    BadOutput "bad_output" Process
        "Claude Code ended without a result that could be read."
        "Look at stderr.log and transcript.jsonl in the job's directory, then ask again."
    EmptyAnswer "empty_answer" Downstream
        "The model returned an empty answer."
        "Ask again, or resume the session and ask for the conclusion."
    Interrupted "interrupted" Process
        "The consult was stopped by a signal that nobody asked for through phone-opus."
        "Resume the session to go on where it stopped."
    SessionNotFound "session_not_found" Process
        "Claude Code does not know the session."
        "Check the id, and resume it in the directory where it began; or leave --session out."
    SessionBusy "session_busy" Process
        "The session is in use by another consult."
        "Wait for that one to end, or start a new session."
    SandboxUnavailable "sandbox_unavailable" Process
        "The sandbox that the configuration requires is not available."
        "Run on a kernel that has it, or set sandbox to auto."
    SessionInSandbox "session_in_sandbox" Process
        "The conversation began inside the sandbox, and can go on in one only."
        "Set sandbox to auto, on a kernel that has one, or start a new session."
}

impl Code {
    /// Whether the same request may well succeed later, with nothing changed.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Code::RateLimited | Code::Overloaded | Code::Network | Code::SpawnFailed)
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.name().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_survives_its_own_name() {
        for code in Code::ALL {
            assert_eq!(&Code::from(code.name().to_owned()), code);
        }
        assert_eq!(Code::from("newer".to_owned()).name(), "newer");
    }

    #[test]
    fn every_code_has_a_cause_and_a_remedy_of_one_sentence() {
        for code in Code::ALL {
            for words in [code.cause(), code.remedy()] {
                assert!(words.ends_with('.') && words.len() < 120, "{words}");
            }
        }
    }
}
