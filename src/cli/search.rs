//! `phone-opus search`: the jobs in which something was asked or answered.

use super::context::Context;
use super::json;
use super::manual::{Block, Section};
use crate::config::parse_count;
use crate::failure::{Exit, Failure};
use crate::job::search::Needle;
use crate::journal::read::Log;
use crate::journal::search::Match;
use crate::{render, world};

/// Search prompts, labels, answers and failures of all jobs, newest first, whatever the case
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The words to look for, as they stand there
    #[arg(value_name = "TEXT")]
    text: String,
    /// Show at most this many places
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = parse_count)]
    limit: u32,
    /// Print the places as JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// What the help and the man page say beyond the arguments.
pub(super) const MANUAL: &[Section] = &[Section {
    title: "Examples",
    blocks: &[Block::Code(&[
        "phone-opus search 'lock order'",
        "phone-opus search fsync --json | jq -r '.matches[].job_id' | sort -u",
    ])],
}];

pub(super) fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let needle = Needle::new(&args.text).ok_or_else(|| {
        Failure::usage("there are no words to look for")
            .hinted("Give some, in quotes: phone-opus search \"lock order\".")
    })?;
    let log = context.state()?.map(|state| Log::open(&state)).transpose()?.flatten();
    let (matches, truncated) = match log {
        Some(log) => log.search(&needle, args.limit as usize)?,
        None => (Vec::new(), false),
    };
    if args.json {
        let rows = matches
            .iter()
            .map(|Match { job, unix_ms, hit, .. }| render::json::found(*job, *unix_ms, hit))
            .collect();
        let document = render::json::search(&args.text, rows, truncated);
        context.output.line(&json::text(&document, None)?)?;
        return Ok(Exit::Succeeded);
    }
    let (now, colour) = (world::unix_ms(), context.output.data_colour());
    for found in &matches {
        let line = render::human::found(found.job, found.unix_ms, &found.hit, now, colour);
        context.output.data(&line)?;
    }
    match (matches.is_empty(), truncated) {
        (true, _) => context.output.say("Nothing was found."),
        (_, true) => context.output.say("There is more; --limit N shows up to N places."),
        _ => {}
    }
    Ok(Exit::Succeeded)
}
