//! `consult`: asks, and answers with the answer, or with the job where that takes longer than the
//! client waits. A question is submitted once, whatever becomes of the call.

use std::time::Duration;

use super::super::arguments::{Arguments, Detail};
use super::super::call::{Call, Woken};
use super::super::clients::LONGEST_SECONDS;
use super::super::desk::Ask;
use super::super::fault::Fault;
use super::super::tasks;
use super::Done;
use crate::failure::{Exit, Failure};
use crate::job::fold::Job;
use crate::job::id::JobId;
use crate::journal::place::State;
use crate::render;
use crate::render::mcp::Page;
use crate::runner::submit::Submitted;
use crate::runner::{cancel, observe};

const BACKGROUND: &str =
    "It runs by itself. consult_wait gives the answer; consult_job shows how it stands.";
const HANDED_BACK: &str = "The consult takes longer than this call may, and goes on by itself. \
Call consult_wait with this job_id for the answer; do not ask again.";
const ENDING: &str = "The server is ending or being updated; the consult goes on by itself. \
Call consult_wait with this job_id for the answer; do not ask again.";

/// What was asked of the tool.
struct Asked {
    ask: Ask,
    background: bool,
    wait: Option<Duration>,
}

pub(super) async fn run(
    mut arguments: Arguments,
    detail: Detail,
    call: &Call,
) -> Result<Done, Fault> {
    let asked = read(&mut arguments)?;
    arguments.finish()?;
    let ask = asked.ask.clone();
    let (state, job) = call
        .submit(move |shared| {
            let (state, submitted) = shared.submit(ask)?;
            let job = the_job(&state, submitted, shared.desk.clock())?;
            Ok((state, job))
        })
        .await?;
    refuse_other_question(&asked.ask, &job)?;
    if asked.background {
        return Ok(render::mcp::submitted(&job, detail, BACKGROUND).into());
    }
    if call.wants_task {
        return Ok(Done::Task(Box::new(tasks::handle(&job))));
    }
    let limit = asked.wait.unwrap_or(call.answer_within);
    let woken = call.until_ended(&state, &[job.id], false, limit).await;
    if woken == Woken::Abandoned {
        cancel_if_wanted(&state, job.id, call).await?;
    }
    let (_, job) = call.job(job.id).await?;
    if let Some(fault) = Fault::of_job(&job) {
        return Err(fault);
    }
    let note =
        if matches!(woken, Woken::WindingDown | Woken::Abandoned) { ENDING } else { HANDED_BACK };
    Ok(match job.ending {
        Some(_) => render::mcp::answered(&job, detail, Page::default()),
        None => render::mcp::submitted(&job, detail, note),
    }
    .into())
}

/// Nobody waits any more: by default that is no reason to throw away what is being paid for.
async fn cancel_if_wanted(state: &State, id: JobId, call: &Call) -> Result<(), Fault> {
    let state = state.clone();
    call.cancel(move |shared| {
        if shared.desk.cancels_abandoned() {
            cancel::ask(&state, id, shared.desk.caller(), shared.desk.clock())?;
        }
        Ok(())
    })
    .await
}

fn read(arguments: &mut Arguments) -> Result<Asked, Fault> {
    let ask = Ask {
        prompt: arguments.required_text("prompt")?,
        cwd: arguments.text("cwd")?.map(Into::into),
        session: arguments.text("session_id")?.as_deref().map(session).transpose()?,
        model: arguments.text("model")?,
        effort: arguments.text("effort")?,
        max_turns: arguments.whole("max_turns", 1)?.map(turns).transpose()?,
        idempotency_key: arguments.text("idempotency_key")?.map(key).transpose()?,
    };
    let wait = arguments.seconds("wait_seconds")?;
    #[expect(clippy::cast_precision_loss, reason = "an hour in seconds is exact")]
    let wait = wait.map(|seconds| Duration::from_secs_f64(seconds.min(LONGEST_SECONDS as f64)));
    Ok(Asked { ask, background: arguments.flag("background")?.unwrap_or(false), wait })
}

fn session(text: &str) -> Result<String, Fault> {
    match JobId::parse(&text.to_ascii_lowercase()) {
        Some(id) => Ok(id.to_string()),
        None => Err(Fault::input(
            "invalid_session_id",
            format!("session_id is not a UUID: {text:?}"),
        )
        .hinted(
            "Take the session_id of an earlier answer, or leave it out for a new conversation.",
        )),
    }
}

fn turns(turns: u64) -> Result<u32, Fault> {
    u32::try_from(turns)
        .map_err(|_| Fault::input("invalid_argument", format!("max_turns is too large: {turns}")))
}

/// A key stands in the job's list row, which is small.
fn key(key: String) -> Result<String, Fault> {
    const LONGEST: usize = 200;
    if key.is_empty() || key.len() > LONGEST {
        let detail = format!("idempotency_key must have 1 to {LONGEST} bytes, not {}", key.len());
        return Err(Fault::input("invalid_argument", detail));
    }
    Ok(key)
}

fn the_job(
    state: &State,
    submitted: Submitted,
    clock: crate::runner::clock::Clock,
) -> Result<Job, Failure> {
    match submitted {
        Submitted::New(job) => Ok(*job),
        Submitted::Withdrawn => {
            Err(Failure::new(Exit::TryLater, "server_ending", "the server is ending")
                .hinted("Nothing was submitted. Ask again once the server is back."))
        }
        Submitted::Known(id) => observe::job(state, id, clock)?
            .ok_or_else(|| Failure::usage(format!("the job {id} of this key was pruned just now"))),
    }
}

/// One key for two questions is a mistake, and the answer to the other one would be a wrong answer.
fn refuse_other_question(ask: &Ask, job: &Job) -> Result<(), Fault> {
    if job.queued.request.prompt == ask.prompt {
        return Ok(());
    }
    let detail = format!("idempotency_key belongs to job {}, which has another prompt", job.id);
    Err(Fault::input("idempotency_key_reused", detail).hinted("Use a new key for a new question."))
}
