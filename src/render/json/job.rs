//! The `job` document: everything that is known of one job.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::SCHEMA_VERSION;
use super::ending::{FailureDocument, ResultDocument};
use super::progress::ProgressDocument;
use super::request::{CallerDocument, RequestDocument, SessionDocument};
use crate::consult::reply::{Account, Partial};
use crate::job::fold::{Ending, Job};
use crate::job::status::Status;
use crate::job::tree::Snapshot;
use crate::render::time::rfc3339;

/// What `job ID --json` and `consult --json` print.
#[expect(
    clippy::struct_excessive_bools,
    reason = "a contract for scripts, which test flags and not states"
)]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct JobDocument<'a> {
    schema_version: u32,
    job_id: String,
    status: Status,
    /// Nothing more can happen to the job.
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
    label: Option<&'a str>,
    request: RequestDocument<'a>,
    session: SessionDocument<'a>,
    prompt_prefix_injected: bool,
    prompt_redacted: bool,
    retry_of: Option<&'a str>,
    caller: CallerDocument<'a>,
    claude: ClaudeDocument<'a>,
    /// The model that answered, else the one that was started, else the one that was asked for.
    model: &'a str,
    enforcement: Option<&'a Value>,
    provenance: Option<&'a Snapshot>,
    tree_after: Option<&'a Snapshot>,
    /// Whether the directory was another at the end; `null` where that is not known.
    tree_changed: Option<bool>,
    /// Whether it has moved on since the start; `null` where that was not looked at.
    stale: Option<bool>,
    tools_used: BTreeMap<&'a str, u64>,
    progress: Option<ProgressDocument<'a>>,
    cancel_requested: bool,
    result: Option<ResultDocument<'a>>,
    failure: Option<FailureDocument<'a>>,
    partial_text: Option<&'a str>,
    cost_usd: Option<f64>,
    total_cost_usd: Option<f64>,
    num_turns: Option<u64>,
    duration_ms: Option<u64>,
    recovered: bool,
    last_sign_of_life_unix_ms: Option<i64>,
    last_sign_of_life_at: Option<String>,
    lost_detail: Option<&'a str>,
    odd_events: u64,
    phone_opus_version: &'a str,
}

/// The program that answers; both are `null` until it was started.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct ClaudeDocument<'a> {
    path: Option<&'a str>,
    version: Option<&'a str>,
}

/// Renders one job.
pub(crate) fn job(job: &Job) -> JobDocument<'_> {
    let status = job.status();
    let queued = &job.queued;
    let account = account(job);
    let last_sign_of_life = last_sign_of_life(job);
    JobDocument {
        schema_version: SCHEMA_VERSION,
        job_id: job.id.to_string(),
        status,
        done: status.is_terminal(),
        succeeded: status == Status::Succeeded,
        failed: status == Status::Failed,
        cancelled: status == Status::Cancelled,
        lost: status == Status::Lost,
        created_unix_ms: job.created_unix_ms,
        created_at: rfc3339(job.created_unix_ms),
        updated_unix_ms: job.updated_unix_ms,
        updated_at: rfc3339(job.updated_unix_ms),
        started_unix_ms: job.started_unix_ms,
        started_at: job.started_unix_ms.and_then(rfc3339),
        finished_unix_ms: job.finished_unix_ms,
        finished_at: job.finished_unix_ms.and_then(rfc3339),
        runner_pid: job.started.as_ref().map(|started| started.pid),
        label: queued.request.label.as_deref(),
        request: (&queued.request).into(),
        session: (&queued.session).into(),
        prompt_prefix_injected: queued.prompt_prefix_injected,
        prompt_redacted: queued.prompt_redacted,
        retry_of: queued.retry_of.as_deref(),
        caller: (&queued.caller).into(),
        claude: claude(job, account),
        model: model(job),
        enforcement: job.started.as_ref().and_then(|started| started.enforcement.as_ref()),
        provenance: job.tree_before(),
        tree_after: job.tree_after(),
        tree_changed: job.tree_changed(),
        stale: job.stale,
        tools_used: tools_used(account),
        progress: job.progress.as_ref().map(Into::into),
        cancel_requested: job.cancel_requested.is_some(),
        result: result(job),
        failure: failure(job),
        partial_text: partial(job).and_then(|partial| partial.partial_text.as_deref()),
        cost_usd: cost_usd(job),
        total_cost_usd: account.and_then(|account| account.total_cost_usd),
        num_turns: num_turns(job),
        duration_ms: account.and_then(|account| account.duration_ms),
        recovered: recovered(job),
        last_sign_of_life_unix_ms: last_sign_of_life,
        last_sign_of_life_at: last_sign_of_life.and_then(rfc3339),
        lost_detail: lost_detail(job),
        odd_events: job.odd,
        phone_opus_version: &queued.version,
    }
}

/// The model that answered, else the one that was started, else the one that was asked for.
pub(in crate::render) fn model(job: &Job) -> &str {
    let answered = account(job).and_then(|account| account.model.as_deref());
    let started = job.started.as_ref().map(|started| started.model.as_str());
    answered
        .into_iter()
        .chain(started)
        .find(|model| !model.is_empty())
        .unwrap_or(&job.queued.request.model)
}

/// US dollars of this consult: the final figure, else the newest while it ran.
pub(in crate::render) fn cost_usd(job: &Job) -> Option<f64> {
    let final_cost = account(job).and_then(|account| account.cost_usd);
    final_cost.or_else(|| job.progress.as_ref().and_then(|progress| progress.cost_usd))
}

/// Turns of this consult: the final number, else the newest while it ran.
pub(in crate::render) fn num_turns(job: &Job) -> Option<u64> {
    let final_turns = account(job).and_then(|account| account.num_turns);
    final_turns.or_else(|| job.progress.as_ref().map(|progress| progress.turns))
}

/// What there was of an answer, for a job that ended without one.
pub(in crate::render) fn partial(job: &Job) -> Option<&Partial> {
    match job.ending.as_ref()? {
        Ending::Succeeded(_) => None,
        Ending::Failed(failed) => Some(&failed.partial),
        Ending::Cancelled(cancelled) => Some(&cancelled.partial),
        Ending::Lost(lost) => Some(&lost.partial),
    }
}

/// Whether the end was found on disk after the runner had died.
pub(in crate::render) fn recovered(job: &Job) -> bool {
    match &job.ending {
        Some(Ending::Succeeded(end)) => end.recovered,
        Some(Ending::Failed(end)) => end.recovered,
        Some(Ending::Cancelled(end)) => end.recovered,
        Some(Ending::Lost(_)) | None => false,
    }
}

pub(in crate::render) fn account(job: &Job) -> Option<&Account> {
    match &job.ending {
        Some(Ending::Succeeded(end)) => Some(&end.reply.account),
        _ => partial(job).map(|partial| &partial.account),
    }
}

fn tools_used(account: Option<&Account>) -> BTreeMap<&str, u64> {
    let used = account.into_iter().flat_map(|account| &account.tools_used);
    used.map(|(name, count)| (name.as_str(), *count)).collect()
}

fn claude<'a>(job: &'a Job, account: Option<&'a Account>) -> ClaudeDocument<'a> {
    let started = job.started.as_ref();
    let probed = started.and_then(|started| started.claude_version.as_deref());
    ClaudeDocument {
        path: started.map(|started| started.claude_path.as_str()),
        version: account.and_then(|account| account.claude_version.as_deref()).or(probed),
    }
}

fn result(job: &Job) -> Option<ResultDocument<'_>> {
    match &job.ending {
        Some(Ending::Succeeded(end)) => Some((&end.reply).into()),
        _ => None,
    }
}

fn failure(job: &Job) -> Option<FailureDocument<'_>> {
    match &job.ending {
        Some(Ending::Failed(end)) => Some((&end.failure).into()),
        _ => None,
    }
}

fn last_sign_of_life(job: &Job) -> Option<i64> {
    match &job.ending {
        Some(Ending::Lost(end)) => end.last_sign_of_life_unix_ms,
        _ => None,
    }
}

fn lost_detail(job: &Job) -> Option<&str> {
    match &job.ending {
        Some(Ending::Lost(end)) => Some(&end.detail),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn a_running_job_has_no_end_and_says_what_it_does() {
        let running = sample::job(&[sample::queued(), sample::started(), sample::progress()]);
        let document = serde_json::to_value(job(&running)).expect("json");
        assert_eq!(document["status"], "running");
        assert_eq!((&document["done"], &document["runner_pid"]), (&false.into(), &4242.into()));
        assert_eq!(document["progress"]["tool"], "Grep");
        assert_eq!(document["cost_usd"], 0.25);
        for absent in ["result", "failure", "finished_unix_ms", "finished_at", "partial_text"] {
            assert!(document[absent].is_null(), "{absent}");
        }
    }

    #[test]
    fn a_failed_job_keeps_its_numbers_and_what_there_was_of_an_answer() {
        let failed = sample::job(&[sample::queued(), sample::started(), sample::failed()]);
        let document = serde_json::to_value(job(&failed)).expect("json");
        assert_eq!(document["failure"]["code"], "rate_limited");
        assert_eq!(document["failure"]["retry_at"], "2026-09-21T15:13:20.000Z");
        assert_eq!(document["partial_text"], "The lock is");
        assert_eq!((&document["cost_usd"], &document["num_turns"]), (&1.25.into(), &7.into()));
        assert!(document["result"].is_null());
    }

    #[test]
    fn the_model_is_the_one_that_really_answered() {
        assert_eq!(model(&sample::job(&[sample::queued()])), "opus");
        assert_eq!(model(&sample::job(&[sample::queued(), sample::started()])), "claude-opus-5-5");
    }
}
