//! Cancelling: the request goes into the log first, then a signal makes it quick.
//!
//! From another pid namespace no signal can be sent; the runner looks into the log every two seconds.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::time::Duration;

use super::clock::Clock;
use super::error::Error;
use super::identity;
use super::lock::{self, Held};
use super::observe;
use super::signals::Order;
use crate::job::event::{Caller, CancelRequested, Event};
use crate::job::fold::Job;
use crate::job::id::JobId;
use crate::journal::append::append;
use crate::journal::place::{State, open_private};

/// How a job stood when its end was asked for.
pub(crate) enum Asked {
    /// It is ending now; see [`await_end`].
    Ending(Job),
    /// It had ended before anybody asked.
    HadEnded(Job),
}

/// How long past its grace a job may take to end.
const BEYOND_GRACE: Duration = Duration::from_secs(10);

/// How long the log's lock is waited for before the request takes the other way.
const REQUEST_LOCK_LIMIT: Duration = Duration::from_secs(1);

/// Asks for the end of a job, in the log and by signal. `None` when there is no such job.
pub(crate) fn ask(
    state: &State,
    id: JobId,
    by: Caller,
    clock: Clock,
) -> Result<Option<Asked>, Error> {
    let Some(job) = observe::job(state, id, clock)? else { return Ok(None) };
    if job.ending.is_some() {
        return Ok(Some(Asked::HadEnded(job)));
    }
    request(state, id, by, clock)?;
    signal(state, id, Order::End);
    Ok(Some(Asked::Ending(job)))
}

/// Waits for the end of a job that was asked to end, as long as its grace and a little more.
pub(crate) fn await_end(state: &State, job: Job, clock: Clock) -> Result<Job, Error> {
    if !lock::wait_until_free(state, job.id, longest_end(&job)) {
        return Err(Error::StillStopping { job: job.id.to_string() });
    }
    Ok(observe::job(state, job.id, clock)?.unwrap_or(job))
}

/// How long a job may take to end once it was asked to.
pub(crate) fn longest_end(job: &Job) -> Duration {
    Duration::from_millis(job.queued.request.grace_ms) + BEYOND_GRACE
}

/// Puts the request into the log; a job that has ended meanwhile needs none. Where the log cannot be
/// written now (a stuck lock, a full disk), a mark beside the job says the same: nobody who wants an
/// end should have to wait for that.
fn request(state: &State, id: JobId, by: Caller, clock: Clock) -> Result<(), Error> {
    let appended = append(state, REQUEST_LOCK_LIMIT, (clock.unix_ms)(), id, |job| {
        let wanted = job.is_some_and(|job| job.ending.is_none());
        wanted.then_some(Event::CancelRequested(CancelRequested { by }))
    });
    if let Err(error) = appended {
        let mut options = OpenOptions::new();
        options.write(true).create(true);
        open_private(&mark(state, id), &options).map_err(|_| error)?;
    }
    Ok(())
}

/// The file that stands for a request which could not be put into the log.
pub(super) fn mark(state: &State, id: JobId) -> PathBuf {
    state.job_dir(id).join("cancel")
}

/// Tells the runner to end a job without any grace.
pub(crate) fn hurry(state: &State, id: JobId) {
    signal(state, id, Order::EndNow);
}

/// Sends an order to the guard, or, where it is dead, to the worker.
fn signal(state: &State, id: JobId, order: Order) {
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
        let _ = identity::order(&handle, order);
    }
}
