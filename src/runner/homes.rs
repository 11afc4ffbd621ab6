//! Claude Code's own homes, beside the user's: one for each conversation, and the one with the login.
//!
//! An adviser with a shell reads and writes whatever its Claude Code can. So each conversation has a
//! home of its own, and no other is there for it. A login cannot be in it: its refresh token rotates,
//! two homes with one token log each other out, and a link to its file is replaced when it is renewed.
//! So the login stays in one home, in which all who use it run; there bubblewrap puts what belongs to
//! the conversation over what belongs to others, and without bubblewrap a login has no shell.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, Mode, OFlags, mkdirat, openat, renameat, statat, unlinkat};
use rustix::io::Errno;

use super::error::{At, Error};
use super::removal::{WHOLE, restore_modes};
use crate::consult::claude::credentials::Source;
use crate::jail::policy::Cover;
use crate::journal::place::{make_private, session_name};

/// Where Claude Code keeps conversations.
pub(super) const CONVERSATIONS: &str = "projects";

/// What of a home belongs to a conversation, and is covered whether it is there or not.
const OF_A_CONVERSATION: [&str; 8] = [
    CONVERSATIONS,
    "file-history",
    "plans",
    "session-env",
    "sessions",
    "shell-snapshots",
    "tasks",
    "todos",
];

/// Claude Code's locks are directories, and must be everybody's.
const LOCK: &str = ".lock";

/// The homes that a conversation may run in.
#[derive(Debug, Clone)]
pub(crate) struct Homes {
    /// The one with the login.
    pub(crate) login: PathBuf,
    /// The conversation's own.
    pub(crate) conversation: PathBuf,
}

/// The home with the login.
pub(crate) fn of_login(root: &Path) -> PathBuf {
    root.join("claude")
}

impl Homes {
    /// Below a state directory, whether they are there or not. They are state: conversations are of no
    /// use without the jobs of the log.
    pub(crate) fn below(root: &Path, session: &str) -> Self {
        let conversation = root.join("homes").join(session_name(session));
        Self { login: of_login(root), conversation }
    }

    /// The home for these credentials.
    pub(crate) fn of(&self, source: Source) -> &Path {
        if source == Source::Login { &self.login } else { &self.conversation }
    }

    /// The same, made where it is missing.
    pub(super) fn make(&self, source: Source) -> Result<PathBuf, Error> {
        if let Some(all) = self.conversation.parent() {
            make_private(all)?;
        }
        // An adviser may have locked us out: of all of its own home, and of what lies right in the other.
        restore_modes(&self.conversation, WHOLE);
        restore_modes(&self.login, 1);
        make_private(&self.conversation)?;
        make_private(&self.login)?;
        Ok(self.of(source).to_owned())
    }

    /// What bubblewrap has to put over what, so that of the home with the login only the login is
    /// shared: each directory that belongs to conversations, and any other that is there. Both homes must
    /// have been made.
    pub(super) fn covers(&self, source: Source) -> Result<Vec<Cover>, Error> {
        if source != Source::Login {
            return Ok(Vec::new());
        }
        let login = fs::canonicalize(&self.login).at("read", &self.login)?;
        let own = fs::canonicalize(&self.conversation).at("read", &self.conversation)?;
        let (in_login, in_own) = (open_directory(&login)?, open_directory(&own)?);
        let mut names: Vec<_> = OF_A_CONVERSATION.map(Into::into).to_vec();
        for entry in fs::read_dir(&login).at("read", &login)?.flatten() {
            let name = entry.file_name();
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_directory && !name.as_bytes().ends_with(LOCK.as_bytes()) && !names.contains(&name)
            {
                names.push(name);
            }
        }
        for name in &names {
            make_real(&in_login, name).at("make", &login.join(name))?;
            make_real(&in_own, name).at("make", &own.join(name))?;
        }
        let cover = |name| Cover { place: login.join(name), with: own.join(name) };
        Ok(names.iter().map(cover).collect())
    }

    /// Brings a conversation to where it will be looked for. It may lie in the home with the login: from
    /// before conversations had homes of their own, or from a consult by a login without bubblewrap.
    /// Its lock must be held.
    pub(super) fn bring(&self, session: &str, source: Source, covered: bool) -> Result<(), Error> {
        let (from, to) = if source == Source::Login && !covered {
            (&self.conversation, &self.login)
        } else {
            (&self.login, &self.conversation)
        };
        bring(from, to, session).at("move the conversation to", to)
    }
}

/// Moves what is named after a conversation. An adviser may have written in both places, so no link is
/// followed, and what is there already stays.
fn bring(from: &Path, to: &Path, session: &str) -> io::Result<()> {
    let Ok(from) = open_below(&open_directory_at(from)?, CONVERSATIONS) else { return Ok(()) };
    let to = make_real(&open_directory_at(to)?, CONVERSATIONS.as_ref())?;
    let names = [format!("{session}.jsonl"), session.to_owned()];
    for project in Dir::read_from(&from)? {
        let project = project?;
        let Ok(lies) = open_below(&from, project.file_name()) else { continue };
        let there = |name: &&String| statat(&lies, *name, AtFlags::SYMLINK_NOFOLLOW).is_ok();
        for name in names.iter().filter(there) {
            let project = std::ffi::OsStr::from_bytes(project.file_name().to_bytes());
            let place = make_real(&to, project)?;
            if statat(&place, name, AtFlags::SYMLINK_NOFOLLOW).is_err() {
                renameat(&lies, name, &place, name)?;
            }
        }
    }
    Ok(())
}

fn open_directory(path: &Path) -> Result<OwnedFd, Error> {
    open_directory_at(path).at("open", path)
}

fn open_directory_at(path: &Path) -> io::Result<OwnedFd> {
    Ok(open_below(rustix::fs::CWD, path)?)
}

fn open_below(directory: impl AsFd, name: impl rustix::path::Arg) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(directory, name, flags, Mode::empty())
}

/// Opens a directory, which is made where it is missing; what an adviser put in its place goes.
fn make_real(directory: impl AsFd, name: &std::ffi::OsStr) -> io::Result<OwnedFd> {
    match open_below(&directory, name) {
        Err(Errno::NOENT) => {}
        Err(Errno::NOTDIR | Errno::LOOP) => unlinkat(&directory, name, AtFlags::empty())?,
        opened => return Ok(opened?),
    }
    mkdirat(&directory, name, Mode::RWXU)?;
    Ok(open_below(&directory, name)?)
}
