//! The log from an offset on: oldest line first, in bounded memory.

use std::iter::FusedIterator;

use super::error::Error;
use super::line::Item;
use super::read::Log;
use super::record::{TRAILER_LEN, Trailer};
use super::window::Window;

/// Bytes of a line that is read with its block, and not again for its head.
const SHORT: u64 = 16 * 1024;

/// Iterates over a log, oldest first.
#[derive(Debug)]
pub(crate) struct Forward<'a> {
    log: &'a Log,
    window: Window,
    at: u64,
}

impl Log {
    /// From `offset` on, which is 0, an item's end or an earlier [`Log::end`]; from within a line,
    /// its rest reads as damaged. After an error there is nothing more.
    pub(crate) fn forward(&self, offset: u64) -> Forward<'_> {
        Forward { log: self, window: Window::default(), at: offset }
    }
}

impl Forward<'_> {
    fn step(&mut self) -> Result<Item, Error> {
        let (start, end) = (self.at, self.line_end()?);
        self.at = end;
        let damaged = Item::Damaged { offset: start, len: end - start };
        let Some(trailer_start) = end.checked_sub(TRAILER_LEN as u64).filter(|&at| at >= start)
        else {
            return Ok(damaged);
        };
        let trailer = Trailer::parse(self.bytes(trailer_start, end)?);
        let Some(trailer) = trailer.filter(|trailer| u64::from(trailer.len) == end - start) else {
            return Ok(damaged);
        };
        let log = self.log;
        let head = self.bytes(start, start + u64::from(trailer.head_len))?;
        Ok(log.judge(start, trailer, head, |_, _| true)?.into_line().map_or(damaged, Item::Line))
    }

    /// Just after the newline of the line at hand. All of a short line is in the window then.
    fn line_end(&mut self) -> Result<u64, Error> {
        let mut at = self.at;
        self.bytes(at, (at + SHORT).min(self.log.end))?;
        while at < self.log.end {
            let bytes = self
                .window
                .some(&self.log.file, at, self.log.end)
                .map_err(|e| Error::reading(&self.log.path, e))?;
            match memchr::memchr(b'\n', bytes) {
                Some(newline) => return Ok(at + newline as u64 + 1),
                None => at += bytes.len() as u64,
            }
        }
        Ok(at)
    }

    fn bytes(&mut self, from: u64, to: u64) -> Result<&[u8], Error> {
        let bytes = self.window.starting(&self.log.file, from, to);
        bytes.map_err(|e| Error::reading(&self.log.path, e))
    }
}

impl Iterator for Forward<'_> {
    type Item = Result<Item, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.log.end {
            return None;
        }
        let item = self.step();
        if item.is_err() {
            self.at = self.log.end;
        }
        Some(item)
    }
}

impl FusedIterator for Forward<'_> {}
