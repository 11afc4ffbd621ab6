//! Forgetting conversations: what lies of one beside the log goes once no job names it any more. Claude
//! Code's own record of it holds the prompt as it was, and is of no use but for a resume.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;

use super::error::{At, Error};
use super::homes::Homes;
use super::removal::remove_tree;
use super::session;
use crate::consult::claude::credentials::Source;
use crate::job::id::JobId;
use crate::journal::place::{State, open_private, session_name};
use crate::journal::read::Log;
use crate::journal::survey::names;

/// Removes homes and lock files of conversations whose jobs are all gone, and that nobody holds.
/// Returns how many could not be removed. One that a crash left behind goes with the next prune.
pub(super) fn forget(state: &State) -> Result<u64, Error> {
    let failed = unnamed(state)?.into_iter().filter(|session| one(state, session).is_err());
    Ok(failed.count() as u64)
}

/// The conversations with a lock file that no row of the log names.
fn unnamed(state: &State) -> Result<HashSet<String>, Error> {
    let directory = state.sessions_dir();
    let locks = names(&directory)?;
    let sessions = locks.filter_map(|name| Some(name.strip_suffix(".lock")?.to_owned()));
    let mut unnamed: HashSet<String> = sessions.collect();
    if let Some(log) = Log::open(state)? {
        for row in log.rows(|_, _| true) {
            let (_, row) = row?;
            for session in [Some(row.session_id), row.requested_session_id].into_iter().flatten() {
                unnamed.remove(&session_name(&session));
            }
        }
    }
    Ok(unnamed)
}

fn one(state: &State, session: &str) -> Result<(), Error> {
    let path = state.session_lock(session);
    let file = match open_private(&path, OpenOptions::new().read(true)) {
        Err(error) if error.is_not_found() => return Ok(()),
        opened => opened?,
    };
    let is_ours = file.try_lock().is_ok() && file.metadata().at("look at", &path)?.nlink() > 0;
    // Asked under the lock: a consult may have come and gone since the log was read. Without a
    // word of any job it is a submit's that has just begun, or was killed.
    let job = session::read(&file).job.as_deref().and_then(JobId::parse);
    if !is_ours || job.map_or(Ok(true), |job| is_known(state, job))? {
        return Ok(());
    }
    let homes = Homes::below(state.root(), session);
    remove_home(&homes)?;
    if homes.login.is_dir() {
        // It may lie among others there too; brought into a home of its own it goes with that.
        homes.make(Source::Environment)?;
        homes.bring(session, Source::Environment, false)?;
        remove_home(&homes)?;
    }
    // Last, because it is what the rest is found by.
    fs::remove_file(&path).at("remove", &path)
}

fn remove_home(homes: &Homes) -> Result<(), Error> {
    match remove_tree(&homes.conversation) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.at("remove", &homes.conversation),
    }
}

/// Whether the log has anything of a job, damaged as it may be.
fn is_known(state: &State, job: JobId) -> Result<bool, Error> {
    let Some(log) = Log::open(state)? else { return Ok(false) };
    let history = log.history(job)?;
    Ok(!history.events.is_empty() || history.damaged > 0)
}
