//! How the program ends, as a number: what a job's end means, and what several come to.

use crate::consult::failure::Code;
use crate::job::fold::{Ending, Job};

/// The exit codes: a documented contract (`man phone-opus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Succeeded = 0,
    JobFailed = 1,
    Usage = 2,
    Cancelled = 3,
    Authentication = 4,
    Lost = 5,
    NoSuchJob = 66,
    ClaudeMissing = 69,
    StateIo = 74,
    TryLater = 75,
    SandboxRequired = 77,
    BadConfiguration = 78,
    Deadline = 124,
    /// As shells have it; only the hidden trampoline ends so.
    CannotExec = 127,
    HungUp = 129,
    Interrupted = 130,
    Terminated = 143,
}

impl Exit {
    /// Every code, in order.
    #[cfg(test)]
    pub(crate) const ALL: [Exit; 17] = [
        Exit::Succeeded,
        Exit::JobFailed,
        Exit::Usage,
        Exit::Cancelled,
        Exit::Authentication,
        Exit::Lost,
        Exit::NoSuchJob,
        Exit::ClaudeMissing,
        Exit::StateIo,
        Exit::TryLater,
        Exit::SandboxRequired,
        Exit::BadConfiguration,
        Exit::Deadline,
        Exit::CannotExec,
        Exit::HungUp,
        Exit::Interrupted,
        Exit::Terminated,
    ];

    /// Worst first: of several jobs' codes the first of these that occurs is the answer.
    const PRECEDENCE: [Exit; 13] = [
        Exit::StateIo,
        Exit::BadConfiguration,
        Exit::Usage,
        Exit::NoSuchJob,
        Exit::ClaudeMissing,
        Exit::SandboxRequired,
        Exit::Authentication,
        Exit::JobFailed,
        Exit::Lost,
        Exit::Cancelled,
        Exit::TryLater,
        Exit::Deadline,
        Exit::Succeeded,
    ];

    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    /// The one code for several jobs.
    pub(crate) fn merge(codes: impl IntoIterator<Item = Exit>) -> Exit {
        let codes: Vec<Exit> = codes.into_iter().collect();
        let worst = Self::PRECEDENCE.into_iter().find(|code| codes.contains(code));
        worst.unwrap_or(Exit::Succeeded)
    }

    /// What a job's end means as an exit code; an unfinished job says "try later".
    pub(crate) fn of_job(job: &Job) -> Exit {
        match &job.ending {
            None => Exit::TryLater,
            Some(Ending::Succeeded(_)) => Exit::Succeeded,
            Some(Ending::Cancelled(_)) => Exit::Cancelled,
            Some(Ending::Lost(_)) => Exit::Lost,
            Some(Ending::Failed(failed)) => match failed.failure.code {
                Code::AuthRequired => Exit::Authentication,
                Code::ClaudeMissing => Exit::ClaudeMissing,
                Code::RateLimited => Exit::TryLater,
                Code::SandboxUnavailable | Code::SessionInSandbox => Exit::SandboxRequired,
                _ => Exit::JobFailed,
            },
        }
    }
}
