//! The part of a `job` document that says what a running job does.

use serde::Serialize;

use crate::job::event::Progress;

/// The newest sign of work.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct ProgressDocument<'a> {
    turns: u64,
    tool: Option<&'a str>,
    text_bytes: u64,
    api_retries: u64,
    cost_usd: Option<f64>,
}

impl<'a> From<&'a Progress> for ProgressDocument<'a> {
    fn from(progress: &'a Progress) -> Self {
        Self {
            turns: progress.turns,
            tool: progress.tool.as_deref(),
            text_bytes: progress.text_bytes,
            api_retries: progress.api_retries,
            cost_usd: progress.cost_usd,
        }
    }
}
