//! Claude Code's standard error, kept within bounds: what it says there is for people.

use std::fs::File;
use std::io::Write;

/// Standard error: its start goes to stderr.log, its end is kept for the failure's detail.
pub(in crate::runner) struct StderrLog {
    file: Option<File>,
    written: usize,
    tail: Vec<u8>,
}

impl StderrLog {
    /// Most bytes of stderr.log.
    const CAP: usize = 1 << 20;
    /// Most bytes kept for the detail.
    const TAIL: usize = 8 << 10;

    pub(in crate::runner) fn new(file: Option<File>) -> Self {
        Self { file, written: 0, tail: Vec::new() }
    }

    pub(super) fn note(&mut self, bytes: &[u8]) {
        let room = &bytes[..bytes.len().min(Self::CAP - self.written)];
        if let Some(file) = &mut self.file {
            let _ = file.write_all(room);
        }
        self.written += room.len();
        self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(Self::TAIL)..]);
        let extra = self.tail.len().saturating_sub(Self::TAIL);
        self.tail.drain(..extra);
    }

    pub(super) fn tail(&self) -> String {
        String::from_utf8_lossy(&self.tail).into_owned()
    }
}
