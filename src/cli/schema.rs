//! `phone-opus schema`: the JSON Schemas of what the program prints.

use super::context::Context;
use super::manual::{Block, EXAMPLES_TITLE, Section};
use crate::failure::{Exit, Failure};
use crate::render::schema;

/// Print the JSON Schema of a document, or the names of all of them
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which document
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// What the help and the man page say beyond the arguments.
pub(super) const MANUAL: &[Section] = &[Section {
    title: EXAMPLES_TITLE,
    blocks: &[Block::Code(&[
        "phone-opus schema",
        "phone-opus schema job > job.schema.json",
        "phone-opus schema config-file > config.schema.json",
    ])],
}];

pub(super) fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let Some(name) = &args.name else {
        context.output.line(&schema::NAMES.join("\n"))?;
        return Ok(Exit::Succeeded);
    };
    let text = schema::schema(name).ok_or_else(|| {
        Failure::usage(format!("there is no schema `{name}`"))
            .hinted(format!("The schemas are: {}.", schema::NAMES.join(", ")))
    })?;
    context.output.line(text)?;
    Ok(Exit::Succeeded)
}
