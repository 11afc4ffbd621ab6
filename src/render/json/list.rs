//! The `jobs` document: one row for each job, the newest update first.

use serde::Serialize;

use super::SCHEMA_VERSION;
use crate::job::brief::Brief;
use crate::job::id::JobId;
use crate::job::status::Status;
use crate::render::time::rfc3339;

/// What `jobs --json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct JobsDocument<'a> {
    schema_version: u32,
    jobs: Vec<Summary<'a>>,
    count: usize,
    /// There are more jobs that match.
    truncated: bool,
}

/// One row. Its strings may be cut, which `cut` says; the `job` document has them whole.
#[expect(
    clippy::struct_excessive_bools,
    reason = "a contract for scripts, which test flags and not states"
)]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Summary<'a> {
    job_id: String,
    status: Status,
    done: bool,
    succeeded: bool,
    failed: bool,
    cancelled: bool,
    lost: bool,
    created_unix_ms: i64,
    created_at: Option<String>,
    updated_unix_ms: i64,
    updated_at: Option<String>,
    started_unix_ms: Option<i64>,
    started_at: Option<String>,
    finished_unix_ms: Option<i64>,
    finished_at: Option<String>,
    runner_pid: Option<u32>,
    cwd: &'a str,
    label: Option<&'a str>,
    model: &'a str,
    /// The start of the prompt, on one line.
    prompt: &'a str,
    prompt_prefix_injected: bool,
    max_turns: Option<u32>,
    requested_session_id: Option<&'a str>,
    session_id: &'a str,
    turns: Option<u64>,
    duration_ms: Option<u64>,
    cost_usd: Option<f64>,
    failure_code: Option<&'a str>,
    recovered: bool,
    /// Whether the directory has moved on since the start; `null` where that is not known.
    stale: Option<bool>,
    cut: bool,
}

/// Renders a list in the order given; `truncated` says that it is not the whole of it.
pub(crate) fn jobs<'a>(
    rows: impl IntoIterator<Item = &'a (JobId, Brief)>,
    truncated: bool,
) -> JobsDocument<'a> {
    let jobs: Vec<Summary<'a>> = rows.into_iter().map(|(id, brief)| summary(*id, brief)).collect();
    JobsDocument { schema_version: SCHEMA_VERSION, count: jobs.len(), jobs, truncated }
}

fn summary(id: JobId, brief: &Brief) -> Summary<'_> {
    let status = brief.status;
    Summary {
        job_id: id.to_string(),
        status,
        done: status.is_terminal(),
        succeeded: status == Status::Succeeded,
        failed: status == Status::Failed,
        cancelled: status == Status::Cancelled,
        lost: status == Status::Lost,
        created_unix_ms: brief.created_unix_ms,
        created_at: rfc3339(brief.created_unix_ms),
        updated_unix_ms: brief.updated_unix_ms,
        updated_at: rfc3339(brief.updated_unix_ms),
        started_unix_ms: brief.started_unix_ms,
        started_at: brief.started_unix_ms.and_then(rfc3339),
        finished_unix_ms: brief.finished_unix_ms,
        finished_at: brief.finished_unix_ms.and_then(rfc3339),
        runner_pid: brief.runner_pid,
        cwd: &brief.cwd,
        label: brief.label.as_deref(),
        model: &brief.model,
        prompt: &brief.prompt,
        prompt_prefix_injected: brief.prompt_prefix_injected,
        max_turns: brief.max_turns,
        requested_session_id: brief.requested_session_id.as_deref(),
        session_id: &brief.session_id,
        turns: brief.turns,
        duration_ms: brief.duration_ms,
        cost_usd: brief.cost_usd,
        failure_code: brief.failure_code.as_deref(),
        recovered: brief.recovered,
        stale: brief.stale,
        cut: brief.cut,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn a_list_says_its_count_and_whether_it_was_cut() {
        let rows = [(sample::id(), sample::brief(&[sample::queued()]))];
        let document = serde_json::to_value(jobs(&rows, true)).expect("json");
        assert_eq!((&document["count"], &document["truncated"]), (&1.into(), &true.into()));
        assert_eq!(document["jobs"][0]["prompt"], "Is the lock safe?");
        assert!(document["jobs"][0]["failure_code"].is_null());
        let empty = serde_json::to_value(jobs(&[], false)).expect("json");
        assert_eq!(empty["jobs"], serde_json::json!([]));
    }
}
