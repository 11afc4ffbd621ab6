//! `phone-opus jobs`: the newest jobs.

use serde_json::Value;

use super::context::{CLOCK, Context};
use super::json;
use super::manual::{Block, EXAMPLES_TITLE, Section};
use crate::config::parse_count;
use crate::failure::{Exit, Failure};
use crate::job::brief::Brief;
use crate::job::filter::Filter;
use crate::job::id::JobId;
use crate::job::status::Status;
use crate::journal::place::State;
use crate::render::table;
use crate::runner::{look, observe};
use crate::{render, world};

type Row = (JobId, Brief);

/// List the newest jobs, last change first
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Show at most this many, up to 10000
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = parse_limit)]
    limit: u32,
    /// Only jobs in these states: queued, running, succeeded, failed, cancelled, lost
    #[arg(long, value_name = "S", value_delimiter = ',', value_parser = parse_status)]
    status: Vec<Status>,
    /// Only jobs that were asked about the current directory
    #[arg(long)]
    here: bool,
    /// Only jobs with this label
    #[arg(long, value_name = "L")]
    label: Option<String>,
    /// Print the list as JSON, or only these fields of each job
    #[arg(long, value_name = "FIELDS", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(super) json: Option<String>,
}

/// What the help and the man page say beyond the arguments.
pub(super) const MANUAL: &[Section] = &[Section {
    title: EXAMPLES_TITLE,
    blocks: &[Block::Code(&[
        "phone-opus jobs --here",
        "phone-opus jobs --status running,queued",
        "phone-opus jobs --limit 100 --json=job_id,status,cost_usd",
    ])],
}];

/// A list is made in memory, so it has an end; `events` goes through everything.
const LIMIT_MAX: u32 = 10_000;

fn parse_limit(text: &str) -> Result<u32, String> {
    let limit = parse_count(text)?;
    if limit > LIMIT_MAX {
        return Err(format!("at most {LIMIT_MAX}; `phone-opus events` goes through everything"));
    }
    Ok(limit)
}

fn parse_status(text: &str) -> Result<Status, String> {
    Status::parse(text).ok_or_else(|| {
        let names: Vec<&str> = Status::ALL.iter().map(|status| status.name()).collect();
        format!("the states are {}", names.join(", "))
    })
}

pub(super) fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let (rows, truncated) = match context.state()? {
        Some(state) => rows(args, &state)?,
        None => (Vec::new(), false),
    };
    if args.json.as_deref() == Some("") {
        context.output.document(&render::json::jobs(&rows, truncated))?;
        return Ok(Exit::Succeeded);
    }
    if let Some(fields) = &args.json {
        context.output.line(&as_json(&rows, truncated, fields)?)?;
        return Ok(Exit::Succeeded);
    }
    let text = as_table(&rows, context);
    context.output.data(&text)?;
    if let Some(note) = table::note(rows.len(), truncated) {
        context.output.say(&note);
    }
    Ok(Exit::Succeeded)
}

/// The rows that pass, each as it really stands: a dead runner's job is not shown as running.
fn rows(args: &Args, state: &State) -> Result<(Vec<Row>, bool), Failure> {
    let cwd = if args.here { Some(super::directory::directory(None)?) } else { None };
    let filter = Filter { statuses: args.status.clone(), cwd, label: args.label.clone() };
    let (mut rows, truncated) = observe::newest(state, args.limit as usize, CLOCK, &filter)?;
    if json::wants(args.json.as_deref(), "stale") {
        look::note_staleness_of(state, &mut rows);
    }
    Ok((rows, truncated))
}

/// With fields, they are those of each job: that is what a list is asked for.
fn as_json(rows: &[Row], truncated: bool, fields: &str) -> Result<String, Failure> {
    // A wrong field is wrong in an empty list as well.
    let nobody = (JobId::new(uuid::Uuid::nil()), Brief::default());
    document(&[nobody], false, fields)?;
    json::text(&document(rows, truncated, fields)?, None)
}

fn document(rows: &[Row], truncated: bool, fields: &str) -> Result<Value, Failure> {
    let mut document =
        serde_json::to_value(render::json::jobs(rows, truncated)).map_err(std::io::Error::from)?;
    json::choose_of_each(&mut document, "jobs", fields)?;
    Ok(document)
}

fn as_table(rows: &[Row], context: &Context<'_>) -> String {
    let look = table::Look {
        now_unix_ms: world::unix_ms(),
        width: world::columns(std::io::stdout()),
        home: context.world.variable("HOME"),
        colour: context.output.data_colour(),
    };
    table::jobs(rows, &look)
}
