//! Writers in processes of their own: this very test program, started again as a child.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::support::*;
use crate::job::event::Event;
use crate::job::id::JobId;
use crate::journal::place::State;

const WRITERS: u128 = 8;
const JOBS_OF_A_WRITER: u128 = 50;
const EVENTS_OF_A_JOB: u128 = 4;

/// What makes the test below a writer: its number, and the directory that all of them share.
const WRITER: &str = "PHONE_OPUS_TEST_WRITER";
const PLACE: &str = "PHONE_OPUS_TEST_PLACE";

/// Held by the parent until it has started the last writer, so that none is done before the others begin.
const GATE: &str = "gate";

#[test]
fn eight_processes_with_200_appends_each_leave_1600_whole_lines_in_their_order() {
    if let (Ok(writer), Ok(place)) = (std::env::var(WRITER), std::env::var(PLACE)) {
        return write_all(Path::new(&place), writer.parse().expect("a number"));
    }
    let (home, state) = state();
    let gate = File::create(home.path().join(GATE)).expect("creates");
    gate.lock().expect("locks");
    let mut writers = (0..WRITERS).map(|n| spawn(home.path(), n)).collect::<Vec<_>>();
    gate.unlock().expect("unlocks");
    assert!(writers.iter_mut().all(|writer| writer.wait().expect("waits").success()));

    let log = log(&state);
    let counts = scan(&log);
    assert_eq!(counts, Counts { whole: 1600, unknown: 0, damaged: 0 });
    let lines = log.forward(0).map(|item| item.expect("reads").into_line().expect("whole"));
    let written = lines.map(|line| (line.job, line.event)).collect::<Vec<_>>();
    for writer in 0..WRITERS {
        let own = jobs(writer).collect::<Vec<_>>();
        let mut of_writer = written.iter().filter(|(job, _)| own.contains(job));
        assert!(own.iter().flat_map(|&job| history(job)).all(|wanted| {
            of_writer
                .next()
                .is_some_and(|(job, event)| (*job, &**event) == (wanted.0, wanted.1.name()))
        }));
    }
    let (rows, more) = log.newest(1600, |_, row| row.status.is_terminal()).expect("reads");
    assert_eq!((rows.len() as u128, more), (WRITERS * JOBS_OF_A_WRITER, false));
}

fn spawn(home: &Path, writer: u128) -> Child {
    let (_, name) = module_path!().split_once("::").expect("a module of the crate");
    let name = format!(
        "{name}::eight_processes_with_200_appends_each_leave_1600_whole_lines_in_their_order"
    );
    let mut command = Command::new(std::env::current_exe().expect("a path"));
    command.args(["--exact", &name, "--test-threads=1"]).stdout(Stdio::null());
    command.env(WRITER, writer.to_string()).env(PLACE, home);
    command.spawn().expect("starts")
}

/// A writer's whole life.
fn write_all(home: &Path, writer: u128) {
    let state = State::create(&home.join("state"), true).expect("is there");
    let gate = File::open(home.join(GATE)).expect("is there");
    gate.lock_shared().expect("waits");
    for job in jobs(writer) {
        for (unix_ms, (_, event)) in (1..).zip(history(job)) {
            put(&state, unix_ms, job, event);
        }
    }
}

fn jobs(writer: u128) -> impl Iterator<Item = JobId> {
    (0..JOBS_OF_A_WRITER).map(move |number| id(writer * JOBS_OF_A_WRITER + number))
}

fn history(job: JobId) -> [(JobId, Event); EVENTS_OF_A_JOB as usize] {
    [queued("a"), started(), progress(1), succeeded()].map(|event| (job, event))
}
