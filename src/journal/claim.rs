//! A file that only one process may write at a time: it is locked itself, so that whoever removes or
//! replaces it harms nobody. Such files are derived or not yet named, and nobody waits for them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::error::Error;
use super::place::open_private;

/// Opens and locks a file, making it where it is missing. `None` where another process has it.
pub(super) fn claim(path: &Path) -> Result<Option<File>, Error> {
    let mut options = OpenOptions::new();
    let file = open_private(path, options.read(true).write(true).create(true))?;
    match file.try_lock() {
        // Renamed or removed between our opening and our locking: it is no longer what was meant.
        Ok(()) => Ok(Some(file).filter(|file| has_name(file, path))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(e)) => Err(Error::writing(path, e)),
    }
}

/// Removes a claimed file of which nothing came, unless its name is another file's by now.
pub(super) fn discard(file: &File, path: &Path) {
    if has_name(file, path) {
        let _ = fs::remove_file(path);
    }
}

fn has_name(file: &File, path: &Path) -> bool {
    let identity = |meta: fs::Metadata| (meta.dev(), meta.ino());
    let named = fs::symlink_metadata(path).map(identity).ok();
    named.is_some() && file.metadata().map(identity).ok() == named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_it_and_a_new_one_can_be_had_once_it_is_renamed() {
        let home = tempfile::tempdir().expect("tempdir");
        let (path, other) = (home.path().join("a"), home.path().join("b"));
        let first = claim(&path).expect("opens").expect("free");
        assert!(claim(&path).expect("opens").is_none());
        fs::rename(&path, &other).expect("renames");
        assert!(claim(&path).expect("opens").is_some());
        assert!(claim(&other).expect("opens").is_none());
        drop(first);
        let other_file = claim(&other).expect("opens").expect("free");
        discard(&other_file, &path);
        assert!(path.exists(), "it is another file");
        discard(&other_file, &other);
        assert!(!other.exists());
    }
}
