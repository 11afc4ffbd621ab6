//! What the MCP tools answer: a JSON document and the same as porcelain text.
//!
//! The fields and the first lines are a contract; fields are only added. Answers are long and models'
//! windows are not: what stands beside an answer is cut to a part of the room, and the answer comes in
//! pages that say where they go on. Nothing of it is ever left out without a word.

mod advice;
mod fit;
mod many;
mod page;
mod porcelain;

use serde_json::{Map, Value, json};

use super::json;
use crate::job::fold::{Ending, Job};
use crate::job::status::Status;
use fit::{Words, fill, fit, lay_out};
use page::TOKENS_MAX;

pub(crate) use advice::advice;
pub(crate) use many::{records, summaries, waited};
pub(crate) use page::{PAGE_CHARS_MAX, Page};
pub(crate) use porcelain::sentence;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Detail {
    #[default]
    Concise,
    Full,
}

/// The tools that a background job is gone on with.
const FOLLOW_UP_TOOLS: [&str; 4] =
    ["consult_wait", "consult_job", "consult_jobs", "consult_cancel"];

/// An answer that was waited for.
pub(crate) fn answered(job: &Job, detail: Detail, page: Page) -> (Value, String) {
    let Some(Ending::Succeeded(succeeded)) = &job.ending else {
        return self::job(job, detail, page);
    };
    let (account, queued) = (&succeeded.reply.account, &job.queued);
    let mut fields = object(json!({
        "mode": "sync",
        "job_id": job.id.to_string(),
        "response": "",
        "cwd": queued.session.cwd,
        "session_mode": session_mode(job),
        "session_id": session_id(job),
        "model": json::model(job),
        "duration_ms": account.duration_ms,
        "num_turns": account.num_turns,
        "permission_denial_count": account.permission_denials.len(),
        "prompt_prefix_injected": queued.prompt_prefix_injected,
    }));
    if detail == Detail::Full {
        fields.extend(object(json!({
            "prompt": queued.request.prompt,
            "effective_prompt": queued.request.effective_prompt(),
            "max_turns": queued.request.max_turns,
            "usage": account.usage,
            "model_usage": account.model_usage,
            "cost": json::cost_usd(job),
        })));
    }
    let words = words(job);
    let (document, part) = lay_out(fields, words, page);
    (document, porcelain::job(job, detail, words, part.as_ref()))
}

/// A job that was submitted, and goes on by itself. `note` says how to go on.
pub(crate) fn submitted(job: &Job, detail: Detail, note: &str) -> (Value, String) {
    let (queued, status) = (&job.queued, job.status());
    let mut fields = object(json!({
        "mode": "background",
        "job_id": job.id.to_string(),
        "status": status,
        "done": status.is_terminal(),
        "requested_session_id": queued.request.session_id,
        "session_mode": session_mode(job),
        "prompt_prefix_injected": queued.prompt_prefix_injected,
        "follow_up_tools": FOLLOW_UP_TOOLS,
        "note": note,
    }));
    let mut text = format!("background consult submitted job={} status={status}\n{note}", job.id);
    if detail == Detail::Full {
        fields.extend(object(json!({
            "prompt": queued.request.prompt,
            "effective_prompt": queued.request.effective_prompt(),
            "cwd": queued.session.cwd,
            "max_turns": queued.request.max_turns,
        })));
        text = format!("{text}\n{}", porcelain::particulars(job));
    }
    (fit(fields.into(), TOKENS_MAX), text)
}

/// A job as it stands, with a page of its answer or of what there was of one.
pub(crate) fn job(job: &Job, detail: Detail, page: Page) -> (Value, String) {
    let words = words(job);
    let (document, part) = lay_out(fields(job, detail), words, page);
    let document = match detail {
        Detail::Concise => document,
        Detail::Full => json!({ "job": document }),
    };
    (document, porcelain::job(job, detail, words, part.as_ref()))
}

/// What there was of an answer that did not become one, as fields and as text.
pub(crate) fn partial(job: &Job) -> Option<(Map<String, Value>, String)> {
    /// For the rest of the fault that these go into.
    const BESIDE: usize = 2_500;
    let words = words(job).filter(|words| matches!(words, Words::Partial(_)))?;
    let mut document = json!({});
    let part = fill(&mut document, words, Page::default(), TOKENS_MAX - BESIDE);
    let text = porcelain::said(words, &part);
    Some((object(document), text))
}

/// A job's own words, where it has ended with any.
fn words(job: &Job) -> Option<Words<'_>> {
    match &job.ending {
        Some(Ending::Succeeded(succeeded)) => Some(Words::Answer(&succeeded.reply.response)),
        _ => json::partial(job)?.partial_text.as_deref().map(Words::Partial),
    }
}

/// A job's document without its words.
fn fields(job: &Job, detail: Detail) -> Map<String, Value> {
    match detail {
        Detail::Concise => concise(job),
        Detail::Full => record(job),
    }
}

fn concise(job: &Job) -> Map<String, Value> {
    let status = job.status();
    object(json!({
        "job_id": job.id.to_string(),
        "status": status,
        "done": status.is_terminal(),
        "succeeded": status == Status::Succeeded,
        "failed": status == Status::Failed,
        "created_unix_ms": job.created_unix_ms,
        "updated_unix_ms": job.updated_unix_ms,
        "started_unix_ms": job.started_unix_ms,
        "finished_unix_ms": job.finished_unix_ms,
        "runner_pid": job.started.as_ref().map(|started| started.pid),
        "cwd": job.queued.session.cwd,
        "requested_session_id": job.queued.request.session_id,
        "session_id": session_id(job),
        "prompt_prefix_injected": job.queued.prompt_prefix_injected,
        "tree_changed": job.tree_changed(),
        "stale": job.stale,
        "result": result(job),
        "failure": record(job).remove("failure"),
    }))
}

fn result(job: &Job) -> Option<Value> {
    let Some(Ending::Succeeded(succeeded)) = &job.ending else { return None };
    let account = &succeeded.reply.account;
    Some(json!({
        "response": "",
        "duration_ms": account.duration_ms,
        "num_turns": account.num_turns,
        "session_id": session_id(job),
        "model": json::model(job),
    }))
}

/// The whole `job` document, with what to do about a failure in this door's words.
fn record(job: &Job) -> Map<String, Value> {
    let mut record = object(serde_json::to_value(json::job(job)).unwrap_or_default());
    if let Some(Value::Object(result)) = record.get_mut("result") {
        result.insert("response".to_owned(), "".into());
    }
    if let Some(partial) = record.get_mut("partial_text") {
        *partial = Value::Null;
    }
    if let (Some(Value::Object(failure)), Some(advice)) = (record.get_mut("failure"), advice(job)) {
        failure.insert("remedy".to_owned(), advice.hint.into());
        failure.insert("retryable".to_owned(), advice.retryable.into());
    }
    record
}

fn session_mode(job: &Job) -> &'static str {
    if job.queued.session.resumed { "resumed" } else { "fresh" }
}

/// The conversation to go on with.
fn session_id(job: &Job) -> &str {
    let answered = match &job.ending {
        Some(Ending::Succeeded(succeeded)) => succeeded.reply.account.session_id.as_deref(),
        _ => None,
    };
    answered.unwrap_or(&job.queued.session.id)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests;
