//! The files that git's index names, looked at where they are.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::git::Git;
use super::index::Entry;
use super::print::Print;
use super::repository::Repository;
use super::{Deadline, Late};

const SUBMODULE: u32 = 0o160_000;

/// The files that the index names, as they are.
pub(super) struct Tracked<'a> {
    pub(super) print: Print,
    /// One is gone, or of another size or kind.
    differs: bool,
    /// Those whose times moved and nothing else, relative to the directory.
    touched: Vec<(Vec<u8>, &'a [u8])>,
    /// Submodules, relative to the directory.
    pub(super) modules: Vec<Vec<u8>>,
}

/// Looks at those below `directory`.
pub(super) fn tracked<'a>(
    directory: &Path,
    repository: &Repository,
    commit: Option<&str>,
    entries: &'a [Entry<'a>],
    deadline: Deadline,
) -> Result<Tracked<'a>, Late> {
    let top = repository.top.as_deref().unwrap_or(directory);
    let within = directory.strip_prefix(top).unwrap_or(Path::new("")).as_os_str().as_bytes();
    let mut found = Tracked {
        print: Print::default(),
        differs: false,
        touched: Vec::new(),
        modules: Vec::new(),
    };
    found.print.bytes(commit.unwrap_or_default().as_bytes());
    for (count, entry) in entries.iter().enumerate() {
        if count.is_multiple_of(256) {
            deadline.check()?;
        }
        let Some(name) = below(&entry.name, within) else { continue };
        found.print.bytes(entry.id);
        found
            .print
            .bytes(&[entry.mode.to_be_bytes().as_slice(), &entry.stage.to_be_bytes()].concat());
        if entry.skipped {
            continue;
        }
        let path = directory.join(OsStr::from_bytes(name));
        let meta = found.print.file(OsStr::from_bytes(name), &path);
        found.judge(name, entry, meta.as_ref());
    }
    Ok(found)
}

/// A name of the index as it is called from a directory below the top.
fn below<'a>(name: &'a [u8], directory: &[u8]) -> Option<&'a [u8]> {
    if directory.is_empty() {
        return Some(name);
    }
    name.strip_prefix(directory)?.strip_prefix(b"/")
}

impl<'a> Tracked<'a> {
    fn judge(&mut self, name: &[u8], entry: &Entry<'a>, meta: Option<&Metadata>) {
        const KIND: u32 = 0o170_000;
        const EXECUTABLE: u32 = 0o100;
        let Some(meta) = meta else {
            self.differs = true;
            return;
        };
        if entry.mode == SUBMODULE {
            self.modules.push(name.to_vec());
            return;
        }
        let mode = meta.mode();
        let kind = mode & KIND == entry.mode & KIND;
        let executable = !meta.is_file() || (mode & EXECUTABLE) == (entry.mode & EXECUTABLE);
        let size = meta.size() & 0xffff_ffff == u64::from(entry.size);
        let (seconds, nanoseconds) = entry.modified;
        let seconds = meta.mtime() & 0xffff_ffff == i64::from(seconds);
        let same_time =
            seconds && (nanoseconds == 0 || meta.mtime_nsec() == i64::from(nanoseconds));
        if !kind || !executable || !size || entry.stage != 0 {
            self.differs = true;
        } else if !same_time {
            self.touched.push((name.to_vec(), entry.id));
        }
    }

    /// Whether a tracked file is not what the index has. Where only a file's time has moved, its bytes
    /// are compared; a filter could explain a difference, and is not run to find that out.
    pub(super) fn modified(&self, directory: &Path, git: Option<&Git>) -> Option<bool> {
        const MOST: usize = 512;
        if self.differs {
            return Some(true);
        }
        if self.touched.is_empty() {
            return Some(false);
        }
        let plain = |name: &[u8]| {
            let path = directory.join(OsStr::from_bytes(name));
            !name.contains(&b'\n') && path.symlink_metadata().is_ok_and(|meta| meta.is_file())
        };
        let judged = self.touched.len() <= MOST && self.touched.iter().all(|(name, _)| plain(name));
        let names: Vec<&[u8]> = self.touched.iter().map(|(name, _)| &name[..]).collect();
        let ids = git.filter(|_| judged)?.blobs(directory, &names)?;
        Some(self.touched.iter().zip(ids).any(|((_, had), has)| hex(had) != has))
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
