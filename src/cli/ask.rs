//! From a submission to what the asker hears: the answer, or the id of a job that goes on by itself.

use super::context::{CLOCK, Context};
use super::{foreground, json};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::job::fold::Job;
use crate::render;
use crate::runner::submit::{Submission, submit};

/// How the asker wants to hear.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub(super) bg: bool,
    pub(super) json: bool,
}

/// Submits, and either waits for the answer or prints the job's id.
pub(super) fn ask(
    submission: Submission,
    config: &Config,
    way: Way,
    context: &mut Context<'_>,
) -> Result<Exit, Failure> {
    let state = context.create_state(config)?;
    if !way.bg {
        let interrupts = foreground::Interrupts::listen()?;
        let job = submit(&state, submission, CLOCK)?;
        note_redaction(&job, context);
        return foreground::attend(&state, job, way.json, interrupts, context);
    }
    let job = submit(&state, submission, CLOCK)?;
    note_redaction(&job, context);
    let text =
        if way.json { json::text(&render::json::job(&job), None)? } else { job.id.to_string() };
    // The job is there, and if its id cannot be printed nobody else would name it.
    context.output.line(&text).map_err(|f| f.hinted(render::human::left_running(&job)))?;
    Ok(Exit::Succeeded)
}

fn note_redaction(job: &Job, context: &mut Context<'_>) {
    if job.queued.prompt_redacted {
        context.output.say(
            "note: the prompt holds what looks like a secret; Claude receives it, and what is kept has a marker in its place, but for Claude Code's own record of the conversation",
        );
    }
}
