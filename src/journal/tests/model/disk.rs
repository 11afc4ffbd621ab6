//! A disk that a power cut may leave in many states: files as blocks, names as a directory.
//!
//! It looks at a real directory from time to time, and is told of syncs. What it grants is what the
//! journal assumes of its medium, and nothing more:
//! - A block that was not synced holds any content that it had since the last sync, or NULs.
//! - The length of a file is any that it had since then, or any block's end in between.
//! - The directory is as it was at any of the looks since it was synced.
//! - A failed sync says nothing of the blocks that it was for, and no later one makes up for it.
//!
//! Not every selection of many blocks is tried, which would take too long: beyond [`OPEN_MAX`] of them,
//! and of those of failed syncs, any one is gone, or all of them are, or none.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Bytes of a block: about two lines, so that lines are torn at ever different places.
const BLOCK: usize = 2048;

/// Most blocks of which every selection is tried; the states are two or more to this power.
const OPEN_MAX: usize = 5;

/// What is there after a power cut: names and contents.
pub(super) type State = BTreeMap<String, Vec<u8>>;

/// A part of a file whose content is open.
#[derive(Debug, Clone)]
struct Open {
    at: usize,
    contents: Vec<Vec<u8>>,
}

#[derive(Debug, Default)]
struct Tracked {
    /// What was there at each look since the last sync, the synced one first.
    versions: Vec<Vec<u8>>,
    /// What failed syncs were for.
    doubtful: Vec<Open>,
    /// Up to here a failed sync has taken away what was certain.
    doubted: usize,
}

/// The disk.
pub(super) struct Disk {
    root: PathBuf,
    /// Names of inodes at each look since the last sync of the directory.
    directories: Vec<BTreeMap<String, u64>>,
    files: BTreeMap<u64, Tracked>,
}

impl Disk {
    pub(super) fn new(root: &Path) -> Self {
        let mut disk = Self {
            root: root.to_owned(),
            directories: vec![BTreeMap::new()],
            files: BTreeMap::new(),
        };
        disk.look();
        disk
    }

    /// Takes in what is there now.
    pub(super) fn look(&mut self) {
        let mut names = BTreeMap::new();
        for entry in fs::read_dir(&self.root).expect("reads") {
            let path = entry.expect("reads").path();
            let name = path.file_name().expect("a name").to_str().expect("UTF-8").to_owned();
            // Locks hold nothing, and nobody reads what has not got its name yet.
            if !path.is_file() || name.ends_with("lock") {
                continue;
            }
            let (inode, bytes) = (inode(&path), fs::read(&path).expect("reads"));
            let new = || Tracked { versions: vec![Vec::new()], ..Tracked::default() };
            let file = self.files.entry(inode).or_insert_with(new);
            if file.versions.last() != Some(&bytes) {
                file.versions.push(bytes);
            }
            names.insert(name, inode);
        }
        if self.directories.last() != Some(&names) {
            self.directories.push(names);
        }
    }

    pub(super) fn synced(&mut self, file: &File) {
        self.look();
        let file = self.files.get_mut(&file.metadata().expect("stat").ino()).expect("known");
        let now = file.versions.pop().expect("one at least");
        file.doubted = file.doubted.min(now.len());
        file.versions = vec![now];
    }

    pub(super) fn sync_failed(&mut self, file: &File) {
        self.look();
        let file = self.files.get_mut(&file.metadata().expect("stat").ino()).expect("known");
        let open = file.undecided();
        file.doubted = file.versions.last().map_or(0, Vec::len);
        file.doubtful.extend(open);
    }

    pub(super) fn directory_synced(&mut self) {
        self.look();
        self.directories.drain(..self.directories.len() - 1);
    }

    /// Everything that may be there if the power is cut now.
    pub(super) fn for_each_state(&self, visit: &mut impl FnMut(&State)) {
        for names in &self.directories {
            let named = names.iter().filter(|(name, _)| !name.ends_with("new"));
            let files: Vec<(&String, &Tracked)> =
                named.map(|(name, inode)| (name, &self.files[inode])).collect();
            combine(&files, &mut State::new(), visit);
        }
    }
}

/// Each state of the first file with each of the others.
fn combine(files: &[(&String, &Tracked)], state: &mut State, visit: &mut impl FnMut(&State)) {
    let Some(((name, file), rest)) = files.split_first() else { return visit(state) };
    file.for_each_content(&mut |content| {
        state.insert((*name).clone(), content);
        combine(rest, state, visit);
    });
}

impl Tracked {
    /// The blocks whose content no sync has decided, failed ones left out.
    fn undecided(&self) -> Vec<Open> {
        let synced = self.versions[0].len().max(self.doubted);
        let longest = self.versions.iter().map(Vec::len).max().unwrap_or(0);
        let mut open = Vec::new();
        let mut at = synced;
        while at < longest {
            let end = longest.min(at / BLOCK * BLOCK + BLOCK);
            let mut contents = vec![vec![0; end - at]];
            for version in &self.versions {
                let mut content = version[at.min(version.len())..end.min(version.len())].to_vec();
                content.resize(end - at, 0);
                if !contents.contains(&content) {
                    contents.push(content);
                }
            }
            open.push(Open { at, contents });
            at = end;
        }
        open
    }

    /// All lengths that the file may have; without the ends of blocks, those that it had.
    fn lengths(&self, at_blocks: bool) -> Vec<usize> {
        let mut lengths: Vec<usize> = self.versions.iter().map(Vec::len).collect();
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let synced = self.versions[0].len();
        let ends = (0..longest).step_by(BLOCK).filter(|&end| end > synced && at_blocks);
        lengths.extend(ends);
        lengths.sort_unstable();
        lengths.dedup();
        lengths
    }

    fn for_each_content(&self, visit: &mut impl FnMut(Vec<u8>)) {
        let undecided = self.undecided();
        let (each, some) = if undecided.len() > OPEN_MAX {
            (&[][..], &undecided[..])
        } else {
            (&undecided[..], &[][..])
        };
        for length in self.lengths(some.is_empty()) {
            let each: Vec<&Open> = each.iter().filter(|open| open.at < length).collect();
            for mut content in self.with_gaps(length, some) {
                fill(&each, &mut content, visit);
            }
        }
    }

    /// With all of these blocks and those of failed syncs, with none, and with all but one.
    fn with_gaps(&self, length: usize, open: &[Open]) -> Vec<Vec<u8>> {
        let mut whole = self.versions.last().cloned().unwrap_or_default();
        whole.resize(length, 0);
        let doubtful = self.doubtful.iter().chain(open).filter(|open| open.at < length);
        let mut nothing = whole.clone();
        let mut contents = Vec::new();
        for open in doubtful {
            let end = length.min(open.at + open.contents[0].len());
            let mut gone = whole.clone();
            gone[open.at..end].fill(0);
            nothing[open.at..end].fill(0);
            contents.push(gone);
        }
        contents.extend([nothing, whole]);
        contents
    }
}

/// Each content of the first open block with each of the others.
fn fill(open: &[&Open], content: &mut Vec<u8>, visit: &mut impl FnMut(Vec<u8>)) {
    let Some((first, rest)) = open.split_first() else { return visit(content.clone()) };
    for bytes in &first.contents {
        let end = content.len().min(first.at + bytes.len());
        content[first.at..end].copy_from_slice(&bytes[..end - first.at]);
        fill(rest, content, visit);
    }
}

fn inode(path: &Path) -> u64 {
    fs::metadata(path).expect("stat").ino()
}
