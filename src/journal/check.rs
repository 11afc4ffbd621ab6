//! The whole log against itself: every seal, every payload, and every list row against the events
//! before it. A look that changes nothing and judges nothing: it counts, and says where.
//!
//! What it holds in memory, whatever the size of the log: one line (of a payload above
//! [`LONGEST_READ`] only the checksum is taken), the newest rows of [`rows`], and for each job its id
//! and the place of its newest line, which is 25 to 57 bytes a job and ends at [`MOST_JOBS`] jobs.
//! What is beyond a bound is counted as not compared, never taken for sound.

mod damage;
mod rows;

use std::collections::HashMap;

use super::error::Error;
use super::find::NO_JOB;
use super::line::{Item, Line};
use super::read::Log;
use crate::job::event::Event;
use crate::job::id::JobId;
use crate::job::status::Status;
use rows::{Rows, Verdict};

/// Most jobs that are told apart: 230 MB.
const MOST_JOBS: usize = 4_000_000;

/// Most places that are remembered of one fault.
const MOST_SPOTS: usize = 10;

/// Bytes of a line up to which its payload is read.
const LONGEST_READ: u64 = 64 << 20;

/// What can be wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It begins as a line does and ends before its seal: a writer died, or the disk was full.
    Torn,
    /// It has a seal, and other bytes than were sealed.
    Seal,
    /// Its head is sound and its payload is not what was sealed, or not what the event has.
    Payload,
    /// NULs, as a power cut leaves them.
    Nuls,
    /// Nothing that this program wrote, or a newer version of the line.
    Foreign,
    /// A sound line of an event that this version does not know.
    Unknown,
    /// The first line of a job that is there, and it is not `queued`: the job cannot be shown.
    NeverQueued,
    /// Its list row is not what its job's events add up to.
    Row,
}

impl Fault {
    pub(crate) const ALL: [Fault; 8] = [
        Fault::Torn,
        Fault::Seal,
        Fault::Payload,
        Fault::Nuls,
        Fault::Foreign,
        Fault::Unknown,
        Fault::NeverQueued,
        Fault::Row,
    ];
}

/// A place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    /// The first line is 1.
    pub(crate) line: u64,
    /// Bytes from the start of the file.
    pub(crate) offset: u64,
    /// Bytes, newline included.
    pub(crate) len: u64,
    /// Whose line it is, where that can be told.
    pub(crate) job: Option<JobId>,
}

/// How often a fault occurs, and where at first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Spots {
    pub(crate) count: u64,
    /// The first [`MOST_SPOTS`] of them.
    pub(crate) first: Vec<Spot>,
}

/// What the log says of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// It has no line.
    No,
    Unfinished,
    Lost,
    /// Ended in any other way.
    Ended,
    /// There were too many jobs to remember this one.
    Unsure,
}

/// What a whole log comes to.
#[derive(Debug, Default)]
pub(crate) struct Check {
    pub(crate) bytes: u64,
    /// Lines that end with a newline, damaged ones too.
    pub(crate) lines: u64,
    /// Sound lines with an event that this version knows.
    pub(crate) whole: u64,
    /// Rows that could not be compared, because a bound was reached.
    pub(crate) not_compared: u64,
    /// The last line, where it has no newline.
    pub(crate) torn_end: Option<Spot>,
    faults: [Spots; Fault::ALL.len()],
    jobs: HashMap<JobId, Place>,
    beyond: bool,
}

impl Check {
    /// Where a fault occurs.
    pub(crate) fn spots(&self, fault: Fault) -> &Spots {
        &self.faults[fault as usize]
    }

    /// How many jobs there are.
    pub(crate) fn jobs(&self) -> usize {
        self.jobs.len()
    }

    /// What the log says of a job.
    pub(crate) fn knows(&self, job: JobId) -> Known {
        match self.jobs.get(&job) {
            Some(place) => place.known(),
            None if self.beyond => Known::Unsure,
            None => Known::No,
        }
    }

    /// The jobs that have not ended, as far as the log says.
    pub(crate) fn unfinished(&self) -> impl Iterator<Item = JobId> {
        let open = self.jobs.iter().filter(|(_, place)| place.known() == Known::Unfinished);
        open.map(|(job, _)| *job)
    }

    fn note(&mut self, fault: Fault, spot: Spot) {
        let spots = &mut self.faults[fault as usize];
        spots.count += 1;
        if spots.first.len() < MOST_SPOTS {
            spots.first.push(spot);
        }
    }
}

/// Where a job's newest row is, and what it says, in one number.
#[derive(Debug, Clone, Copy)]
struct Place(u64);

impl Place {
    const BITS: u32 = 62;

    fn new(offset: u64, status: Status) -> Self {
        let kind = match status {
            Status::Queued | Status::Running => 0,
            Status::Lost => 1,
            _ => 2,
        };
        Self(offset | kind << Self::BITS)
    }

    fn offset(self) -> u64 {
        self.0 & ((1 << Self::BITS) - 1)
    }

    fn known(self) -> Known {
        match self.0 >> Self::BITS {
            0 => Known::Unfinished,
            1 => Known::Lost,
            _ => Known::Ended,
        }
    }
}

impl Log {
    /// Reads every line, payloads too.
    pub(crate) fn check(&self) -> Result<Check, Error> {
        let mut check = Check { bytes: self.len(), ..Check::default() };
        let mut rows = Rows::default();
        for item in self.forward(0) {
            check.lines += 1;
            match item? {
                Item::Damaged { offset, len } => {
                    let spot = Spot { line: check.lines, offset, len, job: None };
                    check.note(damage::kind(self, offset, len)?, spot);
                }
                Item::Line(line) => self.check_line(&line, &mut rows, &mut check)?,
            }
        }
        check.torn_end = self.torn_end(check.lines + 1);
        Ok(check)
    }

    /// The last line, which has this number, where it has no newline.
    pub(crate) fn torn_end(&self, line: u64) -> Option<Spot> {
        let (offset, len) = (self.end(), self.len() - self.end());
        self.is_torn().then_some(Spot { line, offset, len, job: None })
    }

    fn check_line(&self, line: &Line, rows: &mut Rows, check: &mut Check) -> Result<(), Error> {
        let job = (line.job != NO_JOB).then_some(line.job);
        let spot = Spot { line: check.lines, offset: line.offset, len: line.len, job };
        let event = self.checked_event(line)?;
        match &event {
            Read::Damaged => check.note(Fault::Payload, spot),
            // Lines of no job are notes about the log as a whole.
            Read::Event(Event::Unknown(_)) if job.is_some() => check.note(Fault::Unknown, spot),
            Read::Event(_) | Read::TooLong => check.whole += 1,
        }
        if job.is_none() {
            return Ok(());
        }
        let event = if let Read::Event(event) = event { Some(event) } else { None };
        match rows.compare(self, line, event.as_ref(), check)? {
            Verdict::Agrees => {}
            Verdict::Disagrees => check.note(Fault::Row, spot),
            Verdict::NeverQueued => check.note(Fault::NeverQueued, spot),
            Verdict::NotCompared => check.not_compared += 1,
        }
        Ok(())
    }

    fn checked_event(&self, line: &Line) -> Result<Read, Error> {
        if line.len <= LONGEST_READ {
            return Ok(self.event(line)?.map_or(Read::Damaged, Read::Event));
        }
        let holds = damage::line_holds(self, line.offset, line.trailer)?;
        Ok(if holds { Read::TooLong } else { Read::Damaged })
    }
}

/// What became of a payload.
enum Read {
    Event(Event),
    TooLong,
    Damaged,
}
