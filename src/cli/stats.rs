//! `phone-opus stats`: what all jobs add up to.

use super::context::{CLOCK, Context};
use super::json;
use super::manual::{Block, EXAMPLES_TITLE, Section};
use crate::failure::{Exit, Failure};
use crate::job::totals::Totals;
use crate::render;
use crate::runner::observe;

/// Add all jobs up: how they ended, what they cost, how long they took
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print the totals as JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// What the help and the man page say beyond the arguments.
pub(super) const MANUAL: &[Section] = &[Section {
    title: EXAMPLES_TITLE,
    blocks: &[Block::Code(&["phone-opus stats", "phone-opus stats --json | jq .cost_usd"])],
}];

/// Each job counts as it really stands, so the jobs of dead runners are ended on the way.
pub(super) fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let mut totals = Totals::default();
    if let Some(state) = context.state()? {
        observe::each(&state, CLOCK, |row| totals.add(row))?;
    }
    if args.json {
        context.output.line(&json::text(&render::json::stats(&totals), None)?)?;
    } else {
        context.output.data(&render::human::stats(&totals))?;
    }
    Ok(Exit::Succeeded)
}
