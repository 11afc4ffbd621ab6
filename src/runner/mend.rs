//! Removing what nobody needs any more. Each thing is looked at again under its own lock, so what a
//! live job has is never taken, and of two that mend at once one finds nothing to do.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::time::SystemTime;

use super::error::{At, Error};
use super::inspect::{is_old, is_there, leftovers};
use super::lock::{self, Held};
use super::{finish, removal, session, slots};
use crate::job::id::{JobId, Selector};
use crate::journal::find::Found;
use crate::journal::place::{State, open_private};
use crate::journal::read::Log;

/// Removes a job's directory that has no event, is old, and that nobody holds. Returns whether it
/// was removed.
pub(crate) fn remove_stale(state: &State, job: JobId, now: SystemTime) -> Result<bool, Error> {
    let Free::Yes(_held) = lock_alone(state, job)? else { return Ok(false) };
    let directory = state.job_dir(job);
    // Asked again under the lock: whoever submits holds it until the event is there.
    if !is_old(&directory, now) || has_events(state, job)? {
        return Ok(false);
    }
    slots::drop_ticket(state, job);
    removed(removal::remove_tree(&directory)).at("remove", &directory)
}

fn has_events(state: &State, job: JobId) -> Result<bool, Error> {
    let Some(log) = Log::open(state)? else { return Ok(false) };
    Ok(log.find(&Selector::Id(job))? != Found::None)
}

/// Removes what only a live job needs from the directory of one that has ended. Returns whether
/// there was anything.
pub(crate) fn remove_leftovers(state: &State, job: JobId) -> Result<bool, Error> {
    let Free::Yes(_held) = lock_alone(state, job)? else { return Ok(false) };
    let there: Vec<_> = leftovers(state, job).into_iter().filter(|path| is_there(path)).collect();
    finish::tidy_up(state, job);
    let beside = state.outcome(job).with_extension("new");
    removed(fs::remove_file(&beside)).at("remove", &beside)?;
    match there.iter().find(|path| is_there(path)) {
        Some(path) => Err(io::Error::from(io::ErrorKind::PermissionDenied)).at("remove", path),
        None => Ok(!there.is_empty()),
    }
}

/// Removes the ticket of a job that waits for nothing.
pub(crate) fn remove_ticket(state: &State, job: JobId) -> Result<bool, Error> {
    let path = slots::ticket(state, job);
    match lock::held(state, job) {
        Held::No(_) => removed(fs::remove_file(&path)).at("remove", &path),
        Held::Yes | Held::Unknown => Ok(false),
    }
}

/// Removes the lock file of a session of which nothing is remembered.
pub(crate) fn remove_session(state: &State, name: &str, now: SystemTime) -> Result<bool, Error> {
    let path = state.sessions_dir().join(name);
    let mut options = OpenOptions::new();
    let file = match open_private(&path, options.read(true)) {
        Err(error) if error.is_not_found() => return Ok(false),
        opened => opened?,
    };
    // Whoever locks a session's file looks whether it still has a name (see `session::lock`).
    let free = file.try_lock().is_ok();
    if !free || session::read(&file) != session::Memory::default() || !is_old(&path, now) {
        return Ok(false);
    }
    removed(fs::remove_file(&path)).at("remove", &path)
}

/// What became of the attempt to hold a job's lock alone.
enum Free {
    /// Held until this goes; there may be no file to hold.
    Yes(Option<File>),
    No,
}

fn lock_alone(state: &State, job: JobId) -> Result<Free, Error> {
    match lock::open_to_look(state, job) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Free::Yes(None)),
        Err(error) => Err(error).at("open", &state.lock(job)),
        Ok(file) => Ok(if file.try_lock().is_ok() { Free::Yes(Some(file)) } else { Free::No }),
    }
}

/// What is gone already was not removed by us, and is no error.
fn removed(result: io::Result<()>) -> io::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
