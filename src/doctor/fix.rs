//! Doing what is safe: each remedy is a verb of a room below, which looks again before it acts.

use std::path::Path;
use std::time::Duration;

use super::Surroundings;
use super::finding::{Found, Remedy};
use crate::failure::Failure;
use crate::job::id::JobId;
use crate::journal::place::State;
use crate::journal::{history, index, repair, survey};
use crate::render::doctor::Fix;
use crate::runner::{mend, observe};

/// How long the log's lock is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Applies all remedies. What needed nothing any more is not told.
pub(super) fn fix(found: &[Found], state: Option<&State>, around: &Surroundings) -> Vec<Fix> {
    let Some(state) = state else { return Vec::new() };
    let each = found
        .iter()
        .flat_map(|found| found.remedies.iter().map(|remedy| (found.finding.check, remedy)));
    each.filter_map(|(check, remedy)| {
        let (message, job, path) = words(state, remedy);
        let error = match apply(state, remedy, around) {
            Ok(false) => return None,
            Ok(true) => None,
            Err(failure) => Some(failure.sentence()),
        };
        let job_id = job.map(|job| job.to_string());
        Some(Fix { check, message, job_id, path, error })
    })
    .collect()
}

/// Returns whether anything was done.
fn apply(state: &State, remedy: &Remedy, around: &Surroundings) -> Result<bool, Failure> {
    Ok(match remedy {
        Remedy::SealTornEnd => repair::seal_torn_end(state, PATIENCE)?.is_some(),
        Remedy::RebuildIndex => index::rebuild(state).map(|()| true)?,
        Remedy::Tighten(path) => survey::tighten(path)?,
        Remedy::RecordEnd(job) => record_end(state, *job, around)?,
        Remedy::RemoveStale(job) => mend::remove_stale(state, *job, around.now)?,
        Remedy::RemoveLeftovers(job) => mend::remove_leftovers(state, *job)?,
        Remedy::RemoveTicket(job) => mend::remove_ticket(state, *job)?,
        Remedy::RemoveSession(name) => mend::remove_session(state, name, around.now)?,
    })
}

/// A look records the end where it can; whether it could is seen in the log.
fn record_end(state: &State, job: JobId, around: &Surroundings) -> Result<bool, Failure> {
    let has_ended = || -> Result<bool, Failure> {
        Ok(history::job(state, job)?.is_some_and(|job| job.ending.is_some()))
    };
    if has_ended()? {
        return Ok(false);
    }
    observe::job(state, job, around.clock)?;
    if has_ended()? {
        return Ok(true);
    }
    let message = format!("the end of job {job} could not be written to the log");
    Err(Failure::new(crate::failure::Exit::StateIo, "not_recorded", message))
}

/// What a remedy does, in the past tense, and to what.
fn words(state: &State, remedy: &Remedy) -> (String, Option<JobId>, Option<String>) {
    let shown = |path: &Path| Some(path.to_string_lossy().into_owned());
    match remedy {
        Remedy::SealTornEnd => {
            ("the torn last line is sealed off".to_owned(), None, shown(&state.events()))
        }
        Remedy::RebuildIndex => ("the index is built anew".to_owned(), None, shown(&state.index())),
        Remedy::Tighten(path) => {
            (format!("{} is open to nobody else", path.display()), None, shown(path))
        }
        Remedy::RecordEnd(job) => (format!("the end of job {job} is recorded"), Some(*job), None),
        Remedy::RemoveStale(job) => {
            (format!("jobs/{job} is removed"), Some(*job), shown(&state.job_dir(*job)))
        }
        Remedy::RemoveLeftovers(job) => (
            format!("what only a running job needs is removed from jobs/{job}"),
            Some(*job),
            shown(&state.job_dir(*job)),
        ),
        Remedy::RemoveTicket(job) => {
            (format!("slots/wait-{job} is removed"), Some(*job), shown(&state.slots_dir()))
        }
        Remedy::RemoveSession(name) => {
            (format!("sessions/{name} is removed"), None, shown(&state.sessions_dir().join(name)))
        }
    }
}
