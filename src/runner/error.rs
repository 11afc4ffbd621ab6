//! What can go wrong between a caller and its job. Says what happened; what to do is said at the door.

use std::path::PathBuf;
use std::{fmt, io};

use crate::journal;

/// An error of this room.
#[derive(Debug)]
pub(crate) enum Error {
    /// The state directory or the log.
    Journal(journal::error::Error),
    /// Another consult holds the session; its job where that is known.
    SessionBusy { session: String, job: Option<String> },
    /// The program is not there, or is not executable.
    ProgramMissing { name: String, searched: bool },
    /// The program did not say which flags it takes.
    ProgramSilent { path: PathBuf },
    /// No runner came up; the job is recorded as failed.
    NotAccepted { job: String, detail: String },
    /// The runner was told to stop, and still runs.
    StillStopping { job: String },
    /// The conversation lies in the jail's own home, and there is no jail.
    HomeWithoutJail,
    /// The file with the credential cannot be used.
    Credential { path: PathBuf, why: String },
    /// A file of this room.
    File { doing: &'static str, path: PathBuf, source: io::Error },
    /// A process could not be started or asked.
    Process { doing: &'static str, source: io::Error },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Journal(error) => error.fmt(f),
            Error::SessionBusy { session, job: Some(job) } => {
                write!(f, "session {session} is in use by job {job}")
            }
            Error::SessionBusy { session, job: None } => write!(f, "session {session} is in use"),
            Error::ProgramMissing { name, searched: true } => {
                write!(f, "Claude Code was not found: there is no executable `{name}` on PATH")
            }
            Error::ProgramMissing { name, searched: false } => {
                write!(f, "Claude Code was not found: {name} is not an executable file")
            }
            Error::ProgramSilent { path } => {
                write!(f, "Claude Code did not answer: {} --help failed", path.display())
            }
            Error::NotAccepted { job, detail } => {
                write!(f, "job {job} could not be started: {detail}")
            }
            Error::StillStopping { job } => {
                write!(f, "job {job} was asked to stop and has not ended yet")
            }
            Error::HomeWithoutJail => f.write_str(
                "the conversation began inside the sandbox, in a home that is used inside of one only",
            ),
            Error::Credential { path, why } => {
                write!(f, "the credential in {} cannot be used: {why}", path.display())
            }
            Error::File { doing, path, .. } => write!(f, "cannot {doing} {}", path.display()),
            Error::Process { doing, .. } => write!(f, "cannot {doing}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Journal(error) => error.source(),
            Error::File { source, .. } | Error::Process { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<journal::error::Error> for Error {
    fn from(error: journal::error::Error) -> Self {
        Error::Journal(error)
    }
}

/// Names a path in the errors of `std::fs`.
pub(super) trait At<T> {
    fn at(self, doing: &'static str, path: &std::path::Path) -> Result<T, Error>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, doing: &'static str, path: &std::path::Path) -> Result<T, Error> {
        self.map_err(|source| Error::File { doing, path: path.to_owned(), source })
    }
}
