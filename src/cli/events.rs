//! `phone-opus events`: the log's lines as they are, now and as they come.

use super::context::{CLOCK, Context};
use super::manual::{Block, Section};
use super::selection;
use crate::failure::{Exit, Failure};
use crate::job::id::{JobId, Selector};
use crate::job::status::Status;
use crate::journal::place::State;
use crate::journal::tail::{Cursor, Tail, Whole, pause};
use crate::render::text::counted;
use crate::runner::observe;

/// Print the event log, one line of JSON for each event, oldest first
///
/// Lines are printed as they stand in the log. Damaged ones are passed over, and counted at the end.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only the events of this job: its id, its first 6 or more characters, or @last
    #[arg(value_name = "ID")]
    selector: Option<Selector>,
    /// Go on as events come; with ID, until the job has ended
    #[arg(long, short)]
    follow: bool,
    /// Only what comes after the line with this `seal`
    #[arg(long, value_name = "CURSOR")]
    since: Option<Cursor>,
}

/// What the help and the man page say beyond the arguments.
pub(super) const MANUAL: &[Section] = &[
    Section {
        title: "Cursors",
        blocks: &[Block::Text(
            "The cursor of a line is its `seal`: keep that of the last line you have dealt with. A \
             line may come twice, where its writer had to repeat it, and none is left out. Once its line \
             was pruned a cursor is refused with exit status 2: begin again without --since.",
        )],
    },
    Section {
        title: "Examples",
        blocks: &[Block::Code(&[
            "phone-opus events @last | jq -c '{event, unix_ms}'",
            "phone-opus events --follow | jq -r 'select(.event == \"succeeded\") | .job'",
            r#"phone-opus events --since "$(tail -n 1 seen.jsonl | jq -r .seal)" >> seen.jsonl"#,
        ])],
    },
];

pub(super) fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let Some(state) = context.state()? else {
        return match (&args.selector, args.since) {
            (Some(selector), _) => Err(selection::no_such_job(selector)),
            (None, Some(_)) => Err(no_such_line()),
            (None, None) if args.follow => Err(nothing_to_follow()),
            (None, None) => Ok(Exit::Succeeded),
        };
    };
    let job = args.selector.as_ref().map(|selector| one(&state, selector)).transpose()?;
    let mut tail = match args.since {
        Some(cursor) => Tail::after(&state, cursor)?.ok_or_else(no_such_line)?,
        None => Tail::from_start(&state),
    };
    let mut ended = print(&mut tail, job, context)?;
    while args.follow && !ended {
        pause();
        ended = print(&mut tail, job, context)?;
        // The end of a dead runner's job is written by whoever looks; the next look prints it.
        if let Some(job) = job.filter(|_| !ended)
            && has_ended(&state, job)?
        {
            ended = print(&mut tail, Some(job), context)? || has_ended(&state, job)?;
        }
    }
    match tail.damaged() {
        0 => {}
        count => context.output.say(&format!(
            "Passed over: {}; `phone-opus doctor` says where.",
            counted(count, "damaged line")
        )),
    }
    Ok(Exit::Succeeded)
}

fn one(state: &State, selector: &Selector) -> Result<JobId, Failure> {
    let id = selection::resolve(state, selector)?;
    observe::job(state, id, CLOCK)?.ok_or_else(|| selection::no_such_job(selector))?;
    Ok(id)
}

fn has_ended(state: &State, job: JobId) -> Result<bool, Failure> {
    Ok(observe::job(state, job, CLOCK)?.is_none_or(|job| job.ending.is_some()))
}

/// Prints what is new. Returns whether the job's end was in it.
fn print(tail: &mut Tail, job: Option<JobId>, context: &mut Context<'_>) -> Result<bool, Failure> {
    let mut ended = false;
    tail.look(|line: &Whole<'_>| {
        if job.is_some_and(|job| job != line.job) {
            return Ok(());
        }
        ended |= job.is_some() && Status::parse(line.event).is_some_and(Status::is_terminal);
        context.output.data(&String::from_utf8_lossy(line.bytes))
    })?;
    Ok(ended)
}

fn no_such_line() -> Failure {
    Failure::usage("there is no line with this seal in the log").hinted(
        "It was pruned, or is of another state directory; without --since all lines are printed.",
    )
}

fn nothing_to_follow() -> Failure {
    Failure::new(Exit::NoSuchJob, "no_such_job", "there is no log to follow yet")
        .hinted("The first consult makes it.")
}
