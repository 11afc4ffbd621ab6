//! transcript.jsonl: what Claude Code printed, line by line, for recovery, for `follow`, for the curious.
//!
//! Text deltas are coalesced into lines of our own (`phone_opus_text`), because they come a few
//! words at a time; noise is kept, marked. Its size is capped, then a marker says so; only results
//! are still written, because a recovery needs them. No error here ever fails a job. Secrets of known
//! shapes are replaced, also where they came in pieces.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::time::SystemTime;

use serde_json::json;

use crate::consult::claude::stream::{Line, Stream};
use crate::job::id::JobId;
use crate::journal::place::{State, open_private};
use crate::redact;

/// Largest transcript, bytes.
const CAP: u64 = 256 << 20;

/// Most text that waits in memory, bytes.
const FLUSH_AT: usize = 64 << 10;

/// How long text waits in memory at most, milliseconds: what a crash may cost of a partial answer.
pub(super) const FLUSH_EVERY_MS: u64 = 1_000;

/// The transcript of a running consult.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of the file, whatever the others are"
)]
pub(super) struct Transcript {
    file: Option<File>,
    written: u64,
    pending: String,
    /// Something valid came since the last flush, written or not.
    touched: bool,
    capped: bool,
    /// The last write may have left half a line.
    torn: bool,
    cap: u64,
    redact: bool,
}

impl Transcript {
    /// Starts the transcript; one that cannot be started is done without.
    pub(super) fn create(state: &State, job: JobId, redact: bool) -> Self {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        let file = open_private(&state.transcript(job), &options).ok();
        Self::on(file, CAP, redact)
    }

    fn on(file: Option<File>, cap: u64, redact: bool) -> Self {
        let pending = String::new();
        Self { file, written: 0, pending, touched: false, capped: false, torn: false, cap, redact }
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
            Line::Event => {
                self.finish();
                self.write(raw);
            }
            Line::Aside => self.write_beside(raw),
            Line::Result => {
                self.finish();
                self.put(&self.kept(raw));
            }
            Line::Noise => self.write_noise(raw),
        }
    }

    /// Writes what waits, but for the end of it that may be the beginning of a secret, and moves the
    /// file's time: that is the runner's sign of life.
    pub(super) fn flush(&mut self) {
        let settled =
            if self.redact { redact::settled(self.pending.as_bytes()) } else { usize::MAX };
        let rest = self.pending.split_off(settled.min(self.pending.len()));
        self.write_text();
        self.pending = rest;
        if let (true, Some(file)) = (std::mem::take(&mut self.touched), &self.file) {
            let _ = file.set_modified(SystemTime::now());
        }
    }

    /// Writes all that waits: nothing follows it that belongs to it.
    pub(super) fn finish(&mut self) {
        self.write_text();
        self.flush();
    }

    fn write_text(&mut self) {
        if !self.pending.is_empty() {
            let text = std::mem::take(&mut self.pending);
            self.write(json!({"type": "phone_opus_text", "text": text}).to_string().as_bytes());
        }
    }

    /// A line as it may be kept.
    fn kept<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        if self.redact { redact::json_line(line) } else { Cow::Borrowed(line) }
    }

    fn write_noise(&mut self, raw: &[u8]) {
        const SHOWN: usize = 500;
        // Cut after it was redacted, lest the start of a secret be left.
        let raw = if self.redact { redact::bytes(raw) } else { Cow::Borrowed(raw) };
        let text = String::from_utf8_lossy(&raw[..raw.len().min(SHOWN)]).into_owned();
        if !text.trim().is_empty() {
            let line = json!({"type": "phone_opus_noise", "text": text}).to_string();
            self.write_beside(line.as_bytes());
        }
    }

    /// A line that may stand between two pieces of one text: the end of the first one waits, because
    /// the second may make a secret of it. Put together, the text is the same.
    fn write_beside(&mut self, line: &[u8]) {
        self.flush();
        self.write(line);
    }

    fn write(&mut self, line: &[u8]) {
        const MARKER: &[u8] =
            br#"{"type":"phone_opus_cut","reason":"the transcript reached its cap"}"#;
        if self.capped {
            return;
        }
        let line = self.kept(line);
        self.capped = self.written + line.len() as u64 >= self.cap;
        self.put(if self.capped { MARKER } else { &line });
    }

    fn put(&mut self, line: &[u8]) {
        let Some(file) = &mut self.file else { return };
        let mut whole = Vec::with_capacity(line.len() + 2);
        if self.torn {
            whole.push(b'\n');
        }
        whole.extend_from_slice(line);
        whole.push(b'\n');
        // Half a line that a full disk has left behind must not spoil the next one.
        self.torn = file.write_all(&whole).is_err();
        self.written += whole.len() as u64;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(path: &std::path::Path) -> Vec<String> {
        let text = std::fs::read_to_string(path).expect("read");
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn past_its_cap_it_says_so_once_and_still_keeps_results() {
        let directory = tempfile::tempdir().expect("made");
        let path = directory.path().join("transcript.jsonl");
        let mut transcript = Transcript::on(File::create(&path).ok(), 100, true);
        for _ in 0..20 {
            transcript.note(br#"{"type":"system","subtype":"x"}"#, &Line::Event);
        }
        transcript.note(br#"{"type":"result"}"#, &Line::Result);
        let lines = lines_of(&path);
        assert_eq!(lines.iter().filter(|line| line.contains("phone_opus_cut")).count(), 1);
        assert_eq!(lines.last().map(String::as_str), Some(r#"{"type":"result"}"#));
        assert!(lines.len() < 10, "{lines:?}");
    }

    #[test]
    fn deltas_become_one_line_of_text() {
        let directory = tempfile::tempdir().expect("made");
        let path = directory.path().join("transcript.jsonl");
        let mut transcript = Transcript::on(File::create(&path).ok(), CAP, true);
        for word in ["so ", "be ", "it"] {
            transcript.note(b"", &Line::Delta(word.to_owned()));
        }
        transcript.note(br#"{"type":"assistant"}"#, &Line::Event);
        let text = r#"{"type":"phone_opus_text","text":"so be it"}"#;
        assert_eq!(lines_of(&path), [text, r#"{"type":"assistant"}"#]);
    }

    #[test]
    fn what_is_said_between_two_pieces_of_a_secret_does_not_part_them() {
        let retry = br#"{"type":"system","subtype":"api_retry"}"#;
        let ping = br#"{"type":"stream_event","event":{"type":"ping"}}"#;
        for between in [&retry[..], ping, b"not JSON", br#"{"type":"unheard_of"}"#] {
            let directory = tempfile::tempdir().expect("made");
            let path = directory.path().join("transcript.jsonl");
            let mut transcript = Transcript::on(File::create(&path).ok(), CAP, true);
            let mut stream = Stream::default();
            let mut note = |line: &[u8]| transcript.note(line, &stream.line(line));
            let delta = |text: &str| {
                let delta = json!({"type": "text_delta", "text": text});
                let event = json!({"type": "content_block_delta", "index": 0, "delta": delta});
                json!({"type": "stream_event", "event": event}).to_string()
            };
            note(delta("it is ghp_0123456789abcdefghij").as_bytes());
            note(between);
            note(delta("ABCDEFGHIJklmnop, I think").as_bytes());
            note(br#"{"type":"stream_event","event":{"type":"content_block_stop","index":0}}"#);
            let lines = lines_of(&path);
            assert_eq!(lines.len(), 4, "{lines:?}");
            let read = Stream::recover(&lines).partial_text();
            assert_eq!(read.as_deref(), Some("it is [redacted: github token], I think"));
        }
    }

    #[test]
    fn a_secret_that_came_in_pieces_is_not_written_in_pieces() {
        let directory = tempfile::tempdir().expect("made");
        let path = directory.path().join("transcript.jsonl");
        let mut transcript = Transcript::on(File::create(&path).ok(), CAP, true);
        for piece in ["it is g", "hp_0123456789abcdefghij", "ABCDEFGHIJklmnop", ", I ", "think"] {
            transcript.note(b"", &Line::Delta(piece.to_owned()));
            transcript.flush();
        }
        transcript.finish();
        let texts: Vec<String> = lines_of(&path)
            .iter()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
            .map(|line| line["text"].as_str().expect("text").to_owned())
            .collect();
        assert_eq!(texts.concat(), "it is [redacted: github token], I think");
    }
}
