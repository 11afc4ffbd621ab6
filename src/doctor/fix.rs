//! Doing what is safe: each remedy is a verb of a room below, which looks again before it acts.

use std::path::Path;
use std::time::Duration;

use super::Surroundings;
use super::finding::{Found, Remedy};
use crate::failure::{Exit, Failure};
use crate::job::id::JobId;
use crate::journal::place::State;
use crate::journal::{history, index, repair, survey};
use crate::render::doctor::Fix;
use crate::runner::{mend, observe};

/// How long the log's lock is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// What came of all remedies.
#[derive(Debug, Default)]
pub(super) struct Fixed {
    /// What was done, and what could not be. What needed nothing any more is not told.
    pub(super) fixes: Vec<Fix>,
    /// What could not be done, and how a command ends that meets the reason.
    failed: Vec<(Remedy, Exit)>,
}

/// Applies all remedies.
pub(super) fn fix(found: &[Found], state: Option<&State>, around: &Surroundings) -> Fixed {
    let mut fixed = Fixed::default();
    let Some(state) = state else { return fixed };
    for found in found {
        for remedy in &found.remedies {
            let error = match apply(state, remedy, around) {
                Ok(false) => continue,
                Ok(true) => None,
                Err(failure) => {
                    fixed.failed.push((remedy.clone(), failure.exit));
                    Some(failure.sentence())
                }
            };
            let (message, job, path) = words(state, remedy, error.is_none());
            let job_id = job.map(|job| job.to_string());
            fixed.fixes.push(Fix { check: found.finding.check, message, job_id, path, error });
        }
    }
    fixed
}

impl Fixed {
    /// How the program ends for what could not be done.
    pub(super) fn exits(&self) -> impl Iterator<Item = Exit> {
        self.failed.iter().map(|(_, exit)| *exit)
    }

    /// Promises no more, of what is found afterwards, what has just failed.
    pub(super) fn correct(&self, found: &mut [Found]) {
        let has_failed = |remedy: &Remedy| self.failed.iter().any(|(failed, _)| failed == remedy);
        for found in found {
            found.finding.fixable &= !found.remedies.iter().all(has_failed);
        }
    }
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
    Err(Failure::new(Exit::TryLater, "not_recorded", message))
}

/// What has come of a remedy, and of what.
fn words(state: &State, remedy: &Remedy, done: bool) -> (String, Option<JobId>, Option<String>) {
    let is = if done { "is" } else { "is not" };
    let shown = |path: &Path| Some(path.to_string_lossy().into_owned());
    match remedy {
        Remedy::SealTornEnd => {
            (format!("the torn last line {is} sealed off"), None, shown(&state.events()))
        }
        Remedy::RebuildIndex => (format!("the index {is} built anew"), None, shown(&state.index())),
        Remedy::Tighten(path) => {
            (format!("{} {is} closed to others", path.display()), None, shown(path))
        }
        Remedy::RecordEnd(job) => (format!("the end of job {job} {is} recorded"), Some(*job), None),
        Remedy::RemoveStale(job) => {
            (format!("jobs/{job} {is} removed"), Some(*job), shown(&state.job_dir(*job)))
        }
        Remedy::RemoveLeftovers(job) => (
            format!("what only a running job needs {is} removed from jobs/{job}"),
            Some(*job),
            shown(&state.job_dir(*job)),
        ),
        Remedy::RemoveTicket(job) => {
            (format!("slots/wait-{job} {is} removed"), Some(*job), shown(&state.slots_dir()))
        }
        Remedy::RemoveSession(name) => {
            (format!("sessions/{name} {is} removed"), None, shown(&state.sessions_dir().join(name)))
        }
    }
}
