//! The shell's door: one file per command, its arguments beside its body. Nothing is decided here:
//! parse, one verb of a room below, render.

mod ask;
mod cancel;
mod config;
mod consult;
mod context;
mod directory;
mod doctor;
mod dry_run;
mod events;
mod follow;
mod foreground;
mod hidden;
mod job;
mod jobs;
mod json;
mod login;
mod manual;
mod mcp;
mod output;
mod prompt;
mod prune;
mod retry;
mod schema;
mod search;
mod selection;
mod skill;
mod stats;
mod version;
mod wait;
mod wall;

#[cfg(test)]
mod generated;

use std::ffi::OsString;

use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::failure::{BrokenPipe, Exit, Failure};
use crate::world::{self, World};
use context::Context;
use manual::Section;
use output::Output;

/// Ask Claude Opus for a second opinion through the installed Claude Code, read-only.
///
/// Every consult is a job of its own: it outlives the shell, the terminal and the agent that asked,
/// it is recorded in an append-only log, and its answer is never lost.
#[derive(Debug, Parser)]
#[command(name = "phone-opus", version = version::text(), max_term_width = 100)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    /// When to use colour on a terminal
    #[arg(
        long,
        value_name = "WHEN",
        global = true,
        default_value = "auto",
        hide_default_value = true,
        // After what a command has of its own.
        display_order = 900
    )]
    color: ColorChoice,

    #[command(subcommand)]
    command: Command,
}

/// Each is defined when it is the one that was asked for: all of them, with every argument, cost as
/// much as the rest of a start.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum Command {
    Consult(consult::Args),
    Job(job::Args),
    Jobs(jobs::Args),
    Wait(wait::Args),
    Follow(follow::Args),
    Cancel(cancel::Args),
    Prune(prune::Args),
    Search(search::Args),
    Stats(stats::Args),
    Events(events::Args),
    Doctor(doctor::Args),
    Retry(retry::Args),
    Login(login::Args),
    Mcp(mcp::Args),
    Config(config::Args),
    Schema(schema::Args),
    Skill(skill::Args),
    #[command(name = "__run", hide = true)]
    Run(hidden::RunArgs),
    #[command(name = "__look", hide = true)]
    Look,
    #[command(name = "__exec", hide = true)]
    Exec(hidden::ExecArgs),
}

/// Parses the arguments, runs the command, says what went wrong.
pub(crate) fn run(world: &World) -> Result<Exit, BrokenPipe> {
    let cli = match parse(world::arguments()) {
        Ok(cli) => cli,
        Err(error) => return Ok(json::refuse_arguments(&error)),
    };
    let mut output = Output::new(world, cli.color);
    let wants_json = cli.command.wants_json();
    let result = cli.command.run(&mut Context::new(world, &mut output));
    match result {
        Err(failure) if failure.broken_pipe => Err(BrokenPipe),
        Err(failure) => Ok(output.fail(&failure, wants_json)),
        Ok(exit) => Ok(exit),
    }
}

/// The help has the manuals, and what is said of every command.
fn parse(arguments: Vec<OsString>) -> clap::error::Result<Cli> {
    let mut definition = Cli::command();
    let asks = |argument: &OsString| argument == "--help" || argument == "-h";
    if arguments.len() < 2 || arguments.iter().any(asks) {
        definition = manual::attach(definition);
        definition.build();
    }
    let matches = definition.try_get_matches_from_mut(arguments)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut definition))
}

/// What the manual says of a command beyond its arguments.
fn sections(command: &str) -> &'static [Section] {
    match command {
        "consult" => consult::MANUAL,
        "job" => job::MANUAL,
        "jobs" => jobs::MANUAL,
        "retry" => retry::MANUAL,
        "login" => login::MANUAL,
        "wait" => wait::MANUAL,
        "prune" => prune::MANUAL,
        "cancel" => cancel::MANUAL,
        "mcp" => mcp::MANUAL,
        "config" => config::MANUAL,
        "schema" => schema::MANUAL,
        "skill" => skill::MANUAL,
        "doctor" => doctor::MANUAL,
        "events" => events::MANUAL,
        "follow" => follow::MANUAL,
        "search" => search::MANUAL,
        "stats" => stats::MANUAL,
        _ => &[],
    }
}

impl Command {
    fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        match self {
            Command::Consult(args) => consult::run(&args, context),
            Command::Job(args) => job::run(&args, context),
            Command::Jobs(args) => jobs::run(&args, context),
            Command::Wait(args) => wait::run(&args, context),
            Command::Follow(args) => follow::run(&args, context),
            Command::Cancel(args) => cancel::run(&args, context),
            Command::Prune(args) => prune::run(&args, context),
            Command::Search(args) => search::run(&args, context),
            Command::Stats(args) => stats::run(&args, context),
            Command::Events(args) => events::run(&args, context),
            Command::Doctor(args) => doctor::run(&args, context),
            Command::Retry(args) => retry::run(&args, context),
            Command::Login(args) => login::run(&args, context),
            Command::Mcp(args) => mcp::run(&args, context),
            Command::Config(args) => config::run(&args, context),
            Command::Schema(args) => schema::run(&args, context),
            Command::Skill(args) => skill::run(&args, context),
            Command::Run(args) => hidden::run_stage_command(&args, context),
            Command::Look => hidden::look(context),
            Command::Exec(args) => Ok(hidden::exec(&args)),
        }
    }

    /// Whether errors are to be JSON on standard output.
    fn wants_json(&self) -> bool {
        match self {
            Command::Consult(args) => args.json,
            Command::Job(args) => args.json.is_some(),
            Command::Jobs(args) => args.json.is_some(),
            Command::Wait(args) => args.json.is_some(),
            Command::Follow(args) => args.json,
            Command::Search(args) => args.json,
            Command::Stats(args) => args.json,
            Command::Cancel(args) => args.json,
            Command::Prune(args) => args.json,
            Command::Retry(args) => args.json,
            Command::Doctor(args) => args.json,
            Command::Config(args) => args.json,
            Command::Events(_)
            | Command::Login(_)
            | Command::Mcp(_)
            | Command::Schema(_)
            | Command::Skill(_)
            | Command::Run(_)
            | Command::Look
            | Command::Exec(_) => false,
        }
    }
}
