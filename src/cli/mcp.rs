//! `phone-opus mcp`: the other door, opened from here, and how clients are told of it.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{ColorChoice, Subcommand};

use super::consult;
use super::context::{CLOCK, Context};
use super::manual::{self, Block, EXAMPLES_TITLE, Section};
use super::output::Output;
use crate::config::Flags;
use crate::failure::{Exit, Failure};
use crate::jail::probe::probe;
use crate::job::event::Caller;
use crate::journal::place::State;
use crate::mcp::desk::{Ask, Desk};
use crate::mcp::{self, snippet};
use crate::runner::clock::Clock;
use crate::runner::outlook;
use crate::runner::submit::{Submitted, submit_once};
use crate::world::World;

/// Serve coding agents over MCP, or print how to configure one
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the Model Context Protocol on standard input and output, for a client to start
    Serve {
        /// The descriptor with what an earlier version of this server handed on
        #[arg(long, value_name = "FD", hide = true)]
        resume: Option<u32>,
        /// Only read what was handed on: could this version go on with it?
        #[arg(long, hide = true, requires = "resume")]
        trial: bool,
    },
    /// Print what to put into a client's configuration
    #[command(after_long_help = manual::help(MANUAL))]
    Config {
        /// The client
        client: snippet::Client,
    },
}

/// What the help and the man page say beyond the arguments.
pub(super) const MANUAL: &[Section] = &[Section {
    title: EXAMPLES_TITLE,
    blocks: &[Block::Code(&[
        "phone-opus mcp config codex >> ~/.codex/config.toml",
        r#"sh -c "$(phone-opus mcp config claude)""#,
    ])],
}];

pub(super) fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    match &args.command {
        Command::Serve { resume, trial } => {
            let desk: Arc<dyn Desk> = Arc::new(Shell { world: context.world.clone() });
            mcp::serve(&desk, *resume, *trial)
        }
        Command::Config { client } => {
            context.output.data(&snippet::snippet(*client))?;
            Ok(Exit::Succeeded)
        }
    }
}

/// The shell's side of what both doors share.
struct Shell {
    world: World,
}

impl Shell {
    fn with<T>(&self, work: impl FnOnce(&mut Context<'_>) -> T) -> T {
        let mut output = Output::new(&self.world, ColorChoice::Never);
        output.silence();
        work(&mut Context::new(&self.world, &mut output))
    }
}

impl Desk for Shell {
    fn submit(&self, ask: Ask, still: &dyn Fn() -> bool) -> Result<(State, Submitted), Failure> {
        self.with(|context| {
            let (key, format) = (ask.idempotency_key.clone(), ask.format.clone());
            let (config, mut submission) = consult::asked(ask, context)?;
            submission.caller = Caller { format, ..self.caller() };
            let state = context.create_state(&config)?;
            let submitted = submit_once(&state, submission, key.as_deref(), still, CLOCK)?;
            Ok((state, submitted))
        })
    }

    fn state(&self) -> Result<Option<State>, Failure> {
        self.with(|context| {
            // What is wrong in the configuration must not hide the jobs that are there.
            let config = context.config(&Flags::default());
            let allow_network_fs = config.is_ok_and(|config| config.allow_network_fs.value);
            Ok(State::existing(&context.state_root()?, allow_network_fs)?)
        })
    }

    fn state_root(&self) -> Result<PathBuf, Failure> {
        self.with(|context| context.state_root())
    }

    fn claude(&self) -> Result<String, Failure> {
        self.with(|context| {
            let config = context.config(&Flags::default())?;
            consult::program_path(&config, context)
        })
    }

    fn cancels_abandoned(&self) -> bool {
        let config = self.with(|context| context.config(&Flags::default()));
        config.is_ok_and(|config| config.mcp_cancel_on_disconnect.value)
    }

    fn caller(&self) -> Caller {
        Caller { door: "mcp".to_owned(), ..self.with(|context| context.caller()) }
    }

    fn clock(&self) -> Clock {
        CLOCK
    }

    fn sandbox(&self) -> serde_json::Value {
        let jail = outlook::foresee(&probe(&self.world.search_path()));
        serde_json::json!({
            "enforced": jail.lacks().is_empty(),
            "landlock_abi": jail.landlock_abi,
            "seccomp": jail.seccomp,
            "bwrap": jail.bwrap,
            "missing": jail.missing,
        })
    }

    fn launch_path(&self) -> Option<PathBuf> {
        self.world.launch_path()
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.world.variable(name).map(str::to_owned)
    }
}
