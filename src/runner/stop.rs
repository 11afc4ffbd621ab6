//! Ending everything below a process, and finding what a dead runner left behind.
//!
//! Claude Code's tools start sessions of their own, and a daemon of theirs has no parent any more:
//! so the runner is a child subreaper (orphans come to it), and the tree is walked and killed until
//! no child is left.

use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, getpgid, getpid, kill_process, wait};

use super::kernel::{self, Handle, children};
use super::mark;
use crate::job::id::JobId;

/// Kills and reaps all that is below this process. Returns whether nothing is left: a process in an
/// uninterruptible sleep dies only when the kernel lets go of it.
pub(super) fn kill_descendants() -> bool {
    const STEP: Duration = Duration::from_millis(1);
    const LIMIT_STEPS: usize = 5_000;
    for _ in 0..LIMIT_STEPS {
        let below = descendants(getpid());
        for pid in &below {
            let _ = kill_process(*pid, Signal::KILL);
        }
        if !reap_all() && below.is_empty() {
            return true;
        }
        std::thread::sleep(STEP);
    }
    false
}

/// Kills all that is below this process, once, and reaps nothing.
pub(super) fn strike_descendants() {
    for pid in descendants(getpid()) {
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// TERM, then CONT, to the group of the program inside of a bubblewrap. bubblewrap itself is spared, and
/// so is the first process within, which only reaps: without either of them the rest is killed, and gets
/// no grace. Returns how many were told; while nobody is inside yet, none.
pub(super) fn terminate_inside(bwrap: &std::process::Child) -> usize {
    let first = children(Pid::from_child(bwrap));
    let leaders = first.into_iter().flat_map(children);
    leaders.map(terminate_group_of).sum()
}

fn terminate_group_of(leader: Pid) -> usize {
    let below = descendants(leader).into_iter().filter(|&pid| getpgid(Some(pid)) == Ok(leader));
    std::iter::once(leader).chain(below).filter(|&pid| tell(pid, leader)).count()
}

/// The group is asked again once the handle is there, so that a reused pid is not hit.
fn tell(pid: Pid, group: Pid) -> bool {
    Handle::open(pid).is_ok_and(|handle| {
        (pid == group || getpgid(Some(pid)) == Ok(group))
            && handle.signal(Signal::TERM).is_ok()
            && handle.signal(Signal::CONT).is_ok()
    })
}

/// Reaps what has ended; says whether there are children still.
fn reap_all() -> bool {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

/// All processes below `root`, parents first.
fn descendants(root: Pid) -> Vec<Pid> {
    let mut found = children(root);
    let mut next = 0;
    while let Some(&pid) = found.get(next) {
        found.extend(children(pid));
        next += 1;
    }
    found
}

/// Kills every process that is marked as this job's, by its limits or in its environment: what is left
/// when guard and worker were both killed. The caller itself is spared: it may have been started from
/// within the job. One look may miss what is being forked, so it looks until it finds nothing more.
/// Returns how many were killed.
pub(super) fn sweep(job: JobId) -> usize {
    const LOOKS: usize = 5;
    let mut killed = 0;
    for _ in 0..LOOKS {
        match sweep_once(job) {
            0 => break,
            more => killed += more,
        }
    }
    killed
}

fn sweep_once(job: JobId) -> usize {
    kernel::suspects(&variable(job))
        .into_iter()
        .filter(|&pid| pid != getpid() && is_of(pid, job))
        .filter(|&pid| kill_marked(pid, job))
        .count()
}

/// The mark is read again after the handle is there, so that a reused pid is not hit.
fn kill_marked(pid: Pid, job: JobId) -> bool {
    Handle::open(pid).is_ok_and(|handle| is_of(pid, job) && handle.signal(Signal::KILL).is_ok())
}

/// A zombie keeps its limits and is nobody's any more.
fn is_of(pid: Pid, job: JobId) -> bool {
    (mark::is_on(pid, job) && !is_dead(pid)) || names(pid, job)
}

fn is_dead(pid: Pid) -> bool {
    let pid = pid.as_raw_nonzero().get().unsigned_abs();
    kernel::Stat::read(pid).is_some_and(|stat| matches!(stat.state, 'Z' | 'X'))
}

/// Whether its environment says so.
fn names(pid: Pid, job: JobId) -> bool {
    kernel::has_variable(pid, &variable(job))
}

fn variable(job: JobId) -> String {
    format!("PHONE_OPUS_JOB={job}")
}
