//! Files and directories that are ours alone: 0700, 0600, owned by us, and never behind a link.
//!
//! Everything below the state directory is opened and made through here.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, OFlags};
use rustix::io::Errno;

use super::error::Error;

/// Opens a file below the state directory: close-on-exec, 0600 where it is made, and neither it nor
/// the directory it is in may be a symbolic link.
pub(crate) fn open_private(path: &Path, options: &OpenOptions) -> Result<File, Error> {
    refuse_linked_parent(path)?;
    let mut options = options.clone();
    // A FIFO in the place of a file would be waited for, perhaps for ever.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options.mode(0o600).custom_flags(flags.bits().cast_signed());
    let file = options.open(path).map_err(|e| match rustix::fs::access(path, Access::READ_OK) {
        Err(Errno::ACCESS) => Error::reading(path, e),
        _ => Error::writing(path, e),
    })?;
    let metadata = file.metadata().map_err(|e| Error::reading(path, e))?;
    if !metadata.is_file() {
        return Err(Error::reading(path, io::Error::other("it is not a regular file")));
    }
    Ok(file)
}

/// Opens a file or directory of ours whose mode is to be changed, and never what a link leads to.
pub(super) fn open_to_tighten(path: &Path, is_directory: bool) -> Result<File, Error> {
    if is_directory {
        open_directory(path)
    } else {
        open_private(path, OpenOptions::new().read(true))
    }
}

/// Makes the names in a directory durable.
pub(crate) fn sync_directory(path: &Path) -> Result<(), Error> {
    let directory = File::open(path).map_err(|e| Error::reading(path, e))?;
    directory.sync_all().map_err(|e| Error::writing(path, e))
}

/// What has to be made, the deepest first. A link is refused before anything is made.
pub(super) fn missing_directories(root: &Path) -> Result<Vec<PathBuf>, Error> {
    refuse_symlink(root)?;
    let mut missing = Vec::new();
    for directory in root.ancestors() {
        if exists(directory)? {
            break;
        }
        missing.push(directory.to_owned());
    }
    Ok(missing)
}

/// A process that makes the same directory at the same time is no error.
pub(super) fn make_directory(path: &Path) -> Result<(), Error> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(Error::writing(path, e)),
        Ok(()) => path.parent().map_or(Ok(()), sync_directory),
    }
}

/// Makes a directory where it is missing, and closes to others one that is ours.
pub(crate) fn make_private(path: &Path) -> Result<(), Error> {
    refuse_symlink(path)?;
    make_directory(path)?;
    tighten(path, &open_directory(path)?)
}

/// One that is there already is an error.
pub(super) fn make_new_directory(path: &Path) -> Result<(), Error> {
    refuse_linked_parent(path)?;
    fs::DirBuilder::new().mode(0o700).create(path).map_err(|e| Error::writing(path, e))
}

/// An open directory with other things in it (a home, `/tmp`, `/`) was named by mistake: closing it
/// to everybody else would do harm.
pub(super) fn take_root(root: &Path) -> Result<(), Error> {
    let directory = open_directory(root)?;
    let mode = check_owner(root, &directory)?;
    if is_open(mode) && !exists(&root.join("events.lock"))? && !is_empty(root)? {
        return Err(Error::NotOurs { path: root.to_owned() });
    }
    tighten(root, &directory)
}

fn is_empty(path: &Path) -> Result<bool, Error> {
    Ok(fs::read_dir(path).map_err(|e| Error::reading(path, e))?.next().is_none())
}

pub(super) fn tighten(path: &Path, directory: &File) -> Result<(), Error> {
    if is_open(check_owner(path, directory)?) {
        let private = fs::Permissions::from_mode(0o700);
        directory.set_permissions(private).map_err(|e| Error::writing(path, e))?;
    }
    Ok(())
}

pub(super) fn is_open(mode: u32) -> bool {
    mode & 0o077 != 0
}

/// The mode of a directory that is ours.
pub(super) fn check_owner(path: &Path, directory: &File) -> Result<u32, Error> {
    let metadata = directory.metadata().map_err(|e| Error::reading(path, e))?;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(Error::WrongOwner { path: path.to_owned(), uid: metadata.uid() });
    }
    Ok(metadata.mode())
}

pub(super) fn open_directory(path: &Path) -> Result<File, Error> {
    let flags = OFlags::NOFOLLOW | OFlags::DIRECTORY;
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags.bits().cast_signed());
    options.open(path).map_err(|e| Error::reading(path, e))
}

pub(super) fn refuse_symlink(path: &Path) -> Result<(), Error> {
    if path.is_symlink() { Err(Error::Symlink { path: path.to_owned() }) } else { Ok(()) }
}

fn refuse_linked_parent(path: &Path) -> Result<(), Error> {
    path.parent().map_or(Ok(()), refuse_symlink)
}

pub(super) fn exists(path: &Path) -> Result<bool, Error> {
    path.try_exists().map_err(|e| Error::reading(path, e))
}
