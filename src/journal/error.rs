//! What can go wrong between the journal and the file system.
//!
//! A damaged log is not among it: that is a finding, never an error. Each message is one clause that
//! names the path; the system's own words follow in the source chain. What to do about it is the
//! door's to say.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// Why the journal could not do what it was asked.
#[derive(Debug)]
pub(crate) enum Error {
    /// The state directory was given as a relative path.
    NotAbsolute {
        path: PathBuf,
    },
    NotADirectory {
        path: PathBuf,
    },
    /// The state directory, or something in it, is a symbolic link.
    Symlink {
        path: PathBuf,
    },
    WrongOwner {
        path: PathBuf,
        uid: u32,
    },
    /// The directory is open to others and holds what is not ours: tightening it could hurt.
    NotOurs {
        path: PathBuf,
    },
    /// Locks and syncs are not to be trusted there.
    NetworkFs {
        path: PathBuf,
        kind: &'static str,
    },
    /// EACCES or EPERM while reading.
    Unreadable {
        path: PathBuf,
        source: io::Error,
    },
    /// EACCES, EPERM or EROFS while writing; the caller's sandbox is the likely cause.
    Unwritable {
        path: PathBuf,
        source: io::Error,
    },
    /// ENOSPC, EDQUOT, EFBIG, or a write that stopped short.
    NoSpace {
        path: PathBuf,
        source: io::Error,
    },
    /// Another process holds the log's lock.
    Busy {
        path: PathBuf,
        holder_pid: Option<u32>,
    },
    /// Another process is pruning the log; one at a time does.
    Pruning {
        path: PathBuf,
    },
    /// The event is in the log, but may be gone after a power cut.
    NotDurable {
        path: PathBuf,
        source: io::Error,
    },
    /// An event of 4 GiB or more.
    TooLong {
        path: PathBuf,
    },
    Io {
        path: PathBuf,
        source: io::Error,
    },
}

impl Error {
    /// Sorts an error that came up while `path` was read.
    pub(crate) fn reading(path: &Path, source: io::Error) -> Self {
        match Errno::from_io_error(&source) {
            Some(Errno::ACCESS | Errno::PERM) => {
                Error::Unreadable { path: path.to_owned(), source }
            }
            _ => Self::other(path, source),
        }
    }

    /// Sorts an error that came up while `path` was made, changed or opened for that.
    pub(crate) fn writing(path: &Path, source: io::Error) -> Self {
        let path_buf = path.to_owned();
        match Errno::from_io_error(&source) {
            Some(Errno::ACCESS | Errno::PERM | Errno::ROFS) => {
                Error::Unwritable { path: path_buf, source }
            }
            Some(Errno::NOSPC | Errno::DQUOT | Errno::FBIG) => {
                Error::NoSpace { path: path_buf, source }
            }
            _ => Self::other(path, source),
        }
    }

    /// `O_NOFOLLOW` says ELOOP of a link, but ENOTDIR where a directory was asked for.
    fn other(path: &Path, source: io::Error) -> Self {
        let path_buf = path.to_owned();
        match Errno::from_io_error(&source) {
            Some(Errno::LOOP) => Error::Symlink { path: path_buf },
            Some(Errno::NOTDIR) if path.is_symlink() => Error::Symlink { path: path_buf },
            Some(Errno::NOTDIR) => Error::NotADirectory { path: not_a_directory(path) },
            _ => Error::Io { path: path_buf, source },
        }
    }

    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Error::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// What on the way to `path` is in the way: the first above it that is there, and no directory.
fn not_a_directory(path: &Path) -> PathBuf {
    let in_the_way = path.ancestors().find(|above| above.exists() && !above.is_dir());
    in_the_way.unwrap_or(path).to_owned()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NotAbsolute { path } => {
                write!(f, "the state directory must be an absolute path, not {}", path.display())
            }
            Error::NotADirectory { path } => write!(f, "{} is not a directory", path.display()),
            Error::Symlink { path } => {
                write!(f, "{} is a symbolic link, and none is followed here", path.display())
            }
            Error::WrongOwner { path, uid } => {
                write!(f, "{} belongs to another user (uid {uid})", path.display())
            }
            Error::NotOurs { path } => write!(
                f,
                "{} is open to others and holds other files: not taken as state directory",
                path.display()
            ),
            Error::NetworkFs { path, kind } => {
                write!(f, "{} is on {kind}, where locks cannot be relied on", path.display())
            }
            Error::Unreadable { path, .. } => write!(f, "cannot read {}", path.display()),
            Error::Unwritable { path, .. } => write!(f, "cannot write to {}", path.display()),
            Error::NoSpace { path, .. } => write!(f, "no space to write to {}", path.display()),
            Error::Busy { path, holder_pid: Some(pid) } => {
                write!(f, "{} is locked by process {pid}", path.display())
            }
            Error::Busy { path, holder_pid: None } => {
                write!(f, "{} is locked by another process", path.display())
            }
            Error::Pruning { path } => {
                write!(f, "{} is being pruned by another process", path.display())
            }
            Error::NotDurable { path, .. } => {
                write!(f, "{} was written but could not be synced to disk", path.display())
            }
            Error::TooLong { path } => {
                write!(f, "an event of 4 GiB or more does not fit in {}", path.display())
            }
            Error::Io { path, .. } => write!(f, "input or output failed on {}", path.display()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Unreadable { source, .. }
            | Error::Unwritable { source, .. }
            | Error::NoSpace { source, .. }
            | Error::NotDurable { source, .. }
            | Error::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// For callers that need the error's kind, as `std::fs` would have given it.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Unreadable { source, .. }
            | Error::Unwritable { source, .. }
            | Error::NoSpace { source, .. }
            | Error::NotDurable { source, .. }
            | Error::Io { source, .. } => source,
            other => io::Error::other(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_a_quota_and_a_file_size_limit_are_one_kind() {
        for errno in [Errno::NOSPC, Errno::DQUOT, Errno::FBIG] {
            let error = Error::writing(Path::new("/x"), errno.into());
            assert!(matches!(error, Error::NoSpace { .. }), "{error}");
        }
    }

    #[test]
    fn a_refusal_is_told_apart_from_a_failure() {
        for errno in [Errno::ACCESS, Errno::PERM, Errno::ROFS] {
            let error = Error::writing(Path::new("/x"), errno.into());
            assert!(matches!(error, Error::Unwritable { .. }), "{error}");
        }
        let error = Error::reading(Path::new("/x"), Errno::ACCESS.into());
        assert!(matches!(error, Error::Unreadable { .. }), "{error}");
        let error = Error::writing(Path::new("/x"), Errno::IO.into());
        assert!(matches!(error, Error::Io { .. }), "{error}");
    }
}
