//! What a log consists of, as a reader meets it.

use super::record::{self, Head, Trailer};
use crate::job::brief::Brief;
use crate::job::event::Event;
use crate::job::id::JobId;

/// What stands between two newlines.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    Line(Line),
    /// Torn, damaged, unsealed or foreign: kept, counted, never folded.
    Damaged {
        offset: u64,
        len: u64,
    },
}

impl Item {
    pub(crate) fn offset(&self) -> u64 {
        match self {
            Item::Line(Line { offset, .. }) | Item::Damaged { offset, .. } => *offset,
        }
    }

    pub(crate) fn into_line(self) -> Option<Line> {
        match self {
            Item::Line(line) => Some(line),
            Item::Damaged { .. } => None,
        }
    }
}

/// The head of a line whose checksum holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    pub(crate) offset: u64,
    /// Bytes, newline included.
    pub(crate) len: u64,
    pub(crate) job: JobId,
    pub(crate) event: String,
    pub(crate) unix_ms: i64,
    /// The job's list row after this event, as JSON; empty where there is none.
    pub(crate) raw_brief: String,
    pub(super) trailer: Trailer,
}

impl Line {
    /// `None` where the row is no text.
    pub(super) fn new(offset: u64, trailer: Trailer, head: Head<'_>) -> Option<Self> {
        Some(Self {
            offset,
            len: trailer.len.into(),
            job: head.job,
            event: head.event.into_owned(),
            unix_ms: head.unix_ms,
            raw_brief: std::str::from_utf8(head.brief).ok()?.to_owned(),
            trailer,
        })
    }

    /// The job's list row after this event; `None` where it cannot be read.
    pub(crate) fn brief(&self) -> Option<Brief> {
        let read = |text| serde_json::from_str(text).ok();
        read(&self.raw_brief).or_else(|| read(record::first_value(&self.raw_brief)?))
    }

    /// The event in the line's own bytes: the payload at its fixed place, else wherever serde
    /// finds it.
    pub(super) fn event_in(&self, bytes: &[u8]) -> Option<Event> {
        let read = |data| Event::from_parts(&self.event, data).ok();
        let at_fixed_place =
            record::data_after(self.trailer.head_len as usize, bytes).and_then(read);
        at_fixed_place.or_else(|| read(record::data(bytes).unwrap_or("null")))
    }
}
