//! Waiting for the end of jobs: a blocking shared lock on each job's lock, so that the kernel wakes
//! us within milliseconds and nothing polls.

use std::collections::HashSet;
use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::error::Error;
use super::lock;
use crate::job::id::JobId;
use crate::journal::place::State;

/// Tells which of some jobs have let go of their locks, as it happens.
pub(crate) struct Waiter {
    ends: mpsc::Receiver<JobId>,
    waiting: HashSet<JobId>,
}

/// What came of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    /// This job's lock is free.
    Ended(JobId),
    TimedOut,
    /// No job is left to wait for.
    AllEnded,
}

/// Returns when a job's lock is free: whether it is, or cannot be waited for (descriptors have run
/// out, say). A lock that is not there has no holder.
pub(crate) fn until_ended(state: &State, job: JobId) -> bool {
    match lock::open_to_look(state, job) {
        Ok(file) => file.lock_shared().is_ok(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

impl Waiter {
    /// Starts to wait. The threads sleep in the kernel and die with the process.
    ///
    /// # Errors
    /// When the host has no thread left to give.
    pub(crate) fn new(state: &State, jobs: impl IntoIterator<Item = JobId>) -> Result<Self, Error> {
        let (sender, ends) = mpsc::channel();
        let waiting: HashSet<JobId> = jobs.into_iter().collect();
        for &job in &waiting {
            let (state, sender) = (state.clone(), sender.clone());
            let sleep = move || {
                let _ = until_ended(&state, job);
                let _ = sender.send(job);
            };
            thread::Builder::new()
                .spawn(sleep)
                .map_err(|source| Error::Process { doing: "start a thread to wait in", source })?;
        }
        Ok(Self { ends, waiting })
    }

    /// Waits for the next end, at most `limit` where one is given.
    pub(crate) fn next(&mut self, limit: Option<Duration>) -> Woken {
        if self.waiting.is_empty() {
            return Woken::AllEnded;
        }
        let received = match limit {
            Some(limit) => self.ends.recv_timeout(limit),
            None => self.ends.recv().map_err(RecvTimeoutError::from),
        };
        match received {
            Ok(job) => {
                self.waiting.remove(&job);
                Woken::Ended(job)
            }
            Err(RecvTimeoutError::Timeout) => Woken::TimedOut,
            Err(RecvTimeoutError::Disconnected) => Woken::AllEnded,
        }
    }
}
