//! The end of a job: outcome on disk, terminal event in the log, lock released, leftovers removed.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Resource, getrlimit};

use super::signals::{Order, Signals};
use super::stage::{Errand, Inherited};
use super::{cancel, outcome, pause, removal, session, slots};
use crate::consult::reply::Outcome;
use crate::consult::request::Request;
use crate::job::event::{Cancelled, Event, Failed, Succeeded};
use crate::job::id::JobId;
use crate::journal::append::{Appended, append};
use crate::journal::error::Error as JournalError;
use crate::journal::place::State;

/// The terminal event of a run.
pub(super) fn event(outcome: Outcome) -> Event {
    match outcome {
        Outcome::Succeeded(reply) => {
            Event::Succeeded(Box::new(Succeeded { reply, tree_after: None, recovered: false }))
        }
        Outcome::Failed(failure, partial) => {
            Event::Failed(Box::new(Failed { failure, partial, tree_after: None, recovered: false }))
        }
        Outcome::Cancelled(partial) => {
            Event::Cancelled(Box::new(Cancelled { partial, tree_after: None, recovered: false }))
        }
    }
}

/// What the conversation has cost as of this event, US dollars, where the event says.
pub(super) fn total_cost_usd(event: &Event) -> Option<f64> {
    match event {
        Event::Succeeded(data) => data.reply.account.total_cost_usd,
        Event::Failed(data) => data.partial.account.total_cost_usd,
        Event::Cancelled(data) => data.partial.account.total_cost_usd,
        Event::Lost(data) => data.partial.account.total_cost_usd,
        _ => None,
    }
}

/// A terminal event as it may be kept.
pub(super) fn kept(event: Event, request: &Request) -> Event {
    if request.redact { event.redacted() } else { event }
}

/// Records the end of a job whose lock we hold, and then lets go of everything.
pub(super) fn conclude(
    errand: &Errand,
    inherited: &Inherited,
    event: &Event,
    signals: &mut Signals,
) {
    let Errand { state, job, .. } = errand;
    pause::at("result");
    let saved = outcome::save(state, *job, event).is_ok();
    pause::at("outcome");
    session::remember_cost(&inherited.session_lock, *job, total_cost_usd(event));
    // Before the terminal event, so that a death right after it leaves nothing behind.
    tidy_up(state, *job);
    append_until_done(errand, inherited, event, saved, signals);
    pause::at("terminal");
    // The session first: who is woken by the job's lock may resume it at once.
    release(&inherited.session_lock);
    release(&inherited.job_lock);
}

/// Appends a terminal event, through full disks and stuck locks. Gives up when told to end while the
/// outcome is safe on disk (whoever looks next appends it then), when told to end at once, and when
/// the job's directory has been removed: then there is nobody left to tell.
pub(super) fn append_until_done(
    errand: &Errand,
    inherited: &Inherited,
    event: &Event,
    saved: bool,
    signals: &mut Signals,
) {
    const LONGEST_WAIT_MS: u64 = 5_000;
    let mut saved = saved;
    let mut wait_ms = 50;
    loop {
        if try_append(errand, event, saved) || is_removed(&inherited.job_lock) {
            return;
        }
        saved = saved || outcome::save(&errand.state, errand.job, event).is_ok();
        match signals.take() {
            Some(Order::EndNow) => return,
            Some(Order::End) if saved => return,
            _ => {}
        }
        sleep_unless_signalled(signals, wait_ms);
        wait_ms = (wait_ms * 2).min(LONGEST_WAIT_MS);
    }
}

/// Whether the end is recorded for good. A log that ends the job but could not be synced, or that does
/// not know the job (it was removed), is good enough only with the outcome on disk beside it.
fn try_append(errand: &Errand, event: &Event, saved: bool) -> bool {
    const LOCK_LIMIT: Duration = Duration::from_secs(5);
    let unix_ms = (errand.clock.unix_ms)();
    match append(&errand.state, LOCK_LIMIT, unix_ms, errand.job, |_| Some(event.clone())) {
        Ok(Appended::Written(_)) => true,
        Ok(Appended::Declined(_)) | Err(JournalError::NotDurable { .. }) => saved,
        // What our own limit forbids, whoever looks next may well do.
        Err(JournalError::NoSpace { .. }) => saved && getrlimit(Resource::Fsize).current.is_some(),
        Err(_) => false,
    }
}

fn is_removed(file: &File) -> bool {
    file.metadata().is_ok_and(|meta| meta.nlink() == 0)
}

/// Sleeps, or wakes early for an order to end.
pub(super) fn sleep_unless_signalled(signals: &Signals, milliseconds: u64) {
    let mut fds = [PollFd::new(signals, PollFlags::IN)];
    let timeout = Timespec::try_from(Duration::from_millis(milliseconds)).ok();
    let _ = poll(&mut fds, timeout.as_ref());
}

/// Unlocks for all copies of the description, so that waiters wake now and not at our exit.
pub(super) fn release(lock: &File) {
    let _ = lock.unlock();
}

/// Removes what only a live job needs. The log has the prompt, the transcript stays.
pub(super) fn tidy_up(state: &State, job: JobId) {
    slots::drop_ticket(state, job);
    let _ = fs::remove_file(state.prompt(job));
    let _ = fs::remove_file(state.jail(job));
    let _ = fs::remove_file(cancel::mark(state, job));
    let _ = removal::remove_tree(&state.tmp(job));
}
