//! `phone-opus skill`: what teaches a coding agent when and how to ask.

use std::path::Path;

use clap::Subcommand;

use super::context::Context;
use super::manual::{Block, EXAMPLES_TITLE, Section};
use crate::failure::{Exit, Failure};
use crate::skill::{self, Client, Found};

/// Teach a coding agent when and how to ask
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Put the skill where a client looks for the skills of its user
    ///
    /// A copy that nobody has touched is brought up to date. One that was edited is left alone, unless
    /// --force is given, and is then kept as SKILL.md.bak. If the client's directory, or that of its
    /// skills, is a link to a directory of yours, the skill goes there; a skill that is a link itself is
    /// left alone.
    Install {
        /// The client
        client: Client,
        /// Say what would be done, and do nothing
        #[arg(long)]
        dry_run: bool,
        /// Replace a copy that was edited
        #[arg(long)]
        force: bool,
    },
    /// Print the skill
    Show,
}

/// What the help and the man page say beyond the arguments.
pub(super) const MANUAL: &[Section] = &[
    Section {
        title: "Files",
        blocks: &[Block::Terms(&[
            (
                "~/.claude/skills/phone-opus/SKILL.md",
                "for Claude Code (below $CLAUDE_CONFIG_DIR where that is set)",
            ),
            (
                "~/.agents/skills/phone-opus/SKILL.md",
                "for Codex, and for whoever else reads it there",
            ),
        ])],
    },
    Section {
        title: "Environment",
        blocks: &[Block::Terms(&[
            ("HOME", "where the clients' directories are"),
            ("CLAUDE_CONFIG_DIR", "Claude Code's own directory, instead of ~/.claude"),
        ])],
    },
    Section {
        title: EXAMPLES_TITLE,
        blocks: &[Block::Code(&[
            "phone-opus skill install claude --dry-run",
            "phone-opus skill install claude",
            "phone-opus skill install codex",
        ])],
    },
];

pub(super) fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    match &args.command {
        Command::Show => context.output.data(skill::TEXT)?,
        Command::Install { client, dry_run, force } => {
            install(*client, *dry_run, *force, context)?;
        }
    }
    Ok(Exit::Succeeded)
}

fn install(
    client: Client,
    dry_run: bool,
    force: bool,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let home = context.world.home().filter(|home| home.is_absolute()).ok_or_else(no_home)?;
    let claude_home = context.world.variable("CLAUDE_CONFIG_DIR").map(Path::new);
    let claude_home = claude_home.filter(|directory| directory.is_absolute());
    let place = skill::place(client, &home, claude_home);
    let path = place.display();
    let found = skill::look(&place).map_err(|error| unwritable(&place, &error))?;
    let done = match found {
        Found::Current => return context.output.line(&format!("{path} is up to date.")),
        Found::Link => return Err(is_linked(&place)),
        Found::Astray => return Err(is_astray(&place)),
        Found::Edited if !force => return Err(is_edited(&place)),
        Found::Nothing => "Installed",
        Found::Untouched => "Updated",
        Found::Edited => "Replaced",
    };
    if dry_run {
        return context.output.line(&format!("Would be done: {done} {path}. Nothing was changed."));
    }
    let failed = |error| unwritable(&place, &error);
    if found == Found::Edited {
        let aside = skill::set_aside(&place).map_err(failed)?;
        context.output.say(&format!("The edited copy is kept as {}.", aside.display()));
    }
    skill::install(&place).map_err(failed)?;
    context.output.line(&format!("{done} {path}."))
}

fn no_home() -> Failure {
    Failure::usage("HOME is not set to an absolute path, so there is no place for a skill")
        .hinted("Set HOME; or write what `phone-opus skill show` prints to where it belongs.")
}

fn is_edited(place: &Path) -> Failure {
    Failure::usage(format!("{} was edited, and is left as it is", place.display())).hinted(
        "--force replaces it and keeps the edited copy; `phone-opus skill show` prints the new one.",
    )
}

fn is_linked(place: &Path) -> Failure {
    Failure::usage(format!("{} is a symbolic link, or its directory is", place.display())).hinted(
        "Whoever made the link, such as home-manager, keeps it; remove it to install a copy.",
    )
}

fn is_astray(place: &Path) -> Failure {
    let message = format!("{} is below a symbolic link to no directory of yours", place.display());
    Failure::usage(message)
        .hinted("Make the link lead to a directory that you may write, or remove it.")
}

fn unwritable(place: &Path, error: &std::io::Error) -> Failure {
    let message = format!("cannot install {}", place.display());
    Failure::new(Exit::StateIo, "skill_io", message)
        .caused_by(error)
        .hinted("Look at the permissions there; nothing was half written.")
}
