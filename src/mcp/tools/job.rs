//! `consult_job`: one job as it stands, with a page of its answer.

use super::super::arguments::Arguments;
use super::super::call::Call;
use super::super::fault::Fault;
use super::super::format::Detail;
use super::Done;
use crate::render;
use crate::render::mcp::{PAGE_CHARS_MAX, Page};

pub(super) async fn run(
    mut arguments: Arguments,
    detail: Detail,
    call: &Call,
) -> Result<Done, Fault> {
    let id = arguments.job_id("job_id")?;
    let page = page(&mut arguments)?;
    arguments.finish()?;
    let (state, mut job) = call.job(id).await?;
    if !call.shared.glances.note(&mut job) {
        let looking = call.look(move |shared| {
            shared.glances.look(&state, &mut job);
            Ok(job)
        });
        job = looking.await?;
    }
    Ok(render::mcp::job(&job, detail, page).into())
}

fn page(arguments: &mut Arguments) -> Result<Page, Fault> {
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let offset = arguments.whole("offset", 0)?.map_or(0, count);
    let asked = arguments.whole("max_chars", 1)?.map_or(PAGE_CHARS_MAX, count);
    Ok(Page { offset, max_chars: asked.min(PAGE_CHARS_MAX) })
}
