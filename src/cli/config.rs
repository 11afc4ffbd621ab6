//! `phone-opus config`: what is in force, where it came from, and whether it is right.

use std::path::PathBuf;

use serde_json::json;

use super::context::Context;
use super::manual::{Block, EXAMPLES_TITLE, Section};
use crate::config::{Config, Entry, Flags};
use crate::failure::{Exit, Failure};

/// Show or check the configuration
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    /// Print JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Print each key with its value and where it came from (the default)
    Show,
    /// Check a configuration file; without FILE, the one that is used
    Check {
        /// The file, instead of the one that is used
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Print a config.toml with every key, its default and what it is for
    Template,
}

/// What the help and the man page say beyond the arguments.
pub(super) const MANUAL: &[Section] = &[Section {
    title: EXAMPLES_TITLE,
    blocks: &[Block::Code(&[
        "phone-opus config",
        "mkdir -p ~/.config/phone-opus",
        "phone-opus config template > ~/.config/phone-opus/config.toml",
        "phone-opus config check",
        "PHONE_OPUS_MODEL=sonnet phone-opus config show --json",
    ])],
}];

pub(super) fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    match &args.action {
        None | Some(Action::Show) => show(args.json, context)?,
        Some(Action::Check { file }) => check(args.json, file.as_ref(), context)?,
        Some(Action::Template) if args.json => {
            return Err(Failure::usage("the template is TOML and has no JSON form")
                .hinted("`phone-opus config show --json` prints every key with its value."));
        }
        Some(Action::Template) => context.output.line(&crate::config::template())?,
    }
    Ok(Exit::Succeeded)
}

fn show(as_json: bool, context: &mut Context<'_>) -> Result<(), Failure> {
    let entries = context.config(&Flags::default())?.entries();
    let text = if as_json {
        let entries: Vec<_> = entries
            .iter()
            .map(|e| json!({"key": e.key, "value": e.value, "origin": e.origin.to_string()}))
            .collect();
        super::json::text(&json!({"schema_version": 1, "config": entries}), None)?
    } else {
        table(&entries)
    };
    context.output.line(&text)
}

fn table(entries: &[Entry]) -> String {
    let width = entries.iter().map(|entry| entry.key.len()).max().unwrap_or_default();
    let lines = entries
        .iter()
        .map(|entry| format!("{:width$}  {}  ({})", entry.key, entry.value, entry.origin));
    lines.collect::<Vec<_>>().join("\n")
}

fn check(as_json: bool, file: Option<&PathBuf>, context: &mut Context<'_>) -> Result<(), Failure> {
    let file = context.config_file(file)?;
    let config: Config = context.resolve_config(file.as_ref(), &Flags::default())?;
    let file = file.map(|(path, _)| path.display().to_string());
    let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    if as_json {
        let document = json!({"schema_version": 1, "ok": true, "file": file, "warnings": warnings});
        return context.output.line(&super::json::text(&document, None)?);
    }
    for warning in &warnings {
        context.output.say(&format!("warning: {warning}"));
    }
    let verdict = match file {
        Some(file) => format!("{file} is right."),
        None => {
            "There is no configuration file; the defaults and the environment are right.".into()
        }
    };
    context.output.line(&verdict)
}
