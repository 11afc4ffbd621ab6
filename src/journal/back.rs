//! The log from its end: newest line first, hopping over payloads.

use std::iter::FusedIterator;

use super::error::Error;
use super::line::Item;
use super::read::{Judged, Log, newline_before};
use super::record::{TRAILER_LEN, Trailer};
use super::window::Window;
use crate::job::id::JobId;

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
    /// The next item that is damaged, or a line that is wanted by its job and its raw brief. The
    /// others are passed over where they lie, uncopied: a scan of everything is after few of them.
    pub(super) fn next_wanted(
        &mut self,
        mut wanted: impl FnMut(JobId, &[u8]) -> bool,
    ) -> Option<Result<Item, Error>> {
        while self.end > 0 {
            match self.step(&mut wanted) {
                Ok(None) => {}
                Ok(Some(item)) => return Some(Ok(item)),
                Err(error) => {
                    self.end = 0;
                    return Some(Err(error));
                }
            }
        }
        None
    }

    /// `None` where the line is not wanted.
    fn step(&mut self, wanted: impl FnOnce(JobId, &[u8]) -> bool) -> Result<Option<Item>, Error> {
        let end = self.end;
        match self.hop(wanted)? {
            Judged::Line(line) => return Ok(Some(Item::Line(line))),
            Judged::Unwanted => return Ok(None),
            Judged::Damaged => {}
        }
        let start = newline_before(&mut self.window, &self.log.file, end - 1);
        self.end = start.map_err(|e| Error::reading(&self.log.path, e))?;
        Ok(Some(Item::Damaged { offset: self.end, len: end - self.end }))
    }

    /// The line that ends here, by its trailer. The line's data is not looked at: where damage put
    /// a newline into it, the head still counts, and whoever wants the data finds it damaged.
    fn hop(&mut self, wanted: impl FnOnce(JobId, &[u8]) -> bool) -> Result<Judged, Error> {
        let Some(trailer) = self.trailer()? else { return Ok(Judged::Damaged) };
        let Some(offset) = self.end.checked_sub(trailer.len.into()) else {
            return Ok(Judged::Damaged);
        };
        let (log, head_end) = (self.log, offset + u64::from(trailer.head_len));
        // The newline before the line comes with its head: one read, where a block ends in between.
        let before = u64::from(offset > 0);
        let bytes = self.bytes(offset - before, head_end)?;
        let Some(head) = bytes.strip_prefix(&b"\n"[..usize::from(offset > 0)]) else {
            return Ok(Judged::Damaged);
        };
        let judged = log.judge(offset, trailer, head, wanted)?;
        if !matches!(judged, Judged::Damaged) {
            self.end = offset;
        }
        Ok(judged)
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
        self.next_wanted(|_, _| true)
    }
}

impl FusedIterator for Back<'_> {}
