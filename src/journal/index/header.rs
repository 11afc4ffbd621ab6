//! The header: whose index it is, how far it goes, and which pages count. Two slots at the start of
//! the file are written in turn, so that one of them is always whole.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crc32c::crc32c;

use super::page::PAGE;
use super::tree;
use crate::journal::window;

/// The last character is the version: another one is no index of ours.
const MAGIC: &[u8; 8] = b"phopidx1";
const SLOTS: u64 = 2;
const CRC: std::ops::Range<usize> = 8..12;
const FIXED: usize = 44;
const EXTENT: usize = 28;

/// Pages before the first run.
pub(super) const FIRST_PAGE: u64 = SLOTS;

/// Most runs that a header has room for; merging keeps them far below.
pub(super) const RUNS_MAX: usize = (PAGE - FIXED) / EXTENT;

/// Where a run lies, and for which stretch of the log it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// Its first page, counted from the start of the file.
    pub(super) first_page: u64,
    pub(super) leaves: u32,
    /// Bytes of the log.
    pub(super) from: u64,
    pub(super) to: u64,
}

impl Extent {
    /// Pages, those of the tree above the leaves included.
    pub(super) fn pages(&self) -> u64 {
        tree::pages(self.leaves)
    }
}

/// What a slot says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// One more with each change; the higher of two counts.
    pub(super) sequence: u64,
    /// Of the log.
    pub(super) inode: u64,
    pub(super) covered: u64,
    pub(super) end_hash: u32,
    /// In the order of their stretches.
    pub(super) runs: Vec<Extent>,
}

impl Header {
    /// The newer of the sound ones.
    pub(super) fn read(file: &File) -> Option<Self> {
        let bytes = window::read(file, 0, SLOTS * PAGE as u64).ok()?;
        bytes.chunks(PAGE).filter_map(Self::decode).max_by_key(|header| header.sequence)
    }

    /// Writes over the older slot.
    pub(super) fn write(&self, file: &File) -> io::Result<()> {
        file.write_all_at(&self.encode(), self.sequence % SLOTS * PAGE as u64)
    }

    /// Just after the last page that counts.
    pub(super) fn end_page(&self) -> u64 {
        let ends = self.runs.iter().map(|run| run.first_page + run.pages());
        ends.max().unwrap_or(FIRST_PAGE).max(FIRST_PAGE)
    }

    /// Pages that count.
    pub(super) fn live_pages(&self) -> u64 {
        self.runs.iter().map(Extent::pages).sum()
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([0; 4]);
        for number in [self.sequence, self.inode, self.covered] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(self.end_hash.to_le_bytes());
        bytes.extend(u32::try_from(self.runs.len()).unwrap_or(u32::MAX).to_le_bytes());
        for run in &self.runs {
            bytes.extend(run.first_page.to_le_bytes());
            bytes.extend(run.leaves.to_le_bytes());
            bytes.extend(run.from.to_le_bytes());
            bytes.extend(run.to.to_le_bytes());
        }
        bytes.resize(PAGE, 0);
        let crc = crc32c(&bytes[CRC.end..]);
        bytes[CRC].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let crc = u32::from_le_bytes(bytes.get(CRC)?.try_into().ok()?);
        let mut rest = bytes.strip_prefix(MAGIC)?.get(4..)?;
        if bytes.len() != PAGE || crc32c(rest) != crc {
            return None;
        }
        let (sequence, inode, covered) = (long(&mut rest)?, long(&mut rest)?, long(&mut rest)?);
        let (end_hash, count) = (short(&mut rest)?, short(&mut rest)?);
        let runs = (0..count).map(|_| {
            let (first_page, leaves) = (long(&mut rest)?, short(&mut rest)?);
            Some(Extent { first_page, leaves, from: long(&mut rest)?, to: long(&mut rest)? })
        });
        let runs = runs.collect::<Option<Vec<Extent>>>()?;
        Some(Self { sequence, inode, covered, end_hash, runs })
    }
}

fn long(rest: &mut &[u8]) -> Option<u64> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u64::from_le_bytes(*bytes))
}

fn short(rest: &mut &[u8]) -> Option<u32> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(sequence: u64, runs: usize) -> Header {
        let run = Extent { first_page: 2, leaves: 300, from: 5, to: 70 };
        Header { sequence, inode: 9, covered: 70, end_hash: 4, runs: vec![run; runs] }
    }

    #[test]
    fn a_header_is_read_as_it_was_written_and_the_newer_one_counts() {
        let file = tempfile::tempfile().expect("a file");
        assert_eq!(Header::read(&file), None);
        for sequence in 1..4 {
            header(sequence, RUNS_MAX).write(&file).expect("writes");
            assert_eq!(Header::read(&file), Some(header(sequence, RUNS_MAX)));
        }
        assert_eq!(header(1, 1).end_page(), 2 + 300 + 2 + 1);
    }

    #[test]
    fn a_torn_slot_leaves_the_other_one() {
        let file = tempfile::tempfile().expect("a file");
        header(1, 1).write(&file).expect("writes");
        header(2, 2).write(&file).expect("writes");
        let newer = header(2, 2).encode();
        for (at, byte) in (0..).zip(newer) {
            file.write_all_at(&[byte ^ 1], at).expect("writes");
            assert_eq!(Header::read(&file), Some(header(1, 1)), "byte {at}");
            file.write_all_at(&[byte], at).expect("writes");
        }
        assert_eq!(Header::read(&file), Some(header(2, 2)));
    }
}
