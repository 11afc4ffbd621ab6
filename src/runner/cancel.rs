//! Cancelling: the request goes into the log first, then a signal makes it quick.
//!
//! From another pid namespace no signal can be sent; the runner looks into the log every two seconds.

use std::time::Duration;

use super::clock::Clock;
use super::error::Error;
use super::identity;
use super::lock::{self, Held};
use super::observe;
use super::submit::LOG_LOCK_LIMIT;
use crate::job::event::{Caller, CancelRequested, Event};
use crate::job::fold::Job;
use crate::job::id::JobId;
use crate::journal::append::append;
use crate::journal::place::State;

/// What a cancel came to.
pub(crate) enum Cancelled {
    /// The job as it ended, by this request or by another's.
    Ended(Job),
    /// It had ended before anybody asked.
    HadEnded(Job),
    NoSuchJob,
}

/// How long past its grace a job may take to end.
const BEYOND_GRACE: Duration = Duration::from_secs(10);

/// Asks for the end of a job and waits for it, as long as its grace and a little more.
pub(crate) fn cancel(
    state: &State,
    id: JobId,
    by: Caller,
    clock: Clock,
) -> Result<Cancelled, Error> {
    let Some(job) = observe::job(state, id, clock)? else { return Ok(Cancelled::NoSuchJob) };
    if job.ending.is_some() {
        return Ok(Cancelled::HadEnded(job));
    }
    request(state, id, by, clock)?;
    signal(state, id);
    let limit = Duration::from_millis(job.queued.request.grace_ms) + BEYOND_GRACE;
    if !lock::wait_until_free(state, id, limit) {
        return Err(Error::StillStopping { job: id.to_string() });
    }
    match observe::job(state, id, clock)? {
        Some(job) => Ok(Cancelled::Ended(job)),
        None => Ok(Cancelled::NoSuchJob),
    }
}

/// Puts the request into the log; a job that has ended meanwhile needs none.
pub(crate) fn request(state: &State, id: JobId, by: Caller, clock: Clock) -> Result<(), Error> {
    append(state, LOG_LOCK_LIMIT, (clock.unix_ms)(), id, |job| {
        let wanted = job.is_some_and(|job| job.ending.is_none());
        wanted.then_some(Event::CancelRequested(CancelRequested { by }))
    })?;
    Ok(())
}

/// Sends TERM to the guard, or, where it is dead, to the worker. A second one spares no grace.
pub(crate) fn signal(state: &State, id: JobId) {
    let Some(holders) = lock::read_holders(state, id).filter(lock::Holders::in_our_namespace)
    else {
        return;
    };
    let handle = [Some(holders.guard), holders.worker]
        .into_iter()
        .flatten()
        .find_map(identity::Identity::handle);
    // Asked after the handle is there: only then is it the holder that the handle stands for.
    if let (Some(handle), Held::Yes) = (handle, lock::held(state, id)) {
        let _ = identity::terminate(&handle);
    }
}
