//! Pruning: the log written anew without some ended jobs, while others write and read.
//!
//! What stays is copied to a new file without the lock, and synced. Then, under the lock: what was
//! appended meanwhile is copied too, the `pruned` event is added, the file is synced and renamed over
//! the log, and the directory is synced, before anybody can append to it. So at every moment the
//! name leads to a whole log, and whatever was acknowledged is in it. Lines of other jobs, of nobody,
//! damaged, torn or foreign ones are copied byte for byte. Readers of the old file go on with it.
//!
//! A crash leaves the old log and perhaps `events.jsonl.new`, which the next prune overwrites.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use super::claim::{claim, discard};
use super::error::Error;
use super::find::NO_JOB;
use super::layer::{Disk, Layer};
use super::line::Item;
use super::lock::exclusively;
use super::place::State;
use super::read::Log;
use super::record;
use super::window;
use crate::job::event::{Event, Pruned};
use crate::job::id::JobId;
use crate::job::retention::{Plan, Rule};

/// Bytes that are copied at once.
const BLOCK: u64 = 256 * 1024;

/// What a prune came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) event: Pruned,
    /// Of the whole log.
    pub(crate) bytes_before: u64,
    pub(crate) bytes_after: u64,
}

/// Which jobs would go. Reads list rows only; the ids of those that go are kept in memory.
pub(crate) fn plan(state: &State, rule: Rule, now_unix_ms: i64) -> Result<Plan, Error> {
    let mut plan = Plan::new(rule);
    if let Some(log) = Log::open(state)? {
        for row in log.rows(|_, _| true) {
            let (job, brief) = row?;
            plan.look(job, &brief, now_unix_ms);
        }
    }
    Ok(plan)
}

/// When the log was pruned last, milliseconds since 1970; `None` where it never was.
pub(crate) fn last(state: &State) -> Result<Option<i64>, Error> {
    let Some(log) = Log::open(state)? else { return Ok(None) };
    let events = log.history(NO_JOB)?.events;
    let pruned = events.iter().rev().find(|recorded| matches!(recorded.event, Event::Pruned(_)));
    Ok(pruned.map(|recorded| recorded.unix_ms))
}

/// When the log begins: the least of the times of its first lines, because the clock of the very first
/// may have been ahead. `None` where it has none.
pub(crate) fn oldest(state: &State) -> Result<Option<i64>, Error> {
    const FIRST_LINES: usize = 1000;
    let Some(log) = Log::open(state)? else { return Ok(None) };
    let mut oldest = None;
    for item in log.forward(0).take(FIRST_LINES) {
        if let Some(line) = item?.into_line().filter(|line| line.job != NO_JOB) {
            oldest = Some(oldest.map_or(line.unix_ms, |at: i64| at.min(line.unix_ms)));
        }
    }
    Ok(oldest)
}

/// Removes the lines of the plan's jobs. `limit` bounds the wait for the log's lock; `None` where
/// there was nothing to remove. The jobs' directories are the caller's.
pub(crate) fn prune(
    state: &State,
    plan: &Plan,
    limit: Duration,
    unix_ms: i64,
) -> Result<Option<Outcome>, Error> {
    prune_on(&mut Disk, state, plan, limit, unix_ms)
}

/// Removes what a prune left that was killed: nobody reads it, and it is as large as the log.
pub(crate) fn discard_left(state: &State) -> Result<(), Error> {
    for path in [state.new_events(), state.new_index()] {
        if path.exists()
            && let Some(file) = claim(&path)?
        {
            discard(&file, &path);
        }
    }
    Ok(())
}

pub(super) fn prune_on(
    layer: &mut impl Layer,
    state: &State,
    plan: &Plan,
    limit: Duration,
    unix_ms: i64,
) -> Result<Option<Outcome>, Error> {
    let Some(log) = Log::open(state)? else { return Ok(None) };
    if plan.doomed.is_empty() {
        return Ok(None);
    }
    let path = state.new_events();
    let file = claim(&path)?.ok_or_else(|| Error::Pruning { path: state.events() })?;
    file.set_len(0).map_err(|e| Error::writing(&path, e))?;
    let doomed: HashSet<JobId> = plan.doomed.iter().map(|doomed| doomed.job).collect();
    let event = Pruned {
        jobs: doomed.len() as u64,
        older_than_ms: plan.rule.older_than_ms,
        keep: plan.rule.keep,
        ..Pruned::default()
    };
    let mut copy = Copy { doomed, file, len: 0, event };
    let replaced = replace(layer, state, &log, &mut copy, limit, unix_ms);
    if !matches!(replaced, Ok(Some(_))) {
        // On a full disk it would be in everybody's way.
        discard(&copy.file, &path);
    }
    let outcome = |bytes_before| Outcome { event: copy.event, bytes_before, bytes_after: copy.len };
    Ok(replaced?.map(outcome))
}

/// Writes the new log and puts it in the old one's place. Returns how long that was; `None` where
/// none of the jobs is there any more.
fn replace(
    layer: &mut impl Layer,
    state: &State,
    log: &Log,
    copy: &mut Copy,
    limit: Duration,
    unix_ms: i64,
) -> Result<Option<u64>, Error> {
    let path = state.new_events();
    let failed = |e| Error::writing(&path, e);
    copy.lines(log, 0, log.end)?;
    if copy.event.lines == 0 {
        return Ok(None);
    }
    // Most of it, so that the others wait only for what comes now.
    layer.sync(&copy.file).map_err(failed)?;
    exclusively(state, limit, || {
        let now = Log::open(state)?.filter(|now| now.inode() == log.inode());
        let now = now.ok_or_else(|| replaced(state))?;
        copy.lines(&now, log.end, now.end)?;
        copy.bytes(&now, now.end, now.len())?;
        copy.add_event(unix_ms).map_err(failed)?;
        layer.sync(&copy.file).map_err(failed)?;
        layer.rename(&path, &state.events()).map_err(|e| Error::writing(&state.events(), e))?;
        let not_durable = |source| Error::NotDurable { path: state.events(), source };
        layer.sync_names(state.root()).map_err(not_durable)?;
        Ok(Some(now.len()))
    })
}

/// Somebody put another log there who does not keep to the rules.
fn replaced(state: &State) -> Error {
    let source = io::Error::other("another file was put in its place");
    Error::Io { path: state.events(), source }
}

/// The new log, as far as it is written.
struct Copy {
    doomed: HashSet<JobId>,
    file: File,
    len: u64,
    /// Counts what was left out.
    event: Pruned,
}

impl Copy {
    /// Copies the lines of a stretch, those of the doomed left out.
    fn lines(&mut self, log: &Log, from: u64, to: u64) -> Result<(), Error> {
        let mut kept_from = from;
        for item in log.forward(from) {
            let item = item?;
            if item.offset() >= to {
                break;
            }
            let Item::Line(line) = item else { continue };
            if self.doomed.contains(&line.job) {
                self.bytes(log, kept_from, line.offset)?;
                kept_from = line.offset + line.len;
                self.event.lines += 1;
                self.event.bytes += line.len;
            }
        }
        self.bytes(log, kept_from, to)
    }

    fn bytes(&mut self, log: &Log, mut from: u64, to: u64) -> Result<(), Error> {
        while from < to {
            let next = to.min(from + BLOCK);
            let bytes =
                window::read(&log.file, from, next).map_err(|e| Error::reading(&log.path, e))?;
            let failed = |e| Error::writing(&log.path.with_extension("jsonl.new"), e);
            self.append(&bytes).map_err(failed)?;
            from = next;
        }
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.len)?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Adds the event, behind a newline where a torn line is at the end.
    fn add_event(&mut self, unix_ms: i64) -> io::Result<()> {
        let is_torn = self.len > 0 && window::read(&self.file, self.len - 1, self.len)? != b"\n";
        if is_torn {
            self.append(b"\n")?;
        }
        let event = Event::Pruned(self.event.clone());
        let line = record::encode(NO_JOB, event.name(), unix_ms, "{}", &event.data_json()?);
        self.append(&line.expect("a short line"))
    }
}
