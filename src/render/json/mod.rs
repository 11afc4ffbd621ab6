//! The JSON contract: one struct for each document, described by the files in `schemas/`.
//!
//! Every field is always there, `null` and `[]` written out, and every time is given twice: in
//! milliseconds since 1970 and as RFC 3339 in UTC. Fields are only ever added.

mod ending;
mod error;
mod job;
mod list;
mod progress;
mod prune;
mod request;
mod search;
mod select;
mod stats;
mod wait;

pub(crate) use error::error;
pub(crate) use job::job;
pub(super) use job::{account, cost_usd, model, num_turns, partial, recovered};
pub(crate) use list::jobs;
pub(crate) use prune::{Removal, prune};
pub(crate) use search::{found, search};
pub(crate) use select::select_fields;
pub(crate) use stats::stats;
pub(super) use wait::failure_code;
pub(crate) use wait::wait;

/// Version of every document; a change that is not an addition would raise it.
pub(crate) const SCHEMA_VERSION: u32 = 1;
