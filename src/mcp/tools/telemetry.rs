//! `telemetry_snapshot`: what this server did, and what its newest jobs came to.

use serde_json::{Value, json};

use super::super::arguments::Arguments;
use super::super::call::Call;
use super::super::fault::Fault;
use super::super::format::Detail;
use super::super::shared::Shared;
use super::Done;
use super::health::porcelain;
use super::jobs::rows;
use crate::failure::Failure;
use crate::job::status::Status;

/// How many of the newest jobs are added up.
const ADDED_UP: usize = 1000;

pub(super) async fn run(arguments: Arguments, detail: Detail, call: &Call) -> Result<Done, Fault> {
    arguments.finish()?;
    call.look(move |shared| snapshot(shared, detail)).await.map(Into::into)
}

fn snapshot(shared: &Shared, detail: Detail) -> Result<(Value, String), Failure> {
    let (rows, truncated) = rows(shared, ADDED_UP, &[])?;
    let count = |status: Status| rows.iter().filter(|(_, row)| row.status == status).count();
    let by_status: serde_json::Map<String, Value> = Status::ALL
        .iter()
        .map(|&status| (status.name().to_owned(), count(status).into()))
        .collect();
    let cost: f64 = rows.iter().filter_map(|(_, row)| row.cost_usd).sum();
    let document = json!({
        "generation": shared.generation,
        "server": shared.telemetry.document(detail == Detail::Full),
        "jobs": { "count": rows.len(), "truncated": truncated, "by_status": by_status },
        "cost_usd": cost,
    });
    let text = porcelain(&document);
    Ok((document, text))
}
