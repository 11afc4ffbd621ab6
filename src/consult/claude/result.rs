//! The `result` line: the last word of a run, and what of it is an answer.

use serde::Deserialize;
use serde_json::Value;

use super::wire::lenient;

/// One `result` line. Errors before an answer have `errors` in place of `result`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct ResultLine {
    #[serde(deserialize_with = "lenient")]
    pub(super) subtype: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) is_error: Option<bool>,
    #[serde(deserialize_with = "lenient")]
    pub(super) result: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) errors: Vec<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) api_error_status: Option<u16>,
    #[serde(deserialize_with = "lenient")]
    pub(super) api_error_type: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) terminal_reason: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) stop_reason: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) session_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) num_turns: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    pub(super) duration_ms: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    pub(super) duration_api_ms: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    pub(super) total_cost_usd: Option<f64>,
    #[serde(deserialize_with = "lenient")]
    pub(super) usage: Option<Value>,
    #[serde(rename = "modelUsage", deserialize_with = "lenient")]
    pub(super) model_usage: Option<Value>,
    #[serde(deserialize_with = "lenient")]
    pub(super) permission_denials: Vec<Value>,
    #[serde(deserialize_with = "lenient")]
    pub(super) fast_mode_state: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) structured_output: Option<Value>,
    #[serde(deserialize_with = "lenient")]
    pub(super) uuid: Option<String>,
}

impl ResultLine {
    /// Claude Code calls it a success; its text may be blank all the same.
    pub(super) fn is_success(&self) -> bool {
        let is_success = self.subtype.as_deref().is_none_or(|subtype| subtype == "success");
        is_success && self.is_error != Some(true) && self.result.is_some()
    }

    /// A success with something in it.
    pub(super) fn is_answer(&self) -> bool {
        self.is_success() && self.response().is_some()
    }

    /// The text of the answer; where there is none, the structured output that a schema asked for.
    pub(super) fn response(&self) -> Option<String> {
        let text = self.result.clone().filter(|text| !text.trim_ascii().is_empty());
        text.or_else(|| self.structured_output.as_ref().map(Value::to_string))
    }

    /// Claude Code's own words about an error.
    pub(super) fn words(&self) -> Option<&str> {
        let said = self.result.as_deref().filter(|text| !text.trim_ascii().is_empty());
        said.or_else(|| self.errors.first().map(String::as_str))
    }
}
