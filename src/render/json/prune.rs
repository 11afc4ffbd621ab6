//! The `prune` document: which jobs went, or would go.

use serde::Serialize;

use super::SCHEMA_VERSION;
use crate::job::retention::Plan;
use crate::job::status::Status;
use crate::render::time::rfc3339;

/// What `prune --json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PruneDocument {
    schema_version: u32,
    dry_run: bool,
    older_than_ms: Option<u64>,
    keep: Option<u32>,
    jobs: Vec<Doomed>,
    count: usize,
    kept: u64,
    removal: Option<Removal>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Doomed {
    job_id: String,
    status: Status,
    finished_unix_ms: i64,
    finished_at: Option<String>,
}

/// What a removal did to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Removal {
    /// Of the log.
    pub(crate) bytes_before: u64,
    pub(crate) bytes_after: u64,
    pub(crate) directories_removed: u64,
    pub(crate) directories_left: u64,
}

/// The document; without a removal nothing was removed.
pub(crate) fn prune(plan: &Plan, dry_run: bool, removal: Option<Removal>) -> PruneDocument {
    let jobs = plan.doomed.iter().map(|doomed| Doomed {
        job_id: doomed.job.to_string(),
        status: doomed.status,
        finished_unix_ms: doomed.finished_unix_ms,
        finished_at: rfc3339(doomed.finished_unix_ms),
    });
    PruneDocument {
        schema_version: SCHEMA_VERSION,
        dry_run,
        older_than_ms: plan.rule.older_than_ms,
        keep: plan.rule.keep,
        jobs: jobs.collect(),
        count: plan.doomed.len(),
        kept: plan.kept,
        removal,
    }
}
