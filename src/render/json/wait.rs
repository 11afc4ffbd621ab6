//! The `wait` document: how the jobs that were waited for stand at the end of the wait.

use serde::Serialize;

use super::SCHEMA_VERSION;
use super::job::{cost_usd, recovered};
use crate::job::fold::{Ending, Job};
use crate::job::status::Status;
use crate::render::time::rfc3339;

/// What `wait --json` prints, also when its deadline came first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct WaitDocument<'a> {
    schema_version: u32,
    jobs: Vec<Waited<'a>>,
    count: usize,
    /// How many of them are done.
    finished: usize,
    /// The waiter's own deadline came; no job was touched by it.
    timed_out: bool,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "a contract for scripts, which test flags and not states"
)]
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Waited<'a> {
    job_id: String,
    status: Status,
    done: bool,
    succeeded: bool,
    failed: bool,
    cancelled: bool,
    lost: bool,
    finished_unix_ms: Option<i64>,
    finished_at: Option<String>,
    session_id: &'a str,
    label: Option<&'a str>,
    cost_usd: Option<f64>,
    failure_code: Option<&'a str>,
    recovered: bool,
}

/// Renders the end of a wait, the jobs in the order in which they were named.
pub(crate) fn wait<'a>(
    jobs: impl IntoIterator<Item = &'a Job>,
    timed_out: bool,
) -> WaitDocument<'a> {
    let jobs: Vec<Waited<'a>> = jobs.into_iter().map(waited).collect();
    WaitDocument {
        schema_version: SCHEMA_VERSION,
        count: jobs.len(),
        finished: jobs.iter().filter(|job| job.done).count(),
        jobs,
        timed_out,
    }
}

fn waited(job: &Job) -> Waited<'_> {
    let status = job.status();
    Waited {
        job_id: job.id.to_string(),
        status,
        done: status.is_terminal(),
        succeeded: status == Status::Succeeded,
        failed: status == Status::Failed,
        cancelled: status == Status::Cancelled,
        lost: status == Status::Lost,
        finished_unix_ms: job.finished_unix_ms,
        finished_at: job.finished_unix_ms.and_then(rfc3339),
        session_id: &job.queued.session.id,
        label: job.queued.request.label.as_deref(),
        cost_usd: cost_usd(job),
        failure_code: failure_code(job),
        recovered: recovered(job),
    }
}

pub(in crate::render) fn failure_code(job: &Job) -> Option<&str> {
    match &job.ending {
        Some(Ending::Failed(end)) => Some(end.failure.code.name()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn a_deadline_still_says_how_every_job_stands() {
        let running = sample::job(&[sample::queued(), sample::started()]);
        let failed = sample::job(&[sample::queued(), sample::started(), sample::failed()]);
        let document = serde_json::to_value(wait([&running, &failed], true)).expect("json");
        assert_eq!((&document["count"], &document["finished"]), (&2.into(), &1.into()));
        assert_eq!(document["timed_out"], true);
        assert_eq!(document["jobs"][0]["status"], "running");
        assert_eq!(document["jobs"][1]["failure_code"], "rate_limited");
    }
}
