//! What all calls of one server have in common.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rmcp::model::InitializeRequestParams;
use tokio_util::sync::CancellationToken;

use super::desk::Desk;
use super::ends::Ends;
use super::rollout::Launched;
use super::telemetry::Telemetry;
use crate::failure::Failure;
use crate::journal::place::State;

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
    /// Calls that wait are to hand their jobs back.
    pub(super) winding_down: CancellationToken,
    /// The end is that of this version only: the connection goes on.
    pub(super) is_replacing: AtomicBool,
    /// The newest failure of a tool: its document.
    pub(super) last_fault: Mutex<Option<serde_json::Value>>,
    pub(super) state: OnceLock<State>,
}

/// How long a look that has begun may take once the server is told to end.
const LAST_MOMENT: Duration = Duration::from_millis(300);

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

    /// Returns a moment after the server was told to end.
    pub(super) async fn last_moment(&self) {
        self.winding_down.cancelled().await;
        tokio::time::sleep(LAST_MOMENT).await;
    }

    pub(super) fn note_fault(&self, fault: serde_json::Value) {
        *self.last_fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }
}
