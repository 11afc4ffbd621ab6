//! The files that git's index names, looked at where they are.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use memchr::memmem;

use super::git::Git;
use super::index::Entry;
use super::print::Print;
use super::repository::{Repository, bytes};
use super::{Deadline, Late};

const SUBMODULE: u32 = 0o160_000;
/// A directory of which a sparse checkout has nothing, as one entry.
const DIRECTORY: u32 = 0o040_000;
const LINK: u32 = 0o120_000;
const KIND: u32 = 0o170_000;

/// Most bytes of files whose content is compared.
const MOST_BYTES: u64 = 64 << 20;

/// The files that the index names, as they are.
pub(super) struct Tracked<'a> {
    pub(super) print: Print,
    /// One is gone, or of another size or kind.
    differs: bool,
    /// Settings without which a file differs: a file system may not know links or the executable bit.
    unless_off: BTreeSet<&'static str>,
    /// Those whose times moved and nothing else, relative to the directory.
    touched: Vec<Touched<'a>>,
    /// Directories within that have an answer of their own: submodules, and what a sparse checkout left out.
    pub(super) within: Vec<Vec<u8>>,
    /// One could not be looked at.
    pub(super) unreadable: bool,
}

struct Touched<'a> {
    name: Vec<u8>,
    id: &'a [u8],
    size: u64,
}

/// Looks at those below `directory`. What the index says of itself (`assume-unchanged`, a monitor's
/// word) is not believed.
pub(super) fn tracked<'a>(
    directory: &Path,
    repository: &Repository,
    commit: Option<&str>,
    entries: &'a [Entry<'a>],
    deadline: Deadline,
) -> Result<Tracked<'a>, Late> {
    let within = below_top(directory, repository);
    let written = repository.index_written();
    let mut found = Tracked {
        print: Print::default(),
        differs: false,
        unless_off: BTreeSet::new(),
        touched: Vec::new(),
        within: Vec::new(),
        unreadable: false,
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
        found.look(directory, name, entry, written);
    }
    Ok(found)
}

/// The names of the index that lie below a directory, as they are called from there.
pub(super) fn names_below<'a>(
    directory: &'a Path,
    repository: &Repository,
    entries: &'a [Entry<'a>],
) -> impl Iterator<Item = &'a Path> {
    let within = below_top(directory, repository);
    let names = entries.iter().filter_map(move |entry| below(&entry.name, within));
    names.map(|name| Path::new(OsStr::from_bytes(name)))
}

/// What a directory is called from the top.
fn below_top<'a>(directory: &'a Path, repository: &Repository) -> &'a [u8] {
    let top = repository.top.as_deref().unwrap_or(directory);
    directory.strip_prefix(top).unwrap_or(Path::new("")).as_os_str().as_bytes()
}

/// A name of the index as it is called from a directory below the top.
fn below<'a>(name: &'a [u8], directory: &[u8]) -> Option<&'a [u8]> {
    if directory.is_empty() {
        return Some(name);
    }
    name.strip_prefix(directory)?.strip_prefix(b"/")
}

impl<'a> Tracked<'a> {
    fn look(&mut self, directory: &Path, name: &[u8], entry: &Entry<'a>, written: (i64, i64)) {
        let path = directory.join(OsStr::from_bytes(name));
        // Left out on purpose it is not there; where it is, it counts, whatever the flag says.
        if entry.skipped && path.symlink_metadata().is_err() {
            return;
        }
        match self.print.file(OsStr::from_bytes(name), &path) {
            Err(_) => self.unreadable = true,
            Ok(None) => self.differs = true,
            Ok(Some(_)) if matches!(entry.mode, SUBMODULE | DIRECTORY) => {
                let commit = Repository::at_top(&path).and_then(|module| module.commit());
                self.print.bytes(commit.as_deref().unwrap_or_default().as_bytes());
                self.differs |= commit.is_some_and(|commit| commit != hex(entry.id));
                self.within.push(name.to_vec());
            }
            Ok(Some(meta)) => self.judge(name, entry, &meta, written),
        }
    }

    fn judge(&mut self, name: &[u8], entry: &Entry<'a>, meta: &Metadata, written: (i64, i64)) {
        const EXECUTABLE: u32 = 0o100;
        let mode = meta.mode();
        let plain_link = entry.mode & KIND == LINK && meta.is_file();
        if plain_link {
            self.unless_off.insert("core.symlinks");
        } else if meta.is_file() && (mode & EXECUTABLE) != (entry.mode & EXECUTABLE) {
            self.unless_off.insert("core.fileMode");
        }
        let kind = plain_link || mode & KIND == entry.mode & KIND;
        // git forgets the size of what it has seen change within the moment of its own writing.
        let size = entry.size == 0 || meta.size() & 0xffff_ffff == u64::from(entry.size);
        if !kind || !size || entry.stage != 0 || entry.announced {
            self.differs = true;
        } else if !is_settled(entry, meta, written) {
            self.touched.push(Touched { name: name.to_vec(), id: entry.id, size: meta.size() });
        }
    }

    /// Whether a tracked file is not what the index has. Where only a file's time has moved, its bytes
    /// are compared; whether a filter explains a difference is not known, for none is run.
    pub(super) fn modified(&self, directory: &Path, git: Option<&Git>) -> Option<bool> {
        if self.differs {
            return Some(true);
        }
        let settings = self.unless_off.iter().map(|setting| git?.is_on(directory, setting));
        any(settings.chain([self.rewritten(directory, git)]))
    }

    fn rewritten(&self, directory: &Path, git: Option<&Git>) -> Option<bool> {
        const MOST: usize = 512;
        if self.touched.is_empty() {
            return Some(false);
        }
        let plain = |name: &[u8]| {
            let path = directory.join(OsStr::from_bytes(name));
            !name.contains(&b'\n') && path.symlink_metadata().is_ok_and(|meta| meta.is_file())
        };
        let bytes = self.touched.iter().fold(0, |sum: u64, file| sum.saturating_add(file.size));
        let few = self.touched.len() <= MOST && bytes <= MOST_BYTES;
        let judged = few && self.touched.iter().all(|file| plain(&file.name));
        let names: Vec<&[u8]> = self.touched.iter().map(|file| &file.name[..]).collect();
        let ids = git.filter(|_| judged)?.blobs(directory, &names)?;
        let same = self.touched.iter().zip(ids).map(|(file, has)| hex(file.id) == has);
        let others = names.into_iter().zip(same).filter(|(_, same)| !same);
        let others: Vec<&[u8]> = others.map(|(name, _)| name).collect();
        if others.is_empty() {
            return Some(false);
        }
        let converted = git?.converted(directory, &others)?;
        let explained = others.iter().zip(converted).map(|(name, converted)| {
            let path = directory.join(OsStr::from_bytes(name));
            converted || may_have_other_line_ends(&path)
        });
        // One that nothing explains decides; where all may be explained, nobody knows.
        any(explained.map(|explained| (!explained).then_some(true)))
    }
}

/// Whether a conversion of line ends could make other bytes of a file: only where it has CR LF. Which
/// settings ask for one, the user's own among them, need not be known then.
fn may_have_other_line_ends(path: &Path) -> bool {
    bytes(path, MOST_BYTES).is_none_or(|bytes| memmem::find(&bytes, b"\r\n").is_some())
}

/// Whether a file's times say that it is what git saw: neither moved since, nor of the moment in which
/// the index was written, in which it may have been written once more.
fn is_settled(entry: &Entry<'_>, meta: &Metadata, written: (i64, i64)) -> bool {
    let same = |(seconds, nanoseconds): (u32, u32), has: (i64, i64)| {
        has.0 & 0xffff_ffff == i64::from(seconds)
            && (nanoseconds == 0 || has.1 == i64::from(nanoseconds))
    };
    let forgotten = entry.size == 0 && meta.size() != 0;
    let modified = same(entry.modified, (meta.mtime(), meta.mtime_nsec()));
    let changed = entry.changed.0 == 0 || same(entry.changed, (meta.ctime(), meta.ctime_nsec()));
    let written = if entry.modified.1 == 0 { (written.0, 0) } else { written };
    let older = (meta.mtime(), i64::from(entry.modified.1)) < written;
    !forgotten && modified && changed && older
}

/// True where one is; else not known where one is not known.
pub(super) fn any(facts: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    facts.into_iter().reduce(|one, other| match (one, other) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    })?
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
