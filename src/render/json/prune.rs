//! The `prune` document: which jobs went, or would go.

use serde::{Serialize, Serializer};

use super::SCHEMA_VERSION;
use crate::job::retention::Plan;
use crate::job::status::Status;
use crate::render::time::rfc3339;

/// What `prune --json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PruneDocument<'a> {
    schema_version: u32,
    dry_run: bool,
    older_than_ms: Option<u64>,
    keep: Option<u32>,
    jobs: Jobs<'a>,
    count: usize,
    kept: u64,
    removal: Option<Removal>,
}

/// The jobs, each made as it is written: there may be very many.
#[derive(Debug, Clone, PartialEq)]
struct Jobs<'a>(&'a Plan);

impl Serialize for Jobs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.doomed.iter().map(|doomed| Doomed {
            job_id: doomed.job.to_string(),
            status: doomed.status,
            finished_unix_ms: doomed.finished_unix_ms,
            finished_at: rfc3339(doomed.finished_unix_ms),
        }))
    }
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
pub(crate) fn prune(plan: &Plan, dry_run: bool, removal: Option<Removal>) -> PruneDocument<'_> {
    PruneDocument {
        schema_version: SCHEMA_VERSION,
        dry_run,
        older_than_ms: plan.rule.older_than_ms,
        keep: plan.rule.keep,
        jobs: Jobs(plan),
        count: plan.doomed.len(),
        kept: plan.kept,
        removal,
    }
}
