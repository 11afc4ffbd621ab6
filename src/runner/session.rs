//! A session's lock: one consult at a time in a conversation, because two that resume it at once
//! fork its transcript, and the next one sees only one branch.
//!
//! The lock file also remembers where the conversation began (it must be resumed there) and what it
//! has cost so far (Claude Code's totals accumulate, and a consult's own share is the increase).

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};

use serde::{Deserialize, Serialize};

use super::error::{At, Error};
use crate::job::id::JobId;
use crate::journal::place::{State, open_private};

/// What is remembered of a conversation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Memory {
    /// Where the conversation began.
    pub(crate) cwd: Option<String>,
    /// The newest job of the conversation.
    pub(crate) job: Option<String>,
    /// US dollars, as of the end of the newest job.
    pub(crate) total_cost_usd: Option<f64>,
    /// Whether it lies in the jail's own home; it must be resumed where it lies.
    pub(crate) own_home: Option<bool>,
}

/// A session whose lock we hold.
pub(super) struct Locked {
    pub(super) file: File,
    pub(super) memory: Memory,
    /// The file was made for us, and goes if nothing comes of it.
    pub(super) is_new: bool,
}

/// Locks a session, or says who has it.
pub(super) fn lock(state: &State, session: &str) -> Result<Locked, Error> {
    let path = state.session_lock(session);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    loop {
        let is_new = !path.exists();
        let file = open_private(&path, &options)?;
        match file.try_lock() {
            // Removed between our opening and our locking: what we hold is no longer the session's.
            Ok(()) if file.metadata().at("look at", &path)?.nlink() == 0 => {}
            Ok(()) => {
                let memory = read(&file);
                return Ok(Locked { file, memory, is_new });
            }
            Err(TryLockError::WouldBlock) => {
                let job = read(&file).job;
                return Err(Error::SessionBusy { session: session.to_owned(), job });
            }
            Err(TryLockError::Error(source)) => return Err(source).at("lock", &path),
        }
    }
}

/// What is remembered, without the lock; for a look that changes nothing.
pub(crate) fn recall(state: &State, session: &str) -> Memory {
    let mut options = OpenOptions::new();
    options.read(true);
    open_private(&state.session_lock(session), &options).map(|file| read(&file)).unwrap_or_default()
}

/// Remembers, on a file that the caller has locked.
pub(super) fn remember(file: &File, memory: &Memory) -> io::Result<()> {
    let text = serde_json::to_vec(memory)?;
    file.write_all_at(&text, 0)?;
    file.set_len(text.len() as u64)
}

/// Remembers what a job's end adds: its cost, where it is known.
pub(super) fn remember_cost(file: &File, job: JobId, total_cost_usd: Option<f64>) {
    let before = read(file);
    // A failure may report nothing, or nought; what was spent stays spent.
    let totals = [total_cost_usd, before.total_cost_usd].into_iter().flatten();
    let memory =
        Memory { job: Some(job.to_string()), total_cost_usd: totals.reduce(f64::max), ..before };
    // A total that is not remembered makes the next share too large, never the answer worse.
    let _ = remember(file, &memory);
}

/// Remembers in whose home a conversation lies.
pub(super) fn remember_home(file: &File, own_home: bool) {
    let _ = remember(file, &Memory { own_home: Some(own_home), ..read(file) });
}

/// What a lock file remembers; half of it, or nonsense, is nothing.
pub(super) fn read(file: &File) -> Memory {
    let mut text = vec![0; 16 * 1024];
    let length = file.read_at(&mut text, 0).unwrap_or(0);
    serde_json::from_slice(&text[..length]).unwrap_or_default()
}
