//! The fold: what a job's events add up to.
//!
//! Total: every sequence of events gives a job or none, never an error. The first terminal event
//! wins. What does not fit is counted as odd and changes nothing; an identical repeat is not odd,
//! because a writer whose sync failed appends again.

use super::event::{
    CancelRequested, Cancelled, Event, Failed, Lost, Progress, Queued, Recorded, Started, Succeeded,
};
use super::id::JobId;
use super::status::Status;
use super::tree::{self, Snapshot};

/// What is true of a job now.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Job {
    pub(crate) id: JobId,
    pub(crate) queued: Queued,
    pub(crate) started: Option<Started>,
    pub(crate) progress: Option<Progress>,
    pub(crate) cancel_requested: Option<CancelRequested>,
    pub(crate) ending: Option<Ending>,
    pub(crate) created_unix_ms: i64,
    /// Time of the newest event that counted.
    pub(crate) updated_unix_ms: i64,
    pub(crate) started_unix_ms: Option<i64>,
    pub(crate) finished_unix_ms: Option<i64>,
    /// Events that did not fit where they stood.
    pub(crate) odd: u64,
    /// Whether the directory has moved on since the start, where an observer looked; in no log.
    pub(crate) stale: Option<bool>,
    /// What counted and may stand in the log once more after the end.
    passed: Vec<(i64, Event)>,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ending {
    Succeeded(Succeeded),
    Failed(Failed),
    Cancelled(Cancelled),
    Lost(Lost),
}

impl Job {
    pub(crate) fn status(&self) -> Status {
        match (&self.ending, &self.started) {
            (Some(Ending::Succeeded(_)), _) => Status::Succeeded,
            (Some(Ending::Failed(_)), _) => Status::Failed,
            (Some(Ending::Cancelled(_)), _) => Status::Cancelled,
            (Some(Ending::Lost(_)), _) => Status::Lost,
            (None, Some(_)) => Status::Running,
            (None, None) => Status::Queued,
        }
    }

    /// The consulted directory as it was before the start.
    pub(crate) fn tree_before(&self) -> Option<&Snapshot> {
        self.started.as_ref()?.provenance.as_ref()
    }

    /// The same as it was at the end.
    pub(crate) fn tree_after(&self) -> Option<&Snapshot> {
        match self.ending.as_ref()? {
            Ending::Succeeded(end) => end.tree_after.as_ref(),
            Ending::Failed(end) => end.tree_after.as_ref(),
            Ending::Cancelled(end) => end.tree_after.as_ref(),
            Ending::Lost(_) => None,
        }
    }

    /// Whether the directory was another at the end; `None` where that is not known.
    pub(crate) fn tree_changed(&self) -> Option<bool> {
        tree::changed(self.tree_before(), self.tree_after())
    }

    /// Applies one event. Live running and recovery from disk go through this one door.
    pub(crate) fn apply(&mut self, recorded: &Recorded) {
        let fits = match &recorded.event {
            Event::Queued(data) => self.repeat(recorded.unix_ms, &self.queued, data),
            Event::Started(data) => self.start(recorded.unix_ms, data),
            Event::Progress(_) | Event::CancelRequested(_) => self.pass(recorded),
            Event::Succeeded(data) => {
                self.end(recorded.unix_ms, Ending::Succeeded((**data).clone()))
            }
            Event::Failed(data) => self.end(recorded.unix_ms, Ending::Failed((**data).clone())),
            Event::Cancelled(data) => {
                self.end(recorded.unix_ms, Ending::Cancelled((**data).clone()))
            }
            Event::Lost(data) => self.end(recorded.unix_ms, Ending::Lost((**data).clone())),
            Event::Pruned(_) | Event::Unknown(_) => return,
        };
        match fits {
            Fit::Counts => self.updated_unix_ms = recorded.unix_ms,
            Fit::Repeats => {}
            Fit::Odd => self.odd += 1,
        }
    }

    fn repeat(&self, unix_ms: i64, had: &Queued, got: &Queued) -> Fit {
        if self.created_unix_ms == unix_ms && had == got { Fit::Repeats } else { Fit::Odd }
    }

    fn start(&mut self, unix_ms: i64, data: &Started) -> Fit {
        match &self.started {
            Some(had) if had == data && self.started_unix_ms == Some(unix_ms) => Fit::Repeats,
            None if self.ending.is_none() => {
                self.started = Some(data.clone());
                self.started_unix_ms = Some(unix_ms);
                Fit::Counts
            }
            _ => Fit::Odd,
        }
    }

    /// Events that change no state. Asking twice for the end is not odd: two people may want it.
    fn pass(&mut self, recorded: &Recorded) -> Fit {
        let Recorded { unix_ms, event, .. } = recorded;
        if self.ending.is_some() {
            let had = self.passed.iter().any(|(at, passed)| at == unix_ms && passed == event);
            return if had { Fit::Repeats } else { Fit::Odd };
        }
        match event {
            Event::Progress(_) if self.started.is_none() => return Fit::Odd,
            Event::Progress(data) => self.progress = Some(data.clone()),
            Event::CancelRequested(data) => {
                self.cancel_requested.get_or_insert_with(|| data.clone());
            }
            _ => {}
        }
        self.passed.push((*unix_ms, event.clone()));
        Fit::Counts
    }

    fn end(&mut self, unix_ms: i64, ending: Ending) -> Fit {
        match &self.ending {
            Some(had) if *had == ending && self.finished_unix_ms == Some(unix_ms) => Fit::Repeats,
            Some(_) => Fit::Odd,
            None => {
                self.ending = Some(ending);
                self.finished_unix_ms = Some(unix_ms);
                Fit::Counts
            }
        }
    }
}

/// How an event stands to what was there before it.
enum Fit {
    Counts,
    Repeats,
    Odd,
}

/// Folds the events of one job, oldest first. `None` when no `queued` event is among them.
pub(crate) fn fold<'a>(events: impl IntoIterator<Item = &'a Recorded>) -> Option<Job> {
    let mut early = 0;
    let mut job: Option<Job> = None;
    for recorded in events {
        match (&mut job, &recorded.event) {
            (Some(job), _) => job.apply(recorded),
            (None, Event::Queued(data)) => job = Some(begin(recorded, data, early)),
            (None, Event::Pruned(_) | Event::Unknown(_)) => {}
            (None, _) => early += 1,
        }
    }
    job
}

fn begin(recorded: &Recorded, data: &Queued, odd: u64) -> Job {
    Job {
        id: recorded.job,
        queued: data.clone(),
        started: None,
        progress: None,
        cancel_requested: None,
        ending: None,
        created_unix_ms: recorded.unix_ms,
        updated_unix_ms: recorded.unix_ms,
        started_unix_ms: None,
        finished_unix_ms: None,
        odd,
        stale: None,
        passed: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
