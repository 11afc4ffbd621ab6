//! `phone-opus cancel`: ends jobs, keeps what there was of their answers.

use super::context::{CLOCK, Context};
use super::{json, selection};
use crate::failure::{Exit, Failure};
use crate::job::fold::Job;
use crate::job::id::Selector;
use crate::render;
use crate::runner::cancel::{Cancelled, cancel};

/// Cancel jobs: Claude Code is asked to end, then made to; what there was of an answer is kept
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The jobs: ids, their first 6 or more characters, or @last
    #[arg(value_name = "ID", required = true)]
    selectors: Vec<Selector>,
    /// Print one JSON document with the jobs as they ended
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let state = context.state()?.ok_or_else(|| selection::no_such_job(&args.selectors[0]))?;
    let mut jobs: Vec<Job> = Vec::new();
    for (id, selector) in selection::each_once(&state, &args.selectors)? {
        match cancel(&state, id, context.caller(), CLOCK)? {
            Cancelled::Ended(job) => jobs.push(job),
            Cancelled::HadEnded(job) => {
                context.output.say(&format!("Job {id} had ended before: nothing to cancel."));
                jobs.push(job);
            }
            Cancelled::NoSuchJob => return Err(selection::no_such_job(selector)),
        }
        if let (false, Some(job)) = (args.json, jobs.last()) {
            context.output.line(&render::human::wait(job))?;
        }
    }
    if args.json {
        context.output.line(&json::text(&render::json::wait(&jobs, false), None)?)?;
    }
    Ok(Exit::Succeeded)
}
