//! What a job really is: the log and the lock together. A dead runner's job is ended by whoever looks.

use std::borrow::Cow;
use std::time::Duration;

use super::clock::Clock;
use super::error::Error;
use super::liveness::{Liveness, liveness};
use super::recover;
use crate::job::brief::{self, Brief};
use crate::job::event::Event;
use crate::job::filter::Filter;
use crate::job::fold::{Ending, Job};
use crate::job::id::JobId;
use crate::journal::history;
use crate::journal::place::State;
use crate::journal::read::Log;

/// How long a look at one job waits for the log's lock.
const PATIENCE: Duration = Duration::from_millis(500);

/// The same for a row of a list: there are many, and each would wait.
const PATIENCE_PER_ROW: Duration = Duration::from_millis(20);

/// A job as it stands, or `None` when the log has none of that id.
pub(crate) fn job(state: &State, id: JobId, clock: Clock) -> Result<Option<Job>, Error> {
    match history::job(state, id)? {
        Some(job) => effective(state, job, clock).map(Some),
        None => Ok(None),
    }
}

/// The same for a job that was read already.
pub(crate) fn effective(state: &State, job: Job, clock: Clock) -> Result<Job, Error> {
    if job.ending.is_some() || liveness(state, job.id) != Liveness::Dead {
        return Ok(job);
    }
    recover::settle(state, job, clock, PATIENCE)
}

/// The newest jobs that pass, `limit` at most, each row as it really stands; and whether there are
/// more. What a row had to cut is whole again for the filter.
pub(crate) fn newest(
    state: &State,
    limit: usize,
    clock: Clock,
    filter: &Filter,
) -> Result<(Vec<(JobId, Brief)>, bool), Error> {
    let Some(log) = Log::open(state)? else { return Ok((Vec::new(), false)) };
    let mut rows = Vec::new();
    let may_pass = filter.sieve();
    for found in log.rows(|_, raw| may_pass(raw)) {
        let (id, found) = found?;
        let row = row(state, id, found, clock)?;
        if !filter.passes(whole(&log, id, &row)?.as_ref()) {
            continue;
        }
        if rows.len() == limit {
            return Ok((rows, true));
        }
        rows.push((id, row));
    }
    Ok((rows, false))
}

/// Every job's row as it really stands, the newest first.
pub(crate) fn each(state: &State, clock: Clock, mut look: impl FnMut(&Brief)) -> Result<(), Error> {
    let Some(log) = Log::open(state)? else { return Ok(()) };
    for found in log.rows(|_, _| true) {
        let (id, found) = found?;
        look(&row(state, id, found, clock)?);
    }
    Ok(())
}

/// What the row had to cut is in its job's first event.
fn whole<'a>(log: &Log, id: JobId, row: &'a Brief) -> Result<Cow<'a, Brief>, Error> {
    let job = if row.cut { log.job(id)? } else { None };
    let Some(request) = job.map(|job| job.queued.request) else { return Ok(Cow::Borrowed(row)) };
    Ok(Cow::Owned(Brief { cwd: request.cwd, label: request.label, ..row.clone() }))
}

/// The same for a list row.
fn row(state: &State, id: JobId, row: Brief, clock: Clock) -> Result<Brief, Error> {
    if row.status.is_terminal() || liveness(state, id) != Liveness::Dead {
        return Ok(row);
    }
    let Some(job) = history::job(state, id)? else { return Ok(row) };
    let job = recover::settle(state, job, clock, PATIENCE_PER_ROW)?;
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
