//! Where a repository is, and what is checked out: found and read as git does, without git.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// A repository with the directory in it that is looked at.
#[derive(Debug)]
pub(super) struct Repository {
    /// The top of its working tree; `None` where the directory is a bare repository.
    pub(super) top: Option<PathBuf>,
    /// Its own directory; a linked working tree has one within the main one's.
    pub(super) git: PathBuf,
    /// The directory that all its working trees share.
    pub(super) common: PathBuf,
}

/// Largest of git's small files, bytes: a ref, a pointer.
const SMALL: u64 = 64 << 10;

/// Largest packed-refs and index, bytes.
const LARGE: u64 = 512 << 20;

impl Repository {
    /// The repository that a directory is in.
    pub(super) fn around(directory: &Path) -> Option<Self> {
        for top in directory.ancestors() {
            let dot = top.join(".git");
            let Ok(meta) = dot.metadata() else { continue };
            let git = if meta.is_dir() { dot } else { top.join(pointer(&dot, "gitdir: ")?) };
            return Self::at(git, Some(top.to_owned()));
        }
        Self::at(directory.to_owned(), None)
    }

    fn at(git: PathBuf, top: Option<PathBuf>) -> Option<Self> {
        let common = match pointer(&git.join("commondir"), "") {
            Some(common) => git.join(common),
            None => git.clone(),
        };
        let is_one = git.join("HEAD").is_file() && common.join("objects").is_dir();
        is_one.then_some(Self { top, git, common })
    }

    /// The commit that is checked out; `None` before the first, and where refs are kept in a way that
    /// only git reads.
    pub(super) fn commit(&self) -> Option<String> {
        const DEEPEST: usize = 5;
        let mut found = text(&self.git.join("HEAD"), SMALL)?;
        for _ in 0..DEEPEST {
            let Some(name) = found.trim_end().strip_prefix("ref: ") else { break };
            found = self.reference(name)?;
        }
        let id = found.trim_end();
        let is_id = matches!(id.len(), 40 | 64) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| id.to_owned())
    }

    fn reference(&self, name: &str) -> Option<String> {
        let is_plain = name.starts_with("refs/") && name.split('/').all(|part| part != "..");
        is_plain.then_some(())?;
        [&self.git, &self.common]
            .into_iter()
            .find_map(|directory| text(&directory.join(name), SMALL))
            .or_else(|| self.packed(name))
    }

    fn packed(&self, name: &str) -> Option<String> {
        let refs = text(&self.common.join("packed-refs"), LARGE)?;
        let found = refs.lines().filter_map(|line| line.split_once(' '));
        found.into_iter().find(|(_, found)| *found == name).map(|(id, _)| id.to_owned())
    }

    /// The repository whose working tree begins at `top`, as a submodule's does.
    pub(super) fn at_top(top: &Path) -> Option<Self> {
        Self::around(top).filter(|found| found.top.as_deref() == Some(top))
    }

    /// When the index was written last, seconds and nanoseconds. A file of that moment or later may
    /// have been changed after it was added.
    pub(super) fn index_written(&self) -> (i64, i64) {
        let meta = self.git.join("index").symlink_metadata();
        meta.map(|meta| (meta.mtime(), meta.mtime_nsec())).unwrap_or_default()
    }

    /// The index; empty where nothing was ever added.
    pub(super) fn index(&self) -> Option<Vec<u8>> {
        let path = self.git.join("index");
        if path.symlink_metadata().is_err() {
            return Some(b"DIRC\0\0\0\x02\0\0\0\0".to_vec());
        }
        bytes(&path, LARGE)
    }
}

/// The path that one of git's small files holds.
fn pointer(path: &Path, prefix: &str) -> Option<PathBuf> {
    let found = text(path, SMALL)?;
    let path = found.trim_end_matches('\n').strip_prefix(prefix)?;
    (!path.is_empty()).then(|| PathBuf::from(path))
}

fn text(path: &Path, most: u64) -> Option<String> {
    String::from_utf8(bytes(path, most)?).ok()
}

/// A regular file, if it is no longer than so many bytes. Nothing that blocks is waited for.
fn bytes(path: &Path, most: u64) -> Option<Vec<u8>> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let file: File = options.open(path).ok()?;
    let meta = file.metadata().ok()?;
    if !meta.is_file() || meta.len() > most {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
