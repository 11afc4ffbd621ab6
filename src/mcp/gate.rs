//! The gate that a submission passes just before its job enters the log.
//!
//! At the end of a server a submission is either withdrawn, and nothing of it is in the log, or it is
//! finished: a job in the log whose runner was never started would read as lost.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The gate.
#[derive(Default)]
pub(super) struct Gate {
    state: Mutex<State>,
    emptied: Condvar,
}

#[derive(Default)]
struct State {
    is_closed: bool,
    inside: usize,
}

/// One submission that has passed, until it is dropped.
pub(super) struct Passage<'a>(&'a Gate);

impl Gate {
    /// Passes; `None` once the gate is closed.
    pub(super) fn pass(&self) -> Option<Passage<'_>> {
        let mut state = self.lock();
        if state.is_closed {
            return None;
        }
        state.inside += 1;
        Some(Passage(self))
    }

    /// From now on nobody passes.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
    }

    /// Whether no submission is between the log and its runner.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().inside == 0
    }

    /// Waits for those that have passed, as long as a runner may take to answer.
    pub(super) fn wait_until_empty(&self, limit: Duration) {
        let _ = self
            .emptied
            .wait_timeout_while(self.lock(), limit, |state| state.inside > 0)
            .map_err(PoisonError::into_inner);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Passage<'_> {
    fn drop(&mut self) {
        self.0.lock().inside -= 1;
        self.0.emptied.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_passed_is_waited_for_and_nobody_passes_a_closed_gate() {
        let gate = Gate::default();
        let passage = gate.pass().expect("open");
        gate.close();
        assert!(gate.pass().is_none() && !gate.is_empty());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| gate.wait_until_empty(Duration::from_mins(1)));
            drop(passage);
            waiting.join().expect("woken");
        });
        assert!(gate.is_empty());
    }
}
