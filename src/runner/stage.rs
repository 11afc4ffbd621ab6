//! What the three stages of a runner (launch, guard, worker) are born with, and how each is spawned.
//!
//! Three descriptors are handed down in the places of the standard streams, because those are the
//! only ones that pass over exec without unsafe code and without a race with other threads' spawns:
//! standard input is the job's lock, standard output the handshake pipe, standard error the
//! session's lock. Each stage first moves them out of the way and puts /dev/null there.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::process::{Child, Command, Stdio};

use super::clock::Clock;
use super::error::Error;
use super::{guard, kernel, launch, lock, signals, worker};
use crate::job::id::JobId;
use crate::job::retention::Rule;
use crate::journal::place::State;

/// The stages of a runner, as the hidden subcommand names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Launch,
    Guard,
    Worker,
}

impl Stage {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Stage::Launch => "launch",
            Stage::Guard => "guard",
            Stage::Worker => "worker",
        }
    }
}

/// The hidden subcommand that runs a stage.
pub(crate) const RUN_COMMAND: &str = "__run";

/// What a stage knows of its job.
pub(super) struct Errand {
    pub(super) state: State,
    pub(super) job: JobId,
    pub(super) clock: Clock,
    /// The environment as it was inherited, for Claude Code.
    pub(super) environment: Vec<(String, String)>,
    /// Which ended jobs may go, as it was configured when the stage began.
    pub(super) retention: Rule,
}

impl Errand {
    /// The search path that programs are looked up in.
    pub(super) fn path(&self) -> String {
        let path = self.environment.iter().find(|(name, _)| name == "PATH");
        path.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// How many consults the submitter was nested in.
    pub(super) fn depth(&self) -> u64 {
        let depth = self.environment.iter().find(|(name, _)| name == "PHONE_OPUS_DEPTH");
        depth.and_then(|(_, depth)| depth.parse().ok()).unwrap_or(0)
    }
}

/// The descriptors that a stage was born with, moved above the standard streams.
pub(super) struct Inherited {
    pub(super) job_lock: File,
    pub(super) session_lock: File,
    handshake: Option<File>,
}

impl Inherited {
    /// Takes the descriptors out of the standard streams' places, close-on-exec. Refuses, with the
    /// streams as they were, what is not the job's lock: the hidden command, typed by hand, must not
    /// run a job that has a runner.
    fn take(state: &State, job: JobId) -> io::Result<Self> {
        let job_lock = above_standard_streams(rustix::stdio::stdin())?;
        if !is_lock_of(&job_lock, state, job) {
            return Err(io::Error::other("phone-opus starts this itself, with the job's lock"));
        }
        let inherited = Self {
            job_lock,
            session_lock: above_standard_streams(rustix::stdio::stderr())?,
            handshake: Some(above_standard_streams(rustix::stdio::stdout())?),
        };
        let null = File::options().read(true).write(true).open("/dev/null")?;
        rustix::stdio::dup2_stdin(&null)?;
        rustix::stdio::dup2_stdout(&null)?;
        rustix::stdio::dup2_stderr(&null)?;
        Ok(inherited)
    }

    /// Tells the submitter how it went. That it cannot be told (it died) changes nothing: the job is
    /// in the log and goes on.
    pub(super) fn report(&mut self, message: &str) {
        if let Some(mut pipe) = self.handshake.take() {
            let _ = writeln!(pipe, "{message}");
        }
    }

    /// Drops the handshake without a word; whoever holds a copy speaks.
    pub(super) fn leave_report_to_next_stage(&mut self) {
        self.handshake = None;
    }

    /// Spawns the next stage with copies of the same descriptors.
    pub(super) fn spawn(&self, errand: &Errand, stage: Stage) -> io::Result<Child> {
        let handshake = match &self.handshake {
            Some(pipe) => Stdio::from(pipe.try_clone()?),
            None => Stdio::null(),
        };
        command(errand, stage)
            .stdin(self.job_lock.try_clone()?)
            .stdout(handshake)
            .stderr(self.session_lock.try_clone()?)
            .spawn()
    }
}

/// Whether `file` is the job's lock file, and locked by us (or by nobody).
fn is_lock_of(file: &File, state: &State, job: JobId) -> bool {
    let identity = |file: &File| file.metadata().map(|meta| (meta.dev(), meta.ino())).ok();
    let theirs = lock::open_to_look(state, job).ok();
    theirs.is_some_and(|theirs| identity(&theirs) == identity(file)) && file.try_lock().is_ok()
}

fn above_standard_streams(stream: impl AsFd) -> io::Result<File> {
    const FIRST_FREE: i32 = 3;
    let moved: OwnedFd = rustix::io::fcntl_dupfd_cloexec(stream, FIRST_FREE)?;
    Ok(File::from(moved))
}

/// This very program, as the next stage; state directory and job are in the environment already.
fn command(errand: &Errand, stage: Stage) -> Command {
    let mut command = Command::new(kernel::own_program());
    command.args([RUN_COMMAND, &errand.job.to_string(), "--stage", stage.name()]);
    command
}

/// Runs one stage to its end.
pub(crate) fn run_stage(
    which: Stage,
    state: State,
    job: JobId,
    clock: Clock,
    environment: Vec<(String, String)>,
    retention: Rule,
) -> Result<(), Error> {
    let errand = Errand { state, job, clock, environment, retention };
    let doing = "take over the job's descriptors";
    let inherited = Inherited::take(&errand.state, errand.job)
        .map_err(|source| Error::Process { doing, source })?;
    signals::listen_again();
    // No directory of the caller's is kept busy for as long as the job lives.
    let _ = std::env::set_current_dir("/");
    match which {
        Stage::Launch => launch::run(&errand, inherited),
        Stage::Guard => guard::run(&errand, inherited),
        Stage::Worker => worker::run(&errand, inherited),
    }
}
