//! `consult_cancel`: ends a job, and shows it as it ended.

use super::super::arguments::Arguments;
use super::super::call::{Call, Woken};
use super::super::fault::{Fault, Stage};
use super::super::format::Detail;
use super::Done;
use crate::job::fold::Job;
use crate::journal::place::State;
use crate::render;
use crate::render::mcp::Page;
use crate::runner::cancel::{Asked, ask, longest_end};
use crate::runner::error::Error;

pub(super) async fn run(
    mut arguments: Arguments,
    detail: Detail,
    call: &Call,
) -> Result<Done, Fault> {
    let id = arguments.job_id("job_id")?;
    arguments.finish()?;
    let asked = call.cancel(move |shared| {
        let Some(state) = shared.state()? else { return Ok(None) };
        let asked = ask(&state, id, shared.desk.caller(), shared.desk.clock())?;
        Ok(asked.map(|asked| (state, asked)))
    });
    let job = match asked.await?.ok_or_else(|| Fault::no_such_job(id))? {
        (_, Asked::HadEnded(job)) => job,
        (state, Asked::Ending(job)) => ended(&state, &job, call).await?,
    };
    Ok(render::mcp::job(&job, detail, Page::default()).into())
}

/// The job as it ended, or as it stands where nobody waits any more.
async fn ended(state: &State, job: &Job, call: &Call) -> Result<Job, Fault> {
    let limit = longest_end(job).min(call.answer_within);
    let woken = call.until_ended(state, &[job.id], false, limit).await;
    let (_, job) = call.job(job.id).await?;
    if woken == Woken::TimedOut && job.ending.is_none() {
        let failure = Error::StillStopping { job: job.id.to_string() }.into();
        return Err(Fault::of(&failure, Stage::Query));
    }
    Ok(job)
}
