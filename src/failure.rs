//! Errors as a person meets them: what happened, why, what to do, and the exit code.
//!
//! The rooms' errors know nothing of users; they are turned into words here and nowhere else.

mod exit;

use std::error::Error as _;
use std::fmt;

use crate::consult::failure::Code;
use crate::journal::error::Error as JournalError;
use crate::runner::error::Error as RunnerError;

pub(crate) use exit::Exit;

/// The reader of our output is gone. What that means is decided in `main` alone.
#[derive(Debug)]
pub(crate) struct BrokenPipe;

/// One thing that went wrong, ready to be said.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// Stable word for scripts.
    pub(crate) code: &'static str,
    /// One sentence without its full stop: what happened.
    pub(crate) message: String,
    /// Why, outermost first.
    pub(crate) causes: Vec<String>,
    /// What to do.
    pub(crate) hint: Option<String>,
    /// The reader of our output is gone, which is for main alone to judge.
    pub(crate) broken_pipe: bool,
}

impl Failure {
    pub(crate) fn new(exit: Exit, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { exit, code, message, causes: Vec::new(), hint: None, broken_pipe: false }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    #[must_use]
    pub(crate) fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub(crate) fn caused_by(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(plain(&cause));
        self
    }

    /// The message with its causes, as one sentence.
    pub(crate) fn sentence(&self) -> String {
        let mut sentence = self.message.clone();
        for cause in &self.causes {
            sentence.push_str(": ");
            sentence.push_str(cause);
        }
        sentence
    }
}

/// The system's words without the number that Rust adds to them, which tells nobody anything.
fn plain(cause: &impl fmt::Display) -> String {
    let text = cause.to_string();
    match text.split_once(" (os error ") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

impl From<std::io::Error> for Failure {
    /// Only writing to our own standard output comes here; all other I/O has an error of its room.
    fn from(error: std::io::Error) -> Self {
        let broken_pipe = error.kind() == std::io::ErrorKind::BrokenPipe;
        let failure = Self::new(Exit::StateIo, "output", "cannot write to standard output");
        Self { broken_pipe, ..failure.caused_by(error) }
    }
}

impl From<RunnerError> for Failure {
    fn from(error: RunnerError) -> Self {
        let message = error.to_string();
        let causes: Vec<String> = error.source().map(|cause| plain(&cause)).into_iter().collect();
        let failure = match &error {
            RunnerError::Journal(_) => {
                let RunnerError::Journal(error) = error else { unreachable!("just matched") };
                return error.into();
            }
            RunnerError::SessionBusy { job, .. } => {
                let job = job.as_deref().unwrap_or("ID");
                let hint = format!(
                    "`phone-opus wait {job}` waits for that job; without --session a new conversation starts."
                );
                Self::new(Exit::TryLater, "session_busy", message).hinted(hint)
            }
            RunnerError::ProgramSilent { .. } => {
                Self::new(Exit::ClaudeMissing, "claude_silent", message)
                    .hinted("Run it by hand; if it works there, the host was too busy: try again.")
            }
            RunnerError::ProgramMissing { .. } => {
                Self::new(Exit::ClaudeMissing, "claude_missing", message)
                    .hinted(Code::ClaudeMissing.remedy())
            }
            RunnerError::NotAccepted { .. } => Self::new(Exit::JobFailed, "spawn_failed", message)
                .hinted("Nothing was spent, so trying again is safe."),
            RunnerError::StillStopping { job } => {
                let hint = format!(
                    "`phone-opus wait {job}` waits for it; its processes are being killed."
                );
                Self::new(Exit::TryLater, "still_stopping", message).hinted(hint)
            }
            RunnerError::HomeWithoutJail => {
                Self::new(Exit::SandboxRequired, "session_in_sandbox", message)
                    .hinted(Code::SessionInSandbox.remedy())
            }
            RunnerError::Credential { .. } => Self::new(
                Exit::BadConfiguration,
                "credential_file",
                message,
            )
            .hinted(
                "credentials.token_file and credentials.key_file name a file that holds the token \
                     or key alone, and that you alone may read.",
            ),
            RunnerError::File { .. } | RunnerError::Process { .. } => {
                Self::new(Exit::StateIo, "state_io", message)
                    .hinted("Look at the permissions and the free space of the state directory.")
            }
        };
        Self { causes, ..failure }
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        let causes: Vec<String> = error.source().map(|cause| plain(&cause)).into_iter().collect();
        let message = error.to_string();
        let (exit, code, hint) = match &error {
            JournalError::Busy { holder_pid, .. } => {
                let holder = holder_pid.map_or("the holder".to_owned(), |pid| format!("process {pid}"));
                let hint = format!("Try again; if it stays so, {holder} is stuck or stopped: look at it, or end it.");
                (Exit::TryLater, "busy", hint)
            }
            JournalError::Pruning { .. } => (
                Exit::TryLater,
                "busy",
                "Nothing is lost: wait for it, then see what is left with `phone-opus prune --dry-run`.".to_owned(),
            ),
            JournalError::NotAbsolute { .. } => (
                Exit::BadConfiguration,
                "config",
                "Set PHONE_OPUS_STATE_DIR to a path that starts with /.".to_owned(),
            ),
            JournalError::NetworkFs { .. } => (
                Exit::BadConfiguration,
                "network_fs",
                "Set PHONE_OPUS_STATE_DIR to a local directory, or allow_network_fs = true at your own risk.".to_owned(),
            ),
            JournalError::Unwritable { .. } => (
                Exit::StateIo,
                "state_unwritable",
                "If an agent's sandbox runs this command, let it write there, or set PHONE_OPUS_STATE_DIR to a place it may write.".to_owned(),
            ),
            JournalError::NoSpace { .. } => {
                (Exit::StateIo, "no_space", "Free some space there and try again; nothing that was recorded is lost.".to_owned())
            }
            JournalError::NotDurable { .. } => {
                (Exit::StateIo, "not_durable", "The disk may be failing: look at the kernel's log before you go on.".to_owned())
            }
            JournalError::NotADirectory { .. }
            | JournalError::Symlink { .. }
            | JournalError::WrongOwner { .. }
            | JournalError::NotOurs { .. } => (
                Exit::StateIo,
                "state_refused",
                "Set PHONE_OPUS_STATE_DIR to a directory of your own, or mend this one.".to_owned(),
            ),
            JournalError::Unreadable { .. } => (
                Exit::StateIo,
                "state_unreadable",
                "If an agent's sandbox runs this command, let it read there, or set PHONE_OPUS_STATE_DIR to a directory of your own.".to_owned(),
            ),
            JournalError::TooLong { .. } | JournalError::Io { .. } => {
                (Exit::StateIo, "state_io", "Look at the state directory and its disk.".to_owned())
            }
        };
        Self { causes, ..Self::new(exit, code, message).hinted(hint) }
    }
}
