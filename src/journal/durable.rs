//! Making an event durable, after the lock is released: writers at once then share their syncs.

use std::time::Duration;

use super::error::Error;
use super::layer::Layer;
use super::lock::exclusively;
use super::place::State;
use super::read::Log;
use super::write::{open_log, write};
use crate::job::event::Event;
use crate::job::id::JobId;

/// How often an event is written at most, where syncing it fails.
const SYNC_TRIES: u32 = 3;

/// The rest ride along with the next one that is.
pub(super) fn must_be_durable(event: &Event) -> bool {
    let acknowledged =
        matches!(event, Event::Queued(_) | Event::Started(_) | Event::CancelRequested(_));
    acknowledged || event.terminal_status().is_some()
}

/// Syncs what was written. A failed sync is not tried again: the kernel drops the error together
/// with the bytes, and the second one would succeed and mean nothing. The line is written anew.
pub(super) fn make_durable(
    layer: &mut impl Layer,
    state: &State,
    limit: Duration,
    job: JobId,
    mut log: Log,
    line: &[u8],
) -> Result<(), Error> {
    let mut tries = 1;
    loop {
        let Err(source) = layer.sync(&log.file) else { return Ok(()) };
        let again = if tries < SYNC_TRIES {
            repeat(layer, state, limit, job, line, &log).ok()
        } else {
            None
        };
        let Some(again) = again else {
            return Err(Error::NotDurable { path: state.events(), source });
        };
        log = again;
        tries += 1;
    }
}

/// Writes a line of `job` once more, together with what the job has gained since, in order.
///
/// So the newest `queued` is followed by everything that its job has, and the newest line has the
/// newest list row, whoever else wrote in between. Lines hold no positions: they are copied as they
/// are, and the fold does not mind identical repeats.
fn repeat(
    layer: &mut impl Layer,
    state: &State,
    limit: Duration,
    job: JobId,
    line: &[u8],
    before: &Log,
) -> Result<Log, Error> {
    exclusively(state, limit, || {
        let log = open_log(layer, state)?;
        // Pruned meanwhile: offsets mean nothing, so all that the job has is repeated.
        let from = if log.inode() == before.inode() { before.len() } else { 0 };
        let mut lines = lines_since(&log, from, job, line)?;
        // The newline before them may be among what was not synced. A torn line gets one anyway.
        if !log.is_torn() {
            lines.insert(0, b'\n');
        }
        write(layer, &log, &lines)?;
        Ok(log)
    })
}

/// The lines of `job` from an offset on, oldest first; with `first` in front where it is gone, as
/// the kernel may drop the bytes that it could not sync.
fn lines_since(log: &Log, from: u64, job: JobId, first: &[u8]) -> Result<Vec<u8>, Error> {
    let mut lines = Vec::new();
    for item in log.back() {
        let item = item?;
        if item.offset() < from {
            break;
        }
        let Some(line) = item.into_line().filter(|line| line.job == job) else { continue };
        lines.extend(log.raw(&line)?);
        if line.event == "queued" {
            break;
        }
    }
    if lines.iter().all(|line| line != first) {
        lines.push(first.to_vec());
    }
    lines.reverse();
    Ok(lines.concat())
}
