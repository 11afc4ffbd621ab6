//! What lies beside the log: runners, dead and alive, and what nobody needs any more.

use std::time::SystemTime;

use super::finding::{Found, MOST_LINES, Remedy, and_more, failed, ok, warn};
use crate::job::id::JobId;
use crate::journal::check::Check;
use crate::journal::place::State;
use crate::render::text::counted;
use crate::runner::inspect::{Dead, Finds, Inspection, Live, MOST_READ, inspect, process};

const RUNNERS: &str = "runners";
const FILES: &str = "files";

pub(super) fn look(state: &State, log: &Check, now: SystemTime) -> Vec<Found> {
    let seen = match inspect(state, log, now) {
        Ok(seen) => seen,
        Err(error) => return vec![failed(FILES, &error.into())],
    };
    let mut found = runners(state, &seen);
    found.extend(files(state, &seen));
    found
}

fn runners(state: &State, seen: &Inspection) -> Vec<Found> {
    let mut found = vec![summary(seen)];
    found.extend(listed(&seen.live, |live| live.stopped.then(|| stopped(live))));
    found.extend(listed(&seen.dead, |dead| Some(dead_runner(dead))));
    found.extend(listed(&seen.unknown, |job| {
        let message = format!("the lock of job {job} cannot be asked, so the log's word stands");
        let found = warn(RUNNERS, "lock_unreadable", message).advise("Let this user read it.");
        Some(found.of_job(*job).on(&state.lock(*job)))
    }));
    found.extend(listed(&seen.held_after_end, |(job, pid)| {
        let message = format!("job {job} has ended, and its lock is held by {}", who(*pid));
        let advice = "Nothing waits for it; end that process if it has no business there.";
        Some(warn(RUNNERS, "held_after_end", message).advise(advice).of_job(*job))
    }));
    found.extend(listed(&seen.held_sessions, |(name, pid)| {
        let message =
            format!("the session lock {name} is held by {}, and its job has ended", who(*pid));
        let advice = "That conversation cannot be resumed until it lets go; end it if it is stuck.";
        Some(warn(RUNNERS, "held_session", message).advise(advice))
    }));
    found
}

fn summary(seen: &Inspection) -> Found {
    let alive: Vec<String> = seen
        .live
        .first
        .iter()
        .take(MOST_LINES)
        .map(|live| {
            let pid = live.pid.map(|pid| format!(" by process {pid}")).unwrap_or_default();
            format!("{}{pid}", live.job)
        })
        .collect();
    let message = match seen.live.count {
        0 => "no job is running or queued".to_owned(),
        count => format!("{count} running or queued: {}", alive.join(", ")),
    };
    ok(RUNNERS, "alive", message)
}

fn stopped(live: &Live) -> Found {
    let Live { job, pid, .. } = live;
    warn(RUNNERS, "runner_stopped", format!("the runner of job {job} is stopped ({})", who(*pid)))
        .advise("Its consult does not go on: kill -CONT it, or `phone-opus cancel` the job.")
        .of_job(*job)
}

fn dead_runner(dead: &Dead) -> Found {
    let job = dead.job;
    let left = match dead.leaves.as_deref() {
        Some("succeeded") => "its answer is there",
        Some(_) => "its end is saved",
        None => "it left no answer",
    };
    warn(RUNNERS, "dead_runner", format!("the runner of job {job} died, and {left}"))
        .advise("`phone-opus job` records its end, and so does --fix.")
        .of_job(job)
        .mends(Remedy::RecordEnd(job))
}

fn files(state: &State, seen: &Inspection) -> Vec<Found> {
    let of_job = |code, message: String, advice: &str, job: JobId| {
        warn(FILES, code, message).advise(advice).of_job(job).on(&state.job_dir(job))
    };
    let mut found = Vec::new();
    found.extend(listed(&seen.unrecorded, |(job, event)| {
        let message = format!("job {job} is recorded as lost, and its saved end says {event}");
        Some(of_job(
            "unrecorded_end",
            message,
            "What it came to is in the file `outcome` there.",
            *job,
        ))
    }));
    found.extend(listed(&seen.stale, |job| {
        let message = format!("jobs/{job} has no event in the log: its submit was killed");
        let found = of_job("stale_directory", message, "--fix removes it.", *job);
        Some(found.mends(Remedy::RemoveStale(*job)))
    }));
    found.extend(listed(&seen.unknown_but_held, |(job, pid)| {
        let message = format!("jobs/{job} has no event in the log, and is held by {}", who(*pid));
        Some(of_job("stuck_submit", message, "A submit that hangs: end that process.", *job))
    }));
    found.extend(listed(&seen.leftovers, |job| {
        let message = format!("jobs/{job} still has files that only a running job needs");
        let found = of_job("leftovers", message, "--fix removes them.", *job);
        Some(found.mends(Remedy::RemoveLeftovers(*job)))
    }));
    found.extend(listed(&seen.stale_tickets, |job| {
        let message = format!("slots/wait-{job} is the ticket of a job that waits for nothing");
        let found = warn(FILES, "stale_ticket", message).advise("--fix removes it.");
        Some(found.of_job(*job).mends(Remedy::RemoveTicket(*job)))
    }));
    found.extend(listed(&seen.stale_sessions, |name| {
        let message = format!("sessions/{name} remembers nothing: its submit was killed");
        let found = warn(FILES, "stale_session", message).advise("--fix removes it.");
        Some(found.mends(Remedy::RemoveSession(name.clone())))
    }));
    found.extend(listed(&seen.strangers, |name| {
        let message = format!("jobs/{name} is no job's");
        Some(warn(FILES, "stranger", message).advise("It is left alone; move it elsewhere."))
    }));
    if found.is_empty() {
        let jobs = counted(seen.directories, "job");
        found.push(ok(
            FILES,
            "tidy",
            format!("nothing is left over; the directories of {jobs} were looked at"),
        ));
    }
    found
}

/// A finding for each of the first, and one for the rest.
fn listed<T>(finds: &Finds<T>, one: impl Fn(&T) -> Option<Found>) -> Vec<Found> {
    const { assert!(MOST_LINES <= MOST_READ, "of each job with a line its leavings are known") };
    let mut found: Vec<Found> = finds.first.iter().filter_map(one).collect();
    let beyond = finds.count - finds.first.len() as u64;
    if found.len() > MOST_LINES {
        let rest = found.split_off(MOST_LINES);
        let count = rest.len() as u64 + beyond;
        let remedies = rest.into_iter().flat_map(|found| found.remedies).collect();
        found.push(and_more(&found[0], count, remedies));
    }
    found
}

fn who(pid: Option<u32>) -> String {
    pid.map_or_else(|| "a process that cannot be seen from here".to_owned(), process)
}
