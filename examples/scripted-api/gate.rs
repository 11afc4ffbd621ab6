//! What a held answer waits for: one word for all of them, `POST /__release`.
//!
//! Promises: once open, it stays open until `POST /__reset`; who waits notices when its client goes.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::http::Connection;

/// How often a held answer looks whether it may go on.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

#[derive(Debug, Default)]
pub(crate) struct Gate(AtomicBool);

impl Gate {
    pub(crate) fn open(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(crate) fn close(&self) {
        self.0.store(false, Ordering::Release);
    }

    /// Waits until the gate is open.
    pub(crate) fn pass(&self, connection: &Connection) -> io::Result<()> {
        while !self.0.load(Ordering::Acquire) {
            connection.pause(CHECK_INTERVAL)?;
        }
        Ok(())
    }
}
