//! Pruning jobs: their lines in the log first, then their directories, each under its own lock, and
//! then the conversations of which no job is left.
//!
//! A directory that is left (its runner is not quite done, or this process died) belongs to no job
//! any more, and nothing reads it.

use std::fs::TryLockError;
use std::io;

use super::clock::Clock;
use super::error::Error;
use super::submit::LOG_LOCK_LIMIT;
use super::{forget, lock, removal};
use crate::job::id::JobId;
use crate::job::retention::{Plan, Rule};
use crate::journal::index;
use crate::journal::place::State;
use crate::journal::prune::{self, Outcome};

/// What a prune came to.
#[derive(Debug)]
pub(crate) struct Pruned {
    pub(crate) log: Outcome,
    pub(crate) directories_removed: u64,
    /// Those that could not be removed, of conversations too.
    pub(crate) directories_left: u64,
}

/// Which jobs would go, as the log has them.
pub(crate) fn plan(state: &State, rule: Rule, clock: Clock) -> Result<Plan, Error> {
    Ok(prune::plan(state, rule, (clock.unix_ms)())?)
}

/// Removes the jobs of a plan. `None` where there is nothing to remove.
pub(crate) fn run(state: &State, plan: &Plan, clock: Clock) -> Result<Option<Pruned>, Error> {
    let now = (clock.unix_ms)();
    let Some(log) = prune::prune(state, plan, LOG_LOCK_LIMIT, now)? else { return Ok(None) };
    // The old one is of the old log. Without a new one all answers are the same, and slower.
    let _ = index::rebuild(state);
    let mut pruned = Pruned { log, directories_removed: 0, directories_left: 0 };
    for doomed in &plan.doomed {
        match remove_directory(state, doomed.job) {
            Ok(()) => pruned.directories_removed += 1,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => pruned.directories_left += 1,
        }
    }
    // After the jobs: what they leave unnamed goes with them.
    pruned.directories_left += forget::forget(state).unwrap_or(1);
    Ok(Some(pruned))
}

/// Removes a job's directory while nobody holds its lock. A directory without a lock file has nobody
/// who could.
fn remove_directory(state: &State, job: JobId) -> io::Result<()> {
    let lock = match lock::open_to_look(state, job) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        lock => lock.ok(),
    };
    if let Some(lock) = &lock {
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::ErrorKind::ResourceBusy.into(),
            TryLockError::Error(error) => error,
        })?;
    }
    removal::remove_tree(&state.job_dir(job))
}
