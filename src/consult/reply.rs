//! What came back from a consult: the answer, or as much of it as there was.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::failure::Failure;

/// A whole answer, with the numbers Claude Code gave. Absent numbers stay absent: none is invented.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Reply {
    pub(crate) response: String,
    #[serde(flatten)]
    pub(crate) account: Account,
}

/// What a run used and did, whichever way it ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Account {
    /// Working directory that Claude Code reported.
    pub(crate) cwd: Option<String>,
    /// The model that really answered.
    pub(crate) model: Option<String>,
    pub(crate) claude_version: Option<String>,
    pub(crate) session_id: Option<String>,
    pub(crate) duration_ms: Option<u64>,
    pub(crate) duration_api_ms: Option<u64>,
    pub(crate) num_turns: Option<u64>,
    pub(crate) stop_reason: Option<String>,
    /// US dollars, as Claude Code counts: it accumulates over a resumed session.
    pub(crate) total_cost_usd: Option<f64>,
    /// US dollars, this consult's share of `total_cost_usd`.
    pub(crate) cost_usd: Option<f64>,
    pub(crate) usage: Option<Value>,
    pub(crate) model_usage: Option<Value>,
    pub(crate) permission_denials: Vec<Value>,
    /// How often each tool was asked for, a subagent's left out.
    pub(crate) tools_used: BTreeMap<String, u64>,
    pub(crate) fast_mode_state: Option<String>,
    pub(crate) structured_output: Option<Value>,
    pub(crate) uuid: Option<String>,
}

/// How a run of Claude Code ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    Succeeded(Reply),
    Failed(Failure, Partial),
    Cancelled(Partial),
}

/// What there was of an answer that did not become one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Partial {
    /// The text so far; `None` when there was none.
    pub(crate) partial_text: Option<String>,
    #[serde(flatten)]
    pub(crate) account: Account,
}
