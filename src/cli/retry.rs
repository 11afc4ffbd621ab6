//! `phone-opus retry`: asks a job's question once more, as a new job.

use std::path::Path;

use super::ask::{self, Way};
use super::context::{CLOCK, Context};
use super::manual::{Block, Section};
use super::prompt::{self, Sources};
use super::wall::check_wall;
use super::{consult, directory, selection};
use crate::config::Flags;
use crate::consult::request::Request;
use crate::failure::{Exit, Failure};
use crate::job::fold::Job;
use crate::job::id::{JobId, Selector};
use crate::runner::observe;
use crate::runner::submit::Submission;
use crate::world;

/// Ask a job's question once more, as a new job with the same options
///
/// Directory, model, limits, tools, label and conversation are the job's; which Claude Code is run and
/// how many run at once say the configuration of now. With PROMPT another question is asked in the
/// same way. Where the log has the question redacted, that is what is asked, unless PROMPT gives it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The job: its id, its first 6 or more characters, or @last
    #[arg(value_name = "ID")]
    selector: Selector,
    /// The question, in place of the recorded one; `-` reads it from standard input
    prompt: Option<String>,
    /// Do not wait: print the new job's id and return
    #[arg(long)]
    bg: bool,
    /// Print the new job as JSON instead of the answer or the id
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
        "phone-opus retry @last",
        "phone-opus retry 3f9a1c --bg",
        r#"phone-opus retry 3f9a1c "The same, and look at the tests too.""#,
    ])],
}];

pub(super) fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    if args.quiet {
        context.output.silence();
    }
    let config = context.config(&Flags::default())?;
    consult::refuse_nesting(&config, context)?;
    let absent = || selection::no_such_job(&args.selector);
    let state = context.existing_state(&config)?.ok_or_else(absent)?;
    let id = selection::resolve(&state, &args.selector)?;
    let job = observe::job(&state, id, CLOCK)?.ok_or_else(absent)?;
    refuse_unfinished(&job)?;
    let asked = &job.queued.request;
    let submission = Submission {
        job: JobId::new(world::new_id()),
        new_session: world::new_id().to_string(),
        request: Request {
            prompt: question(args, &job, context)?,
            cwd: directory::to_advise_on(Some(Path::new(&asked.cwd)), context)?,
            claude_bin: Some(consult::program_path(&config, context)?),
            max_running: config.max_running.value,
            redact: config.redact.value,
            ..asked.clone()
        },
        caller: context.caller(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        retry_of: Some(id),
    };
    check_wall(&submission.request, context)?;
    ask::ask(submission, &config, Way { bg: args.bg, json: args.json }, context)
}

/// What is being paid for already is not asked twice.
fn refuse_unfinished(job: &Job) -> Result<(), Failure> {
    if job.ending.is_some() {
        return Ok(());
    }
    let message = format!("job {} has not ended: it is {}", job.id, job.status());
    let hint =
        format!("`phone-opus wait {0}` waits for it, `phone-opus cancel {0}` ends it.", job.id);
    Err(Failure::new(Exit::TryLater, "unfinished", message).hinted(hint))
}

fn question(args: &Args, job: &Job, context: &mut Context<'_>) -> Result<String, Failure> {
    if let Some(argument) = args.prompt.as_deref() {
        let sources = Sources { argument: Some(argument), file: None, edit: false };
        return prompt::read(&sources, context);
    }
    if job.queued.prompt_redacted {
        context.output.say(&format!(
            "note: the log has this question with its secrets redacted, and so it is asked again; \
             `phone-opus retry {} PROMPT` sends what you give",
            job.id
        ));
    }
    Ok(job.queued.request.prompt.clone())
}
