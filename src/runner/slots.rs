//! Slots: at most so many consults at once on a host, in the order in which they were queued.
//!
//! A waiting job has a ticket (`slots/wait-ID`), made before its `queued` event, so that every
//! earlier waiter is seen; a running one holds a lock on `slots/N`, which the kernel frees on its
//! death. A waiter yields to tickets queued before its own whose job lives and is not stopped.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::time::Duration;

use super::error::Error;
use super::lock::{self, Held};
use crate::job::id::JobId;
use crate::journal::place::{State, open_private};
use crate::journal::read::Log;

/// How often a waiter looks again, once it has waited a while.
const POLL: Duration = Duration::from_millis(250);

/// How long to wait before look number `looks`: short at first, for the moment in which an earlier
/// job is about to take its slot.
pub(super) fn pause_before_look(looks: u32) -> Duration {
    Duration::from_millis(1 << looks.min(8)).min(POLL)
}

const TICKET: &str = "wait-";

/// Takes a place in the queue.
pub(super) fn take_ticket(state: &State, job: JobId) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    open_private(&ticket(state, job), &options)?;
    Ok(())
}

/// Leaves the queue. A ticket that is gone already is what was wanted.
pub(super) fn drop_ticket(state: &State, job: JobId) {
    let _ = fs::remove_file(ticket(state, job));
}

fn ticket(state: &State, job: JobId) -> std::path::PathBuf {
    state.slots_dir().join(format!("{TICKET}{job}"))
}

/// A waiter's view of the queue.
pub(super) struct Queue<'a> {
    state: &'a State,
    job: JobId,
    /// Jobs known to be queued after ours; what the log said once stays true.
    later: HashSet<JobId>,
}

impl<'a> Queue<'a> {
    pub(super) fn new(state: &'a State, job: JobId) -> Self {
        Self { state, job, later: HashSet::new() }
    }

    /// Takes a slot if one is free and no earlier waiter wants it.
    pub(super) fn try_slot(&mut self, max_running: u32) -> Result<Option<File>, Error> {
        if !self.is_first()? {
            return Ok(None);
        }
        for number in 0..max_running.max(1) {
            let mut options = OpenOptions::new();
            options.write(true).create(true);
            let slot = open_private(&self.state.slots_dir().join(number.to_string()), &options)?;
            if slot.try_lock().is_ok() {
                return Ok(Some(slot));
            }
        }
        Ok(None)
    }

    /// Whether no living waiter was queued before us. A rival whose `queued` is not in the log yet
    /// is given the benefit of the doubt: it will be there at the next look.
    fn is_first(&mut self) -> Result<bool, Error> {
        let rivals = self.living_rivals();
        if !rivals.is_empty() {
            self.learn_later_jobs()?;
        }
        Ok(rivals.iter().all(|rival| self.later.contains(rival)))
    }

    /// Other tickets whose job lives and is not stopped. Tickets of the dead are removed.
    fn living_rivals(&self) -> Vec<JobId> {
        let Ok(entries) = fs::read_dir(self.state.slots_dir()) else { return Vec::new() };
        entries
            .flatten()
            .filter_map(|entry| JobId::parse(entry.file_name().to_str()?.strip_prefix(TICKET)?))
            .filter(|&rival| rival != self.job && self.wants_a_slot(rival))
            .collect()
    }

    fn wants_a_slot(&self, rival: JobId) -> bool {
        if self.later.contains(&rival) {
            return false;
        }
        match lock::held(self.state, rival) {
            Held::No(_) => {
                drop_ticket(self.state, rival);
                false
            }
            Held::Unknown => false,
            Held::Yes => !is_stopped(self.state, rival),
        }
    }

    /// Reads back from the end of the log to our own `queued`: all that were queued since are later.
    fn learn_later_jobs(&mut self) -> Result<(), Error> {
        let Some(log) = Log::open(self.state)? else { return Ok(()) };
        for line in log.back() {
            let Some(line) = line?.into_line() else { continue };
            if line.event != "queued" {
                continue;
            }
            if line.job == self.job {
                break;
            }
            self.later.insert(line.job);
        }
        Ok(())
    }
}

fn is_stopped(state: &State, rival: JobId) -> bool {
    lock::read_holders(state, rival).is_some_and(|holders| {
        holders.in_our_namespace() && holders.worker.unwrap_or(holders.guard).is_stopped()
    })
}
