//! What a job really is: the log and the lock together. A dead runner's job is ended by whoever looks.

use super::clock::Clock;
use super::error::Error;
use super::liveness::{Liveness, liveness};
use super::recover;
use crate::job::brief::{self, Brief};
use crate::job::event::Event;
use crate::job::fold::{Ending, Job};
use crate::job::id::JobId;
use crate::journal::place::State;
use crate::journal::read::Log;

/// A job as it stands, or `None` when the log has none of that id.
pub(crate) fn job(state: &State, id: JobId, clock: Clock) -> Result<Option<Job>, Error> {
    let Some(log) = Log::open(state)? else { return Ok(None) };
    match log.job(id)? {
        Some(job) => effective(state, job, clock).map(Some),
        None => Ok(None),
    }
}

/// The same for a job that was read already.
pub(crate) fn effective(state: &State, job: Job, clock: Clock) -> Result<Job, Error> {
    if job.ending.is_some() || liveness(state, job.id) != Liveness::Dead {
        return Ok(job);
    }
    recover::settle(state, job, clock)
}

/// The same for a list row.
pub(crate) fn row(state: &State, id: JobId, row: Brief, clock: Clock) -> Result<Brief, Error> {
    if row.status.is_terminal() || liveness(state, id) != Liveness::Dead {
        return Ok(row);
    }
    let Some(job) = job(state, id, clock)? else { return Ok(row) };
    let unix_ms = job.finished_unix_ms.unwrap_or(job.updated_unix_ms);
    Ok(match job.ending {
        Some(ending) => brief::next(Some(row), &event(ending), unix_ms),
        None => row,
    })
}

fn event(ending: Ending) -> Event {
    match ending {
        Ending::Succeeded(data) => Event::Succeeded(Box::new(data)),
        Ending::Failed(data) => Event::Failed(Box::new(data)),
        Ending::Cancelled(data) => Event::Cancelled(Box::new(data)),
        Ending::Lost(data) => Event::Lost(Box::new(data)),
    }
}
