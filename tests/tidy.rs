//! The walls of the house, as tests, so that `cargo test` is the one command that checks them.
//!
//! Each wall is a pure function from text to complaints: one test holds the whole tree against it,
//! another shows that it bites. What may stand on the far side of a wall is data with a reason, and
//! data that is no longer needed is a complaint too, so the lists only shrink by themselves.
//!
//! Deliberately not here: what a room may *call* (clippy.toml says that, method by method), and the
//! licences of dependencies (deny.toml does, for cargo-deny reads the real graph).

mod changelog;
mod reach;
mod rooms;
mod shape;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

/// A text file of the repository; the path is relative, with `/`.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn is_rust(&self) -> bool {
        Path::new(&self.path).extension().is_some_and(|extension| extension == "rs")
    }
}

/// Every text file that is, or could be, committed.
pub(crate) fn repository() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for path in entries(&directory) {
            if path.is_dir() {
                directories.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let path = path.strip_prefix(root).expect("below the root");
                files.push(File { path: path.to_str().expect("UTF-8").to_owned(), text });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// What is in a directory, but for git's own, what cargo builds (it marks its directories, wherever
/// they are), and symbolic links.
fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("the repository can be read");
    let paths = entries.map(|entry| entry.expect("the repository can be read").path());
    paths
        .filter(|path| !path.is_symlink())
        .filter(|path| path.file_name().is_some_and(|name| name != ".git"))
        .filter(|path| !path.join("CACHEDIR.TAG").exists())
        .collect()
}

/// Fails with all complaints at once, a line each.
#[track_caller]
pub(crate) fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
