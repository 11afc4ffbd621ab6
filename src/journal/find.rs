//! Finding jobs without reading their payloads: the newest ones, and the one that was meant.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::iter;

use uuid::Uuid;

use super::error::Error;
use super::index::Index;
use super::line::Item;
use super::read::Log;
use crate::job::brief::Brief;
use crate::job::id::{JobId, Selector};

/// Most jobs that an ambiguous prefix is answered with.
pub(crate) const CANDIDATES_MAX: usize = 10;

/// The job of lines that belong to none.
pub(super) const NO_JOB: JobId = JobId::new(Uuid::nil());

/// What a selector led to.
#[derive(Debug, PartialEq)]
pub(crate) enum Found {
    One(JobId),
    None,
    /// The newest of them first, [`CANDIDATES_MAX`] at most.
    Ambiguous(Vec<(JobId, Brief)>),
}

/// What is known of a job's list row.
enum Newest {
    /// Where its line is, and the row.
    Row(u64, Box<Brief>),
    None,
    /// The index is wrong about it.
    Unknown,
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
        for row in self.rows(|_, _| true) {
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

    /// The job that was created with an idempotency key since a time, and still keeps it. Reads no
    /// further back.
    pub(crate) fn by_key(&self, key: &str, since_unix_ms: i64) -> Result<Option<JobId>, Error> {
        // A job is judged by its newest row: older ones say that it still ran.
        let mut gave_it_back = HashSet::new();
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
            if let Some(row) = row.filter(meant)
                && !gave_it_back.contains(&line.job)
            {
                if row.keeps_its_key() {
                    return Ok(Some(line.job));
                }
                gave_it_back.insert(line.job);
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
        if let Some(index) = self.index()
            && let Some(found) = self.indexed_prefix(index, prefix)?
        {
            return Ok(found);
        }
        let rows = self.rows(|job, _| job.to_string().starts_with(prefix));
        let candidates = rows.take(CANDIDATES_MAX).collect::<Result<Vec<_>, _>>()?;
        Ok(found(candidates))
    }

    /// The same by the index; `None` where it turns out to be wrong.
    fn indexed_prefix(&self, index: &Index, prefix: &str) -> Result<Option<Found>, Error> {
        let Some((low, high)) = range(prefix) else { return Ok(Some(Found::None)) };
        let Some(mut jobs) = index.jobs(low, high) else { return Ok(None) };
        jobs.extend(self.uncovered_jobs(index, low, high)?);
        jobs.remove(&NO_JOB);
        let mut rows = Vec::new();
        for job in jobs {
            match self.newest_row(index, job)? {
                Newest::Row(offset, brief) => rows.push((offset, job, *brief)),
                Newest::None => {}
                Newest::Unknown => return Ok(None),
            }
        }
        rows.sort_by_key(|(offset, ..)| Reverse(*offset));
        let rows = rows.into_iter().take(CANDIDATES_MAX);
        Ok(Some(found(rows.map(|(_, job, brief)| (job, brief)).collect())))
    }

    fn uncovered_jobs(&self, index: &Index, low: JobId, high: JobId) -> Result<Vec<JobId>, Error> {
        let mut jobs = Vec::new();
        for item in self.back() {
            let item = item?;
            if item.offset() < index.covered() {
                break;
            }
            jobs.extend(
                item.into_line().map(|line| line.job).filter(|job| (low..=high).contains(job)),
            );
        }
        Ok(jobs)
    }

    /// The newest row of a job that can be read, and where its line is.
    fn newest_row(&self, index: &Index, job: JobId) -> Result<Newest, Error> {
        for item in self.back() {
            let item = item?;
            if item.offset() < index.covered() {
                break;
            }
            let Some(line) = item.into_line().filter(|line| line.job == job) else { continue };
            if let Some(brief) = line.brief() {
                return Ok(Newest::Row(line.offset, Box::new(brief)));
            }
        }
        let Some(spots) = index.spots(job) else { return Ok(Newest::Unknown) };
        for spot in spots.into_iter().rev().filter(|spot| spot.end() <= self.end) {
            let found = self.line_at(spot)?.filter(|(line, _)| line.job == job);
            let Some((line, _)) = found else { return Ok(Newest::Unknown) };
            if let Some(brief) = line.brief() {
                return Ok(Newest::Row(line.offset, Box::new(brief)));
            }
        }
        Ok(Newest::None)
    }

    /// Each job once, by its newest row that can be read; the one with the newest event first.
    /// `wanted` sees the id and the row as JSON, unread: what it says of one row of a job, it must say
    /// of all.
    pub(crate) fn rows(
        &self,
        wanted: impl Fn(JobId, &[u8]) -> bool,
    ) -> impl Iterator<Item = Result<(JobId, Brief), Error>> {
        let (mut back, mut seen) = (self.back(), HashSet::new());
        iter::from_fn(move || {
            loop {
                let item = back.next_wanted(|job, raw_brief| {
                    job != NO_JOB && !seen.contains(&job) && wanted(job, raw_brief)
                })?;
                let line = match item {
                    Ok(Item::Line(line)) => line,
                    Ok(Item::Damaged { .. }) => continue,
                    Err(error) => return Some(Err(error)),
                };
                if let Some(brief) = line.brief() {
                    seen.insert(line.job);
                    return Some(Ok((line.job, brief)));
                }
            }
        })
    }
}

/// What candidates come to, the newest first.
fn found(mut candidates: Vec<(JobId, Brief)>) -> Found {
    match candidates.len() {
        0 => Found::None,
        1 => candidates.pop().map_or(Found::None, |(job, _)| Found::One(job)),
        _ => Found::Ambiguous(candidates),
    }
}

/// The first and the last id that may begin so; `None` where no id does.
fn range(prefix: &str) -> Option<(JobId, JobId)> {
    let fill = |with: &str| {
        let text = format!("{prefix}{}", with.get(prefix.len()..)?);
        JobId::parse(&text).filter(|_| text.len() == JobId::LEN)
    };
    let low = fill("00000000-0000-0000-0000-000000000000")?;
    Some((low, fill("ffffffff-ffff-ffff-ffff-ffffffffffff")?))
}
