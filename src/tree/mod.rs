//! The consulted directory, looked at and never written to: what is checked out, what differs from it,
//! and a fingerprint of names, sizes and times.
//!
//! What it promises:
//! - No program of that directory runs, whatever its git configuration says: HEAD and the index are
//!   read as bytes; git itself is asked five questions that need no filter, hook, monitor, external
//!   diff or network, with all of these switched off besides.
//! - It reads no file's content but git's own (one exception: tracked files whose times alone moved),
//!   opens nothing that could block (pipes, sockets, devices), follows no link, and stops at its deadline.
//! - A look that was cut short says so and gives no fingerprint: half of one proves nothing.
//!
//! It runs in a process of its own (`runner/look.rs`), because a file system that hangs cannot be
//! left by the process that waits for it; what all lies on local disks is glanced at without one. Files that git ignores are left out, where git can say which
//! these are; the state directory always is.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the room that looks at the consulted directory, and asks git"
)]

mod could_run;
mod git;
mod index;
mod look;
mod mounts;
mod print;
mod repository;
mod tracked;
mod walk;

pub(crate) use git::Git;
pub(crate) use look::{glance, look};
pub(crate) use mounts::Mounts;

use std::time::{Duration, Instant};

/// When to stop.
#[derive(Debug, Clone, Copy)]
struct Deadline(Instant);

/// There was no more time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Late;

impl Deadline {
    fn within(limit: Duration) -> Self {
        Self(Instant::now() + limit)
    }

    fn check(self) -> Result<(), Late> {
        if Instant::now() < self.0 { Ok(()) } else { Err(Late) }
    }
}
