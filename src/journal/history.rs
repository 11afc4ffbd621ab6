//! One job's events, gathered from the end of the log back to its beginning.

use super::error::Error;
use super::place::State;
use super::read::Log;
use crate::job::brief::Brief;
use crate::job::event::{Event, Recorded};
use crate::job::fold::{Job, fold};
use crate::job::id::JobId;

/// What the log holds of one job.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Oldest first.
    pub(crate) events: Vec<Recorded>,
    /// The newest list row that can be read.
    pub(crate) brief: Option<Brief>,
    /// Lines of the job whose data is damaged. Lines that are damaged altogether name no job.
    pub(crate) damaged: u64,
}

impl History {
    /// What the events add up to; `None` where the job was never queued.
    pub(crate) fn job(&self) -> Option<Job> {
        fold(&self.events)
    }
}

/// A job as the log has it; `None` where there is no such job, or no log yet.
pub(crate) fn job(state: &State, id: JobId) -> Result<Option<Job>, Error> {
    match Log::open(state)? {
        Some(log) => log.job(id),
        None => Ok(None),
    }
}

impl Log {
    /// A job as the log has it; `None` where it has none of that id.
    pub(crate) fn job(&self, id: JobId) -> Result<Option<Job>, Error> {
        Ok(self.history(id)?.job())
    }

    /// Goes back to the first `queued` event met, which is the newest one of the job.
    ///
    /// There is more than one only where a sync failed, and then the writer repeats `queued`
    /// together with all that the job had gained since. So what is older than the newest `queued`
    /// is in front of it once more, and nothing is missed.
    pub(crate) fn history(&self, id: JobId) -> Result<History, Error> {
        let mut history = History::default();
        for item in self.back() {
            let Some(line) = item?.into_line().filter(|line| line.job == id) else { continue };
            if history.brief.is_none() {
                history.brief = line.brief();
            }
            let Some(recorded) = self.recorded(&line)? else {
                history.damaged += 1;
                continue;
            };
            let is_first = matches!(recorded.event, Event::Queued(_));
            history.events.push(recorded);
            if is_first {
                break;
            }
        }
        history.events.reverse();
        Ok(history)
    }
}
