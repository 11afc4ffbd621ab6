//! Several jobs: lists, and what became of a wait.

use serde_json::{Value, json};

use super::fit::{beside, fill, fit, weigh};
use super::page::{Page, TOKENS_MAX};
use super::{Detail, fields, porcelain, words};
use crate::job::brief::Brief;
use crate::job::fold::Job;
use crate::job::id::JobId;
use crate::job::status::Status;
use crate::render::text::spelt_out;

/// Tokens for what stands around the jobs.
const AROUND: usize = 200;

/// Several jobs that were waited for. Each gets its share of the room, and what a short answer leaves
/// goes to those that follow.
pub(crate) fn waited(jobs: &[Job], detail: Detail, timed_out: bool, note: &str) -> (Value, String) {
    let share = (TOKENS_MAX - AROUND) / jobs.len().max(1);
    let mut documents: Vec<Value> =
        jobs.iter().map(|job| beside(fields(job, detail), words(job), share)).collect();
    let mut left = (TOKENS_MAX - AROUND).saturating_sub(weigh(&documents));
    let mut text = Vec::new();
    for (at, (job, document)) in jobs.iter().zip(&mut documents).enumerate() {
        let before = weigh(document);
        let most = before + left / (jobs.len() - at);
        let words = words(job);
        let part = words.map(|words| fill(document, words, Page::default(), most));
        left = left.saturating_sub(weigh(document) - before);
        text.push(porcelain::job(job, detail, words, part.as_ref()));
    }
    if !note.is_empty() {
        text.push(note.to_owned());
    }
    let document = json!({
        "count": jobs.len(),
        "finished": jobs.iter().filter(|job| job.ending.is_some()).count(),
        "timed_out": timed_out,
        "note": note,
        "jobs": documents,
    });
    (document, text.join("\n"))
}

/// A list, rows only. Long paths are cut where they would make it too large.
pub(crate) fn summaries(rows: &[(JobId, Brief)], truncated: bool) -> (Value, String) {
    let jobs: Vec<Value> = rows.iter().map(|(id, row)| summary(*id, row)).collect();
    let jobs = match fit(jobs.into(), TOKENS_MAX - AROUND) {
        Value::Array(jobs) => jobs,
        _ => Vec::new(),
    };
    let lines = rows.iter().zip(&jobs);
    let lines = lines
        .map(|((id, row), job)| line(*id, row.status, job["cwd"].as_str().unwrap_or_default()));
    let lines: Vec<String> = lines.collect();
    list(&jobs, &lines, truncated || jobs.len() < rows.len())
}

/// A list of whole records, as many as fit.
pub(crate) fn records(jobs: &[Job], truncated: bool) -> (Value, String) {
    /// What one may take, its page of an answer included.
    const RECORD_MAX: usize = TOKENS_MAX / 4;
    let mut left = TOKENS_MAX - AROUND;
    let (mut documents, mut lines) = (Vec::new(), Vec::new());
    for job in jobs {
        let words = words(job);
        let mut document = beside(fields(job, Detail::Full), words, RECORD_MAX);
        if let Some(words) = words {
            let most = weigh(&document) + RECORD_MAX / 2;
            fill(&mut document, words, Page::default(), most);
        }
        let cost = weigh(&document);
        if cost > left {
            break;
        }
        left -= cost;
        documents.push(document);
        let line = line(job.id, job.status(), &job.queued.session.cwd);
        lines.push(format!("{line}\n  {}", porcelain::particulars(job)));
    }
    let shown = documents.len();
    list(&documents, &lines, truncated || shown < jobs.len())
}

fn list(jobs: &[Value], lines: &[String], truncated: bool) -> (Value, String) {
    let text =
        if lines.is_empty() { "There are no consult jobs.".to_owned() } else { lines.join("\n") };
    let document = json!({ "count": jobs.len(), "truncated": truncated, "jobs": jobs });
    (document, text)
}

fn line(id: JobId, status: Status, cwd: &str) -> String {
    format!("{id} status={status} cwd={}", spelt_out(cwd))
}

fn summary(id: JobId, row: &Brief) -> Value {
    json!({
        "job_id": id.to_string(),
        "status": row.status,
        "done": row.status.is_terminal(),
        "succeeded": row.status == Status::Succeeded,
        "failed": row.status == Status::Failed,
        "created_unix_ms": row.created_unix_ms,
        "updated_unix_ms": row.updated_unix_ms,
        "started_unix_ms": row.started_unix_ms,
        "finished_unix_ms": row.finished_unix_ms,
        "runner_pid": row.runner_pid,
        "cwd": row.cwd,
        "max_turns": row.max_turns,
        "requested_session_id": row.requested_session_id,
        "prompt_prefix_injected": row.prompt_prefix_injected,
        "stale": row.stale,
    })
}
