//! `phone-opus cancel`: ends jobs, keeps what there was of their answers.

use super::context::{CLOCK, Context};
use super::manual::{Block, EXAMPLES_TITLE, Section};
use super::{json, selection};
use crate::failure::{Exit, Failure};
use crate::job::fold::Job;
use crate::job::id::Selector;
use crate::journal::place::State;
use crate::render;
use crate::runner::cancel::{Asked, ask, await_end};
use crate::runner::observe;

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

/// What the help and the man page say beyond the arguments.
pub(super) const MANUAL: &[Section] = &[Section {
    title: EXAMPLES_TITLE,
    blocks: &[Block::Code(&[
        r#"id=$(phone-opus consult --bg "Why is start-up slow?")"#,
        r#"phone-opus cancel "$id""#,
    ])],
}];

/// All are found before any is asked, and all are asked before any is waited for.
pub(super) fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let state = context.state()?.ok_or_else(|| selection::no_such_job(&args.selectors[0]))?;
    let ids = selection::each_once(&state, &args.selectors)?;
    for (id, selector) in &ids {
        observe::job(&state, *id, CLOCK)?.ok_or_else(|| selection::no_such_job(selector))?;
    }
    let asked: Vec<Result<Asked, Failure>> = ids
        .into_iter()
        .map(|(id, selector)| {
            let asked = ask(&state, id, context.caller(), CLOCK)?;
            asked.ok_or_else(|| selection::no_such_job(selector))
        })
        .collect();
    let mut jobs = Vec::new();
    let mut codes = Vec::new();
    for asked in asked {
        match asked.and_then(|asked| end(&state, asked, context)) {
            Ok(job) => {
                if !args.json {
                    context.output.line(&render::human::wait(&job))?;
                }
                jobs.push(job);
            }
            Err(failure) => codes.push(context.output.fail(&failure, false)),
        }
    }
    if args.json {
        context.output.line(&json::text(&render::json::wait(&jobs, false), None)?)?;
    }
    Ok(Exit::merge(codes))
}

fn end(state: &State, asked: Asked, context: &mut Context<'_>) -> Result<Job, Failure> {
    match asked {
        Asked::Ending(job) => Ok(await_end(state, job, CLOCK)?),
        Asked::HadEnded(job) => {
            context.output.say(&format!("Job {} had ended before: nothing to cancel.", job.id));
            Ok(job)
        }
    }
}
