//! `consult_cancel`: ends a job, and shows it as it ended.

use super::super::arguments::{Arguments, Detail};
use super::super::call::Call;
use super::super::fault::{Fault, Stage};
use super::Done;
use crate::render;
use crate::render::mcp::Page;
use crate::runner::cancel::{Asked, ask, await_end};

pub(super) async fn run(
    mut arguments: Arguments,
    detail: Detail,
    call: &Call,
) -> Result<Done, Fault> {
    let id = arguments.job_id("job_id")?;
    arguments.finish()?;
    let cancelled = call.room(Stage::Query, move |shared| {
        let Some(state) = shared.state()? else { return Ok(None) };
        let clock = shared.desk.clock();
        Ok(match ask(&state, id, shared.desk.caller(), clock)? {
            Some(Asked::Ending(job)) => Some(await_end(&state, job, clock)?),
            Some(Asked::HadEnded(job)) => Some(job),
            None => None,
        })
    });
    match cancelled.await? {
        Some(job) => Ok(render::mcp::job(&job, detail, Page::default()).into()),
        None => Err(Fault::no_such_job(id)),
    }
}
