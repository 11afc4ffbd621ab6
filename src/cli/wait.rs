//! `phone-opus wait`: until jobs have ended. Only this command ends at its deadline or at Ctrl-C; the
//! jobs go on.

use std::time::Duration;

use serde_json::Value;

use super::context::{CLOCK, Context};
use super::manual::{Block, EXAMPLES_TITLE, Section};
use super::{json, selection};
use crate::config::parse_duration;
use crate::failure::{Exit, Failure};
use crate::job::fold::Job;
use crate::job::id::{JobId, Selector};
use crate::journal::place::State;
use crate::runner::observe;
use crate::runner::wait::{Waiter, Woken};
use crate::{render, world};

/// Wait until jobs have ended, one line per job as it ends
///
/// Exits as the job ended; of several jobs the worst end counts. A deadline, or Ctrl-C, ends the
/// wait only: the jobs go on.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The jobs: ids, their first 6 or more characters, or @last
    #[arg(value_name = "ID", required = true)]
    selectors: Vec<Selector>,
    /// Return when one of them has ended
    #[arg(long)]
    any: bool,
    /// Wait at most this long, such as 90s or 20m
    #[arg(long, value_name = "D", value_parser = parse_duration)]
    timeout: Option<Duration>,
    /// Print one JSON document at the end, or only these fields of each job
    #[arg(long, value_name = "FIELDS", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(super) json: Option<String>,
}

/// What the help and the man page say beyond the arguments.
pub(super) const MANUAL: &[Section] = &[Section {
    title: EXAMPLES_TITLE,
    blocks: &[Block::Code(&[
        "phone-opus wait @last && phone-opus job @last --response",
        r#"one=$(phone-opus consult --bg "Why is start-up slow?")"#,
        r#"two=$(phone-opus consult --bg "Is the locking in src/cache.rs sound?")"#,
        r#"phone-opus wait "$one" "$two" --any --timeout 10m"#,
    ])],
}];

pub(super) fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let (state, ids) = selected(&args.selectors, context)?;
    if let Some(fields) = &args.json {
        // A wrong field is told now and not after the wait.
        document(&[look(&state, ids[0])?], false, fields)?;
    }
    let deadline = args.timeout.and_then(|limit| world::instant().checked_add(limit));
    let mut waiter = Waiter::new(&state, ids.iter().copied())?;
    let mut codes = Vec::new();
    let mut timed_out = false;
    loop {
        let left = deadline.map(|at| at.saturating_duration_since(world::instant()));
        match waiter.next(left) {
            Woken::AllEnded => break,
            Woken::TimedOut => {
                timed_out = true;
                codes.push(Exit::Deadline);
                break;
            }
            Woken::Ended(id) => {
                let job = look(&state, id)?;
                codes.push(Exit::of_job(&job));
                if args.json.is_none() {
                    context.output.line(&render::human::wait(&job))?;
                }
                if args.any {
                    break;
                }
            }
        }
    }
    report(args, &state, &ids, timed_out, context)?;
    Ok(Exit::merge(codes))
}

/// Each job once, in the order given; all of them must be there before any wait begins.
fn selected(
    selectors: &[Selector],
    context: &mut Context<'_>,
) -> Result<(State, Vec<JobId>), Failure> {
    let state = context.state()?.ok_or_else(|| selection::no_such_job(&selectors[0]))?;
    let mut ids = Vec::new();
    for (id, selector) in selection::each_once(&state, selectors)? {
        observe::job(&state, id, CLOCK)?.ok_or_else(|| selection::no_such_job(selector))?;
        ids.push(id);
    }
    Ok((state, ids))
}

fn look(state: &State, id: JobId) -> Result<Job, Failure> {
    observe::job(state, id, CLOCK)?.ok_or_else(|| selection::no_such_job(&Selector::Id(id)))
}

fn report(
    args: &Args,
    state: &State,
    ids: &[JobId],
    timed_out: bool,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let Some(fields) = &args.json else {
        if timed_out {
            context.output.say("The deadline has passed; the jobs that are not listed go on.");
        }
        return Ok(());
    };
    let jobs = ids.iter().map(|&id| look(state, id)).collect::<Result<Vec<Job>, Failure>>()?;
    context.output.line(&json::text(&document(&jobs, timed_out, fields)?, None)?)
}

/// The fields are those of each job: that is what is waited for.
fn document(jobs: &[Job], timed_out: bool, fields: &str) -> Result<Value, Failure> {
    let mut document =
        serde_json::to_value(render::json::wait(jobs, timed_out)).map_err(std::io::Error::from)?;
    json::choose_of_each(&mut document, "jobs", fields)?;
    Ok(document)
}
