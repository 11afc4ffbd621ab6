//! `phone-opus follow`: a look over the shoulder of a job, wherever it was started.

use super::context::Context;
use super::manual::{Block, Section};
use super::{foreground, selection};
use crate::failure::{Exit, Failure};
use crate::job::id::Selector;

/// Watch a job as it goes, and print its answer when it comes
///
/// As `consult` does in the foreground, but for any job and only to look: Ctrl-C ends the look, and
/// the job goes on. Exits as the job ended.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The job: its id, its first 6 or more characters, or @last
    #[arg(value_name = "ID")]
    selector: Selector,
    /// Print the job as JSON at its end, instead of the answer
    #[arg(long)]
    pub(super) json: bool,
    /// Say nothing on standard error but errors
    #[arg(long, short)]
    quiet: bool,
}

/// What the help and the man page say beyond the arguments.
pub(super) const MANUAL: &[Section] = &[Section {
    title: "Examples",
    blocks: &[Block::Code(&[
        "phone-opus follow @last",
        "phone-opus follow 3f9a1c --quiet > answer",
    ])],
}];

pub(super) fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    if args.quiet {
        context.output.silence();
    }
    let (state, job) = selection::find(&args.selector, context)?;
    foreground::watch(&state, job, args.json, context)
}
