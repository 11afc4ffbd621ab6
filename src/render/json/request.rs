//! The parts of a `job` document that were settled when it was queued.

use serde::Serialize;

use crate::consult::request::Request;
use crate::job::event::{Caller, Session};

/// What was asked, with every default resolved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct RequestDocument<'a> {
    prompt: &'a str,
    prefix: Option<&'a str>,
    cwd: &'a str,
    model: &'a str,
    effort: &'a str,
    max_turns: Option<u32>,
    max_budget_usd: Option<f64>,
    session_id: Option<&'a str>,
    tools: &'a [String],
    web: bool,
    label: Option<&'a str>,
    timeout_ms: Option<u64>,
    idle_timeout_ms: Option<u64>,
    grace_ms: u64,
    max_running: u32,
    redact: bool,
    claude_bin: Option<&'a str>,
}

/// The conversation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct SessionDocument<'a> {
    id: &'a str,
    /// `fresh` or `resumed`.
    mode: &'static str,
    cwd: &'a str,
}

/// Who asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct CallerDocument<'a> {
    door: &'a str,
    pid: u32,
    depth: u32,
}

impl<'a> From<&'a Request> for RequestDocument<'a> {
    fn from(request: &'a Request) -> Self {
        Self {
            prompt: &request.prompt,
            prefix: request.prefix.as_deref(),
            cwd: &request.cwd,
            model: &request.model,
            effort: &request.effort,
            max_turns: request.max_turns,
            max_budget_usd: request.max_budget_usd,
            session_id: request.session_id.as_deref(),
            tools: &request.tools,
            web: request.web,
            label: request.label.as_deref(),
            timeout_ms: request.timeout_ms,
            idle_timeout_ms: request.idle_timeout_ms,
            grace_ms: request.grace_ms,
            max_running: request.max_running,
            redact: request.redact,
            claude_bin: request.claude_bin.as_deref(),
        }
    }
}

impl<'a> From<&'a Session> for SessionDocument<'a> {
    fn from(session: &'a Session) -> Self {
        let mode = if session.resumed { "resumed" } else { "fresh" };
        Self { id: &session.id, mode, cwd: &session.cwd }
    }
}

impl<'a> From<&'a Caller> for CallerDocument<'a> {
    fn from(caller: &'a Caller) -> Self {
        Self { door: &caller.door, pid: caller.pid, depth: caller.depth }
    }
}
