//! The state directory from outside: what is there, to whom it is open, what it lies on. A look that
//! makes and changes nothing, and has no opinion.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Access, access};

use super::error::Error;
use super::lock::{self, Holder};
use super::medium::{self, Medium};
use super::place::State;
use super::private;

/// What a state directory looks like.
#[derive(Debug)]
pub(crate) struct Survey {
    /// The directory itself, or the nearest one above it that is there.
    pub(crate) nearest: PathBuf,
    pub(crate) exists: bool,
    /// Why this process may not make files in `nearest`; `None` where it may.
    pub(crate) refused: Option<io::Error>,
    /// What others may read, and files that belong to others: path, mode, owner.
    pub(crate) exposed: Vec<(PathBuf, u32, u32)>,
    /// `None` where it cannot be told.
    pub(crate) medium: Option<Medium>,
}

/// Looks at a state directory that is there or not.
pub(crate) fn survey(root: &Path) -> Survey {
    let exists = root.is_dir();
    let nearest = root.ancestors().find(|path| path.is_dir()).unwrap_or(root).to_owned();
    Survey {
        refused: access(&nearest, Access::WRITE_OK | Access::EXEC_OK).err().map(Into::into),
        exposed: if exists { exposed(root) } else { Vec::new() },
        medium: medium::of(&nearest),
        nearest,
        exists,
    }
}

/// The directory and what is right in it, and the directories of jobs, sessions and slots.
fn exposed(root: &Path) -> Vec<(PathBuf, u32, u32)> {
    let inside = fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
    let uid = rustix::process::geteuid().as_raw();
    std::iter::once(root.to_owned())
        .chain(inside)
        .filter_map(|path| {
            let meta = fs::symlink_metadata(&path).ok()?;
            let (mode, owner) = (meta.mode() & 0o7777, meta.uid());
            let open = private::is_open(mode) && !meta.is_symlink();
            (open || owner != uid).then_some((path, mode, owner))
        })
        .collect()
}

/// Takes from others what they may do with a file or directory of ours. Returns whether it was open.
pub(crate) fn tighten(path: &Path) -> Result<bool, Error> {
    let meta = fs::symlink_metadata(path).map_err(|e| Error::reading(path, e))?;
    let is_ours = meta.uid() == rustix::process::geteuid().as_raw() && !meta.is_symlink();
    if !is_ours || !private::is_open(meta.mode()) {
        return Ok(false);
    }
    let file = private::open_to_tighten(path, meta.is_dir())?;
    let private = std::os::unix::fs::PermissionsExt::from_mode(meta.mode() & 0o7700);
    file.set_permissions(private).map_err(|e| Error::writing(path, e))?;
    Ok(true)
}

/// Who holds the log's lock for all of `patience`; `None` when it was free at a moment of it, or
/// there is none yet.
pub(crate) fn log_holder(state: &State, patience: Duration) -> Result<Option<Holder>, Error> {
    lock::held_throughout(&state.events_lock(), patience)
}

/// What is in a directory of the state directory, by name; a name that is not text is left out.
pub(crate) fn names(directory: &Path) -> Result<impl Iterator<Item = String>, Error> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => Some(entries),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(Error::reading(directory, error)),
    };
    let names = entries.into_iter().flatten().flatten().map(|entry| entry.file_name());
    Ok(names.filter_map(|name| name.to_str().map(str::to_owned)))
}
