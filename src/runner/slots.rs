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
use crate::journal;
use crate::journal::line::Item;
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

pub(super) fn ticket(state: &State, job: JobId) -> std::path::PathBuf {
    state.slots_dir().join(format!("{TICKET}{job}"))
}

/// The jobs that have a ticket, dead ones too.
pub(super) fn tickets(state: &State) -> impl Iterator<Item = JobId> {
    let entries = fs::read_dir(state.slots_dir()).into_iter().flatten().flatten();
    entries.filter_map(|entry| JobId::parse(entry.file_name().to_str()?.strip_prefix(TICKET)?))
}

/// A waiter's view of the queue.
///
/// A look costs the same however many wait: it asks after the one rival that was met last. Only when
/// that one is out of the way are the others gone through.
pub(super) struct Queue<'a> {
    state: &'a State,
    job: JobId,
    /// Jobs known to be queued after ours; what the log said once stays true.
    later: HashSet<JobId>,
    /// Inode and length of the log at the last look; a pruned log has another inode.
    seen: Option<(u64, u64)>,
    /// A rival that we yielded to at the last look.
    ahead: Option<JobId>,
}

impl<'a> Queue<'a> {
    pub(super) fn new(state: &'a State, job: JobId) -> Self {
        Self { state, job, later: HashSet::new(), seen: None, ahead: None }
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
        if let Some(rival) = self.ahead
            && self.wants_a_slot(rival)
        {
            self.learn_later_jobs()?;
            if !self.later.contains(&rival) {
                return Ok(false);
            }
        }
        self.ahead = self.find_ahead()?;
        Ok(self.ahead.is_none())
    }

    /// Any rival that is not known to be later than us, lives and is not stopped.
    fn find_ahead(&mut self) -> Result<Option<JobId>, Error> {
        let rivals = self.rivals();
        if rivals.is_empty() {
            return Ok(None);
        }
        self.learn_later_jobs()?;
        let wanting = |rival: &JobId| !self.later.contains(rival) && self.wants_a_slot(*rival);
        Ok(rivals.into_iter().find(wanting))
    }

    /// The other tickets, but for those known to be later.
    fn rivals(&self) -> Vec<JobId> {
        tickets(self.state)
            .filter(|rival| *rival != self.job && !self.later.contains(rival))
            .collect()
    }

    /// Whether a ticket's job lives and is not stopped. The ticket of a dead one is removed.
    fn wants_a_slot(&self, rival: JobId) -> bool {
        match lock::held(self.state, rival) {
            Held::No(_) => {
                drop_ticket(self.state, rival);
                false
            }
            Held::Unknown => false,
            Held::Yes => has_ticket(self.state, rival) && !is_stopped(self.state, rival),
        }
    }

    /// Reads back from the end of the log to our own `queued`: all that were queued since are later.
    /// After the first time, only what was appended is read.
    fn learn_later_jobs(&mut self) -> Result<(), Error> {
        let Some(log) = Log::open(self.state)? else { return Ok(()) };
        let now = (log.inode(), log.end());
        match self.seen {
            Some(seen) if seen == now => {}
            Some((inode, end)) if inode == now.0 && end <= now.1 => {
                self.learn_until_ours(log.forward(end))?;
            }
            _ => self.learn_until_ours(log.back())?,
        }
        self.seen = Some(now);
        Ok(())
    }

    fn learn_until_ours(
        &mut self,
        items: impl Iterator<Item = Result<Item, journal::error::Error>>,
    ) -> Result<(), Error> {
        for item in items {
            let Some(line) = item?.into_line().filter(|line| line.event == "queued") else {
                continue;
            };
            if line.job == self.job {
                break;
            }
            self.later.insert(line.job);
        }
        Ok(())
    }
}

fn has_ticket(state: &State, rival: JobId) -> bool {
    ticket(state, rival).exists()
}

fn is_stopped(state: &State, rival: JobId) -> bool {
    lock::read_holders(state, rival).is_some_and(|holders| {
        holders.in_our_namespace() && holders.worker.unwrap_or(holders.guard).is_stopped()
    })
}
