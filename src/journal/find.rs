//! Finding jobs without reading their payloads: the newest ones, and the one that was meant.

use std::collections::HashSet;

use uuid::Uuid;

use super::error::Error;
use super::read::Log;
use crate::job::brief::Brief;
use crate::job::id::{JobId, Selector};

/// Most jobs that an ambiguous prefix is answered with.
pub(crate) const CANDIDATES_MAX: usize = 10;

/// The job of lines that belong to none.
const NO_JOB: JobId = JobId::new(Uuid::nil());

/// What a selector led to.
#[derive(Debug, PartialEq)]
pub(crate) enum Found {
    One(JobId),
    None,
    /// The newest of them first, [`CANDIDATES_MAX`] at most.
    Ambiguous(Vec<(JobId, Brief)>),
}

impl Log {
    /// The jobs that `keep` wants, `limit` at most, the one with the newest event first; and
    /// whether there are more. Reads no further back than it must.
    pub(crate) fn newest(
        &self,
        limit: usize,
        mut keep: impl FnMut(JobId, &Brief) -> bool,
    ) -> Result<(Vec<(JobId, Brief)>, bool), Error> {
        let mut rows = Vec::new();
        for row in self.rows(|_| true) {
            let (job, brief) = row?;
            if !keep(job, &brief) {
                continue;
            }
            if rows.len() == limit {
                return Ok((rows, true));
            }
            rows.push((job, brief));
        }
        Ok((rows, false))
    }

    /// The job that was created with an idempotency key since a time. Reads no further back.
    pub(crate) fn by_key(&self, key: &str, since_unix_ms: i64) -> Result<Option<JobId>, Error> {
        for item in self.back() {
            let Some(line) = item?.into_line() else { continue };
            if line.unix_ms < since_unix_ms {
                break;
            }
            // Most jobs have no key, and then nothing needs to be parsed.
            let row =
                line.raw_brief.contains("\"idempotency_key\"").then(|| line.brief()).flatten();
            let meant = |row: &Brief| {
                row.idempotency_key.as_deref() == Some(key) && row.created_unix_ms >= since_unix_ms
            };
            if row.as_ref().is_some_and(meant) {
                return Ok(Some(line.job));
            }
        }
        Ok(None)
    }

    /// The job that was meant. Whether a prefix is unique is known at the start of the log only.
    pub(crate) fn find(&self, selector: &Selector) -> Result<Found, Error> {
        match selector {
            Selector::Id(id) => self.first_job(|job, _| job == *id),
            Selector::Last => self.first_job(|_, event| event == "queued"),
            Selector::Prefix(prefix) => self.by_prefix(prefix),
        }
    }

    fn first_job(&self, wanted: impl Fn(JobId, &str) -> bool) -> Result<Found, Error> {
        for item in self.back() {
            if let Some(line) = item?.into_line().filter(|line| wanted(line.job, &line.event)) {
                return Ok(Found::One(line.job));
            }
        }
        Ok(Found::None)
    }

    fn by_prefix(&self, prefix: &str) -> Result<Found, Error> {
        let rows = self.rows(|job| job.to_string().starts_with(prefix));
        let mut candidates = rows.take(CANDIDATES_MAX).collect::<Result<Vec<_>, _>>()?;
        Ok(match (candidates.pop(), candidates.is_empty()) {
            (None, _) => Found::None,
            (Some((job, _)), true) => Found::One(job),
            (Some(last), false) => {
                candidates.push(last);
                Found::Ambiguous(candidates)
            }
        })
    }

    /// Each job once, by its newest row that can be read; the one with the newest event first.
    fn rows(
        &self,
        wanted: impl Fn(JobId) -> bool,
    ) -> impl Iterator<Item = Result<(JobId, Brief), Error>> {
        let mut seen = HashSet::new();
        self.back().filter_map(move |item| {
            let line = match item {
                Ok(item) => item.into_line()?,
                Err(error) => return Some(Err(error)),
            };
            if line.job == NO_JOB || !wanted(line.job) || seen.contains(&line.job) {
                return None;
            }
            let brief = line.brief()?;
            seen.insert(line.job);
            Some(Ok((line.job, brief)))
        })
    }
}
