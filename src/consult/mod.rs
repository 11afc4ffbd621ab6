//! One consult as values: what is asked, what comes back, and how Claude Code is spoken to.
//!
//! Pure: no files, processes, clock, randomness or environment in here. `claude/` is the only place
//! that knows the vendor's flags, lines and failures.

pub(crate) mod failure;
pub(crate) mod reply;
pub(crate) mod request;

pub(crate) mod claude;
