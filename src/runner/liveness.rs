//! Is it alive? The one question that the kernel answers, never a timestamp.

use super::lock::{self, Held};
use crate::job::id::JobId;
use crate::journal::place::State;

/// Whether a process stands behind a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Liveness {
    Alive,
    Dead,
    /// The lock could not be asked, so the log's word stands.
    Unknown,
}

/// Asks the job's lock.
pub(crate) fn liveness(state: &State, job: JobId) -> Liveness {
    match lock::held(state, job) {
        Held::Yes => Liveness::Alive,
        Held::No(_) => Liveness::Dead,
        Held::Unknown => Liveness::Unknown,
    }
}
