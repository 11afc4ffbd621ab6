//! Submitting: from a resolved request to a job that lives on its own.
//!
//! Order is everything here: lock, files, durable `queued`, runner, handshake. A crash between any
//! two leaves either nothing in the log or a job whose free lock says that it is lost.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::time::Duration;

use super::clock::Clock;
use super::error::{At, Error};
use super::hand_over::hand_over;
use super::record::{queued, recorded};
use super::session::{self, Memory};
use super::{finish, lock, observe, pause, slots};
use crate::consult::failure::{Code, Failure};
use crate::consult::request::Request;
use crate::job::event::{Caller, Event, Queued};
use crate::job::fold::Job;
use crate::job::id::JobId;
use crate::journal::append::{Once, append, append_once};
use crate::journal::place::{State, open_private};
use crate::journal::read::Log;

/// How long a command waits for the log's lock.
pub(crate) const LOG_LOCK_LIMIT: Duration = Duration::from_secs(10);

/// What a door hands in.
pub(crate) struct Submission {
    pub(crate) job: JobId,
    /// Id for a new conversation, used when the request resumes none.
    pub(crate) new_session: String,
    pub(crate) request: Request,
    pub(crate) caller: Caller,
    /// Version of phone-opus.
    pub(crate) version: String,
    /// The job whose question is asked again.
    pub(crate) retry_of: Option<JobId>,
}

impl Submission {
    /// The conversation, chosen now, so that every failure still names one to resume.
    pub(super) fn session(&self) -> &str {
        self.request.session_id.as_deref().unwrap_or(&self.new_session)
    }
}

/// How long a call with the same idempotency key means the same job, milliseconds.
const KEY_COUNTS_FOR_MS: i64 = 24 * 60 * 60 * 1000;

/// What a submission with an idempotency key came to.
#[derive(Debug)]
pub(crate) enum Submitted {
    New(Box<Job>),
    /// An earlier call with the key made this job. What this one asks may differ from what that one
    /// did, which is for the door to judge.
    Known {
        job: JobId,
        asked: Box<Request>,
    },
    /// The caller wanted it no more, and nothing of it is in the log.
    Withdrawn,
}

/// Submits a job and returns once its runner has accepted it. From then on the job needs nobody.
pub(crate) fn submit(state: &State, submission: Submission, clock: Clock) -> Result<Job, Error> {
    match submit_once(state, submission, None, &|| true, clock)? {
        Submitted::New(job) => Ok(*job),
        Submitted::Known { .. } | Submitted::Withdrawn => {
            unreachable!("no other job is looked for without a key, and the caller goes on")
        }
    }
}

/// The same, but a job that was submitted with the key within the last day is the one. `still` is
/// asked under the log's lock, just before the job enters it; without its yes nothing is submitted.
pub(crate) fn submit_once(
    state: &State,
    submission: Submission,
    key: Option<&str>,
    still: &dyn Fn() -> bool,
    clock: Clock,
) -> Result<Submitted, Error> {
    // Looked for before the session is locked, which the earlier job may still hold; what counts is
    // the look under the log's lock.
    if let Some(known) = known(state, key, clock)? {
        return Ok(the_known(state, known, submission));
    }
    let job = submission.job;
    settle_predecessor(state, submission.session(), clock);
    let session = match session::lock(state, submission.session()) {
        Ok(session) => session,
        Err(error) => {
            let known = known(state, key, clock)?.ok_or(error)?;
            return Ok(the_known(state, known, submission));
        }
    };
    let memory = session.memory;
    let mut queued = queued(submission, &memory);
    queued.idempotency_key = key.map(str::to_owned);
    let new_session = session.is_new.then_some(queued.session.id.as_str());
    let undo = Undo { state, job, new_session };
    let (job_lock, accepted) = match enqueue(state, job, &queued, still, clock) {
        Ok((job_lock, Once::Written(accepted))) => (job_lock, *accepted),
        Ok((_, Once::Known(known))) => {
            undo.run();
            return Ok(Submitted::Known { job: known, asked: Box::new(queued.request) });
        }
        Ok((_, Once::Withdrawn)) => {
            undo.run();
            return Ok(Submitted::Withdrawn);
        }
        Err(error) => {
            undo.run();
            return Err(error);
        }
    };
    pause::at("queued");
    let memory = Memory {
        cwd: Some(queued.session.cwd.clone()),
        job: Some(job.to_string()),
        total_cost_usd: memory.total_cost_usd,
        own_home: memory.own_home,
    };
    let _ = session::remember(&session.file, &memory);
    hand_over(state, job, job_lock, session.file)
        .map_err(|detail| record_failed_start(state, job, detail, clock))?;
    Ok(Submitted::New(Box::new(accepted)))
}

/// An earlier call's job, and what this call would have asked in its place.
fn the_known(state: &State, job: JobId, submission: Submission) -> Submitted {
    let memory = session::recall(state, submission.session());
    Submitted::Known { job, asked: Box::new(queued(submission, &memory).request) }
}

fn known(state: &State, key: Option<&str>, clock: Clock) -> Result<Option<JobId>, Error> {
    let Some(key) = key else { return Ok(None) };
    let log = Log::open(state)?;
    Ok(log.map(|log| log.by_key(key, key_since(clock))).transpose()?.flatten())
}

fn key_since(clock: Clock) -> i64 {
    (clock.unix_ms)() - KEY_COUNTS_FOR_MS
}

/// If the conversation's last job is dead and nobody has looked yet, it is ended now: what it cost
/// must not be counted as ours.
fn settle_predecessor(state: &State, session: &str, clock: Clock) {
    let memory = session::recall(state, session);
    if let Some(job) = memory.job.as_deref().and_then(JobId::parse) {
        let _ = observe::job(state, job, clock);
    }
}

/// Makes the job's directory, locks it, and appends `queued` durably.
fn enqueue(
    state: &State,
    job: JobId,
    queued: &Queued,
    still: &dyn Fn() -> bool,
    clock: Clock,
) -> Result<(File, Once), Error> {
    state.create_job_dir(job)?;
    let job_lock = lock::create(state, job)?;
    write_prompt(state, job, &queued.request)?;
    slots::take_ticket(state, job)?;
    pause::at("locked");
    let (now, since) = ((clock.unix_ms)(), key_since(clock));
    let recorded = recorded(queued.clone());
    let once = append_once(state, LOG_LOCK_LIMIT, now, since, job, recorded, still)?;
    Ok((job_lock, once))
}

/// The prompt is a file, because a file on standard input has no writer that could die or block.
fn write_prompt(state: &State, job: JobId, request: &Request) -> Result<(), Error> {
    let path = state.prompt(job);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let mut file = open_private(&path, &options)?;
    file.write_all(request.effective_prompt().as_bytes()).at("write", &path)
}

/// What to take back when a job could not be put into the log.
struct Undo<'a> {
    state: &'a State,
    job: JobId,
    /// The conversation, where it has a lock file only because of us.
    new_session: Option<&'a str>,
}

impl Undo<'_> {
    fn run(&self) {
        slots::drop_ticket(self.state, self.job);
        let _ = fs::remove_dir_all(self.state.job_dir(self.job));
        if let Some(session) = self.new_session {
            let _ = fs::remove_file(self.state.session_lock(session));
        }
    }
}

/// Records that a job in the log never started; nothing was spent.
fn record_failed_start(state: &State, job: JobId, detail: String, clock: Clock) -> Error {
    let failed = Event::failed(Failure::new(Code::SpawnFailed, detail.clone()));
    slots::drop_ticket(state, job);
    match append(state, LOG_LOCK_LIMIT, (clock.unix_ms)(), job, |_| Some(failed)) {
        Ok(_) => {
            finish::tidy_up(state, job);
            Error::NotAccepted { job: job.to_string(), detail }
        }
        Err(error) => Error::Journal(error),
    }
}
