//! `phone-opus job`: one job as it stands.

use super::context::Context;
use super::manual::{Block, EXAMPLES_TITLE, Section};
use super::{json, selection};
use crate::failure::{Exit, Failure};
use crate::job::fold::{Ending, Job};
use crate::job::id::Selector;
use crate::runner::look;
use crate::{render, world};

/// Show one job: what was asked, where it stands, what came back
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The job: its id, its first 6 or more characters, or @last
    #[arg(value_name = "ID")]
    selector: Selector,
    /// Print the job as JSON, or only these top-level fields of it
    #[arg(long, value_name = "FIELDS", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(super) json: Option<String>,
    /// Print the answer alone, byte for byte
    #[arg(long, conflicts_with = "json")]
    response: bool,
    /// Exit as the job ended, instead of 0 for having shown it; 75 while it is unfinished
    #[arg(long)]
    exit_status: bool,
}

/// What the help and the man page say beyond the arguments.
pub(super) const MANUAL: &[Section] = &[Section {
    title: EXAMPLES_TITLE,
    blocks: &[Block::Code(&[
        "phone-opus job @last",
        r#"id=$(phone-opus consult --bg "Why is start-up slow?")"#,
        r#"phone-opus wait "$id" && phone-opus job "$id" --response"#,
        "phone-opus job @last --json | jq -r .result.response",
        "phone-opus job @last --json=status,cost_usd",
    ])],
}];

pub(super) fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let (state, mut job) = selection::find(&args.selector, context)?;
    if !args.response && json::wants(args.json.as_deref(), "stale") {
        look::note_staleness(&state, &mut job);
    }
    if args.response {
        context.output.data(response(&job)?)?;
    } else if args.json.as_deref() == Some("") {
        context.output.document(&render::json::job(&job))?;
    } else if let Some(fields) = &args.json {
        let text = json::text(&render::json::job(&job), Some(fields))?;
        context.output.line(&text)?;
    } else {
        let text = render::human::job(&job, world::unix_ms(), context.output.data_colour());
        context.output.line(&text)?;
    }
    Ok(if args.exit_status { Exit::of_job(&job) } else { Exit::Succeeded })
}

fn response(job: &Job) -> Result<&str, Failure> {
    if let Some(Ending::Succeeded(succeeded)) = &job.ending {
        return Ok(&succeeded.reply.response);
    }
    let message = format!("job {} has no answer: it is {}", job.id, job.status());
    let hint = match job.ending {
        None => format!("`phone-opus wait {}` waits for it.", job.id),
        Some(_) => {
            format!("`phone-opus job {}` says why, and shows what there was of one.", job.id)
        }
    };
    Err(Failure::new(Exit::of_job(job), "no_answer", message).hinted(hint))
}
