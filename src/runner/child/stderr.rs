//! Claude Code's standard error, kept within bounds: what it says there is for people.

use std::fs::File;
use std::io::Write;

use crate::redact;

/// Standard error: its start goes to stderr.log, its end is kept for the failure's detail.
pub(in crate::runner) struct StderrLog {
    file: Option<File>,
    written: usize,
    /// What waits for its rest, because it may be the beginning of a secret.
    held: Vec<u8>,
    redact: bool,
    /// As it came: why a run failed is judged by it, and what is told of it is redacted then.
    tail: Vec<u8>,
}

impl StderrLog {
    /// Most bytes of stderr.log.
    const CAP: usize = 1 << 20;
    /// Most bytes kept for the detail.
    const TAIL: usize = 8 << 10;

    pub(in crate::runner) fn new(file: Option<File>, redact: bool) -> Self {
        Self { file, written: 0, held: Vec::new(), redact, tail: Vec::new() }
    }

    pub(super) fn note(&mut self, bytes: &[u8]) {
        if self.redact {
            self.held.extend_from_slice(bytes);
            let rest = self.held.split_off(redact::settled(&self.held));
            let settled = std::mem::replace(&mut self.held, rest);
            self.write(&redact::bytes(&settled));
        } else {
            self.write(bytes);
        }
        self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(Self::TAIL)..]);
        let extra = self.tail.len().saturating_sub(Self::TAIL);
        self.tail.drain(..extra);
    }

    /// Writes what was held back: nothing follows it any more.
    pub(super) fn finish(&mut self) {
        let held = std::mem::take(&mut self.held);
        self.write(&redact::bytes(&held));
    }

    fn write(&mut self, bytes: &[u8]) {
        let room = &bytes[..bytes.len().min(Self::CAP - self.written)];
        if let Some(file) = &mut self.file {
            let _ = file.write_all(room);
        }
        self.written += room.len();
    }

    pub(super) fn tail(&self) -> String {
        String::from_utf8_lossy(&self.tail).into_owned()
    }
}
