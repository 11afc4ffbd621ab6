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
    /// Its configuration puts the working tree elsewhere than at `top`: the index names no files there.
    elsewhere: bool,
}

/// Largest of git's small files, bytes: a ref, a pointer.
const SMALL: u64 = 64 << 10;

/// Largest configuration, bytes.
const LARGE_CONFIG: u64 = 1 << 20;

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
        let settings = [common.join("config"), git.join("config.worktree")];
        let moves = |top: &PathBuf| settings.iter().any(|file| moves_tree(file, &git, top));
        let elsewhere = top.as_ref().is_some_and(moves);
        is_one.then_some(Self { top, git, common, elsewhere })
    }

    /// Whether the index names files below `top`.
    pub(super) fn is_indexed(&self) -> bool {
        self.top.is_some() && !self.elsewhere
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

/// Whether a file of git's configuration has a `core.worktree` that is not `top`. git reads it from these
/// files and follows no include for it. Any key of that name counts, whatever section it seems to be
/// in: where a section begins takes git's whole grammar to tell. What cannot be read counts too.
fn moves_tree(config: &Path, git: &Path, top: &Path) -> bool {
    const KEY: &str = "worktree";
    if config.symlink_metadata().is_err() {
        return false;
    }
    let Some(read) = bytes(config, LARGE_CONFIG) else { return true };
    let read = String::from_utf8_lossy(&read);
    let lower = read.to_ascii_lowercase();
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let is_top = |value: &str| {
        let value = value.trim().trim_matches('"');
        let plain = !value.contains(['\\', '"', '#', ';', char::REPLACEMENT_CHARACTER]);
        let named = git.join(value).canonicalize();
        plain && named.is_ok_and(|named| top.canonicalize().is_ok_and(|top| top == named))
    };
    // git takes it from the configuration that working trees share for the main one alone, unless told to.
    if config.parent() != Some(git) && !lower.contains("worktreeconfig") {
        return false;
    }
    lower.match_indices(KEY).any(|(at, _)| {
        let inner = lower[..at].bytes().next_back().is_some_and(in_name);
        let line = read[at + KEY.len()..].lines().next().unwrap_or_default();
        let value = line.trim_start().strip_prefix('=').filter(|_| !inner);
        value.is_some_and(|value| !is_top(value))
    })
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
pub(super) fn bytes(path: &Path, most: u64) -> Option<Vec<u8>> {
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
