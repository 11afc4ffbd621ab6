//! Looking at the consulted directory, from a process of its own: a file system that hangs, a git that
//! hangs, or a fault in what reads them must not cost a job, nor make a list of jobs wait. The glance
//! that a list takes asks no git; where all lies on local disks a thread does it, since a process
//! would cost more than the rest of the command.
//!
//! The process prints what it saw as JSON. It is killed, with all below it, when it takes longer than
//! it was given, or when the runner is told to end.

use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};

use super::signals::Signals;
use crate::job::brief::Brief;
use crate::job::fold::Job;
use crate::job::id::JobId;
use crate::job::tree::{Mark, Snapshot};
use crate::journal::place::State;
use crate::tree::{self, Git, Mounts};

/// The hidden subcommand.
pub(crate) const LOOK_COMMAND: &str = "__look";

/// How long the look before, and the one after, may take; what hangs is left a second later.
const WITHIN: Duration = Duration::from_secs(2);
const LEFT_AFTER: Duration = Duration::from_secs(3);

/// The same for all that a command shows: nobody waits for a list.
const GLANCE_WITHIN: Duration = Duration::from_millis(150);
const GLANCE_LEFT_AFTER: Duration = Duration::from_millis(250);

/// What is asked of the process.
#[derive(Debug, Serialize, Deserialize)]
enum Question {
    /// All of one directory.
    Look { directory: String },
    /// Whether these are other than they were.
    Glance { then: Vec<(String, Mark)> },
}

/// Looks at all of a directory. Ends early, without a fingerprint, when the runner is told to end.
pub(super) fn look(state: &State, directory: &str, signals: &Signals) -> Snapshot {
    let question = Question::Look { directory: directory.to_owned() };
    match ask(state, &question, LEFT_AFTER, Some(signals.as_fd())) {
        Ok(answer) => serde_json::from_slice(&answer)
            .unwrap_or_else(|_| Snapshot::failed("the look at the directory broke off")),
        Err(reason) => Snapshot::failed(reason),
    }
}

/// Notes on a job that has ended whether its directory has moved on since.
pub(crate) fn note_staleness(state: &State, job: &mut Job) {
    let Some(mark) = mark(job) else { return };
    job.stale = glances(state, vec![(job.queued.session.cwd.clone(), mark)]).pop().flatten();
}

/// Whether there is something to compare a job's directory with.
pub(crate) fn can_be_stale(job: &Job) -> bool {
    mark(job).is_some()
}

fn mark(job: &Job) -> Option<Mark> {
    job.tree_before().filter(|_| job.ending.is_some()).map(Snapshot::mark).filter(is_known)
}

/// The same for the rows of a list, all within the time of one.
pub(crate) fn note_staleness_of(state: &State, rows: &mut [(JobId, Brief)]) {
    let known = |row: &&mut (JobId, Brief)| {
        let (_, row) = row;
        row.status.is_terminal() && !row.cut && row.tree.as_ref().is_some_and(is_known)
    };
    let rows: Vec<_> = rows.iter_mut().filter(known).collect();
    let then = rows.iter().map(|(_, row)| (row.cwd.clone(), row.tree.clone().unwrap_or_default()));
    let seen = glances(state, then.collect());
    for ((_, row), stale) in rows.into_iter().zip(seen) {
        row.stale = stale;
    }
}

fn is_known(mark: &Mark) -> bool {
    mark.commit.is_some() || mark.stamp.is_some()
}

/// Whether directories have moved on: those on local disks are looked at here, others in a process.
fn glances(state: &State, then: Vec<(String, Mark)>) -> Vec<Option<bool>> {
    if then.is_empty() {
        return Vec::new();
    }
    let mounts = Mounts::read();
    let near: Vec<bool> = then.iter().map(|(at, _)| mounts.are_local(Path::new(at))).collect();
    let mut asked = [Vec::new(), Vec::new()];
    for (one, near) in then.into_iter().zip(&near) {
        asked[usize::from(*near)].push(one);
    }
    let [there, here] = asked;
    let mut here = glance_here(state, here).into_iter();
    let mut there = glance_there(state, there).into_iter();
    let answers = near.into_iter().map(|near| if near { here.next() } else { there.next() });
    answers.map(Option::flatten).collect()
}

/// In a thread, which is left when it takes too long: a link may lead to a file system that hangs.
fn glance_here(state: &State, then: Vec<(String, Mark)>) -> Vec<Option<bool>> {
    if then.is_empty() {
        return Vec::new();
    }
    let root = state.root().to_owned();
    let (say, hear) = mpsc::channel();
    let looks = move || drop(say.send(glance_at(&root, &then)));
    let thread = thread::Builder::new().spawn(looks);
    thread.ok().and_then(|_| hear.recv_timeout(GLANCE_LEFT_AFTER).ok()).unwrap_or_default()
}

fn glance_there(state: &State, then: Vec<(String, Mark)>) -> Vec<Option<bool>> {
    if then.is_empty() {
        return Vec::new();
    }
    let answer = ask(state, &Question::Glance { then }, GLANCE_LEFT_AFTER, None);
    answer.ok().and_then(|answer| serde_json::from_slice(&answer).ok()).unwrap_or_default()
}

/// Each directory once, all within the time of one.
fn glance_at(state: &Path, then: &[(String, Mark)]) -> Vec<Option<bool>> {
    let end = Instant::now() + GLANCE_WITHIN;
    let mut seen: Vec<(&(String, Mark), Option<bool>)> = Vec::new();
    for asked in then {
        let known = seen.iter().find(|(other, _)| *other == asked).map(|(_, stale)| *stale);
        let left = end.saturating_duration_since(Instant::now());
        let (directory, mark) = asked;
        let look = || tree::glance(Path::new(directory), state, mark, left);
        seen.push((asked, known.unwrap_or_else(look)));
    }
    seen.into_iter().map(|(_, stale)| stale).collect()
}

/// The process itself: answers the question on its standard input.
pub(crate) fn answer(state: &Path, path: &str, variables: &[(String, String)]) -> Option<String> {
    let question: Question = serde_json::from_reader(std::io::stdin().lock()).ok()?;
    match question {
        Question::Look { directory } => {
            let git = Git::find(path, variables);
            let seen = tree::look(Path::new(&directory), state, git.as_ref(), WITHIN);
            serde_json::to_string(&seen).ok()
        }
        Question::Glance { then } => serde_json::to_string(&glance_at(state, &then)).ok(),
    }
}

/// Asks a process of its own; why there is no answer, otherwise.
fn ask(
    state: &State,
    question: &Question,
    within: Duration,
    interrupt: Option<BorrowedFd<'_>>,
) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("the directory could not be looked at: {error}");
    let question = serde_json::to_vec(question).map_err(|error| failed(error.into()))?;
    let mut command = Command::new(super::kernel::own_program());
    command.arg(LOOK_COMMAND).env("PHONE_OPUS_STATE_DIR", state.root()).current_dir("/");
    command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(failed)?;
    let heard = hear(&mut child, &question, within, interrupt);
    let group = Pid::from_child(&child);
    if heard.is_err() {
        let _ = kill_process_group(group, Signal::KILL);
    }
    // Killed or at its end; one that the kernel holds is left to whoever sweeps the runner's processes.
    let _ = if heard.is_ok() { child.wait().map(Some) } else { child.try_wait() };
    heard
}

fn hear(
    child: &mut Child,
    question: &[u8],
    within: Duration,
    interrupt: Option<BorrowedFd<'_>>,
) -> Result<Vec<u8>, String> {
    let silent = || "the look at the directory broke off".to_owned();
    let end = Instant::now() + within;
    // The process reads all of it before it does anything else.
    child.stdin.take().ok_or_else(silent)?.write_all(question).map_err(|_| silent())?;
    let mut stdout = child.stdout.take().ok_or_else(silent)?;
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(format!(
                "the look at the directory took longer than {} ms",
                within.as_millis()
            ));
        }
        let timeout = Timespec::try_from(left).ok();
        let mut fds = vec![PollFd::new(&stdout, PollFlags::IN)];
        fds.extend(interrupt.as_ref().map(|fd| PollFd::new(fd, PollFlags::IN)));
        let _ = poll(&mut fds, timeout.as_ref());
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        if ready.get(1) == Some(&true) {
            return Err("the look at the directory was interrupted".to_owned());
        }
        if !ready[0] {
            continue;
        }
        match stdout.read(&mut buffer) {
            Ok(0) => return Ok(answer),
            Ok(length) => answer.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return Err(silent()),
        }
    }
}
