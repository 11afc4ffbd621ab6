//! Several jobs: lists, and what became of a wait.

use serde_json::{Value, json};

use super::page::{Page, TOKENS_MAX, fit, fit_within, tokens};
use super::{Detail, concise, porcelain, record, response};
use crate::job::brief::Brief;
use crate::job::fold::Job;
use crate::job::id::JobId;
use crate::job::status::Status;

/// Several jobs that were waited for.
pub(crate) fn waited(jobs: &[Job], detail: Detail, timed_out: bool, note: &str) -> (Value, String) {
    let share = Page { tokens: Page::default().tokens / jobs.len().max(1), ..Page::default() };
    let parts: Vec<_> =
        jobs.iter().map(|job| (job, response(job).map(|response| share.of(response)))).collect();
    let documents: Vec<Value> = parts
        .iter()
        .map(|(job, part)| match detail {
            Detail::Concise => concise(job, part.as_ref()).into(),
            Detail::Full => record(job, part.as_ref()),
        })
        .collect();
    let document = json!({
        "count": jobs.len(),
        "finished": jobs.iter().filter(|job| job.ending.is_some()).count(),
        "timed_out": timed_out,
        "note": note,
        "jobs": documents,
    });
    let mut text: Vec<String> =
        parts.iter().map(|(job, part)| porcelain(job, part.as_ref())).collect();
    if !note.is_empty() {
        text.push(note.to_owned());
    }
    (fit(document), text.join("\n"))
}

/// A list, rows only.
pub(crate) fn summaries(rows: &[(JobId, Brief)], truncated: bool) -> (Value, String) {
    let jobs: Vec<Value> = rows.iter().map(|(id, row)| summary(*id, row)).collect();
    let lines: Vec<String> = rows.iter().map(|(id, row)| line(*id, row.status, &row.cwd)).collect();
    list(&jobs, &lines, truncated)
}

/// A list of whole records, as many as fit.
pub(crate) fn records(jobs: &[Job], truncated: bool) -> (Value, String) {
    let mut left = TOKENS_MAX;
    let share = Page { tokens: 2_000, ..Page::default() };
    let mut documents = Vec::new();
    for job in jobs {
        let part = response(job).map(|response| share.of(response));
        let record = fit_within(record(job, part.as_ref()), TOKENS_MAX / 4);
        let cost = tokens(&record.to_string());
        if cost > left {
            break;
        }
        left -= cost;
        documents.push(record);
    }
    let shown = documents.len();
    let line = |job: &Job| line(job.id, job.status(), &job.queued.session.cwd);
    let lines: Vec<String> = jobs[..shown].iter().map(line).collect();
    list(&documents, &lines, truncated || shown < jobs.len())
}

fn list(jobs: &[Value], lines: &[String], truncated: bool) -> (Value, String) {
    let text =
        if lines.is_empty() { "There are no consult jobs.".to_owned() } else { lines.join("\n") };
    let document = json!({ "count": jobs.len(), "truncated": truncated, "jobs": jobs });
    (document, text)
}

fn line(id: JobId, status: Status, cwd: &str) -> String {
    format!("{id} status={status} cwd={cwd}")
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
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_says_when_it_is_empty() {
        let (document, text) = summaries(&[], false);
        assert_eq!((&document["count"], text.as_str()), (&0.into(), "There are no consult jobs."));
    }
}
