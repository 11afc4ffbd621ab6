//! Whether answers are stale, as it was seen a moment ago: each look costs something, and agents poll.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::job::fold::Job;
use crate::job::id::JobId;
use crate::journal::place::State;
use crate::runner::look;

/// How long what was seen counts.
const FRESH: Duration = Duration::from_secs(5);

/// Most jobs of which it is kept.
const JOBS_MAX: usize = 64;

/// What was seen, by job.
#[derive(Default)]
pub(super) struct Glances {
    seen: Mutex<HashMap<JobId, (Instant, Option<bool>)>>,
}

impl Glances {
    /// Notes on a job what is known of it; whether that was all there is to know.
    pub(super) fn note(&self, job: &mut Job) -> bool {
        if !look::can_be_stale(job) {
            return true;
        }
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((at, stale)) = seen.get(&job.id) else { return false };
        job.stale = *stale;
        at.elapsed() < FRESH
    }

    /// Looks, which takes a while, and notes it on the job.
    pub(super) fn look(&self, state: &State, job: &mut Job) {
        look::note_staleness(state, job);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= JOBS_MAX {
            seen.clear();
        }
        seen.insert(job.id, (Instant::now(), job.stale));
    }
}
