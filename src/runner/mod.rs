//! The runner: processes. It submits a job, detaches from its caller, runs Claude Code within its
//! limits, stops it with everything below it, and tells whether a job still lives.
//!
//! What it promises:
//! - Nothing runs on unseen. A job's lock is held, without a gap, from before its `queued` event
//!   until its end is on disk; guard and worker each end what is below them.
//! - Nothing is "running" that is not. The kernel frees the lock of a dead runner, and whoever looks
//!   next records the end: the answer, where one was left behind, else `lost`.
//! - An answer that was paid for is never thrown away: `outcome` is on disk before the terminal
//!   event, and that append is retried for as long as it takes.
//!
//! The way of a job: `submit` → `launch` (exits at once, so that the guard has no parent in the
//! caller's tree) → `guard` → `worker` → `trampoline` → Claude Code. Deliberately absent: a daemon,
//! a socket, threads in the worker (PDEATHSIG follows the parent *thread*).
#![expect(
    clippy::disallowed_methods,
    reason = "this is the room that owns processes and the files of a live job"
)]

pub(crate) mod account;
pub(crate) mod call;
pub(crate) mod cancel;
mod captured;
mod child;
pub(crate) mod clock;
pub(crate) mod error;
mod finish;
pub(crate) mod follow;
mod forget;
mod guard;
mod hand_over;
mod handshake;
pub(crate) mod homes;
mod housekeeping;
mod identity;
pub(crate) mod inspect;
mod launch;
#[cfg(target_os = "linux")]
pub(crate) mod linux;
pub(crate) mod liveness;
mod lock;
pub(crate) mod login;
pub(crate) mod look;
#[cfg(target_os = "macos")]
pub(crate) mod macos;
#[cfg(target_os = "linux")]
mod mark;
pub(crate) mod mend;
pub(crate) mod observe;
mod outcome;
pub(crate) mod outlook;
pub(crate) mod own_login;
mod pause;
pub(crate) mod program;
pub(crate) mod prune;
#[cfg(any(target_os = "macos", test))]
mod ps;
pub(crate) mod record;
mod recover;
mod removal;
pub(crate) mod session;
pub(crate) mod signals;
mod slots;
mod stage;
mod start;
mod stop;
pub(crate) mod submit;
pub(crate) mod trampoline;
mod transcript;
pub(crate) mod wait;
mod wall;
mod watch;
mod worker;

#[cfg(target_os = "linux")]
pub(crate) use linux as kernel;
#[cfg(target_os = "macos")]
pub(crate) use macos as kernel;
#[cfg(target_os = "macos")]
use macos::mark;
pub(crate) use stage::{Stage, run_stage};
