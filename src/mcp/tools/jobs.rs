//! `consult_jobs`: the newest jobs, last change first.

use super::super::arguments::Arguments;
use super::super::call::Call;
use super::super::fault::Fault;
use super::super::format::Detail;
use super::super::shared::Shared;
use super::Done;
use crate::failure::Failure;
use crate::job::brief::Brief;
use crate::job::filter::Filter;
use crate::job::fold::Job;
use crate::job::id::JobId;
use crate::job::status::Status;
use crate::render;
use crate::runner::{look, observe};

const LIMIT: u32 = 10;
const LIMIT_MAX: u32 = 50;

type Row = (JobId, Brief);

pub(super) async fn run(
    mut arguments: Arguments,
    detail: Detail,
    call: &Call,
) -> Result<Done, Fault> {
    let limit = arguments.clamped("limit", 1, LIMIT_MAX)?.unwrap_or(LIMIT);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let statuses = arguments.statuses("status")?;
    arguments.finish()?;
    call.look(move |shared| {
        let (mut rows, truncated) = rows(shared, limit, &statuses)?;
        if let Some(state) = shared.state()? {
            look::note_staleness_of(&state, &mut rows);
        }
        Ok(match detail {
            Detail::Concise => render::mcp::summaries(&rows, truncated),
            Detail::Full => render::mcp::records(&whole(shared, &rows)?, truncated),
        })
    })
    .await
    .map(Into::into)
}

/// The rows that pass, each as it really stands: a dead runner's job is not shown as running.
pub(super) fn rows(
    shared: &Shared,
    limit: usize,
    statuses: &[Status],
) -> Result<(Vec<Row>, bool), Failure> {
    let Some(state) = shared.state()? else { return Ok((Vec::new(), false)) };
    let filter = Filter { statuses: statuses.to_vec(), ..Filter::default() };
    Ok(observe::newest(&state, limit, shared.desk.clock(), &filter)?)
}

fn whole(shared: &Shared, rows: &[Row]) -> Result<Vec<Job>, Failure> {
    let jobs = rows.iter().map(|(id, row)| {
        let found = shared.job(*id)?;
        Ok(found.map(|(_, mut job)| {
            job.stale = row.stale;
            job
        }))
    });
    let jobs: Result<Vec<Option<Job>>, Failure> = jobs.collect();
    Ok(jobs?.into_iter().flatten().collect())
}
