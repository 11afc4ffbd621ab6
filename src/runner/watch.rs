//! Watching the log for a request to cancel: the way that works from another pid namespace, where no
//! signal can be sent. Looks only at what was appended since the last look.

use super::cancel;
use super::error::Error;
use crate::job::id::JobId;
use crate::journal::place::State;
use crate::journal::read::Log;

/// How often a runner looks, milliseconds.
pub(super) const LOOK_EVERY_MS: u64 = 2_000;

/// What was seen of the log so far.
pub(super) struct CancelWatch {
    job: JobId,
    requested: bool,
    /// Inode and length of the log at the last look; a pruned log has another inode.
    seen: Option<(u64, u64)>,
}

impl CancelWatch {
    pub(super) fn new(job: JobId) -> Self {
        Self { job, requested: false, seen: None }
    }

    /// Whether somebody asked for the job's end. A log that cannot be read now is read later.
    pub(super) fn requested(&mut self, state: &State) -> bool {
        if !self.requested {
            self.requested = self.look(state).unwrap_or(false);
        }
        self.requested
    }

    fn look(&mut self, state: &State) -> Result<bool, Error> {
        if cancel::mark(state, self.job).exists() {
            return Ok(true);
        }
        let Some(log) = Log::open(state)? else { return Ok(false) };
        let now = (log.inode(), log.end());
        let found = match self.seen {
            Some(seen) if seen == now => false,
            Some((inode, end)) if inode == now.0 && end <= now.1 => self.appended(&log, end)?,
            _ => log.job(self.job)?.is_some_and(|job| job.cancel_requested.is_some()),
        };
        self.seen = Some(now);
        Ok(found)
    }

    fn appended(&self, log: &Log, from: u64) -> Result<bool, Error> {
        for line in log.forward(from) {
            let is_ours = line?
                .into_line()
                .is_some_and(|line| line.job == self.job && line.event == "cancel_requested");
            if is_ours {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
