//! A dead runner's job: whoever finds it records its end, and takes the answer where one was left.

use std::fs;
use std::time::{Duration, UNIX_EPOCH};

use super::clock::Clock;
use super::error::Error;
use super::identity::Identity;
use super::kernel;
use super::lock::{self, Held};
use super::outcome;
use super::signals::Signals;
use super::stage::{Errand, Inherited};
use super::{finish, session, stop, transcript};
use crate::consult::claude::outcome::{partial, reply};
use crate::consult::reply::Partial;
use crate::job::event::{Event, Lost, Recorded, Started, Succeeded};
use crate::job::fold::Job;
use crate::journal::append::{Appended, append};
use crate::journal::history;
use crate::journal::place::State;

/// Ends a job that the log calls unfinished and whose lock was found free. `patience` bounds the wait
/// for the log's lock: looking must not hang behind a stopped writer. Returns the job as it
/// stands: when the end cannot be written (read-only, full disk), it is still told.
pub(super) fn settle(
    state: &State,
    job: Job,
    clock: Clock,
    patience: Duration,
) -> Result<Job, Error> {
    let id = job.id;
    // Held until the end is written, so that no two views of the lock can differ.
    let held = lock::held(state, id);
    let Held::No(witness) = &held else { return Ok(job) };
    // Without a lock file there is only the record to ask; a runner that lives will end its job.
    if witness.is_none() && is_running_without_lock(&job) {
        return Ok(job);
    }
    // The runner may have ended the job between our reading and its letting go.
    let mut job = history::job(state, id)?.unwrap_or(job);
    if job.ending.is_some() {
        return Ok(job);
    }
    stop::sweep(id);
    let end = end_of(state, &job);
    let unix_ms = (clock.unix_ms)();
    match append(state, patience, unix_ms, id, |_| Some(end.clone())) {
        Ok(Appended::Written(after) | Appended::Declined(Some(after))) => {
            remember_cost(state, &after, &end);
            finish::tidy_up(state, id);
            Ok(after)
        }
        Ok(Appended::Declined(None)) | Err(_) => {
            job.apply(&Recorded { job: id, unix_ms, event: end });
            Ok(job)
        }
    }
}

/// Whether the runner of a job whose lock file is gone is alive all the same.
pub(super) fn is_running_without_lock(job: &Job) -> bool {
    job.started.as_ref().is_some_and(is_running_here)
}

fn is_running_here(started: &Started) -> bool {
    let guard = Identity { pid: started.pid, start_time: started.start_time };
    started.boot_id == kernel::boot_id() && guard.handle().is_some()
}

/// The guard's part: its worker is dead, and it holds the locks itself.
pub(super) fn settle_for_dead_worker(
    errand: &Errand,
    inherited: &Inherited,
    signals: &mut Signals,
) {
    let Ok(Some(job)) = history::job(&errand.state, errand.job) else { return };
    if job.ending.is_none() {
        let end = end_of(&errand.state, &job);
        let total_cost_usd = finish::total_cost_usd(&end);
        session::remember_cost(&inherited.session_lock, errand.job, total_cost_usd);
        finish::append_until_done(errand, inherited, &end, false, signals);
    }
}

/// What a dead runner's job comes to: its saved outcome, an answer in its transcript, or `lost`.
fn end_of(state: &State, job: &Job) -> Event {
    if let Some(saved) = outcome::load(state, job.id) {
        return saved;
    }
    let stream = transcript::replay(state, job.id);
    let before = job.queued.session.total_cost_usd_before;
    let end = match reply(&stream, before) {
        Some(reply) => {
            Event::Succeeded(Box::new(Succeeded { reply, tree_after: None, recovered: true }))
        }
        None => Event::Lost(Box::new(lost(state, job, partial(&stream, before)))),
    };
    finish::kept(end, &job.queued.request)
}

fn lost(state: &State, job: &Job, partial: Partial) -> Lost {
    let detail = match &job.started {
        None => "The runner died before Claude Code was started; nothing was spent.".to_owned(),
        Some(started) => {
            format!("The runner (pid {}) died without recording an end.", started.pid)
        }
    };
    let last_sign_of_life_unix_ms =
        [state.transcript(job.id), state.job_dir(job.id).join("stderr.log")]
            .iter()
            .filter_map(|path| fs::metadata(path).ok()?.modified().ok())
            .filter_map(|time| {
                i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
            })
            .chain([job.updated_unix_ms])
            .max();
    Lost { last_sign_of_life_unix_ms, partial, detail }
}

/// The session of a dead job is free too; where somebody was faster, theirs is the newer memory.
fn remember_cost(state: &State, job: &Job, end: &Event) {
    if let (Some(total), Ok(session)) =
        (finish::total_cost_usd(end), session::lock(state, &job.queued.session.id))
    {
        session::remember_cost(&session.file, job.id, Some(total));
    }
}
