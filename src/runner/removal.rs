//! Removing trees that an adviser wrote in. It may have taken its own directories' modes from us (Go's
//! module cache is read-only by design), and then nobody but root enters or empties them.
//!
//! Modes are restored through descriptors: no link is followed, and what is put in the place of a
//! directory meanwhile is not touched.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, Dir, FileType};
use rustix::path::Arg;

use super::kernel::open_restored;

/// More levels than a path can name; it bounds our stack, and not what is removed.
pub(super) const WHOLE: usize = 2048;

/// Removes a directory with all that is in it, also where its modes forbid it.
pub(super) fn remove_tree(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            restore_modes(path, WHOLE);
            fs::remove_dir_all(path)
        }
        removed => removed,
    }
}

/// Lets the owner into a directory again, and into those so many levels below it. What cannot be
/// restored is told by whatever fails there next.
pub(super) fn restore_modes(path: &Path, depth: usize) {
    restore(CWD, path, depth);
}

fn restore(above: impl AsFd, name: impl Arg, depth: usize) {
    let Ok(directory) = open_restored(above, name) else { return };
    if depth > 0 {
        for name in directories(&directory) {
            restore(&directory, name, depth - 1);
        }
    }
}

/// What may be a directory; it is opened as nothing else.
fn directories(directory: &OwnedFd) -> Vec<CString> {
    let entries = Dir::read_from(directory).into_iter().flatten().flatten();
    entries
        .filter(|entry| matches!(entry.file_type(), FileType::Directory | FileType::Unknown))
        .map(|entry| entry.file_name().to_owned())
        .filter(|name| !matches!(name.to_bytes(), b"." | b".."))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o7777
    }

    /// Root needs none of it, so the modes themselves are looked at.
    #[test]
    fn modes_come_back_to_directories_of_the_tree_and_to_nothing_else() {
        let root = tempfile::tempdir().expect("made");
        let (tree, outside) = (root.path().join("tree"), root.path().join("outside"));
        let deep = tree.join("go/pkg/x@v1");
        fs::create_dir_all(&deep).expect("made");
        fs::create_dir(&outside).expect("made");
        fs::write(deep.join("x.go"), "").expect("written");
        symlink(&outside, deep.join("link")).expect("linked");
        set_mode(&deep.join("x.go"), 0o444);
        for (path, mode) in [(&deep, 0o555), (&outside, 0o500), (&tree, 0)] {
            set_mode(path, mode);
        }
        restore_modes(&tree, WHOLE);
        assert_eq!((mode(&tree), mode(&deep)), (0o700, 0o755));
        assert_eq!((mode(&outside), mode(&deep.join("x.go"))), (0o500, 0o444));
        remove_tree(&tree).expect("removed");
        assert!(!tree.exists() && outside.exists());
    }

    #[test]
    fn a_link_in_the_place_of_the_tree_leads_nowhere() {
        let root = tempfile::tempdir().expect("made");
        let (link, outside) = (root.path().join("link"), root.path().join("outside"));
        fs::create_dir(&outside).expect("made");
        symlink(&outside, &link).expect("linked");
        set_mode(&outside, 0o500);
        restore_modes(&link, WHOLE);
        assert_eq!(mode(&outside), 0o500);
    }

    #[test]
    fn what_is_removed_whatever_its_modes_are_is_gone() {
        let root = tempfile::tempdir().expect("made");
        let tree = root.path().join("tree");
        fs::create_dir_all(tree.join("a/b")).expect("made");
        fs::write(tree.join("a/b/c"), "").expect("written");
        set_mode(&tree.join("a/b"), 0o555);
        set_mode(&tree.join("a"), 0);
        remove_tree(&tree).expect("removed");
        assert!(!tree.exists());
        assert_eq!(remove_tree(&tree).expect_err("gone").kind(), io::ErrorKind::NotFound);
    }
}
