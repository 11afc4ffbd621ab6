//! Logs to try things on.

use std::fs;
use std::time::Duration;

use tempfile::TempDir;
use uuid::Uuid;

use crate::consult::request::Request;
use crate::job::event::{Event, Progress, Queued, Started};
use crate::job::fold::Job;
use crate::job::id::JobId;
use crate::journal::append::{Appended, append};
use crate::journal::check::Fault;
use crate::journal::place::State;
use crate::journal::read::Log;

pub(super) const LIMIT: Duration = Duration::from_mins(1);

pub(super) fn state() -> (TempDir, State) {
    let home = tempfile::tempdir().expect("tempdir");
    let state = State::create(&home.path().join("state"), true).expect("creates");
    (home, state)
}

/// Two of three ids share their first eleven digits.
pub(super) fn id(number: u128) -> JobId {
    JobId::new(Uuid::from_u128(((number / 2) << 96) | (number + 1)))
}

pub(super) fn queued(prompt: &str) -> Event {
    let request = Request { prompt: prompt.to_owned(), ..Request::default() };
    Event::Queued(Box::new(Queued { request, ..Queued::default() }))
}

pub(super) fn started() -> Event {
    Event::Started(Box::new(Started { pid: 7, ..Started::default() }))
}

pub(super) fn progress(turns: u64) -> Event {
    Event::Progress(Progress { turns, ..Progress::default() })
}

pub(super) fn succeeded() -> Event {
    Event::Succeeded(Box::default())
}

/// Appends an event that is expected to fit.
pub(super) fn put(state: &State, unix_ms: i64, job: JobId, event: Event) -> Job {
    match append(state, LIMIT, unix_ms, job, |_| Some(event)).expect("appends") {
        Appended::Written(job) => job,
        Appended::Declined(_) => panic!("declined"),
    }
}

pub(super) fn log(state: &State) -> Log {
    Log::open(state).expect("opens").expect("is there")
}

pub(super) fn bytes(state: &State) -> Vec<u8> {
    fs::read(state.events()).expect("reads")
}

/// Names of the events in the log, oldest first; `-` for what is damaged.
pub(super) fn names(log: &Log) -> Vec<String> {
    let items = log.forward(0).map(|item| item.expect("reads"));
    items.map(|item| item.into_line().map_or("-".to_owned(), |line| line.event)).collect()
}

/// Lines by how far they can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) whole: u64,
    pub(super) unknown: u64,
    pub(super) damaged: u64,
}

/// Counts every line.
pub(super) fn scan(log: &Log) -> Counts {
    let check = log.check().expect("reads");
    let unknown = check.spots(Fault::Unknown).count;
    Counts { whole: check.whole, unknown, damaged: check.lines - check.whole - unknown }
}
