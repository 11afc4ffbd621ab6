//! One job's events, gathered from the end of the log back to its beginning.
//!
//! Where there is an index, only the lines of the job are read, and what the index does not cover.

use super::error::Error;
use super::index::Index;
use super::line::Line;
use super::place::State;
use super::read::Log;
use crate::job::brief::Brief;
use crate::job::event::{Event, Recorded};
use crate::job::fold::{Job, fold};
use crate::job::id::JobId;

/// What the log holds of one job.
#[derive(Debug, Default, PartialEq)]
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
        if let Some(index) = self.index()
            && let Some(history) = self.indexed(index, id)?
        {
            return Ok(history);
        }
        let mut gathered = Gathered::default();
        self.gather_back(id, 0, &mut gathered)?;
        Ok(gathered.finish())
    }

    /// The same by the index; `None` where it turns out to be wrong.
    ///
    /// After an end that it knows there is nothing to look for: what follows can only be repeats.
    fn indexed(&self, index: &Index, id: JobId) -> Result<Option<History>, Error> {
        let Some(spots) = index.spots(id) else { return Ok(None) };
        let mut known = Gathered::default();
        for spot in spots.into_iter().rev().filter(|spot| spot.end() <= self.end) {
            let found = self.line_at(spot)?.filter(|(line, _)| line.job == id);
            let Some((line, bytes)) = found else { return Ok(None) };
            let event = line.trailer.line_holds(&bytes).then(|| line.event_in(&bytes)).flatten();
            if known.take(&line, event) {
                break;
            }
        }
        if known.has_ended() {
            return Ok(Some(known.finish()));
        }
        let mut gathered = Gathered::default();
        if !self.gather_back(id, index.covered(), &mut gathered)? {
            gathered.go_on_with(known);
        }
        Ok(Some(gathered.finish()))
    }

    /// Gathers what is not before `from`. Returns whether the first event of the job was met.
    fn gather_back(&self, id: JobId, from: u64, gathered: &mut Gathered) -> Result<bool, Error> {
        for item in self.back() {
            let item = item?;
            if item.offset() < from {
                break;
            }
            let Some(line) = item.into_line().filter(|line| line.job == id) else { continue };
            let event = self.event(&line)?;
            if gathered.take(&line, event) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What was found so far, newest first.
#[derive(Default)]
struct Gathered {
    history: History,
}

impl Gathered {
    /// Takes the next older line of the job. Returns whether it was the first one.
    fn take(&mut self, line: &Line, event: Option<Event>) -> bool {
        let history = &mut self.history;
        if history.brief.is_none() {
            history.brief = line.brief();
        }
        let Some(event) = event else {
            history.damaged += 1;
            return false;
        };
        let is_first = matches!(event, Event::Queued(_));
        history.events.push(Recorded { job: line.job, unix_ms: line.unix_ms, event });
        is_first
    }

    /// Whether the job was begun and ended by what is here.
    fn has_ended(&self) -> bool {
        let events = &self.history.events;
        let begins = events.last().is_some_and(|first| matches!(first.event, Event::Queued(_)));
        begins && events.iter().any(|recorded| recorded.event.terminal_status().is_some())
    }

    fn go_on_with(&mut self, older: Gathered) {
        let (history, older) = (&mut self.history, older.history);
        history.brief = history.brief.take().or(older.brief);
        history.events.extend(older.events);
        history.damaged += older.damaged;
    }

    fn finish(mut self) -> History {
        self.history.events.reverse();
        self.history
    }
}
