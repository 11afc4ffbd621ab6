//! The deadlines of a run. Nothing here reads a clock or acts: `child` asks, and does what is due.

use crate::consult::claude::stream::Line;
use crate::consult::request::Request;
use crate::runner::{transcript, watch};

/// After a result, how long Claude Code may stay without another line.
const AFTER_RESULT_MS: u64 = 30_000;

/// At most one progress event in this time.
pub(super) const PROGRESS_EVERY_MS: u64 = 10_000;

/// After Claude Code's exit its grandchildren may hold the streams open: never wait for end of file.
pub(super) const LINGER_MS: u64 = 300;

/// A process in an uninterruptible sleep dies late; it is struck again until it does.
pub(super) const KILL_AGAIN_MS: u64 = 100;

/// Deadlines, in milliseconds since boot.
pub(super) struct Clocks {
    pub(super) wall_at: Option<u64>,
    pub(super) idle_at: Option<u64>,
    idle_ms: Option<u64>,
    /// Claude Code has said all it will say, and should be gone by then.
    pub(super) closing_at: Option<u64>,
    pub(super) kill_at: Option<u64>,
    pub(super) linger_at: Option<u64>,
    pub(super) flush_at: u64,
    pub(super) look_at: u64,
    pub(super) progress_at: u64,
}

impl Clocks {
    pub(super) fn start(request: &Request, now: u64) -> Self {
        Self {
            wall_at: request.timeout_ms.map(|limit| now.saturating_add(limit)),
            idle_at: request.idle_timeout_ms.map(|limit| now.saturating_add(limit)),
            idle_ms: request.idle_timeout_ms,
            closing_at: None,
            kill_at: None,
            linger_at: None,
            flush_at: now + transcript::FLUSH_EVERY_MS,
            look_at: now + watch::LOOK_EVERY_MS,
            progress_at: now + PROGRESS_EVERY_MS,
        }
    }

    /// Only a valid line is a sign of life: noise and half lines are not.
    pub(super) fn note_line(&mut self, line: &Line, now: u64) {
        if matches!(line, Line::Noise) {
            return;
        }
        self.idle_at = self.idle_ms.map(|limit| now.saturating_add(limit));
        // Only more of an answer buys more time; chatter after the result does not.
        let is_answer = matches!(line, Line::Result | Line::Delta(_));
        if matches!(line, Line::Result) || (self.closing_at.is_some() && is_answer) {
            self.closing_at = Some(now + AFTER_RESULT_MS);
        }
    }

    pub(super) fn note_closed(&mut self, grace_ms: u64, now: u64) {
        let at = now + grace_ms;
        self.closing_at = Some(self.closing_at.map_or(at, |had| had.min(at)));
    }

    /// The next moment to wake at. A deadline that no longer matters must not keep us awake.
    pub(super) fn nearest(&self) -> u64 {
        let matters = match (self.linger_at, self.kill_at) {
            (Some(linger), _) => Some(linger),
            (None, Some(kill)) => Some(kill),
            (None, None) => {
                [self.wall_at, self.idle_at, self.closing_at].into_iter().flatten().min()
            }
        };
        matters
            .into_iter()
            .chain([self.flush_at, self.look_at, self.progress_at])
            .min()
            .unwrap_or_default()
    }
}

/// Whether a deadline has come; one that is not set never does.
pub(super) fn passed(deadline: Option<u64>, now: u64) -> bool {
    deadline.is_some_and(|at| at <= now)
}
