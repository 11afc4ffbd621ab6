//! `consult`: asks, and answers with the answer, or with the job where that takes longer than the
//! client waits. A question is submitted once, whatever becomes of the call.

use std::time::Duration;

use super::super::arguments::{Arguments, parse_id};
use super::super::call::{Call, Woken};
use super::super::catalogue::EFFORTS;
use super::super::clients::LONGEST_SECONDS;
use super::super::desk::Ask;
use super::super::fault::{Fault, Stage, quoted};
use super::super::format::Format;
use super::super::tasks;
use super::Done;
use crate::consult::request::Request;
use crate::failure::{Exit, Failure};
use crate::job::event::Queued;
use crate::job::fold::Job;
use crate::job::id::JobId;
use crate::journal::place::State;
use crate::render;
use crate::render::mcp::Page;
use crate::runner::clock::Clock;
use crate::runner::submit::Submitted;
use crate::runner::{cancel, observe};

const BACKGROUND: &str =
    "It runs by itself. consult_wait gives the answer; consult_job shows how it stands.";
const HANDED_BACK: &str = "The consult takes longer than this call may, and goes on by itself. \
Call consult_wait with this job_id for the answer; do not ask again.";
const WAITED: &str = "The consult has not ended within wait_seconds, and goes on by itself. \
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
    format: Format,
    call: &Call,
) -> Result<Done, Fault> {
    let Asked { mut ask, background, wait } = read(&mut arguments)?;
    arguments.finish()?;
    let as_task = call.wants_task && !background;
    ask.format = as_task.then(|| format.kept());
    let (state, job) = call
        .submit(move |shared| {
            let (state, submitted) = shared.submit(ask)?;
            let job = the_job(&state, submitted, shared.desk.clock())?;
            Ok((state, job))
        })
        .await?;
    let (job, detail) = (job?, format.detail);
    if background {
        return Ok(render::mcp::submitted(&job, detail, BACKGROUND).into());
    }
    if as_task {
        return Ok(Done::Task(Box::new(tasks::handle(&job))));
    }
    let limit = wait.unwrap_or(call.answer_within);
    let woken = call.until_ended(&state, &[job.id], false, limit).await;
    if woken == Woken::Abandoned {
        cancel_if_wanted(&state, job.id, call).await?;
    }
    let (_, job) = call.job(job.id).await?;
    if let Some(fault) = Fault::of_job(&job) {
        return Err(fault);
    }
    let note = match woken {
        Woken::WindingDown | Woken::Abandoned => ENDING,
        _ if wait.is_some() => WAITED,
        _ => HANDED_BACK,
    };
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
        prompt: prompt(arguments)?,
        cwd: arguments.word("cwd", LONGEST_PATH)?.map(Into::into),
        session: arguments.text("session_id")?.as_deref().map(session).transpose()?,
        model: arguments.word("model", LONGEST_WORD)?,
        effort: effort(arguments)?,
        max_turns: arguments.whole("max_turns", 1)?.map(turns).transpose()?,
        idempotency_key: arguments.word("idempotency_key", LONGEST_WORD)?,
        format: None,
    };
    let wait = arguments.seconds("wait_seconds")?;
    #[expect(clippy::cast_precision_loss, reason = "an hour in seconds is exact")]
    let wait = wait.map(|seconds| Duration::from_secs_f64(seconds.min(LONGEST_SECONDS as f64)));
    Ok(Asked { ask, background: arguments.flag("background")?.unwrap_or(false), wait })
}

/// Longest path that Linux takes, bytes.
const LONGEST_PATH: usize = 4096;

/// Longest name of a model, and longest key: it stands in the job's list row, which is small.
const LONGEST_WORD: usize = 200;

fn prompt(arguments: &mut Arguments) -> Result<String, Fault> {
    let prompt = arguments.required_text("prompt")?;
    if prompt.trim().is_empty() {
        return Err(Fault::input("empty_prompt", "the prompt is empty")
            .hinted("Put the whole question into prompt."));
    }
    Ok(prompt)
}

fn effort(arguments: &mut Arguments) -> Result<Option<String>, Fault> {
    let wanted = format!("one of {}", EFFORTS.join(", "));
    let known = |text: &str| EFFORTS.contains(&text).then(|| text.to_owned());
    arguments.one_of("effort", &wanted, known)
}

fn session(text: &str) -> Result<String, Fault> {
    parse_id(text).map(|id| id.to_string()).ok_or_else(|| {
        let detail = format!("session_id is not a UUID: {}", quoted(&text.into()));
        Fault::input("invalid_session_id", detail).hinted(
            "Take the session_id of an earlier answer, or leave it out for a new conversation.",
        )
    })
}

fn turns(turns: u64) -> Result<u32, Fault> {
    u32::try_from(turns)
        .map_err(|_| Fault::input("invalid_argument", format!("max_turns is too large: {turns}")))
}

/// The job of a submission. One key for two questions is a mistake, and the answer to the other one
/// would be a wrong answer.
fn the_job(state: &State, submitted: Submitted, clock: Clock) -> Result<TheJob, Failure> {
    let (id, asked) = match submitted {
        Submitted::New(job) => return Ok(Ok(*job)),
        Submitted::Known { job, asked } => (job, asked),
        Submitted::Withdrawn => return Ok(Err(Fault::ending(Stage::Submit))),
    };
    let job = observe::job(state, id, clock)?.ok_or_else(|| {
        let message = format!("the job {id} of this idempotency_key was pruned just now");
        Failure::new(Exit::TryLater, "pruned", message).hinted("Call again.")
    })?;
    let others = differing(&job.queued, &asked);
    if others.is_empty() {
        return Ok(Ok(job));
    }
    let others = others.join(", another ");
    let detail = format!("idempotency_key belongs to job {id}, which has another {others}");
    Ok(Err(
        Fault::input("idempotency_key_reused", detail).hinted("Use a new key for a new question.")
    ))
}

type TheJob = Result<Job, Fault>;

/// The arguments in which two requests differ, as they were resolved: what was left out counts as the
/// default it came to.
fn differing(queued: &Queued, other: &Request) -> Vec<&'static str> {
    let one = &queued.request;
    let differs = [
        ("prompt", !queued.asks(&other.prompt)),
        ("cwd", one.cwd != other.cwd),
        ("session_id", one.session_id != other.session_id),
        ("model", one.model != other.model),
        ("effort", one.effort != other.effort),
        ("max_turns", one.max_turns != other.max_turns),
    ];
    differs.into_iter().filter_map(|(name, differs)| differs.then_some(name)).collect()
}
