//! jobs/ID/outcome: the terminal event, on disk before it is in the log.
//!
//! It is written beside, synced and renamed, so it is whole or not there. If the log cannot be
//! written (full disk, stuck lock) or the worker dies before it is, whoever looks next appends it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::{At, Error};
use crate::job::event::Event;
use crate::job::id::JobId;
use crate::journal::place::{State, open_private, sync_directory};

/// The file's content.
#[derive(Serialize, Deserialize)]
struct Saved {
    event: String,
    data: Box<RawValue>,
}

/// Saves a terminal event durably.
pub(super) fn save(state: &State, job: JobId, event: &Event) -> Result<(), Error> {
    let path = state.outcome(job);
    let beside = path.with_extension("new");
    let written =
        write(&beside, event).and_then(|()| fs::rename(&beside, &path).at("rename", &beside));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written?;
    // The directory's own name too: it was made without a sync, which would delay every submit.
    for directory in [state.job_dir(job), state.jobs_dir()] {
        sync_directory(&directory)?;
    }
    Ok(())
}

fn write(path: &std::path::Path, event: &Event) -> Result<(), Error> {
    let data = event.data_json().and_then(RawValue::from_string).map_err(io::Error::from);
    let saved = Saved { event: event.name().to_owned(), data: data.at("encode", path)? };
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    let mut file = open_private(path, &options)?;
    let text = serde_json::to_vec(&saved).map_err(io::Error::from).at("encode", path)?;
    file.write_all(&text).and_then(|()| file.sync_all()).at("write", path)
}

/// The saved terminal event, marked as recovered.
pub(super) fn load(state: &State, job: JobId) -> Option<Event> {
    let mut options = OpenOptions::new();
    options.read(true);
    let file = open_private(&state.outcome(job), &options).ok()?;
    let saved: Saved = serde_json::from_reader(io::BufReader::new(file)).ok()?;
    let mut event = Event::from_parts(&saved.event, saved.data.get()).ok()?;
    match &mut event {
        Event::Succeeded(data) => data.recovered = true,
        Event::Failed(data) => data.recovered = true,
        Event::Cancelled(data) => data.recovered = true,
        _ => return None,
    }
    Some(event)
}
