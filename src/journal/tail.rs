//! The log as a stream: whole lines, byte for byte, from a cursor on, and what is appended later.
//!
//! A cursor is the seal of the last line that was seen. Whoever has the line has the cursor, and it
//! stays right when the log is pruned, because lines are copied as they are. A line that was repeated
//! stands for its earlier copy, so that a reader may see a line twice and never misses one.

use std::collections::VecDeque;
use std::str::FromStr;
use std::thread;
use std::time::Duration;

use super::error::Error;
use super::line::Item;
use super::place::State;
use super::read::Log;
use super::record::Trailer;
use crate::job::id::JobId;

/// How far before a copy of a line an earlier one is looked for, lines.
const COPIES_WITHIN: usize = 10_000;

/// Lines that are remembered: after a prune the newest of them that is still there is gone on from.
const REMEMBERED: usize = 256;

/// How long a look that found nothing is apart from the next.
const PAUSE: Duration = Duration::from_millis(100);

/// The seal of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor(Trailer);

impl FromStr for Cursor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let trailer = format!(",\"seal\":\"{text}\"}}\n");
        Trailer::parse(trailer.as_bytes()).map(Cursor).ok_or_else(|| {
            "a cursor is the `seal` of a line, 32 hexadecimal digits in lower case".to_owned()
        })
    }
}

/// A whole line as it stands in the log.
#[derive(Debug)]
pub(crate) struct Whole<'a> {
    pub(crate) job: JobId,
    pub(crate) event: &'a str,
    /// Newline included.
    pub(crate) bytes: &'a [u8],
}

/// A reader that goes on where it was.
#[derive(Debug)]
pub(crate) struct Tail {
    state: State,
    /// Inode of the log, and where to go on in it.
    at: Option<(u64, u64)>,
    seen: VecDeque<Trailer>,
    damaged: u64,
}

/// Lets a moment pass before the next look.
pub(crate) fn pause() {
    thread::sleep(PAUSE);
}

impl Tail {
    /// From the first line on.
    pub(crate) fn from_start(state: &State) -> Self {
        Self { state: state.clone(), at: None, seen: VecDeque::new(), damaged: 0 }
    }

    /// From the line after the cursor's on; `None` where the log has no such line.
    pub(crate) fn after(state: &State, cursor: Cursor) -> Result<Option<Self>, Error> {
        let mut tail = Self::from_start(state);
        tail.seen.push_back(cursor.0);
        let Some(log) = Log::open(state)? else { return Ok(None) };
        let Some(offset) = tail.find_seen(&log)? else { return Ok(None) };
        tail.at = Some((log.inode(), offset));
        Ok(Some(tail))
    }

    /// Lines that were passed over, because they are damaged or nobody's.
    pub(crate) fn damaged(&self) -> u64 {
        self.damaged
    }

    /// Hands on every line since the last look, one at a time.
    pub(crate) fn look<E: From<Error>>(
        &mut self,
        mut each: impl FnMut(&Whole<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(log) = Log::open(&self.state)? else { return Ok(()) };
        for item in log.forward(self.start_in(&log)?) {
            let line = match item? {
                Item::Line(line) => line,
                Item::Damaged { offset, len } => {
                    self.damaged += 1;
                    self.at = Some((log.inode(), offset + len));
                    continue;
                }
            };
            match log.raw(&line)? {
                Some(bytes) => {
                    each(&Whole { job: line.job, event: &line.event, bytes: &bytes })?;
                }
                None => self.damaged += 1,
            }
            self.at = Some((log.inode(), line.offset + line.len));
            self.remember(line.trailer);
        }
        Ok(())
    }

    fn remember(&mut self, trailer: Trailer) {
        if self.seen.len() == REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back(trailer);
    }

    /// Where to go on: another inode is a pruned log, in which offsets are others.
    fn start_in(&self, log: &Log) -> Result<u64, Error> {
        match self.at {
            Some((inode, offset)) if inode == log.inode() && offset <= log.end() => Ok(offset),
            Some(_) => Ok(self.find_seen(log)?.unwrap_or(0)),
            None => Ok(0),
        }
    }

    /// Just after the newest line that was seen, or after an earlier copy of it.
    fn find_seen(&self, log: &Log) -> Result<Option<u64>, Error> {
        let mut found: Option<(Trailer, u64)> = None;
        let mut left = COPIES_WITHIN;
        for item in log.back() {
            let Some(line) = item?.into_line() else { continue };
            let end = line.offset + line.len;
            match found {
                None if self.seen.contains(&line.trailer) => found = Some((line.trailer, end)),
                Some((trailer, _)) if trailer == line.trailer => found = Some((trailer, end)),
                _ => {}
            }
            left -= usize::from(found.is_some());
            if left == 0 {
                break;
            }
        }
        Ok(found.map(|(_, end)| end))
    }
}
