//! `phone-opus prune`: removes ended jobs for good. Nothing goes that no rule names, and nobody is
//! taken by surprise: it shows, asks, or is told `--yes`.

use std::io::{self, IsTerminal};
use std::time::Duration;

use super::context::{CLOCK, Context};
use super::manual::{Block, EXAMPLES_TITLE, Section};
use crate::config::{Config, Flags, parse_duration};
use crate::failure::{Exit, Failure};
use crate::job::retention::{Plan, Rule};
use crate::journal::place::State;
use crate::render;
use crate::render::json::Removal;
use crate::runner::prune::{self, Pruned};

/// Remove ended jobs for good: their lines in the log and what is kept of their runs
///
/// With both --older-than and --keep, a job goes only if both let it. Jobs that have not ended stay.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only jobs that ended longer ago than this, such as 30d or 12h
    #[arg(long, value_name = "D", value_parser = parse_duration)]
    older_than: Option<Duration>,
    /// Only jobs beyond the N that changed last, of those that have ended
    #[arg(long, value_name = "N")]
    keep: Option<u32>,
    /// Show what would go, and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// Print what went, or would go, as JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// What the help and the man page say beyond the arguments.
pub(super) const MANUAL: &[Section] = &[
    Section {
        title: "Retention",
        blocks: &[Block::Text(
            "Without a flag the keys retention.older_than and retention.keep count. While they are set, the same is done by itself, once a day, when a job has ended.",
        )],
    },
    Section {
        title: EXAMPLES_TITLE,
        blocks: &[Block::Code(&[
            "phone-opus prune --older-than 30d --dry-run",
            "phone-opus prune --older-than 30d --keep 100 --yes",
        ])],
    },
];

pub(super) fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let config = context.config(&Flags::default())?;
    let rule = rule(args, &config)?;
    let Some(state) = context.existing_state(&config)? else {
        return show(args, &Plan::new(rule), None, context);
    };
    let plan = prune::plan(&state, rule, CLOCK)?;
    let agreed = !args.dry_run && !plan.doomed.is_empty() && agree(args, &plan, context)?;
    let pruned = if agreed { prune::run(&state, &plan, CLOCK)? } else { None };
    if !args.dry_run && !args.json && !plan.doomed.is_empty() && pruned.is_none() {
        context.output.say("Nothing was removed.");
        return Ok(Exit::Succeeded);
    }
    warn_of_leftovers(&state, pruned.as_ref(), context);
    show(args, &plan, pruned.as_ref(), context)
}

/// The rule of the configuration.
pub(super) fn configured(config: &Config) -> Rule {
    Rule {
        older_than_ms: config.retention_older_than.value.as_millis(),
        keep: config.retention_keep.value,
    }
}

/// What the flags say; only without any of them, the configuration.
fn rule(args: &Args, config: &Config) -> Result<Rule, Failure> {
    let older_than_ms = args.older_than.map(|age| age.as_millis().try_into().unwrap_or(u64::MAX));
    let flags = Rule { older_than_ms, keep: args.keep };
    let rule = if flags.is_off() { configured(config) } else { flags };
    if rule.is_off() {
        return Err(Failure::usage("nothing says which jobs may go")
            .hinted("Give --older-than 30d, --keep 100 or both; --dry-run shows what would go."));
    }
    Ok(rule)
}

fn agree(args: &Args, plan: &Plan, context: &mut Context<'_>) -> Result<bool, Failure> {
    if args.yes {
        return Ok(true);
    }
    let jobs = render::human::jobs(plan.doomed.len());
    if !io::stdin().is_terminal() {
        let message = format!("{jobs} would go for good, and nobody can be asked here");
        return Err(Failure::usage(message)
            .hinted("Add --yes to remove them, or --dry-run to see which they are."));
    }
    context.output.ask(&format!("Remove {jobs} for good; {} stay? [y/N] ", plan.kept));
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer.trim_start().starts_with(['y', 'Y']))
}

fn warn_of_leftovers(state: &State, pruned: Option<&Pruned>, context: &mut Context<'_>) {
    let left = pruned.map_or(0, |pruned| pruned.directories_left);
    if left > 0 {
        let place = state.jobs_dir();
        context.output.say(&format!(
            "warning: {left} of their directories in {} could not be removed",
            place.display()
        ));
    }
}

fn show(
    args: &Args,
    plan: &Plan,
    pruned: Option<&Pruned>,
    context: &mut Context<'_>,
) -> Result<Exit, Failure> {
    let removal = pruned.map(|pruned| Removal {
        bytes_before: pruned.log.bytes_before,
        bytes_after: pruned.log.bytes_after,
        directories_removed: pruned.directories_removed,
        directories_left: pruned.directories_left,
    });
    if args.json {
        context.output.document(&render::json::prune(plan, args.dry_run, removal))?;
        return Ok(Exit::Succeeded);
    }
    if args.dry_run {
        context.output.data(&render::human::doomed(plan))?;
    }
    context.output.say(&render::human::pruned(plan, removal));
    Ok(Exit::Succeeded)
}
