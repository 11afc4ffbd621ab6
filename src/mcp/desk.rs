//! What this door needs of the program's other one: the way from what was asked to a submission,
//! with the configuration and the environment that both share.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::job::event::{Caller, Format};
use crate::journal::place::State;
use crate::runner::clock::Clock;
use crate::runner::submit::Submitted;

/// What one consult asks for; what is `None` comes from the configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Ask {
    pub(crate) prompt: String,
    pub(crate) cwd: Option<PathBuf>,
    pub(crate) session: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) effort: Option<String>,
    pub(crate) max_turns: Option<u32>,
    /// Calls with the same key within a day are one consult.
    pub(crate) idempotency_key: Option<String>,
    /// How the answer is wanted, where it is fetched later.
    pub(crate) format: Option<Format>,
}

/// The shared side of the doors. Everything here may block.
pub(crate) trait Desk: Send + Sync + 'static {
    /// Resolves, checks and submits. `still` is asked just before the job enters the log; without its
    /// yes nothing is submitted.
    fn submit(&self, ask: Ask, still: &dyn Fn() -> bool) -> Result<(State, Submitted), Failure>;

    /// The state directory, if there is one yet.
    fn state(&self) -> Result<Option<State>, Failure>;

    /// Where it is or would be.
    fn state_root(&self) -> Result<PathBuf, Failure>;

    /// The Claude Code that would be run.
    fn claude(&self) -> Result<String, Failure>;

    /// Whether a consult ends with the call that waits for it.
    fn cancels_abandoned(&self) -> bool;

    /// Who asks.
    fn caller(&self) -> Caller;

    fn clock(&self) -> Clock;

    /// What the kernel would enforce on an adviser here, as JSON.
    fn sandbox(&self) -> serde_json::Value;

    /// The path by which this program was started.
    fn launch_path(&self) -> Option<PathBuf>;

    /// A variable of the environment.
    fn variable(&self, name: &str) -> Option<String>;
}
