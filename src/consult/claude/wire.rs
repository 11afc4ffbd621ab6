//! The lines of Claude Code's stream, as far as they are read.
//!
//! Tolerant by construction: a field that is missing, or that has another shape than expected,
//! reads as absent and spoils no other field. Unknown fields are skipped without being built, so a
//! line of 5 MB costs a few scans and one copy of its text.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::text;

/// What every line has; without a string `type` it is no line of the stream.
#[derive(Debug, Deserialize)]
pub(super) struct Head {
    #[serde(rename = "type")]
    pub(super) kind: String,
}

/// `system`: `init`, `api_retry` and others.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct System {
    #[serde(deserialize_with = "lenient")]
    pub(super) subtype: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) session_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) model: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) cwd: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) claude_code_version: Option<String>,
}

/// `assistant` (one line for each finished content block) and `user` (results of tools).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Turn {
    #[serde(deserialize_with = "lenient")]
    pub(super) message: Message,
    /// Set on what a subagent says.
    #[serde(deserialize_with = "lenient")]
    pub(super) parent_tool_use_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) is_api_error_message: Option<bool>,
    /// Claude Code's own word for an error: `authentication_failed`, `rate_limit` and others.
    #[serde(deserialize_with = "lenient")]
    pub(super) error: Option<String>,
    /// A finer word, on some: `connection_failed`, `max_output_tokens`.
    #[serde(deserialize_with = "lenient")]
    pub(super) api_error: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) api_error_status: Option<u16>,
    #[serde(deserialize_with = "lenient")]
    pub(super) api_error_type: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    #[serde(deserialize_with = "lenient")]
    pub(super) id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) model: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) stop_reason: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) content: Vec<Block>,
}

/// A content block: `text`, `tool_use`, `tool_result` and others.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Block {
    #[serde(rename = "type", deserialize_with = "lenient")]
    pub(super) kind: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) text: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) name: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) tool_use_id: Option<String>,
}

/// `stream_event`: the API's own events, passed on as they arrive.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Partial {
    #[serde(deserialize_with = "lenient")]
    pub(super) event: PartialEvent,
    #[serde(deserialize_with = "lenient")]
    pub(super) parent_tool_use_id: Option<String>,
    /// On the `message_stop` of an attempt that broke off.
    #[serde(deserialize_with = "lenient")]
    pub(super) abandoned_blocks: Option<Abandoned>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PartialEvent {
    #[serde(rename = "type", deserialize_with = "lenient")]
    pub(super) kind: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) message: Message,
    #[serde(deserialize_with = "lenient")]
    pub(super) content_block: Block,
    #[serde(deserialize_with = "lenient")]
    pub(super) delta: Block,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Abandoned {
    #[serde(deserialize_with = "lenient")]
    pub(super) from_block_index: u64,
}

/// `phone_opus_text`: the deltas of a block, put together by our own recorder.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Coalesced {
    #[serde(deserialize_with = "lenient")]
    pub(super) text: String,
}

/// `rate_limit_event`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RateLimit {
    #[serde(deserialize_with = "lenient")]
    pub(super) rate_limit_info: RateLimitInfo,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RateLimitInfo {
    #[serde(deserialize_with = "lenient")]
    pub(super) status: Option<String>,
    /// Seconds since 1970.
    #[serde(rename = "resetsAt", deserialize_with = "lenient")]
    pub(super) resets_at: Option<i64>,
}

/// Reads a field by itself, so that a wrong shape, or a depth that is refused, stays its own matter.
pub(super) fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(text::parse(raw.get().as_bytes()).unwrap_or_default())
}
