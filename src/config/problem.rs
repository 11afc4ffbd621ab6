//! Where a value came from, and what is wrong with one that does not fit.

use std::fmt;
use std::path::PathBuf;

use super::file::Position;

/// The place that gave a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag,
    /// The name of the environment variable.
    Env(String),
    /// The path of the file.
    File(PathBuf),
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag => f.pad("flag"),
            Origin::Env(name) => f.pad(name),
            Origin::File(path) => f.pad(&path.to_string_lossy()),
            Origin::Default => f.pad("default"),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The key in question; `None` where the text as a whole does not parse.
    pub(crate) key: Option<String>,
    pub(crate) origin: Origin,
    /// Where in the file; `None` outside one.
    pub(crate) at: Option<Position>,
    /// What was found and what is accepted, without a full stop.
    pub(crate) message: String,
}

impl fmt::Display for Problem {
    /// `PATH:LINE:COLUMN: …`, `NAME: …` for the environment, `--flag: …` for a flag.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.origin, &self.key) {
            (Origin::Flag, Some(key)) => write!(f, "--{}", key.replace('_', "-"))?,
            (origin, _) => write!(f, "{origin}")?,
        }
        if let Some(at) = self.at {
            write!(f, ":{at}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Something that changes nothing, but that whoever wrote it should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Warning {
    /// The environment variable that no key of this version has.
    pub(crate) name: String,
    pub(crate) message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}
