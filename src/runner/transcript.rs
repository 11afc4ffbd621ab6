//! transcript.jsonl: what Claude Code printed, line by line, for recovery, for `follow`, for the curious.
//!
//! Text deltas are coalesced into lines of our own (`phone_opus_text`), because they come a few
//! words at a time; noise is kept, marked. Its size is capped, then a marker says so; only results
//! are still written, because a recovery needs them. No error here ever fails a job.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::time::SystemTime;

use serde_json::json;

use crate::consult::claude::stream::{Line, Stream};
use crate::job::id::JobId;
use crate::journal::place::{State, open_private};

/// Largest transcript, bytes.
const CAP: u64 = 256 << 20;

/// Most text that waits in memory, bytes.
const FLUSH_AT: usize = 64 << 10;

/// How long text waits in memory at most, milliseconds: what a crash may cost of a partial answer.
pub(super) const FLUSH_EVERY_MS: u64 = 1_000;

/// The transcript of a running consult.
pub(super) struct Transcript {
    file: Option<File>,
    written: u64,
    pending: String,
    /// Something valid came since the last flush, written or not.
    touched: bool,
    capped: bool,
}

impl Transcript {
    /// Starts the transcript; one that cannot be started is done without.
    pub(super) fn create(state: &State, job: JobId) -> Self {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        let file = open_private(&state.transcript(job), &options).ok();
        Self { file, written: 0, pending: String::new(), touched: false, capped: false }
    }

    /// Notes one line of standard output and what the parser made of it.
    pub(super) fn note(&mut self, raw: &[u8], parsed: &Line) {
        self.touched |= !matches!(parsed, Line::Noise);
        match parsed {
            Line::Delta(text) => {
                self.pending.push_str(text);
                if self.pending.len() >= FLUSH_AT {
                    self.flush();
                }
            }
            Line::Event => self.write_line(raw),
            Line::Result => {
                self.flush();
                self.put(raw);
            }
            Line::Noise => self.write_noise(raw),
        }
    }

    /// Writes what waits, and moves the file's time: that is the runner's sign of life.
    pub(super) fn flush(&mut self) {
        if !self.pending.is_empty() {
            let text = std::mem::take(&mut self.pending);
            self.write(&json!({"type": "phone_opus_text", "text": text}).to_string().into_bytes());
        }
        if let (true, Some(file)) = (std::mem::take(&mut self.touched), &self.file) {
            let _ = file.set_modified(SystemTime::now());
        }
    }

    fn write_noise(&mut self, raw: &[u8]) {
        const SHOWN: usize = 500;
        let text = String::from_utf8_lossy(&raw[..raw.len().min(SHOWN)]).into_owned();
        if !text.trim().is_empty() {
            self.write_line(
                &json!({"type": "phone_opus_noise", "text": text}).to_string().into_bytes(),
            );
        }
    }

    fn write_line(&mut self, raw: &[u8]) {
        self.flush();
        self.write(raw);
    }

    fn write(&mut self, line: &[u8]) {
        const MARKER: &[u8] =
            br#"{"type":"phone_opus_cut","reason":"the transcript reached its cap"}"#;
        if self.capped {
            return;
        }
        self.capped = self.written + line.len() as u64 >= CAP;
        self.put(if self.capped { MARKER } else { line });
    }

    fn put(&mut self, line: &[u8]) {
        if let Some(file) = &mut self.file {
            let mut whole = Vec::with_capacity(line.len() + 1);
            whole.extend_from_slice(line);
            whole.push(b'\n');
            let _ = file.write_all(&whole);
            self.written += whole.len() as u64;
        }
    }
}

/// Reads a transcript back through the same parser. Whatever is not there or not whole is skipped.
pub(super) fn replay(state: &State, job: JobId) -> Stream {
    let mut options = OpenOptions::new();
    options.read(true);
    let file = open_private(&state.transcript(job), &options).ok();
    let lines = file.into_iter().flat_map(|file| BufReader::new(file).split(b'\n'));
    Stream::recover(lines.map_while(Result::ok))
}
