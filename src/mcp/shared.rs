//! What all calls of one server have in common.

use std::cell::OnceCell;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use rmcp::model::InitializeRequestParams;
use tokio::sync::Semaphore;

use super::desk::{Ask, Desk};
use super::end::End;
use super::ends::Ends;
use super::gate::Gate;
use super::glances::Glances;
use super::rollout::Launched;
use super::telemetry::Telemetry;
use super::transport::Output;
use crate::failure::Failure;
use crate::job::fold::Job;
use crate::job::id::JobId;
use crate::journal::memory::Memory;
use crate::journal::place::State;
use crate::runner::observe;
use crate::runner::submit::Submitted;

/// What all calls of a server share.
pub(super) struct Shared {
    pub(super) desk: Arc<dyn Desk>,
    pub(super) ends: Ends,
    pub(super) telemetry: Telemetry,
    pub(super) launched: Launched,
    /// 1, and one more for each program that this process became.
    pub(super) generation: u64,
    /// When the first generation began, milliseconds since 1970.
    pub(super) started_unix_ms: i64,
    pub(super) begun: Instant,
    /// The client of a legacy session, once it has introduced itself.
    pub(super) client: Mutex<Option<InitializeRequestParams>>,
    pub(super) initialized: AtomicBool,
    pub(super) end: End,
    pub(super) gate: Gate,
    pub(super) lanes: Lanes,
    /// What the peer has not taken yet.
    pub(super) output: Arc<Output>,
    /// The end is that of this version only: the connection goes on.
    pub(super) is_replacing: AtomicBool,
    /// The newest failure of a tool: its document.
    pub(super) last_fault: Mutex<Option<serde_json::Value>>,
    pub(super) state: OnceLock<State>,
    pub(super) memory: Mutex<Memory>,
    pub(super) glances: Glances,
}

/// What blocks runs in lanes (semaphores that are never closed), so that a look at a job waits for
/// other looks at most: a submission may wait for a stuck lock, and then hundreds of them must be in
/// nobody's way.
pub(super) struct Lanes {
    pub(super) looks: Semaphore,
    pub(super) submissions: Semaphore,
    pub(super) cancels: Semaphore,
}

impl Lanes {
    const LOOKS: usize = 4;
    const SUBMISSIONS: usize = 16;
    const CANCELS: usize = 16;
    /// For what the server does on its own account.
    const OWN: usize = 2;

    /// Threads that they take together.
    pub(super) const THREADS: usize = Self::LOOKS + Self::SUBMISSIONS + Self::CANCELS + Self::OWN;
}

impl Default for Lanes {
    fn default() -> Self {
        Self {
            looks: Semaphore::new(Self::LOOKS),
            submissions: Semaphore::new(Self::SUBMISSIONS),
            cancels: Semaphore::new(Self::CANCELS),
        }
    }
}

impl Shared {
    /// The state directory, checked once it is there.
    pub(super) fn state(&self) -> Result<Option<State>, Failure> {
        if let Some(state) = self.state.get() {
            return Ok(Some(state.clone()));
        }
        let found = self.desk.state()?;
        if let Some(state) = &found {
            let _ = self.state.set(state.clone());
        }
        Ok(found)
    }

    /// Submits, unless the server has ended before the job is in the log.
    pub(super) fn submit(&self, ask: Ask) -> Result<(State, Submitted), Failure> {
        let passage = OnceCell::new();
        self.desk.submit(ask, &|| match self.gate.pass() {
            Some(passed) => passage.set(passed).is_ok(),
            None => false,
        })
    }

    /// A job as it stands. Of one that was looked at before, only what is new is read.
    pub(super) fn job(&self, id: JobId) -> Result<Option<(State, Job)>, Failure> {
        let Some(state) = self.state()? else { return Ok(None) };
        let found = self.memory.lock().unwrap_or_else(PoisonError::into_inner).job(&state, id)?;
        let Some(job) = found else { return Ok(None) };
        let job = observe::effective(&state, job, self.desk.clock())?;
        Ok(Some((state, job)))
    }

    /// A job that is known to have ended. Blocks no longer than for one look at a file's name.
    pub(super) fn ended(&self, id: JobId) -> Option<(State, Job)> {
        let state = self.state.get()?;
        let job = self.memory.try_lock().ok()?.ended(state, id)?;
        Some((state.clone(), job))
    }

    pub(super) fn note_fault(&self, fault: serde_json::Value) {
        *self.last_fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }
}
