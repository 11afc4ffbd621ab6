//! The three calls that an append stands or falls with, as a layer that tests make fail.

use std::fs::File;
use std::io::{self, Write};

/// What an append does to the log.
pub(super) trait Layer {
    /// One `write`; how much of it happened is the file system's choice.
    fn write(&mut self, file: &File, bytes: &[u8]) -> io::Result<usize>;
    fn truncate(&mut self, file: &File, len: u64) -> io::Result<()>;
    fn sync(&mut self, file: &File) -> io::Result<()>;
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
        file.sync_data()
    }
}
