//! The log: every line's seal and payload, and every list row against the fold.

use std::thread;
use std::time::Duration;

use super::finding::{Found, Remedy, and_more, failed, ok, warn};
use super::state::size;
use crate::journal::check::{Check, Fault, Spot};
use crate::journal::error::Error;
use crate::journal::place::State;
use crate::journal::read::Log;
use crate::render::text::counted;

const CHECK: &str = "log";

/// A line without its newline that is still there after this long was not being written.
const WRITING: Duration = Duration::from_millis(100);

/// Reads the whole log. What it knows of the jobs is returned where it could be read.
pub(super) fn look(state: &State) -> (Vec<Found>, Option<Check>) {
    let log = match Log::open(state) {
        Ok(log) => log,
        Err(error) => return (vec![failed(CHECK, &error.into()).on(&state.events())], None),
    };
    let index = log.as_ref().and_then(|log| index(state, log));
    let checked = log.map(|log| log.check()).transpose();
    let check = match checked {
        Ok(None) => Check::default(),
        Ok(Some(check)) => check,
        Err(error) => return (vec![failed(CHECK, &error.into()).on(&state.events())], None),
    };
    let mut found = vec![summary(&check)];
    for fault in Fault::ALL {
        found.extend(places(&check, fault));
    }
    if let Some(spot) = check.torn_end.filter(|spot| is_left(state, spot)) {
        found.push(torn_end(&spot));
    }
    found = found.into_iter().map(|found| found.on(&state.events())).collect();
    found.extend(index);
    (found, Some(check))
}

/// What is wrong with the index, so that a job is found slowly.
fn index(state: &State, log: &Log) -> Option<Found> {
    if !log.has_damaged_index() {
        return index_behind(state, log.unindexed());
    }
    let message = "a page of the index is damaged, so a job is found slowly".to_owned();
    Some(
        warn(CHECK, "index_damaged", message)
            .advise(
                "`phone-opus doctor --fix` builds it anew from the log, which has all that it has.",
            )
            .on(&state.index())
            .mends(Remedy::RebuildIndex),
    )
}

/// Runners keep less than a megabyte out of the index; more is a sign that none of them could.
fn index_behind(state: &State, unindexed: u64) -> Option<Found> {
    const MOST: u64 = 4 << 20;
    let message =
        || format!("{} of the log are in no index, so a job is found slowly", size(unindexed));
    (unindexed > MOST).then(|| {
        warn(CHECK, "index_behind", message())
            .advise("It is built by itself after the next consult.")
            .on(&state.index())
            .mends(Remedy::RebuildIndex)
    })
}

fn summary(check: &Check) -> Found {
    if check.lines == 0 {
        return ok(CHECK, "empty", "nothing was logged yet".to_owned());
    }
    let (jobs, lines) = (counted(check.jobs() as u64, "job"), counted(check.lines, "line"));
    let counted = format!("{jobs}, {lines}, {}", size(check.bytes));
    if check.not_compared > 0 {
        let left = check.not_compared;
        return warn(
            CHECK,
            "not_compared",
            format!("{counted}; {left} list rows were not compared"),
        )
        .advise(
            "They have no row that can be read, or there are more repeats than are looked for.",
        );
    }
    if check.whole == check.lines && check.spots(Fault::Row).count == 0 {
        return ok(CHECK, "sound", format!("{counted}: every seal, payload and list row holds"));
    }
    ok(CHECK, "read", counted)
}

fn places(check: &Check, fault: Fault) -> Vec<Found> {
    let spots = check.spots(fault);
    let mut found: Vec<Found> = spots.first.iter().map(|spot| place(fault, spot)).collect();
    let rest = spots.count - spots.first.len() as u64;
    if rest > 0 {
        found.push(and_more(&found[0], rest, Vec::new()));
    }
    found
}

fn place(fault: Fault, spot: &Spot) -> Found {
    let (code, what, advice) = words(fault);
    let job = spot.job.map(|job| format!(" of job {job}")).unwrap_or_default();
    let Spot { line, offset, len, .. } = spot;
    warn(CHECK, code, format!("line {line}{job} (byte {offset}, {len} bytes) {what}"))
        .advise(advice)
        .at(spot)
}

/// For scripts, for people, and what to do.
fn words(fault: Fault) -> (&'static str, &'static str, &'static str) {
    const PASSED_OVER: &str = "Nothing: it is passed over, and stays as it is.";
    const CHANGED: &str =
        "If it was not you, look at the disk; a copy of the file from before has the line.";
    match fault {
        Fault::Torn => {
            ("torn_line", "ends before its seal: its writer died or had no room", PASSED_OVER)
        }
        Fault::Seal => ("bad_seal", "is not what was sealed: something changed it", CHANGED),
        Fault::Payload => ("bad_payload", "has a payload that is not what was sealed", CHANGED),
        Fault::Nuls => ("nuls", "holds NULs, as a power cut leaves them", PASSED_OVER),
        Fault::Foreign => ("foreign_line", "was not written by this program", PASSED_OVER),
        Fault::Unknown => (
            "unknown_event",
            "is an event that this version does not know",
            "Update phone-opus: a newer version has written to this log.",
        ),
        Fault::NeverQueued => (
            "never_queued",
            "is the first of its job and does not queue it: the job cannot be shown",
            CHANGED,
        ),
        Fault::Row => (
            "wrong_row",
            "has a list row that is not what its job's events add up to",
            "Trust `phone-opus job ID`, not the list: the events are right.",
        ),
    }
}

fn torn_end(spot: &Spot) -> Found {
    let Spot { line, offset, len, .. } = spot;
    warn(
        CHECK,
        "torn_end",
        format!(
            "line {line} (byte {offset}, {len} bytes) has no end: its writer died or had no room"
        ),
    )
    .advise("The next event seals it off, and so does --fix.")
    .at(spot)
    .mends(Remedy::SealTornEnd)
}

/// Whether the end of the log is the same after a moment.
fn is_left(state: &State, spot: &Spot) -> bool {
    let end = || -> Result<Option<Spot>, Error> {
        let log = Log::open(state)?;
        Ok(log.and_then(|log| log.torn_end(spot.line)))
    };
    thread::sleep(WRITING);
    end().is_ok_and(|left| left == Some(*spot))
}
