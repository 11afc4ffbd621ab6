//! The `stats` document: what all jobs add up to.

use serde::Serialize;
use serde_json::{Map, Value};

use super::SCHEMA_VERSION;
use crate::job::status::Status;
use crate::job::totals::Totals;
use crate::render::time::rfc3339;

/// What `stats --json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct StatsDocument<'a> {
    schema_version: u32,
    jobs: u64,
    by_status: Map<String, Value>,
    recovered: u64,
    cost_usd: f64,
    turns: u64,
    duration_ms: u64,
    models: Vec<Model<'a>>,
    failures: Vec<Failures<'a>>,
    first_created_unix_ms: Option<i64>,
    first_created_at: Option<String>,
    last_updated_unix_ms: Option<i64>,
    last_updated_at: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Model<'a> {
    #[serde(rename = "model")]
    name: &'a str,
    jobs: u64,
    cost_usd: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Failures<'a> {
    code: &'a str,
    jobs: u64,
}

/// Renders the totals; models and failures in the order of their names.
pub(crate) fn stats(totals: &Totals) -> StatsDocument<'_> {
    let by_status =
        Status::ALL.map(|status| (status.name().to_owned(), Value::from(totals.in_status(status))));
    let models = totals.models.iter();
    let failures = totals.failures.iter();
    StatsDocument {
        schema_version: SCHEMA_VERSION,
        jobs: totals.jobs,
        by_status: by_status.into_iter().collect(),
        recovered: totals.recovered,
        cost_usd: totals.cost_usd,
        turns: totals.turns,
        duration_ms: totals.duration_ms,
        models: models.map(|(name, &(jobs, cost_usd))| Model { name, jobs, cost_usd }).collect(),
        failures: failures.map(|(code, &jobs)| Failures { code, jobs }).collect(),
        first_created_unix_ms: totals.first_created_unix_ms,
        first_created_at: totals.first_created_unix_ms.and_then(rfc3339),
        last_updated_unix_ms: totals.last_updated_unix_ms,
        last_updated_at: totals.last_updated_unix_ms.and_then(rfc3339),
    }
}
