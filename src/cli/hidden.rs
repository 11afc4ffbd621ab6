//! The two hidden commands by which the program runs parts of itself as processes of their own.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ValueEnum;

use super::context::{CLOCK, Context};
use crate::config::Flags;
use crate::failure::{Exit, Failure};
use crate::job::id::JobId;
use crate::job::retention::Rule;
use crate::runner::{self, Stage, run_stage, trampoline};

/// One stage of a job's runner.
#[derive(Debug, clap::Args)]
pub(super) struct RunArgs {
    #[arg(value_parser = parse_id)]
    job: JobId,
    #[arg(long)]
    stage: StageName,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum StageName {
    Launch,
    Guard,
    Worker,
}

fn parse_id(text: &str) -> Result<JobId, String> {
    JobId::parse(text).ok_or_else(|| "not a job id".to_owned())
}

fn to_stage(name: StageName) -> Stage {
    match name {
        StageName::Launch => Stage::Launch,
        StageName::Guard => Stage::Guard,
        StageName::Worker => Stage::Worker,
    }
}

pub(super) fn run_stage_command(args: &RunArgs, context: &Context<'_>) -> Result<Exit, Failure> {
    let Some(state) = context.state_of_running_job()? else {
        return Err(Failure::usage("this command is run by phone-opus itself"));
    };
    let which = to_stage(args.stage);
    let rule = retention(which, context);
    run_stage(which, state, args.job, CLOCK, context.world.variables(), rule)?;
    Ok(Exit::Succeeded)
}

/// What the worker goes by when its job is over. A configuration that is wrong removes nothing.
fn retention(stage: Stage, context: &Context<'_>) -> Rule {
    let config = || {
        let file = context.config_file(None).ok()?;
        context.resolve_config(file.as_ref(), &Flags::default()).ok()
    };
    let config = if stage == Stage::Worker { config() } else { None };
    config.map_or_else(Rule::default, |config| super::prune::configured(&config))
}

/// Looks at a directory for the runner, and prints what it saw.
pub(super) fn look(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let (root, path) = (context.state_root()?, context.world.search_path());
    let seen = runner::look::answer(&root, &path, &context.world.variables());
    context
        .output
        .line(&seen.ok_or_else(|| Failure::usage("this command is run by phone-opus itself"))?)?;
    Ok(Exit::Succeeded)
}

/// Becomes Claude Code.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ExecArgs {
    /// Pid of the worker, whose life the program shares.
    #[arg(long)]
    parent: Option<u32>,
    /// File with what may be read and written.
    #[arg(long)]
    jail: Option<PathBuf>,
    /// What becomes standard output.
    #[arg(long)]
    stdout: Option<PathBuf>,
    /// Go in, say what is worn, and end.
    #[arg(long)]
    rehearse: bool,
    #[arg(last = true)]
    call: Vec<OsString>,
}

pub(super) fn exec(args: &ExecArgs) -> Exit {
    let ExecArgs { parent, jail, stdout, rehearse, call } = args.clone();
    let order = trampoline::Order { parent, jail, stdout, rehearse, call };
    if trampoline::become_program(&order) { Exit::Succeeded } else { Exit::CannotExec }
}
