//! The log from its end: newest line first, hopping over payloads.

use std::iter::FusedIterator;

use super::error::Error;
use super::line::{Item, Line};
use super::read::{Log, newline_before};
use super::record::{TRAILER_LEN, Trailer};
use super::window::Window;

/// Iterates over a log, newest first.
#[derive(Debug)]
pub(crate) struct Back<'a> {
    log: &'a Log,
    window: Window,
    /// Just after the newline of the next item.
    end: u64,
}

impl Log {
    /// The newest first. After an error there is nothing more.
    pub(crate) fn back(&self) -> Back<'_> {
        self.back_from(self.end)
    }

    /// What is before `end`, which is just after a newline.
    pub(super) fn back_from(&self, end: u64) -> Back<'_> {
        Back { log: self, window: Window::default(), end }
    }
}

impl Back<'_> {
    fn step(&mut self) -> Result<Item, Error> {
        if let Some(line) = self.hop()? {
            self.end = line.offset;
            return Ok(Item::Line(line));
        }
        let start = newline_before(&mut self.window, &self.log.file, self.end - 1);
        let start = start.map_err(|e| Error::reading(&self.log.path, e))?;
        let len = self.end - start;
        self.end = start;
        Ok(Item::Damaged { offset: start, len })
    }

    /// The line that ends here, by its trailer. The line's data is not looked at: where damage put
    /// a newline into it, the head still counts, and whoever wants the data finds it damaged.
    fn hop(&mut self) -> Result<Option<Line>, Error> {
        let Some(trailer) = self.trailer()? else { return Ok(None) };
        let Some(offset) = self.end.checked_sub(trailer.len.into()) else { return Ok(None) };
        let head_end = offset + u64::from(trailer.head_len);
        if offset > 0 && self.bytes(offset - 1, offset)? != b"\n" {
            return Ok(None);
        }
        let log = self.log;
        log.judge(offset, trailer, self.bytes(offset, head_end)?)
    }

    fn trailer(&mut self) -> Result<Option<Trailer>, Error> {
        match self.end.checked_sub(TRAILER_LEN as u64) {
            Some(start) => Ok(Trailer::parse(self.bytes(start, self.end)?)),
            None => Ok(None),
        }
    }

    fn bytes(&mut self, from: u64, to: u64) -> Result<&[u8], Error> {
        let bytes = self.window.ending(&self.log.file, from, to);
        bytes.map_err(|e| Error::reading(&self.log.path, e))
    }
}

impl Iterator for Back<'_> {
    type Item = Result<Item, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.end == 0 {
            return None;
        }
        let item = self.step();
        if item.is_err() {
            self.end = 0;
        }
        Some(item)
    }
}

impl FusedIterator for Back<'_> {}
