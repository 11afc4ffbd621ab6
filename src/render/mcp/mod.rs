//! What the MCP tools answer: a JSON document and the same as porcelain text.
//!
//! The fields and the first lines are a contract; fields are only added. Answers are long and models'
//! windows are not: a page of text is cut by an estimate of its tokens, never within a character.

mod many;
mod page;

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::json;
use crate::job::fold::{Ending, Job};
use crate::job::status::Status;
use page::{Part, fit};

pub(crate) use many::{records, summaries, waited};
pub(crate) use page::{PAGE_CHARS_MAX, Page};

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
    let part = page.of(&succeeded.reply.response);
    let session_id = account.session_id.as_deref().unwrap_or(&queued.session.id);
    let mut document = object(json!({
        "mode": "sync",
        "job_id": job.id.to_string(),
        "response": part.text,
        "cwd": queued.session.cwd,
        "session_mode": session_mode(job),
        "session_id": session_id,
        "model": json::model(job),
        "duration_ms": account.duration_ms,
        "num_turns": account.num_turns,
        "permission_denial_count": account.permission_denials.len(),
        "prompt_prefix_injected": queued.prompt_prefix_injected,
    }));
    note_page(&mut document, &part);
    if detail == Detail::Full {
        document.extend(object(json!({
            "prompt": queued.request.prompt,
            "effective_prompt": queued.request.effective_prompt(),
            "max_turns": queued.request.max_turns,
            "usage": account.usage,
            "model_usage": account.model_usage,
            "cost": json::cost_usd(job),
        })));
    }
    let mut text = format!("job={} status=succeeded\n", job.id);
    let _ = writeln!(text, "session_mode={} session_id={session_id}", session_mode(job));
    say_response(&mut text, &part);
    (fit(document.into()), text)
}

/// A job that was submitted, and goes on by itself. `note` says how to go on.
pub(crate) fn submitted(job: &Job, detail: Detail, note: &str) -> (Value, String) {
    let (queued, status) = (&job.queued, job.status());
    let mut document = object(json!({
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
    if detail == Detail::Full {
        document.extend(object(json!({
            "prompt": queued.request.prompt,
            "effective_prompt": queued.request.effective_prompt(),
            "cwd": queued.session.cwd,
            "max_turns": queued.request.max_turns,
        })));
    }
    let text = format!("background consult submitted job={} status={status}\n{note}", job.id);
    (fit(document.into()), text)
}

/// A job as it stands.
pub(crate) fn job(job: &Job, detail: Detail, page: Page) -> (Value, String) {
    let part = response(job).map(|response| page.of(response));
    let document = match detail {
        Detail::Concise => concise(job, part.as_ref()),
        Detail::Full => object(json!({ "job": record(job, part.as_ref()) })),
    };
    (fit(document.into()), porcelain(job, part.as_ref()))
}

/// What there was of an answer that did not become one, cut to a page.
pub(crate) fn partial_text(job: &Job) -> Option<&str> {
    let text = json::partial(job)?.partial_text.as_deref()?;
    Some(Page::default().of(text).text)
}

fn concise(job: &Job, part: Option<&Part<'_>>) -> Map<String, Value> {
    let status = job.status();
    let mut document = object(json!({
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
        "prompt_prefix_injected": job.queued.prompt_prefix_injected,
        "result": result(job, part),
        "failure": failure(job),
    }));
    if let Some(part) = part {
        note_page(&mut document, part);
    }
    if let Some(text) = partial_text(job) {
        document.insert("partial_text".to_owned(), text.into());
    }
    document
}

fn result(job: &Job, part: Option<&Part<'_>>) -> Option<Value> {
    let Some(Ending::Succeeded(succeeded)) = &job.ending else { return None };
    let account = &succeeded.reply.account;
    Some(json!({
        "response": part.map_or("", |part| part.text),
        "duration_ms": account.duration_ms,
        "num_turns": account.num_turns,
        "session_id": account.session_id.as_deref().unwrap_or(&job.queued.session.id),
        "model": json::model(job),
    }))
}

fn failure(job: &Job) -> Option<Value> {
    let document = serde_json::to_value(json::job(job)).ok()?;
    document.get("failure").filter(|failure| !failure.is_null()).cloned()
}

/// The whole `job` document, its answer cut to the page.
fn record(job: &Job, part: Option<&Part<'_>>) -> Value {
    let mut record = serde_json::to_value(json::job(job)).unwrap_or_default();
    if let (Some(part), Some(document)) = (part, record.as_object_mut()) {
        if let Some(result) = document.get_mut("result").and_then(Value::as_object_mut) {
            result.insert("response".to_owned(), part.text.into());
        }
        note_page(document, part);
    }
    record
}

fn porcelain(job: &Job, part: Option<&Part<'_>>) -> String {
    let mut text = format!("job={} status={}", job.id, job.status());
    match (&job.ending, part) {
        (Some(Ending::Succeeded(_)), Some(part)) => {
            text.push('\n');
            say_response(&mut text, part);
        }
        (Some(Ending::Failed(failed)), _) => {
            let class = serde_json::to_value(&failed.failure.class).unwrap_or_default();
            let class = class.as_str().unwrap_or_default();
            let _ = write!(text, "\nfailure={class} {}", failed.failure.detail);
        }
        (Some(Ending::Lost(lost)), _) => {
            let _ = write!(text, "\nfailure=process {}", lost.detail);
        }
        _ => {}
    }
    if let Some(partial) = partial_text(job) {
        let _ = write!(text, "\npartial response:\n{partial}");
    }
    text
}

fn say_response(text: &mut String, part: &Part<'_>) {
    let _ = write!(text, "response:\n{}", part.text);
    if let Some(next) = part.next {
        let _ = write!(
            text,
            "\n[characters {} to {next} of {}; consult_job with offset={next} has the rest]",
            part.offset, part.chars
        );
    }
}

/// Says which part of the answer this is, where it is not all of it.
fn note_page(document: &mut Map<String, Value>, part: &Part<'_>) {
    if part.offset > 0 || part.next.is_some() {
        document.insert("response_offset".to_owned(), part.offset.into());
        document.insert("response_next_offset".to_owned(), part.next.into());
        document.insert("response_chars".to_owned(), part.chars.into());
    }
}

fn response(job: &Job) -> Option<&str> {
    match &job.ending {
        Some(Ending::Succeeded(succeeded)) => Some(&succeeded.reply.response),
        _ => None,
    }
}

fn session_mode(job: &Job) -> &'static str {
    if job.queued.session.resumed { "resumed" } else { "fresh" }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn a_huge_prompt_does_not_push_a_record_over_its_size() {
        let mut huge = sample::job(&[sample::queued()]);
        huge.queued.request.prompt = "\u{1}一".repeat(500_000);
        let (document, _) = submitted(&huge, Detail::Full, "");
        assert!(page::tokens(&document.to_string()) <= page::TOKENS_MAX);
        assert_eq!(document["job_id"], huge.id.to_string());
    }
}
