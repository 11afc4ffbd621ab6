//! A window on a file: one block at a time, so that small lines cost few reads and large payloads
//! none.
//!
//! Positioned reads only, no mmap: a page fault reads 8 MB ahead on a cold cache, and a file that
//! shrinks under a mapping kills the reader.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Bytes of a block: long for whoever reads everything.
const BLOCK: u64 = 64 * 1024;

/// And of the first blocks: a list of a few jobs is done with them, and a fresh page of memory costs as
/// much as reading it.
const FIRST_BLOCK: u64 = 16 * 1024;

/// How many of them there are.
const FIRST_BLOCKS: u32 = 8;

/// Some bytes of a file, starting at an offset.
#[derive(Debug, Default)]
pub(super) struct Window {
    start: u64,
    bytes: Vec<u8>,
    /// Blocks that were read.
    blocks: u32,
}

impl Window {
    /// The bytes `from..to`, with as many before them as the block holds: for going backwards.
    pub(super) fn ending(&mut self, file: &File, from: u64, to: u64) -> io::Result<&[u8]> {
        if !self.holds(from, to) {
            self.load(file, to.saturating_sub(self.block()).min(from), to)?;
        }
        Ok(self.slice(from, to))
    }

    /// The bytes `from..to`, with as many after them as the block holds: for going forwards.
    pub(super) fn starting(&mut self, file: &File, from: u64, to: u64) -> io::Result<&[u8]> {
        if !self.holds(from, to) {
            self.load(file, from, to.max(from + self.block()))?;
        }
        Ok(self.slice(from, to))
    }

    /// What is at hand from `from` on, limited by `to`; one byte at least.
    pub(super) fn some(&mut self, file: &File, from: u64, to: u64) -> io::Result<&[u8]> {
        if !self.holds(from, from + 1) {
            self.load(file, from, from + self.block())?;
        }
        let end = to.min(self.end());
        Ok(self.slice(from, end))
    }

    /// What is at hand before `to`, which [`Window::ending`] has just brought here.
    pub(super) fn before(&self, to: u64) -> &[u8] {
        self.slice(self.start, to)
    }

    fn block(&self) -> u64 {
        if self.blocks < FIRST_BLOCKS { FIRST_BLOCK } else { BLOCK }
    }

    fn holds(&self, from: u64, to: u64) -> bool {
        self.start <= from && to <= self.end()
    }

    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    fn slice(&self, from: u64, to: u64) -> &[u8] {
        &self.bytes[offset(from - self.start)..offset(to - self.start)]
    }

    fn load(&mut self, file: &File, from: u64, to: u64) -> io::Result<()> {
        self.blocks = self.blocks.saturating_add(1);
        self.start = from;
        self.bytes.resize(offset(to - from), 0);
        let read = read_fully(file, from, &mut self.bytes);
        if read.is_err() {
            self.bytes.clear();
        }
        read
    }
}

/// Reads exactly these bytes of a file.
pub(super) fn read(file: &File, from: u64, to: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; offset(to - from)];
    read_fully(file, from, &mut bytes)?;
    Ok(bytes)
}

/// What lies past the end reads as NULs, which no checksum takes for a line. A failing writer may
/// take back its last bytes at any moment, so this is no error.
fn read_fully(file: &File, mut from: u64, mut bytes: &mut [u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.read_at(bytes, from) {
            Ok(0) => {
                bytes.fill(0);
                return Ok(());
            }
            Ok(count) => {
                from += count as u64;
                bytes = &mut bytes[count..];
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// A distance within a line, which is below 4 GiB, or within a block.
fn offset(distance: u64) -> usize {
    usize::try_from(distance).expect("lines are shorter than the address space")
}
