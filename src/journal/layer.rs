//! The calls that an append or a prune stands or falls with, as a layer that tests make fail.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// What is done to the log's files.
pub(super) trait Layer {
    /// One `write`; how much of it happened is the file system's choice.
    fn write(&mut self, file: &File, bytes: &[u8]) -> io::Result<usize>;
    fn truncate(&mut self, file: &File, len: u64) -> io::Result<()>;
    fn sync(&mut self, file: &File) -> io::Result<()>;

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    /// Makes the names in a directory durable.
    fn sync_names(&mut self, directory: &Path) -> io::Result<()> {
        File::open(directory)?.sync_all()
    }
}

/// The real one.
pub(super) struct Disk;

impl Layer for Disk {
    fn write(&mut self, mut file: &File, bytes: &[u8]) -> io::Result<usize> {
        file.write(bytes)
    }

    fn truncate(&mut self, file: &File, len: u64) -> io::Result<()> {
        file.set_len(len)
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        #[cfg(test)]
        if super::tests::goes_without("sync") {
            return Ok(());
        }
        file.sync_data()
    }
}
