//! One job for a person.
//!
//! Foreign text is made harmless. Answers on standard output of `consult` and `job --response` are
//! byte for byte what was said, and do not come through here.

mod ending;
mod job;
mod line;
mod progress;
mod prune;
mod totals;
mod tree;

pub(crate) use ending::ending;
pub(crate) use job::job;
pub(crate) use line::{closing, left_running, wait};
pub(crate) use progress::{Pulse, progress, progress_plain};
pub(crate) use prune::{doomed, jobs, pruned};
pub(crate) use totals::{found, stats};

use super::text::Colour;
use super::time::{between, length};
use crate::job::fold::Job;
use crate::job::status::Status;

/// A status in its colour.
pub(super) fn status(status: Status, colour: Colour) -> String {
    // Codes of the terminal: dim, then cyan, green, red and yellow.
    let code = match status {
        Status::Queued => 2,
        Status::Running => 36,
        Status::Succeeded => 32,
        Status::Failed | Status::Lost => 31,
        Status::Cancelled => 33,
    };
    colour.paint(code, status.name())
}

/// From the start to the end of a job that has both.
fn took(job: &Job) -> Option<String> {
    Some(length(between(job.started_unix_ms?, job.finished_unix_ms?)))
}
