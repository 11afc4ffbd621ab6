//! Storms: writers that are killed and stopped at random, while readers look on. What was called
//! durable is found, each job's events are in order, and nobody sees a line that is half there.
//!
//! They last two seconds here; `.ci/storms` makes them longer, and repeats them on a disk that is
//! full, that loses its power, or whose calls fail. For that this test program is its own writer and
//! its own auditor: the variables below say which.
//!
//! The controls take a safeguard away (see [`super::goes_without`]), and the same audit finds the harm.

mod audit;
mod chance;
mod writer;

use std::fs::{self, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use self::audit::Audit;
use self::chance::Chance;
use super::support::*;
use crate::journal::place::State;

const WRITERS: u64 = 4;

/// Milliseconds of a storm.
const STORM_MS: &str = "PHONE_OPUS_TEST_STORM_MS";
/// What makes the test below a writer: its number. Or an auditor: `audit`; or the one who prunes and
/// builds the index: `prune`. Or two who end one job at once: `race`.
const ROLE: &str = "PHONE_OPUS_TEST_STORM_ROLE";
/// The state directory of both.
const PLACE: &str = "PHONE_OPUS_TEST_STORM_STATE";
/// Where writers note what was acknowledged: a directory outside of that.
const NOTES: &str = "PHONE_OPUS_TEST_STORM_NOTES";
/// Bytes that no file of a writer's may exceed.
const FILE_LIMIT: &str = "PHONE_OPUS_TEST_STORM_FILE_LIMIT";

#[test]
fn nothing_acknowledged_is_lost_in_a_storm() {
    if let Ok(role) = std::env::var(ROLE) {
        return play(&role);
    }
    let storm = Storm::new();
    let audit = storm.rage(|audit| !audit.complaints.is_empty());
    assert_eq!(audit.complaints, [""; 0]);
    assert!(audit.acknowledged > 50, "only {} events were acknowledged", audit.acknowledged);
}

#[test]
fn a_prune_and_a_new_index_in_a_storm_cost_nobody_a_line() {
    let storm = Storm::new();
    let pruner = storm.spawn_as("prune", &[]);
    let audit = storm.rage(|audit| !audit.complaints.is_empty());
    drop(pruner);
    assert_eq!(audit.complaints, [""; 0]);
    let last = crate::journal::prune::last(&storm.state).expect("reads");
    assert!(last.is_some() && audit.acknowledged > 50, "{audit:?}");
}

#[test]
fn without_the_lock_the_audit_finds_a_job_that_ended_twice() {
    let without = [("PHONE_OPUS_TEST_WITHOUT", "lock")];
    for (variables, expected) in [(&without[..], true), (&[], false)] {
        let storm = Storm::new();
        assert!(storm.spawn_as("race", variables).0.wait().expect("waits").success());
        let complaints = storm.audit().complaints;
        let twice = complaints.iter().any(|said| said.contains("after its end"));
        assert_eq!(twice, expected, "{complaints:?}");
    }
}

#[test]
fn a_file_size_limit_ends_no_writer_and_loses_nothing() {
    let storm = Storm::new();
    let limit = [(FILE_LIMIT, "60000")];
    // A writer ends by itself once it was refused a hundred times.
    let mut writers = (0..2).map(|number| storm.spawn(number, &limit)).collect::<Vec<_>>();
    assert!(writers.iter_mut().all(|writer| writer.0.wait().expect("waits").success()));
    let audit = storm.audit();
    assert_eq!(audit.complaints, [""; 0]);
    let size = fs::metadata(storm.state.events()).expect("stat").len();
    assert!(size <= 60_000 && audit.acknowledged > 10, "{size} {}", audit.acknowledged);
}

#[test]
fn without_sealing_the_audit_of_a_full_disk_finds_the_lost_line() {
    let storm = Storm::new();
    put(&storm.state, 1, id(0), queued("a"));
    let torn = OpenOptions::new().append(true).open(storm.state.events());
    std::io::Write::write_all(&mut torn.expect("opens"), b"{\"v\":1,").expect("writes");
    let limits = [(FILE_LIMIT, "60000"), ("PHONE_OPUS_TEST_WITHOUT", "seal")];
    storm.spawn(0, &limits).0.wait().expect("waits");
    let complaints = storm.audit().complaints;
    assert!(complaints.iter().any(|said| said.contains("is not in the log")), "{complaints:?}");
}

/// Of the processes that `.ci/storms` and the tests above start.
fn play(role: &str) {
    let place = PathBuf::from(std::env::var(PLACE).expect("set"));
    let notes = PathBuf::from(std::env::var(NOTES).expect("set"));
    let state = State::create(&place, true).expect("a state directory");
    if role == "audit" {
        let audit = Audit::of(&state, &notes);
        println!("{} acknowledged", audit.acknowledged);
        assert_eq!(audit.complaints, [""; 0]);
        return;
    }
    if role == "race" {
        return writer::race_on(&state);
    }
    if role == "prune" {
        return writer::prune_on(&state);
    }
    let limit = std::env::var(FILE_LIMIT).ok().map(|bytes| bytes.parse().expect("a number"));
    writer::write_on(&state, &notes, role.parse().expect("a number"), limit);
}

/// A place for a storm.
struct Storm {
    home: TempDir,
    state: State,
    lasts: Duration,
}

impl Storm {
    fn new() -> Self {
        let (home, state) = state();
        fs::create_dir(home.path().join("notes")).expect("made");
        let lasts = std::env::var(STORM_MS).ok().map(|ms| ms.parse().expect("a number"));
        Self { home, state, lasts: Duration::from_millis(lasts.unwrap_or(2000)) }
    }

    fn notes(&self) -> PathBuf {
        self.home.path().join("notes")
    }

    fn spawn(&self, number: u64, variables: &[(&str, &str)]) -> Writer {
        self.spawn_as(&number.to_string(), variables)
    }

    fn spawn_as(&self, role: &str, variables: &[(&str, &str)]) -> Writer {
        let (_, name) = module_path!().split_once("::").expect("a module of the crate");
        let name = format!("{name}::nothing_acknowledged_is_lost_in_a_storm");
        let mut command = Command::new(std::env::current_exe().expect("a path"));
        command.args(["--exact", &name, "--test-threads=1", "--quiet"]).stdout(Stdio::null());
        command.env(ROLE, role).env(PLACE, self.state.root());
        command.env(NOTES, self.notes()).envs(variables.iter().copied());
        Writer(command.spawn().expect("starts"))
    }

    /// Kills, stops and wakes writers until the time is up, or until the looks that are taken
    /// meanwhile have found enough. The storm is not over before something was written in it.
    fn rage(&self, enough: impl Fn(&Audit) -> bool) -> Audit {
        const PATIENCE: Duration = Duration::from_mins(1);
        let mut writers: Vec<Writer> = (0..WRITERS).map(|n| self.spawn(n, &[])).collect();
        let (begun, mut chance, mut generation) = (Instant::now(), Chance::new(7), WRITERS);
        loop {
            let audit = self.audit();
            let is_over = begun.elapsed() > self.lasts && audit.acknowledged > 50;
            if is_over || enough(&audit) || begun.elapsed() > self.lasts + PATIENCE {
                break;
            }
            let victim = usize::try_from(chance.below(WRITERS)).expect("small");
            match chance.below(4) {
                0 => {
                    writers[victim] = self.spawn(generation, &[]);
                    generation += 1;
                }
                1 => writers[victim].signal(Signal::STOP),
                _ => writers[victim].signal(Signal::CONT),
            }
        }
        drop(writers);
        self.audit()
    }

    fn audit(&self) -> Audit {
        Audit::of(&self.state, &self.notes())
    }
}

/// A writer, which is killed where it stands when it goes.
struct Writer(Child);

impl Writer {
    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.0.id()).expect("a pid")).expect("a pid");
        kill_process(pid, signal).expect("a child of ours");
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// All notes of all writers, whole lines only.
fn read_notes(directory: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(directory).expect("reads") {
        let mut file = fs::File::open(entry.expect("reads").path()).expect("opens");
        let mut text = String::new();
        file.read_to_string(&mut text).expect("reads");
        all.push_str(&text[..text.rfind('\n').map_or(0, |end| end + 1)]);
    }
    all
}
