//! `consult_wait`: until jobs have ended, or the client would give up. The jobs do not notice.

use std::time::Duration;

use super::super::arguments::Arguments;
use super::super::call::{Call, Woken};
use super::super::fault::Fault;
use super::super::format::Detail;
use super::Done;
use crate::job::id::JobId;
use crate::render;

/// Most jobs of one call: each must still get a page that is worth reading.
pub(in crate::mcp) const JOBS_MAX: usize = 20;

const AGAIN: &str = "Not all of them have ended. Call consult_wait again.";

pub(super) async fn run(
    mut arguments: Arguments,
    detail: Detail,
    call: &Call,
) -> Result<Done, Fault> {
    let ids = arguments.job_ids("job_ids", JOBS_MAX)?;
    let timeout = arguments.seconds("timeout_seconds")?;
    let any = arguments.flag("any")?.unwrap_or(false);
    arguments.finish()?;
    let limit = timeout.map_or(call.answer_within, |seconds| {
        Duration::from_secs_f64(seconds.min(call.answer_within.as_secs_f64()))
    });
    let jobs = look(&ids, call).await?;
    let Some((state, _)) = jobs.first() else { return Err(Fault::internal("there are no jobs")) };
    let waiting: Vec<JobId> =
        jobs.iter().filter(|(_, job)| job.ending.is_none()).map(|(_, job)| job.id).collect();
    let is_over = waiting.is_empty() || any && waiting.len() < ids.len();
    let woken =
        if is_over { Woken::Ended } else { call.until_ended(state, &waiting, any, limit).await };
    let jobs: Vec<_> = look(&ids, call).await?.into_iter().map(|(_, job)| job).collect();
    let unfinished = jobs.iter().filter(|job| job.ending.is_none()).count();
    let timed_out = woken != Woken::Ended && unfinished > 0;
    let note = if unfinished > 0 { AGAIN } else { "" };
    Ok(render::mcp::waited(&jobs, detail, timed_out, note).into())
}

async fn look(
    ids: &[JobId],
    call: &Call,
) -> Result<Vec<(crate::journal::place::State, crate::job::fold::Job)>, Fault> {
    let mut jobs = Vec::new();
    for &id in ids {
        jobs.push(call.job(id).await?);
    }
    Ok(jobs)
}
