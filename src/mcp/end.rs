//! How a server ends, in steps: first nobody waits any more, then nothing new begins, then all stops.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// How long a look that has begun may take once the end has come.
const LAST_MOMENT: Duration = Duration::from_millis(200);

/// The end of one server, or of one generation of it.
#[derive(Debug, Clone, Default)]
pub(super) struct End {
    /// Calls that wait are to hand their jobs back.
    leaving: CancellationToken,
    /// What was asked is answered still, if that is quick.
    ending: CancellationToken,
    /// Nothing is read or answered any more.
    now: CancellationToken,
}

impl End {
    /// The client has closed its end, or a successor is about to take over: what it sent is still
    /// taken in, and nobody waits.
    pub(super) fn leave(&self) {
        self.leaving.cancel();
    }

    /// All input was read.
    pub(super) fn input_is_over(&self) {
        self.leaving.cancel();
        self.ending.cancel();
    }

    /// A signal, or a client that takes no answers any more.
    pub(super) fn now(&self) {
        self.input_is_over();
        self.now.cancel();
    }

    /// Returns once nobody is to wait any more.
    pub(super) async fn left(&self) {
        self.leaving.cancelled().await;
    }

    /// Returns once everything stops.
    pub(super) async fn cut(&self) {
        self.now.cancelled().await;
    }

    /// Returns a moment after the end has come.
    pub(super) async fn last_moment(&self) {
        self.ending.cancelled().await;
        tokio::time::sleep(LAST_MOMENT).await;
    }
}
