//! Ending everything below a process, and finding what a dead runner left behind.
//!
//! Claude Code's tools start sessions of their own, and a daemon of theirs has no parent any more:
//! so the runner is a child subreaper (orphans come to it), and the tree is walked and killed until
//! no child is left.

use std::fs;
use std::time::Duration;

use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, getpgid, getpid, kill_process, pidfd_open,
    pidfd_send_signal, set_child_subreaper, wait,
};

use super::mark;
use crate::job::id::JobId;

/// Orphans below this process become its children.
pub(super) fn become_subreaper() {
    // Fails on no kernel since 3.4; without it the walk finds less, which is no reason to refuse.
    let _ = set_child_subreaper(Some(getpid()));
}

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
    pidfd_open(pid, PidfdFlags::empty()).is_ok_and(|handle| {
        (pid == group || getpgid(Some(pid)) == Ok(group))
            && pidfd_send_signal(&handle, Signal::TERM).is_ok()
            && pidfd_send_signal(&handle, Signal::CONT).is_ok()
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

fn children(parent: Pid) -> Vec<Pid> {
    let Ok(threads) = fs::read_dir(format!("/proc/{}/task", parent.as_raw_nonzero())) else {
        return Vec::new();
    };
    threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|line| line.split_ascii_whitespace().filter_map(to_pid).collect::<Vec<_>>())
        .collect()
}

fn to_pid(text: &str) -> Option<Pid> {
    Pid::from_raw(text.parse().ok()?)
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
    let Ok(processes) = fs::read_dir("/proc") else { return 0 };
    processes
        .flatten()
        .filter_map(|entry| to_pid(entry.file_name().to_str()?))
        .filter(|&pid| pid != getpid() && is_of(pid, job))
        .filter(|&pid| kill_marked(pid, job))
        .count()
}

/// The mark is read again after the handle is there, so that a reused pid is not hit.
fn kill_marked(pid: Pid, job: JobId) -> bool {
    pidfd_open(pid, PidfdFlags::empty())
        .is_ok_and(|handle| is_of(pid, job) && pidfd_send_signal(handle, Signal::KILL).is_ok())
}

/// A zombie keeps its limits and is nobody's any more.
fn is_of(pid: Pid, job: JobId) -> bool {
    (mark::is_on(pid, job) && !is_dead(pid)) || names(pid, job)
}

fn is_dead(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    stat.is_ok_and(|stat| {
        let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        after_name.starts_with(['Z', 'X'])
    })
}

/// Whether its environment says so.
fn names(pid: Pid, job: JobId) -> bool {
    let mark = format!("PHONE_OPUS_JOB={job}");
    fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero()))
        .is_ok_and(|environment| environment.split(|&byte| byte == 0).any(|v| v == mark.as_bytes()))
}
