//! Findings as they are made: what is told, and what could be done about it.

use std::path::{Path, PathBuf};

use crate::failure::{Exit, Failure};
use crate::job::id::JobId;
use crate::journal::check::Spot;
use crate::render::doctor::{Finding, Level, Place};

/// What `--fix` may do. Each is safe to do again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Remedy {
    SealTornEnd,
    RebuildIndex,
    Tighten(PathBuf),
    RecordEnd(JobId),
    RemoveStale(JobId),
    RemoveLeftovers(JobId),
    RemoveTicket(JobId),
    RemoveSession(String),
}

/// A finding with its remedies.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) finding: Finding,
    pub(super) remedies: Vec<Remedy>,
    /// How a command ends that meets it; of errors only.
    pub(super) exit: Option<Exit>,
}

/// Most findings of a kind that have a line of their own.
pub(super) const MOST_LINES: usize = 10;

pub(super) fn ok(check: &'static str, code: &'static str, message: String) -> Found {
    new(check, Level::Ok, code, message)
}

pub(super) fn warn(check: &'static str, code: &'static str, message: String) -> Found {
    new(check, Level::Warn, code, message)
}

pub(super) fn error(check: &'static str, code: &'static str, exit: Exit, message: String) -> Found {
    let mut found = new(check, Level::Error, code, message);
    found.finding.exit_code = Some(exit.code());
    Found { exit: Some(exit), ..found }
}

/// What a command would refuse to do, in its own words.
pub(super) fn failed(check: &'static str, failure: &Failure) -> Found {
    let mut found = error(check, failure.code, failure.exit, failure.sentence());
    found.finding.advice.clone_from(&failure.hint);
    found
}

/// What goes beyond [`MOST_LINES`], in one finding with all their remedies.
pub(super) fn and_more(like: &Found, count: u64, remedies: Vec<Remedy>) -> Found {
    let message = format!("and {count} more like these");
    let finding = &like.finding;
    let mut found = new(finding.check, finding.level, finding.code, message);
    found.finding.fixable = !remedies.is_empty();
    found.finding.exit_code = finding.exit_code;
    Found { remedies, exit: like.exit, ..found }
}

fn new(check: &'static str, level: Level, code: &'static str, message: String) -> Found {
    Found { finding: Finding::new(check, level, code, message), remedies: Vec::new(), exit: None }
}

impl Found {
    pub(super) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.finding.advice = Some(advice.into());
        self
    }

    pub(super) fn of_job(mut self, job: JobId) -> Self {
        self.finding = self.finding.of_job(job);
        self
    }

    pub(super) fn on(mut self, path: &Path) -> Self {
        self.finding.path = Some(path.to_string_lossy().into_owned());
        self
    }

    pub(super) fn at(mut self, spot: &Spot) -> Self {
        let place = Place { line: spot.line, offset: spot.offset, length: spot.len };
        self.finding.place = Some(place);
        self.finding.job_id = spot.job.map(|job| job.to_string());
        self
    }

    pub(super) fn mends(mut self, remedy: Remedy) -> Self {
        self.finding.fixable = true;
        self.remedies.push(remedy);
        self
    }
}
