//! A job's lock: `std`'s `File::lock` on `jobs/ID/lock`, whose holder is the proof that the job lives.
//!
//! The lock belongs to the open file description, which submitter, guard and worker share by
//! inheritance; so it is handed over without a gap, and the kernel frees it when the last of them
//! is gone. Never fd-lock here: its guard unlocks on drop, and for all copies. The file also says
//! who holds it, for those who want to send a signal.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::error::{At, Error};
use super::identity::Identity;
use super::kernel;
use crate::job::id::JobId;
use crate::journal::place::{State, open_private};

/// Who holds a job's lock, as the holders wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Holders {
    /// Leads the runner; before there is a runner, the submitter.
    pub(super) guard: Identity,
    pub(super) worker: Option<Identity>,
    /// Pids mean something only within this pid namespace.
    pub(super) pid_namespace: String,
}

impl Holders {
    pub(super) fn led_by_self() -> Self {
        Self { guard: Identity::own(), worker: None, pid_namespace: kernel::pid_namespace() }
    }

    pub(super) fn in_our_namespace(&self) -> bool {
        !self.pid_namespace.is_empty() && self.pid_namespace == kernel::pid_namespace()
    }
}

/// Creates a job's lock file and locks it.
pub(super) fn create(state: &State, job: JobId) -> Result<File, Error> {
    let path = state.lock(job);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    let file = open_private(&path, &options)?;
    file.try_lock().map_err(io::Error::from).at("lock", &path)?;
    write_holders(&file, &Holders::led_by_self()).at("write", &path)?;
    Ok(file)
}

/// Writes who holds the lock. Readers may see half of it, and then take it for nobody.
pub(super) fn write_holders(file: &File, holders: &Holders) -> io::Result<()> {
    let text = serde_json::to_vec(holders)?;
    file.write_all_at(&text, 0)?;
    file.set_len(text.len() as u64)
}

/// Who wrote themselves into the lock file last.
pub(super) fn read_holders(state: &State, job: JobId) -> Option<Holders> {
    let file = open_to_look(state, job).ok()?;
    let mut text = vec![0; 4096];
    let length = file.read_at(&mut text, 0).ok()?;
    serde_json::from_slice(&text[..length]).ok()
}

/// What the lock says about a job that the log calls unfinished.
#[derive(Debug)]
pub(super) enum Held {
    /// Some process holds it: the job lives.
    Yes,
    /// Nobody does, and as long as this file is kept nobody will.
    No(Option<File>),
    /// It cannot be asked (permissions); the log's word stands.
    Unknown,
}

/// Asks the lock. The answer holds after SIGKILL, a reboot, a reuse of the pid, and from containers.
pub(super) fn held(state: &State, job: JobId) -> Held {
    match open_to_look(state, job) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Held::No(None),
        Err(_) => Held::Unknown,
        Ok(file) => match file.try_lock_shared() {
            Ok(()) => Held::No(Some(file)),
            Err(TryLockError::WouldBlock) => Held::Yes,
            Err(TryLockError::Error(_)) => Held::Unknown,
        },
    }
}

/// Opens the lock file for reading only: asking needs no write permission.
pub(super) fn open_to_look(state: &State, job: JobId) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    open_private(&state.lock(job), &options).map_err(io::Error::from)
}

/// Waits until nobody holds a job's lock, at most `limit`. Returns whether it is free.
pub(super) fn wait_until_free(state: &State, job: JobId, limit: Duration) -> bool {
    const STEP: Duration = Duration::from_millis(2);
    let deadline = Instant::now() + limit;
    while !matches!(held(state, job), Held::No(_)) {
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::sleep(STEP);
    }
    true
}
