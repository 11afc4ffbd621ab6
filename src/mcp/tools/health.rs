//! `health_snapshot`: whether consults can run here.

use std::sync::PoisonError;

use serde_json::{Value, json};

use super::super::arguments::Arguments;
use super::super::call::Call;
use super::super::fault::Fault;
use super::super::format::Detail;
use super::super::shared::Shared;
use super::Done;
use super::jobs::rows;
use crate::failure::Failure;
use crate::job::status::Status;
use crate::render::mcp::sentence;
use crate::render::text::spelt_out;

/// How many of the newest jobs are looked through for live ones.
const LOOKED_THROUGH: usize = 1000;

pub(super) async fn run(arguments: Arguments, detail: Detail, call: &Call) -> Result<Done, Fault> {
    arguments.finish()?;
    call.look(move |shared| Ok(snapshot(shared, detail))).await.map(Into::into)
}

/// Never fails: what cannot be told is said in its place.
fn snapshot(shared: &Shared, detail: Detail) -> (Value, String) {
    let claude = shared.desk.claude();
    let state = shared.state();
    let jobs = counts(shared);
    let ready = claude.is_ok() && state.is_ok() && jobs.is_ok();
    let rollout_pending = shared.launched.is_replaced();
    let root = shared.desk.state_root().map(|root| root.display().to_string());
    let mut document = json!({
        "ready": ready,
        "version": env!("CARGO_PKG_VERSION"),
        "generation": shared.generation,
        "uptime_ms": (shared.desk.clock().unix_ms)().saturating_sub(shared.started_unix_ms).max(0),
        "binary": shared.launched.path().map(|path| path.display().to_string()),
        "rollout_pending": rollout_pending,
        "state_directory": root.as_ref().ok(),
        "claude": { "found": claude.is_ok(), "path": claude.as_ref().ok() },
        "jobs": jobs.as_ref().ok().map(|(queued, running)| json!({ "queued": queued, "running": running })),
        "sandbox": shared.desk.sandbox(),
        "problems": problems(&[claude.as_ref().err(), state.as_ref().err(), jobs.as_ref().err()]),
        "last_fault": *shared.last_fault.lock().unwrap_or_else(PoisonError::into_inner),
    });
    if detail == Detail::Full {
        let generation_ms = u64::try_from(shared.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        document["pid"] = std::process::id().into();
        document["started_unix_ms"] = shared.started_unix_ms.into();
        document["generation_uptime_ms"] = generation_ms.into();
    }
    let text = porcelain(&document);
    (document, text)
}

fn counts(shared: &Shared) -> Result<(usize, usize), Failure> {
    let (rows, _) = rows(shared, LOOKED_THROUGH, &[])?;
    let count = |status| rows.iter().filter(|(_, row)| row.status == status).count();
    Ok((count(Status::Queued), count(Status::Running)))
}

fn problems(found: &[Option<&Failure>]) -> Vec<String> {
    let mut problems: Vec<String> = Vec::new();
    for failure in found.iter().flatten() {
        let sentence = sentence(&failure.sentence());
        if !problems.contains(&sentence) {
            problems.push(sentence);
        }
    }
    problems
}

/// One `name=value` a line.
pub(super) fn porcelain(document: &Value) -> String {
    let Value::Object(fields) = document else { return String::new() };
    let lines = fields.iter().map(|(name, value)| match value {
        Value::String(text) => format!("{name}={}", spelt_out(text)),
        other => format!("{name}={other}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}
