//! One line onto the end of the log, whole or not at all. Its callers hold the lock.

use std::fs::OpenOptions;
use std::io;

use super::error::Error;
use super::layer::Layer;
use super::place::{State, open_private};
use super::read::Log;
use super::record;
use crate::job::brief::{self, Brief};
use crate::job::event::Recorded;

/// Opens the log by its path, under the lock: prune may have put another file there.
///
/// The directory is synced before the first line is written, so a log that is not empty has a
/// durable name, even where the process that made it was killed at once.
pub(super) fn open_log(layer: &mut impl Layer, state: &State) -> Result<Log, Error> {
    let path = state.events();
    let file = open_private(&path, OpenOptions::new().read(true).append(true).create(true))?;
    let log = Log::of(file, path)?;
    if log.len() == 0 {
        let root = state.root();
        layer.sync_names(root).map_err(|e| Error::writing(root, e))?;
    }
    Ok(log)
}

/// Writes the event's line, with the list row that follows from the one before it.
pub(super) fn write_event(
    layer: &mut impl Layer,
    log: &Log,
    row: Option<Brief>,
    recorded: &Recorded,
) -> Result<Vec<u8>, Error> {
    let Recorded { job, unix_ms, event } = recorded;
    let row = brief::next(row, event, *unix_ms);
    let json = |e: serde_json::Error| Error::writing(&log.path, e.into());
    let (row, data) =
        (serde_json::to_string(&row).map_err(json)?, event.data_json().map_err(json)?);
    let line = record::encode(*job, event.name(), *unix_ms, &row, &data)
        .ok_or_else(|| Error::TooLong { path: log.path.clone() })?;
    write(layer, log, &line)?;
    Ok(line)
}

/// One write at the end of the log, or none: what is not written whole is taken back.
pub(super) fn write(layer: &mut impl Layer, log: &Log, lines: &[u8]) -> Result<(), Error> {
    let sealed;
    let seals = log.is_torn();
    #[cfg(test)]
    let seals = seals && !super::tests::goes_without("seal");
    let bytes = if seals {
        sealed = [b"\n", lines].concat();
        &sealed
    } else {
        lines
    };
    let error = match uninterrupted(|| layer.write(&log.file, bytes)) {
        Ok(count) if count == bytes.len() => return Ok(()),
        Ok(count) => stopped_short(log, count, bytes.len()),
        Err(e) => Error::writing(&log.path, e),
    };
    #[cfg(test)]
    if super::tests::goes_without("refusal") {
        return Ok(());
    }
    // Where this fails too, a torn line stays, and the next writer seals it off.
    let _ = uninterrupted(|| layer.truncate(&log.file, log.len()));
    Err(error)
}

/// On a regular file a short count means that there was room for no more; see write(2).
fn stopped_short(log: &Log, count: usize, of: usize) -> Error {
    let source = io::Error::new(
        io::ErrorKind::WriteZero,
        format!("only {count} of {of} bytes could be written"),
    );
    Error::NoSpace { path: log.path.clone(), source }
}

fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
