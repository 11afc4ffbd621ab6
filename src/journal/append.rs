//! Appending an event: decided and written under the log's lock, synced after it.
//!
//! Whoever appends needs a handler for SIGXFSZ (see [`super`]), or a file-size limit kills it.

use std::time::Duration;

use super::durable::{make_durable, must_be_durable};
use super::error::Error;
use super::layer::{Disk, Layer};
use super::lock::exclusively;
use super::place::State;
use super::read::Log;
use super::write::{open_log, write_event};
use crate::job::event::{Event, Queued, Recorded};
use crate::job::fold::{Job, fold};
use crate::job::id::JobId;

/// What became of an event.
#[derive(Debug)]
pub(crate) enum Appended {
    /// It is in the log, and durable where that is promised. The job is as it is after it.
    Written(Job),
    /// Nothing was written. The job is as the log has it.
    Declined(Option<Job>),
}

/// Appends the event that `decide` chooses, given the job as it is under the log's lock.
///
/// Whatever it chooses, `queued` is declined for a job that is there, and everything else for one
/// that is not there or has ended. `limit` bounds the wait for the lock, not the writing.
/// `queued`, `started`, `cancel_requested` and terminal events are durable on return.
pub(crate) fn append(
    state: &State,
    limit: Duration,
    unix_ms: i64,
    job: JobId,
    decide: impl FnOnce(Option<&Job>) -> Option<Event>,
) -> Result<Appended, Error> {
    append_on(&mut Disk, state, limit, unix_ms, job, decide)
}

/// What became of the first event of a job that must be the only one of its idempotency key.
#[derive(Debug)]
pub(crate) enum Once {
    Written(Box<Job>),
    /// This job has the key already; nothing was written.
    Known(JobId),
    /// The caller wanted it no more; nothing was written.
    Withdrawn,
}

/// Appends the first event of a new job, unless a job created since `since_unix_ms` has its key.
/// Looked up and appended under one lock, so of calls at once with one key one makes a job. `still`
/// has the last word, under the lock.
///
/// Without a key the log is not searched at all: the id is random and its directory was made just
/// now, so submitting takes as long in a large log as in a small one.
pub(crate) fn append_once(
    state: &State,
    limit: Duration,
    unix_ms: i64,
    since_unix_ms: i64,
    job: JobId,
    queued: Queued,
    still: impl FnOnce() -> bool,
) -> Result<Once, Error> {
    let key = queued.idempotency_key.clone();
    let event = Recorded { job, unix_ms, event: Event::Queued(Box::new(queued)) };
    let written = exclusively(state, limit, || {
        let log = open_log(&mut Disk, state)?;
        if let Some(key) = &key
            && let Some(known) = log.by_key(key, since_unix_ms)?
        {
            return Ok(Err(Once::Known(known)));
        }
        if !still() {
            return Ok(Err(Once::Withdrawn));
        }
        let line = write_event(&mut Disk, &log, None, &event)?;
        Ok(Ok((log, line)))
    })?;
    match written {
        Err(nothing) => Ok(nothing),
        Ok((log, line)) => {
            make_durable(&mut Disk, state, limit, job, log, &line)?;
            Ok(Once::Written(Box::new(after(None, &event))))
        }
    }
}

pub(super) fn append_on(
    layer: &mut impl Layer,
    state: &State,
    limit: Duration,
    unix_ms: i64,
    job: JobId,
    decide: impl FnOnce(Option<&Job>) -> Option<Event>,
) -> Result<Appended, Error> {
    let decided = exclusively(state, limit, || {
        let log = open_log(layer, state)?;
        let history = log.history(job)?;
        let before = history.job();
        let Some(event) = decide(before.as_ref()).filter(|event| fits(before.as_ref(), event))
        else {
            return Ok(Decided::Nothing(before.map(Box::new)));
        };
        let event = Recorded { job, unix_ms, event };
        let row = history.brief.filter(|_| before.is_some());
        let line = write_event(layer, &log, row, &event)?;
        Ok(Decided::Event(Box::new(Written { log, line, before, event })))
    })?;
    match decided {
        Decided::Nothing(before) => Ok(Appended::Declined(before.map(|job| *job))),
        Decided::Event(written) => {
            let Written { log, line, before, event } = *written;
            if must_be_durable(&event.event) {
                make_durable(layer, state, limit, job, log, &line)?;
            }
            Ok(Appended::Written(after(before, &event)))
        }
    }
}

/// What came out from under the lock.
enum Decided {
    Nothing(Option<Box<Job>>),
    Event(Box<Written>),
}

/// An event that is in the log, and is made durable next.
struct Written {
    log: Log,
    line: Vec<u8>,
    before: Option<Job>,
    event: Recorded,
}

fn fits(job: Option<&Job>, event: &Event) -> bool {
    match job {
        None => matches!(event, Event::Queued(_)),
        Some(job) => !matches!(event, Event::Queued(_)) && !job.status().is_terminal(),
    }
}

/// The job after an event that fits it.
fn after(before: Option<Job>, event: &Recorded) -> Job {
    match before {
        Some(mut job) => {
            job.apply(event);
            job
        }
        None => fold([event]).expect("where there is no job, only a queued event fits"),
    }
}
