//! Every list row against the fold: a row must follow from the row before it and its own event, so
//! by induction it is what all events of the job add up to.
//!
//! Compared is what the row says and this version computes: a key that an older version did not
//! write, or that a newer one added, is no disagreement. A line that was repeated, because its sync
//! had failed, stands for itself: the rows after it go on from there.

use std::collections::HashMap;

use serde_json::Value;

use super::{Check, MOST_JOBS, Place};
use crate::job::brief::{self, Brief};
use crate::job::event::Event;
use crate::job::id::JobId;
use crate::journal::error::Error;
use crate::journal::line::Line;
use crate::journal::read::Log;

/// Rows of jobs that have not ended and are at hand; those of others are read again.
const MOST_AT_HAND: usize = 1024;

/// How often a repeat is looked for, and over how many lines at most.
const MOST_LOOKS: u32 = 64;
const MOST_LINES: usize = 100_000;

/// What came of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Agrees,
    Disagrees,
    NeverQueued,
    NotCompared,
}

/// The rows as they stand while the log is read.
#[derive(Debug, Default)]
pub(super) struct Rows {
    at_hand: HashMap<JobId, Brief>,
    looks: u32,
}

impl Rows {
    /// Compares a line's row, and remembers it as the newest of its job. `None` is an event that
    /// could not be read: then the row has nothing to be compared with.
    pub(super) fn compare(
        &mut self,
        log: &Log,
        line: &Line,
        event: Option<&Event>,
        check: &mut Check,
    ) -> Result<Verdict, Error> {
        let before = self.before(log, line.job, check)?;
        let Some(found) = line.brief() else {
            // Readers pass over such a row, and so did whoever wrote the next one.
            return Ok(Verdict::NotCompared);
        };
        let verdict = self.judge(log, line, event, before, &found)?;
        self.remember(line, found, check);
        Ok(verdict)
    }

    fn judge(
        &mut self,
        log: &Log,
        line: &Line,
        event: Option<&Event>,
        before: Option<Brief>,
        found: &Brief,
    ) -> Result<Verdict, Error> {
        let queued = matches!(event, Some(Event::Queued(_)));
        let event = match (event, before.is_some()) {
            (_, false) if line.event != "queued" => return Ok(Verdict::NeverQueued),
            (None | Some(Event::Unknown(_)), _) => return Ok(Verdict::Agrees),
            (Some(event), _) => event,
        };
        let follows =
            |before| agrees(found, &line.raw_brief, &brief::next(before, event, line.unix_ms));
        if follows(before) || queued && follows(None) {
            return Ok(Verdict::Agrees);
        }
        if self.looks == MOST_LOOKS {
            return Ok(Verdict::NotCompared);
        }
        self.looks += 1;
        Ok(if repeats(log, line)? { Verdict::Agrees } else { Verdict::Disagrees })
    }

    /// The newest row before this line.
    fn before(&mut self, log: &Log, job: JobId, check: &Check) -> Result<Option<Brief>, Error> {
        if let Some(row) = self.at_hand.remove(&job) {
            return Ok(Some(row));
        }
        let Some(place) = check.jobs.get(&job) else { return Ok(None) };
        let line = log.forward(place.offset()).next().transpose()?;
        Ok(line.and_then(|item| item.into_line()?.brief()))
    }

    fn remember(&mut self, line: &Line, row: Brief, check: &mut Check) {
        let place = Place::new(line.offset, row.status);
        if check.jobs.len() < MOST_JOBS || check.jobs.contains_key(&line.job) {
            check.jobs.insert(line.job, place);
        } else {
            check.beyond = true;
        }
        if !row.status.is_terminal() && self.at_hand.len() < MOST_AT_HAND {
            self.at_hand.insert(line.job, row);
        }
    }
}

/// Whether a row says nothing else than the one that was computed.
fn agrees(found: &Brief, raw: &str, computed: &Brief) -> bool {
    found == computed || says_the_same(raw, computed).unwrap_or(false)
}

/// Key by key, over those that both have.
fn says_the_same(raw: &str, computed: &Brief) -> Option<bool> {
    let raw = crate::journal::record::first_value(raw)?;
    let Ok(Value::Object(found)) = serde_json::from_str(raw) else { return None };
    let Ok(Value::Object(computed)) = serde_json::to_value(computed) else { return None };
    Some(found.iter().all(|(key, value)| computed.get(key).is_none_or(|same| same == value)))
}

/// Whether the same line, byte for byte, stands in front of this one.
fn repeats(log: &Log, line: &Line) -> Result<bool, Error> {
    for item in log.back_from(line.offset).take(MOST_LINES) {
        let Some(earlier) = item?.into_line().filter(|earlier| earlier.job == line.job) else {
            continue;
        };
        if earlier.trailer == line.trailer && earlier.raw_brief == line.raw_brief {
            return Ok(true);
        }
    }
    Ok(false)
}
