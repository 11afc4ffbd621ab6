//! What is found beside the log, as values.

use crate::job::id::JobId;

/// Most finds of one kind that are remembered one by one.
const MOST_KEPT: usize = 10_000;

/// The first finds of a kind, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finds<T> {
    pub(crate) count: u64,
    pub(crate) first: Vec<T>,
}

impl<T> Default for Finds<T> {
    fn default() -> Self {
        Self { count: 0, first: Vec::new() }
    }
}

impl<T> Finds<T> {
    pub(super) fn note(&mut self, find: T) {
        self.count += 1;
        if self.first.len() < MOST_KEPT {
            self.first.push(find);
        }
    }
}

/// What is found beside the log.
#[derive(Debug, Default)]
pub(crate) struct Inspection {
    /// Unfinished jobs with a living runner.
    pub(crate) live: Finds<Live>,
    /// Unfinished jobs whose lock is free.
    pub(crate) dead: Finds<Dead>,
    /// Unfinished jobs whose lock cannot be asked.
    pub(crate) unknown: Finds<JobId>,
    /// Ended jobs whose lock is still held, and by whom.
    pub(crate) held_after_end: Finds<(JobId, Option<u32>)>,
    /// Jobs that are recorded as lost, while a saved outcome says how they ended.
    pub(crate) unrecorded: Finds<(JobId, String)>,
    /// Ended jobs with files that only a live one needs.
    pub(crate) leftovers: Finds<JobId>,
    /// Directories of jobs that the log does not know, older than [`super::STALE_AFTER`], not locked.
    pub(crate) stale: Finds<JobId>,
    /// The same, but locked.
    pub(crate) unknown_but_held: Finds<(JobId, Option<u32>)>,
    /// Tickets of jobs that wait for nothing any more.
    pub(crate) stale_tickets: Finds<JobId>,
    /// Lock files of sessions of which nothing is remembered, by name.
    pub(crate) stale_sessions: Finds<String>,
    /// Locked sessions whose job has ended: the session's file name, and the holder.
    pub(crate) held_sessions: Finds<(String, Option<u32>)>,
    /// What is in `jobs/` and is no job's.
    pub(crate) strangers: Finds<String>,
    /// Directories of jobs that were looked at.
    pub(crate) directories: u64,
}

/// A living runner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Live {
    pub(crate) job: JobId,
    /// Pid of the guard, where it has written itself down in our pid namespace.
    pub(crate) pid: Option<u32>,
    /// A signal or a debugger has stopped it: its consult does not go on.
    pub(crate) stopped: bool,
}

/// A job without a runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dead {
    pub(crate) job: JobId,
    /// The event that is saved on disk, or an answer in the transcript; `None`: nothing was left.
    pub(crate) leaves: Option<String>,
}
