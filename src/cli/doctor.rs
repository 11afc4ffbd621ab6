//! `phone-opus doctor`: whether everything is right, and what to do where it is not.

use super::consult::program_path;
use super::context::{CLOCK, Context};
use super::json;
use super::manual::{Block, Section};
use super::wall::credential_file;
use crate::config::{Config, Flags};
use crate::consult::request::Sandbox;
use crate::doctor::{Surroundings, consult_the_doctor};
use crate::failure::{Exit, Failure};
use crate::render::doctor::{closing, human};
use crate::world;

/// Look whether everything is right: Claude Code, login, kernel, state directory, log, runners, clients
///
/// Nothing is spent and nothing changed. Each line is OK, WARN or ERROR, with what to do. The exit
/// code is 0 where nothing is an ERROR and no fix FAILED, else the one that a consult would end with.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Do what is safe: seal off a torn line, close files to others, record the ends of dead runners'
    /// jobs, remove what a killed process left
    #[arg(long)]
    fix: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// What the help and the man page say beyond the arguments.
pub(super) const MANUAL: &[Section] = &[
    Section {
        title: "What --fix never does",
        blocks: &[Block::Text(
            "No line of the log is changed or removed, and nothing is taken from a job that lives.",
        )],
    },
    Section {
        title: "Examples",
        blocks: &[Block::Code(&[
            "phone-opus doctor",
            "phone-opus doctor --fix",
            "phone-opus doctor --json | jq '.findings[] | select(.level != \"ok\")'",
        ])],
    },
];

pub(super) fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let (report, exit) = consult_the_doctor(&surroundings(context), args.fix);
    if args.json {
        context.output.line(&json::text(&report, None)?)?;
        return Ok(exit);
    }
    let text = human(&report, context.output.data_colour());
    context.output.data(&text)?;
    context.output.say(&closing(&report));
    Ok(exit)
}

/// What can be found out is handed on; what cannot is a finding too.
fn surroundings(context: &Context<'_>) -> Surroundings {
    let file = context.config_file(None);
    let resolved = match &file {
        Ok(file) => context.resolve_config(file.as_ref(), &Flags::default()),
        Err(_) => Ok(Config::default()),
    };
    // With a configuration that is wrong the rest is looked at as the defaults have it.
    let (config, wrong) = match resolved {
        Ok(config) => (config, None),
        Err(failure) => (Config::default(), Some(failure)),
    };
    let configuration = match (file, wrong) {
        (Err(failure), _) | (_, Some(failure)) => Err(failure),
        (Ok(file), None) => Ok(file.map(|(path, _)| path)),
    };
    let world = context.world;
    Surroundings {
        configuration,
        warnings: config.warnings.iter().map(ToString::to_string).collect(),
        allow_network_fs: config.allow_network_fs.value,
        sandbox: Sandbox::of_name(&config.sandbox.value),
        state_root: context.state_root(),
        claude: program_path(&config, context),
        credential_file: credential_file(&config, context),
        variables: world.variables(),
        search_path: world.search_path(),
        home: world.home(),
        cwd: world::working_directory().ok(),
        clock: CLOCK,
        now: world::now(),
    }
}
