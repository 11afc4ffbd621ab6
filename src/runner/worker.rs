//! The third stage: waits for a slot, starts Claude Code, attends to it, records the end.

use std::fs::File;
use std::time::Duration;

use super::child::{self, Finished, StderrLog, Surroundings};
use super::error::Error;
use super::identity::Identity;
use super::kernel;
use super::program::{self, Program};
use super::signals::Signals;
use super::slots::{self, Queue};
use super::stage::{Errand, Inherited};
use super::transcript::Transcript;
use super::wall::{self, Wall};
use super::watch::CancelWatch;
use super::{finish, housekeeping, lock, look, outcome, pause, start, stop, trampoline};
use crate::consult::claude::outcome::conclude;
use crate::consult::claude::stream::Live;
use crate::consult::failure::{Code, Failure};
use crate::consult::reply::{Outcome, Partial};
use crate::job::event::{Event, Progress, Started};
use crate::job::fold::Job;
use crate::job::tree::Snapshot;
use crate::journal::append::{Appended, append};
use crate::journal::history;

/// How long the worker waits for the log's lock before it gives up on a start that costs money.
const START_LOCK_LIMIT: Duration = Duration::from_secs(30);

/// A progress event is worth no waiting.
const PROGRESS_LOCK_LIMIT: Duration = Duration::from_millis(20);

pub(super) fn run(errand: &Errand, mut inherited: Inherited) -> Result<(), Error> {
    // Fails only for a process group leader, which a fresh child is not.
    let _ = rustix::process::setsid();
    let mut signals = Signals::install()?;
    kernel::become_subreaper();
    pause::at("worker");
    inherited.report("accepted");
    pause::at("accepted");
    let Some(job) = read_job(errand)? else { return Ok(()) };
    // Asked before the wait: a missing program is told at once.
    let (slot, end) = match program(errand, &job) {
        Err(end) => (None, Some(end)),
        Ok(program) => match wait_for_slot(errand, &job, &mut signals) {
            Err(end) => (None, Some(end)),
            Ok(slot) => match wall::build(errand, &inherited, &job, &program) {
                Err((code, detail)) => (Some(slot), Some(failed(code, detail))),
                Ok(wall) => (Some(slot), consult(errand, &job, &program, &wall, &mut signals)),
            },
        },
    };
    if let Some(end) = end {
        let end = finish::kept(end, &job.queued.request);
        finish::conclude(errand, &inherited, &end, &mut signals);
    }
    // Not before the end is in the log: there, too, never more run at once than allowed.
    drop(slot);
    housekeeping::keep_house(errand);
    Ok(())
}

/// The job as the log has it; `None` when there is nothing to do.
fn read_job(errand: &Errand) -> Result<Option<Job>, Error> {
    let job = history::job(&errand.state, errand.job)?;
    Ok(job.filter(|job| job.ending.is_none()))
}

/// The program, with the flags that it takes. One that does not say which it takes is not called: it
/// might do without the very flag that keeps it from more than reading.
fn program(errand: &Errand, job: &Job) -> Result<Program, Event> {
    let configured = job.queued.request.claude_bin.as_deref();
    program::prepare(&errand.state, configured, &errand.path()).map_err(|error| {
        let code = match error {
            Error::ProgramSilent { .. } => Code::SpawnFailed,
            _ => Code::ClaudeMissing,
        };
        failed(code, error.to_string())
    })
}

/// Runs a job that has its slot to its terminal event; `None` when somebody else ended it first.
fn consult(
    errand: &Errand,
    job: &Job,
    program: &Program,
    wall: &Wall,
    signals: &mut Signals,
) -> Option<Event> {
    let before = look::look(&errand.state, &job.queued.session.cwd, signals);
    match record_start(errand, job, program, wall, before) {
        Ok(Recorded::Yes) => {}
        Ok(Recorded::Cancelled) => return Some(cancelled()),
        Ok(Recorded::EndedByOther) => return None,
        Err(error) => {
            return Some(failed(
                Code::SpawnFailed,
                format!("The start could not be recorded, so nothing was started: {error}"),
            ));
        }
    }
    // Only now: whoever was queued later must not start between our slot and our `started`.
    slots::drop_ticket(&errand.state, errand.job);
    pause::at("started");
    let mut end = run_program(errand, job, program, wall, signals);
    // The answer first, wherever the look may hang.
    let _ =
        outcome::save(&errand.state, errand.job, &finish::kept(end.clone(), &job.queued.request));
    end.see_tree_after(look::look(&errand.state, &job.queued.session.cwd, signals));
    Some(end)
}

/// Waits in the queue. An order to end, or a request to cancel, ends the wait and the job.
fn wait_for_slot(errand: &Errand, job: &Job, signals: &mut Signals) -> Result<File, Event> {
    let mut queue = Queue::new(&errand.state, errand.job);
    let mut cancel = CancelWatch::new(errand.job);
    for looks in 0.. {
        match queue.try_slot(job.queued.request.max_running) {
            Ok(Some(slot)) => return Ok(slot),
            Ok(None) => {}
            Err(error) => {
                return Err(failed(Code::SpawnFailed, format!("No slot could be taken: {error}")));
            }
        }
        let pause = slots::pause_before_look(looks);
        finish::sleep_unless_signalled(signals, pause.as_millis().try_into().unwrap_or(u64::MAX));
        let ordered = signals.take().is_some();
        if cancel.requested(&errand.state) {
            return Err(cancelled());
        }
        if ordered {
            return Err(failed(Code::Interrupted, "A signal ended the wait for a free slot."));
        }
    }
    unreachable!("an endless loop ends by return only")
}

fn failed(code: Code, detail: impl Into<String>) -> Event {
    Event::failed(Failure::new(code, detail))
}

fn cancelled() -> Event {
    Event::Cancelled(Box::default())
}

/// Whether `started` stands in the log.
enum Recorded {
    Yes,
    Cancelled,
    EndedByOther,
}

/// Appends `started`, durably. Claude Code runs only after this.
fn record_start(
    errand: &Errand,
    job: &Job,
    program: &Program,
    wall: &Wall,
    before: Snapshot,
) -> Result<Recorded, Error> {
    let guard = lock::read_holders(&errand.state, errand.job).unwrap_or_default().guard;
    let started = Event::Started(Box::new(Started {
        pid: guard.pid,
        worker_pid: Identity::own().pid,
        start_time: guard.start_time,
        boot_id: kernel::boot_id(),
        claude_path: program.path.to_string_lossy().into_owned(),
        claude_version: program.version.clone(),
        model: job.queued.request.model.clone(),
        enforcement: Some(wall.enforcement.to_json()),
        provenance: Some(before),
    }));
    let unix_ms = (errand.clock.unix_ms)();
    let appended = append(&errand.state, START_LOCK_LIMIT, unix_ms, errand.job, |job| {
        let wanted = job.is_some_and(|job| job.ending.is_none() && job.cancel_requested.is_none());
        wanted.then_some(started)
    })?;
    Ok(match appended {
        Appended::Written(_) => Recorded::Yes,
        Appended::Declined(Some(job)) if job.ending.is_none() => Recorded::Cancelled,
        Appended::Declined(_) => Recorded::EndedByOther,
    })
}

/// From Claude Code's start to the event that ends the job.
fn run_program(
    errand: &Errand,
    job: &Job,
    program: &Program,
    wall: &Wall,
    signals: &mut Signals,
) -> Event {
    let child = match start::spawn(errand, job, program, wall) {
        Ok(child) => child,
        Err(detail) => return failed(Code::SpawnFailed, detail),
    };
    pause::at("running");
    let redact = job.queued.request.redact;
    let on_progress = |live: &Live| record_progress(errand, live);
    let surroundings = Surroundings {
        state: &errand.state,
        clock: errand.clock,
        request: &job.queued.request,
        transcript: Transcript::create(&errand.state, errand.job, redact),
        stderr_log: StderrLog::new(start::open_stderr_log(errand), redact),
        cancel: CancelWatch::new(errand.job),
        in_bwrap: wall.has_bwrap(),
        on_progress: &on_progress,
    };
    match child::attend(child, surroundings, signals) {
        Ok(finished) => finish::event(judge(errand, job, &finished)),
        Err(error) => {
            stop::kill_descendants();
            // Not `spawn_failed`, which says that nothing was spent.
            failed(Code::Interrupted, format!("Claude Code could not be attended to: {error}"))
        }
    }
}

fn judge(errand: &Errand, job: &Job, finished: &Finished) -> Outcome {
    let Finished { stream, exit, stop, stderr_tail } = finished;
    let before = job.queued.session.total_cost_usd_before;
    if let Some(detail) = trampoline::complaint(*exit, stderr_tail) {
        return Outcome::Failed(Failure::new(Code::SpawnFailed, detail), Partial::default());
    }
    let outcome = conclude(stream, *exit, stderr_tail, *stop, before);
    if let Outcome::Failed(failure, _) = &outcome
        && failure.detail.contains("unknown option")
    {
        // The program changed behind an unchanged file (a wrapper): probe it anew next time.
        program::forget_probe(&errand.state);
    }
    outcome
}

fn record_progress(errand: &Errand, live: &Live) {
    let progress = Event::Progress(Progress {
        turns: live.turns,
        tool: live.tool.clone(),
        text_bytes: live.text_bytes,
        api_retries: live.api_retries,
        cost_usd: live.cost_usd,
    });
    let unix_ms = (errand.clock.unix_ms)();
    let _ = append(&errand.state, PROGRESS_LOCK_LIMIT, unix_ms, errand.job, |job| {
        job.is_some_and(|job| job.ending.is_none()).then_some(progress)
    });
}
