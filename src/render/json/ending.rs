//! The parts of a `job` document that say how it ended.

use serde::Serialize;
use serde_json::Value;

use crate::consult::failure::{Class, Failure};
use crate::consult::reply::Reply;
use crate::render::time::rfc3339;

/// The answer, with the numbers that Claude Code gave.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct ResultDocument<'a> {
    cwd: Option<&'a str>,
    response: &'a str,
    duration_ms: Option<u64>,
    duration_api_ms: Option<u64>,
    num_turns: Option<u64>,
    stop_reason: Option<&'a str>,
    session_id: Option<&'a str>,
    model: Option<&'a str>,
    total_cost_usd: Option<f64>,
    cost_usd: Option<f64>,
    usage: Option<&'a Value>,
    model_usage: Option<&'a Value>,
    permission_denials: &'a [Value],
    fast_mode_state: Option<&'a str>,
    structured_output: Option<&'a Value>,
    uuid: Option<&'a str>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct FailureDocument<'a> {
    class: Class,
    code: &'a str,
    detail: &'a str,
    cause: &'static str,
    remedy: &'static str,
    api_status: Option<u16>,
    retry_at_unix_ms: Option<i64>,
    retry_at: Option<String>,
    exit_code: Option<i32>,
    signal: Option<i32>,
}

impl<'a> From<&'a Reply> for ResultDocument<'a> {
    fn from(reply: &'a Reply) -> Self {
        let account = &reply.account;
        Self {
            cwd: account.cwd.as_deref(),
            response: &reply.response,
            duration_ms: account.duration_ms,
            duration_api_ms: account.duration_api_ms,
            num_turns: account.num_turns,
            stop_reason: account.stop_reason.as_deref(),
            session_id: account.session_id.as_deref(),
            model: account.model.as_deref(),
            total_cost_usd: account.total_cost_usd,
            cost_usd: account.cost_usd,
            usage: account.usage.as_ref(),
            model_usage: account.model_usage.as_ref(),
            permission_denials: &account.permission_denials,
            fast_mode_state: account.fast_mode_state.as_deref(),
            structured_output: account.structured_output.as_ref(),
            uuid: account.uuid.as_deref(),
        }
    }
}

impl<'a> From<&'a Failure> for FailureDocument<'a> {
    fn from(failure: &'a Failure) -> Self {
        Self {
            class: failure.class.clone(),
            code: failure.code.name(),
            detail: &failure.detail,
            cause: failure.code.cause(),
            remedy: failure.code.remedy(),
            api_status: failure.api_status,
            retry_at_unix_ms: failure.retry_at_unix_ms,
            retry_at: failure.retry_at_unix_ms.and_then(rfc3339),
            exit_code: failure.exit_code,
            signal: failure.signal,
        }
    }
}
