//! What was read before: for a process that looks at the same jobs again and again. Of a job that it
//! knows, only what was appended since its last look is read, and of one that has ended nothing.
//!
//! A pruned log is another file, and nothing is remembered of that. What is kept is small: a few
//! jobs, and none with a long prompt or answer.

use std::collections::VecDeque;
use std::fs;
use std::os::unix::fs::MetadataExt;

use super::error::Error;
use super::place::State;
use super::read::{Identity, Log};
use crate::job::event::{Event, Recorded};
use crate::job::fold::{Ending, Job};
use crate::job::id::JobId;

/// Most jobs that are kept, and most bytes of prompt and answer in each.
const JOBS_MAX: usize = 16;
const BYTES_MAX: usize = 64 * 1024;

/// Some jobs of one log, the one that was asked for last first.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Of the log that the jobs are from.
    log: Option<Identity>,
    jobs: VecDeque<Known>,
}

#[derive(Debug)]
struct Known {
    job: Job,
    /// How much of the log is in it.
    seen: u64,
}

impl Memory {
    /// A job as the log has it now; `None` where it has none of that id.
    pub(crate) fn job(&mut self, state: &State, id: JobId) -> Result<Option<Job>, Error> {
        let Some(log) = Log::open(state)? else { return Ok(None) };
        if self.log != Some(log.identity()) {
            *self = Self { log: Some(log.identity()), jobs: VecDeque::new() };
        }
        let known = match self.take(id) {
            Some(known) => known.catch_up(&log)?,
            None => None,
        };
        let job = match known {
            Some(job) => Some(job),
            None => log.job(id)?,
        };
        if let Some(job) = job.as_ref().filter(|job| bytes(job) <= BYTES_MAX) {
            self.jobs.truncate(JOBS_MAX - 1);
            self.jobs.push_front(Known { job: job.clone(), seen: log.end() });
        }
        Ok(job)
    }

    /// A job that is known to have ended, for the price of one look at the log's name.
    pub(crate) fn ended(&self, state: &State, id: JobId) -> Option<Job> {
        let known = self.jobs.iter().find(|known| known.job.id == id)?;
        let log = fs::symlink_metadata(state.events()).ok()?;
        let is_same = self.log == Some((log.ino(), log.created().ok())) && log.len() >= known.seen;
        (is_same && known.job.ending.is_some()).then(|| known.job.clone())
    }

    fn take(&mut self, id: JobId) -> Option<Known> {
        let at = self.jobs.iter().position(|known| known.job.id == id)?;
        self.jobs.remove(at)
    }
}

impl Known {
    /// The job with what was appended since; `None` where it has to be read anew.
    fn catch_up(mut self, log: &Log) -> Result<Option<Job>, Error> {
        /// Beyond that an index has more to offer than the log's end.
        const FAR: u64 = 1 << 20;
        if self.seen > log.end() {
            return Ok(None);
        }
        if self.job.ending.is_some() {
            return Ok(Some(self.job));
        }
        if log.end() - self.seen > FAR {
            return Ok(None);
        }
        for item in log.forward(self.seen) {
            let Some(line) = item?.into_line().filter(|line| line.job == self.job.id) else {
                continue;
            };
            match log.event(&line)? {
                // Repeated, perhaps because what stood here before did not last.
                Some(Event::Queued(_)) => return Ok(None),
                Some(event) => {
                    self.job.apply(&Recorded { job: line.job, unix_ms: line.unix_ms, event });
                }
                None => {}
            }
        }
        Ok(Some(self.job))
    }
}

/// About what a job takes, without what is small in all of them.
fn bytes(job: &Job) -> usize {
    let answer = match &job.ending {
        Some(Ending::Succeeded(end)) => end.reply.response.len(),
        Some(Ending::Failed(end)) => end.partial.partial_text.as_ref().map_or(0, String::len),
        Some(Ending::Cancelled(end)) => end.partial.partial_text.as_ref().map_or(0, String::len),
        Some(Ending::Lost(end)) => end.partial.partial_text.as_ref().map_or(0, String::len),
        None => 0,
    };
    job.queued.request.prompt.len() + answer
}
