//! The ends of jobs, for any number of calls at once: one thread a job, however many wait for it,
//! and however often they come back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::watch;

use crate::job::id::JobId;
use crate::journal::place::State;
use crate::runner::liveness::{Liveness, liveness};
use crate::runner::wait::until_ended;

/// How often a lock is asked that cannot be waited for.
const POLL: Duration = Duration::from_secs(1);

/// Who waits for what.
#[derive(Default)]
pub(super) struct Ends {
    awaited: Arc<Mutex<HashMap<JobId, watch::Receiver<bool>>>>,
}

impl Ends {
    /// Returns when the job's lock is free. May be dropped at any time; the thread stays for whoever
    /// waits next, and ends with the job.
    pub(super) async fn wait(&self, state: &State, job: JobId) {
        match self.subscribe(state, job) {
            // An error means that the thread is gone, and then there is nothing to wait for.
            Some(mut ended) => drop(ended.wait_for(|ended| *ended).await),
            None => poll(state, job).await,
        }
    }

    /// `None` where no thread is to be had.
    fn subscribe(&self, state: &State, job: JobId) -> Option<watch::Receiver<bool>> {
        let mut awaited = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ended) = awaited.get(&job) {
            return Some(ended.clone());
        }
        let (sender, ended) = watch::channel(false);
        let (state, table) = (state.clone(), Arc::clone(&self.awaited));
        let wait = move || {
            while !until_ended(&state, job) {
                thread::sleep(POLL);
            }
            table.lock().unwrap_or_else(PoisonError::into_inner).remove(&job);
            let _ = sender.send(true);
        };
        thread::Builder::new().name("mcp-wait".to_owned()).spawn(wait).ok()?;
        awaited.insert(job, ended.clone());
        Some(ended)
    }
}

/// Where threads or descriptors have run out: asks by time.
async fn poll(state: &State, job: JobId) {
    while liveness(state, job) != Liveness::Dead {
        tokio::time::sleep(POLL).await;
    }
}
