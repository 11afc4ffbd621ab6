//! What stands behind jobs, looked at without a touch: who holds their locks, what a dead runner left,
//! and what lies around that nobody needs any more.
//!
//! Directories are read one entry at a time, and of each kind of find only the first ones are kept,
//! so a look takes the same memory for a thousand jobs as for a million.

mod finds;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::error::Error;
use super::identity::Identity;
use super::kernel;
use super::lock::{self, Held};
use super::{cancel, outcome, recover, session, slots, transcript};
use crate::consult::claude::outcome::reply;
use crate::job::event::Event;
use crate::job::id::JobId;
use crate::journal::check::{Check, Known};
use crate::journal::history;
use crate::journal::lock::holder;
use crate::journal::place::{State, open_private};
use crate::journal::survey::names;

pub(crate) use finds::{Dead, Finds, Inspection, Live};

/// Most dead jobs whose leavings are read.
pub(crate) const MOST_READ: usize = 10;

/// How long a lock may still be held after the end of its job was read.
const GRACE: Duration = Duration::from_secs(1);

/// A job's directory without an event is nobody's once it is older than any submit.
pub(crate) const STALE_AFTER: Duration = Duration::from_hours(1);

/// Looks at everything beside a log that was checked.
pub(crate) fn inspect(state: &State, log: &Check, now: SystemTime) -> Result<Inspection, Error> {
    let mut found = Inspection::default();
    for name in names(&state.jobs_dir())? {
        match JobId::parse(&name) {
            Some(job) => directory(state, log, job, now, &mut found),
            None => found.strangers.note(name),
        }
    }
    for job in log.unfinished() {
        unfinished(state, job, &mut found);
    }
    for job in slots::tickets(state) {
        let is_waiting = matches!(lock::held(state, job), Held::Yes | Held::Unknown);
        let is_known = log.knows(job) == Known::Unfinished;
        if !is_waiting && !is_known && is_there(&slots::ticket(state, job)) {
            found.stale_tickets.note(job);
        }
    }
    for name in names(&state.sessions_dir())? {
        session_file(state, log, &name, now, &mut found);
    }
    Ok(found)
}

fn unfinished(state: &State, job: JobId, found: &mut Inspection) {
    match lock::held(state, job) {
        Held::Yes => found.live.note(live(state, job)),
        Held::Unknown => found.unknown.note(job),
        Held::No(witness) => {
            // Looking takes a read of the log and the transcript, so it is done for the first ones.
            let is_first = found.dead.first.len() < MOST_READ;
            if is_first && witness.is_none() && runs_without_lock(state, job) {
                found.live.note(Live { job, pid: None, stopped: false });
                return;
            }
            let leaves = if is_first { leaves(state, job) } else { None };
            found.dead.note(Dead { job, leaves });
        }
    }
}

/// Somebody has removed the directory of a job that runs; it will end by itself.
fn runs_without_lock(state: &State, job: JobId) -> bool {
    let found = history::job(state, job).ok().flatten();
    found.as_ref().is_some_and(recover::is_running_without_lock)
}

fn live(state: &State, job: JobId) -> Live {
    let holders = lock::read_holders(state, job).filter(lock::Holders::in_our_namespace);
    let stopped = holders.as_ref().is_some_and(|holders| {
        let processes = [Some(holders.guard), holders.worker];
        processes.into_iter().flatten().any(Identity::is_stopped)
    });
    Live { job, pid: holders.map(|holders| holders.guard.pid), stopped }
}

/// What whoever records the end of a dead runner's job will find. Reads, and writes nothing.
fn leaves(state: &State, job: JobId) -> Option<String> {
    if let Some(saved) = outcome::load(state, job) {
        return Some(saved.name().to_owned());
    }
    let answer = reply(&transcript::replay(state, job), None);
    answer.map(|_| "succeeded".to_owned())
}

fn directory(state: &State, log: &Check, job: JobId, now: SystemTime, found: &mut Inspection) {
    found.directories += 1;
    match log.knows(job) {
        Known::Unfinished | Known::Unsure => {}
        Known::No => nobodys(state, job, now, found),
        known @ (Known::Lost | Known::Ended) => {
            let is_held = matches!(lock::held(state, job), Held::Yes);
            if is_held && !lock::wait_until_free(state, job, GRACE) {
                found.held_after_end.note((job, lock_holder(&state.lock(job))));
            } else if leftovers(state, job).iter().any(|path| is_there(path)) {
                found.leftovers.note(job);
            }
            let saved = if known == Known::Lost { outcome::load(state, job) } else { None };
            if let Some(event) = saved.as_ref().map(Event::name) {
                found.unrecorded.note((job, event.to_owned()));
            }
        }
    }
}

fn nobodys(state: &State, job: JobId, now: SystemTime, found: &mut Inspection) {
    if !is_old(&state.job_dir(job), now) {
        return;
    }
    match lock::held(state, job) {
        Held::No(_) => found.stale.note(job),
        Held::Yes => found.unknown_but_held.note((job, lock_holder(&state.lock(job)))),
        Held::Unknown => {}
    }
}

/// What only a live job needs.
pub(super) fn leftovers(state: &State, job: JobId) -> [PathBuf; 4] {
    let unfinished_outcome = state.outcome(job).with_extension("new");
    [state.prompt(job), cancel::mark(state, job), state.tmp(job), unfinished_outcome]
}

pub(super) fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Whether nothing was made or removed in a directory, or written to a file, for [`STALE_AFTER`].
pub(super) fn is_old(path: &Path, now: SystemTime) -> bool {
    let modified = fs::symlink_metadata(path).and_then(|meta| meta.modified());
    modified.is_ok_and(|time| now.duration_since(time).is_ok_and(|age| age > STALE_AFTER))
}

fn session_file(state: &State, log: &Check, name: &str, now: SystemTime, found: &mut Inspection) {
    let path = state.sessions_dir().join(name);
    let mut options = OpenOptions::new();
    let Ok(file) = open_private(&path, options.read(true)) else { return };
    let memory = session::read(&file);
    match file.try_lock_shared() {
        Ok(()) if memory == session::Memory::default() && is_old(&path, now) => {
            found.stale_sessions.note(name.to_owned());
        }
        Err(TryLockError::WouldBlock) => {
            let job = memory.job.as_deref().and_then(JobId::parse);
            let ended = |job: &JobId| {
                matches!(log.knows(*job), Known::Ended | Known::Lost)
                    && matches!(lock::held(state, *job), Held::No(_))
            };
            if job.as_ref().is_some_and(ended) {
                found.held_sessions.note((name.to_owned(), holder(&file)));
            }
        }
        _ => {}
    }
}

fn lock_holder(path: &Path) -> Option<u32> {
    let mut options = OpenOptions::new();
    let file: File = open_private(path, options.read(true)).ok()?;
    holder(&file)
}

/// A process as it is told to a person: its pid, its command, and whether it is stopped.
pub(crate) fn process(pid: u32) -> String {
    let line = kernel::command_line(pid).into_iter();
    let words: Vec<String> = line.filter(|word| !word.is_empty()).take(6).collect();
    let stopped = Identity::of(pid).is_some_and(Identity::is_stopped);
    let stopped = if stopped { ", stopped" } else { "" };
    if words.is_empty() {
        return format!("process {pid}{stopped}");
    }
    format!("process {pid} (`{}`{stopped})", words.join(" "))
}
