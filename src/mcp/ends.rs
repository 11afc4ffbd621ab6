//! The ends of jobs, for any number of calls at once: one thread a job, however many wait for it,
//! and however often they come back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::watch;

use crate::job::id::JobId;
use crate::journal::place::State;
use crate::runner::wait::until_ended;

/// Who waits for what.
#[derive(Default)]
pub(super) struct Ends {
    awaited: Arc<Mutex<HashMap<JobId, watch::Receiver<bool>>>>,
}

impl Ends {
    /// Returns when the job's lock is free. May be dropped at any time; the thread stays for whoever
    /// waits next, and ends with the job.
    pub(super) async fn wait(&self, state: &State, job: JobId) {
        let mut ended = self.subscribe(state, job);
        // An error means that the thread is gone, and then there is nothing to wait for.
        let _ = ended.wait_for(|ended| *ended).await;
    }

    fn subscribe(&self, state: &State, job: JobId) -> watch::Receiver<bool> {
        let mut awaited = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ended) = awaited.get(&job) {
            return ended.clone();
        }
        let (sender, ended) = watch::channel(false);
        let (state, table) = (state.clone(), Arc::clone(&self.awaited));
        let wait = move || {
            until_ended(&state, job);
            table.lock().unwrap_or_else(PoisonError::into_inner).remove(&job);
            let _ = sender.send(true);
        };
        // Where no thread is to be had the sender is dropped, and the caller looks at once.
        if thread::Builder::new().name("mcp-wait".to_owned()).spawn(wait).is_ok() {
            awaited.insert(job, ended.clone());
        }
        ended
    }
}
