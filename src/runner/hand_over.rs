//! The moment at which a job stops being its submitter's: the locks go to a runner, which says that it
//! has them, or nobody has.

use std::fs::File;

use super::handshake::{self, Answer, Launched};
use super::{launch, lock, pause, stop};
use crate::job::id::JobId;
use crate::journal::place::State;

/// Starts the runner with our locks and waits until it has accepted; says why if it did not.
pub(super) fn hand_over(
    state: &State,
    job: JobId,
    job_lock: File,
    session_lock: File,
) -> Result<(), String> {
    close_fds::set_fds_cloexec_threadsafe(FIRST_LEAKED_DESCRIPTOR, &[]);
    if let Some(command) = launch::scoped(state, job) {
        let spawned = Launched::spawn(command, &job_lock, &session_lock);
        match spawned.map(Launched::answer) {
            Ok(Answer::NeverRan) | Err(_) => {} // No bus: systemd-run ended before anything ran.
            Ok(answer) => return judge(state, job, answer),
        }
    }
    let launched = Launched::spawn(launch::direct(state, job), &job_lock, &session_lock)
        .map_err(|error| format!("cannot run this program again: {error}"))?;
    // From here on the runner alone must hold the locks, or its death would stay hidden.
    drop((job_lock, session_lock));
    pause::at("spawned");
    judge(state, job, launched.answer())
}

/// Callers leak descriptors, and one that waits for end-of-file on a leaked pipe would hang for the
/// job's whole life.
const FIRST_LEAKED_DESCRIPTOR: i32 = 3;

fn judge(state: &State, job: JobId, answer: Answer) -> Result<(), String> {
    let reason = match answer {
        Answer::Accepted => return Ok(()),
        Answer::Failed(reason) => reason,
        Answer::Silent | Answer::NeverRan => "its runner died before it had taken over".to_owned(),
        Answer::TimedOut => {
            format!("its runner did not take over within {} s", handshake::LIMIT.as_secs())
        }
    };
    stop::sweep(job);
    lock::wait_until_free(state, job, handshake::LIMIT);
    Err(reason)
}
