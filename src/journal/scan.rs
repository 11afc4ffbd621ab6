//! The whole log, line by line, with every checksum.

use super::error::Error;
use super::line::Item;
use super::read::Log;
use crate::job::event::Event;

/// How many lines a log has, by how far they can be trusted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Sound lines with an event that this version knows.
    pub(crate) whole: u64,
    /// Sound lines with an event that it does not know.
    pub(crate) unknown: u64,
    /// Torn, damaged, unsealed or foreign ones.
    pub(crate) damaged: u64,
}

impl Log {
    /// Counts every line, payloads checked. Holds one line in memory at a time.
    pub(crate) fn scan(&self) -> Result<Counts, Error> {
        let mut counts = Counts::default();
        for item in self.forward(0) {
            let event = match item? {
                Item::Line(line) => self.event(&line)?,
                Item::Damaged { .. } => None,
            };
            match event {
                None => counts.damaged += 1,
                Some(Event::Unknown(_)) => counts.unknown += 1,
                Some(_) => counts.whole += 1,
            }
        }
        Ok(counts)
    }
}
