//! Storage that fails while an answer arrives: the answer is there afterwards, and nothing is half done.

use std::fs::{self, File};
use std::path::PathBuf;

use predicates::prelude::*;
use serde_json::Value;

use super::support::{World, is_alive, kill, limit_file_size, process_state, run_limited, until};

/// A consult that waits with its answer until [`Gated::open`].
struct Gated {
    id: String,
    gate: PathBuf,
}

impl Gated {
    fn submit(world: &World) -> Self {
        let gate = world.path("gate");
        let id = world.submit(&format!("FAKE:mode=gate,gate={}", gate.display()));
        world.until_status(&id, "running");
        // Said once Claude Code runs and not only the runner.
        until("Claude Code is there", || {
            fs::read(world.job_file(&id, "transcript.jsonl")).ok().filter(|t| !t.is_empty())
        });
        Self { id, gate }
    }

    fn open(&self) {
        fs::write(&self.gate, "").expect("written");
    }
}

fn log_of(world: &World) -> Vec<u8> {
    fs::read(world.state().join("events.jsonl")).expect("read")
}

fn lock_log(world: &World) -> File {
    let lock = File::open(world.state().join("events.lock")).expect("opened");
    lock.lock().expect("locked");
    lock
}

/// Whether some process holds the job's lock.
fn is_held(world: &World, id: &str) -> bool {
    File::open(world.job_file(id, "lock")).expect("opened").try_lock_shared().is_err()
}

/// What is in a state directory, by name, without what jobs that have ended left behind.
fn names(world: &World, directory: &str) -> Vec<String> {
    let entries = fs::read_dir(world.state().join(directory)).expect("read");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("read").file_name().into_string().expect("text"))
        .collect();
    names.sort();
    names
}

#[test]
fn an_answer_outlasts_a_stuck_lock_of_the_log() {
    let world = World::new();
    let consult = Gated::submit(&world);
    let lock = lock_log(&world);
    consult.open();
    until("the outcome is saved", || world.job_file(&consult.id, "outcome").exists().then_some(()));
    assert!(is_held(&world, &consult.id), "its runner lives and goes on trying");
    assert_eq!(world.job(&consult.id)["status"], "running", "not lost");

    // Whoever submits meanwhile is told who is in the way, and leaves nothing behind.
    let before = (names(&world, "jobs"), names(&world, "sessions"), names(&world, "slots"));
    let holder = format!("process {}", std::process::id());
    let refused = world.command(["consult", "--bg", "another"]).assert().code(75);
    refused.stdout("").stderr(predicate::str::contains(holder));
    let after = (names(&world, "jobs"), names(&world, "sessions"), names(&world, "slots"));
    assert_eq!(after, before);

    lock.unlock().expect("unlocked");
    let job = world.finish(&consult.id);
    assert_eq!((&job["status"], &job["recovered"]), (&"succeeded".into(), &false.into()));
    assert_eq!(job["result"]["response"], "fake answer: 42");
    assert_eq!(world.history(&consult.id), ["queued", "started", "succeeded"]);
    assert_eq!(world.json(&["jobs", "--json"])["count"], 1);
}

/// A consult whose answer arrives while its runner may make no file longer than `limit` bytes.
fn answer_under_a_limit(limit: impl Fn(u64) -> u64) -> (World, String, Vec<u8>) {
    let world = World::new();
    let consult = Gated::submit(&world);
    let before = log_of(&world);
    let (guard, worker) = world.runners(&consult.id);
    for pid in [guard, worker] {
        limit_file_size(pid, Some(limit(before.len() as u64)));
    }
    consult.open();
    let id = consult.id.clone();
    (world, id, before)
}

fn assert_answered(world: &World, id: &str, before: &[u8], recovered: bool) {
    let job = world.finish(id);
    assert_eq!((&job["status"], &job["recovered"]), (&"succeeded".into(), &recovered.into()));
    assert_eq!(job["result"]["response"], "fake answer: 42");
    assert!(log_of(world).starts_with(before));
    assert_eq!(world.history(id), ["queued", "started", "succeeded"]);
    let lines = log_of(world).split(|&byte| byte == b'\n').count() - 1;
    assert_eq!(lines, 3, "no half line was left");
}

#[test]
fn a_runner_whose_own_limit_forbids_the_last_line_leaves_it_to_who_looks_next() {
    // Room for the start of the line, and for the whole outcome.
    let (world, id, before) = answer_under_a_limit(|log| log + 100);
    until("the outcome is saved", || world.job_file(&id, "outcome").exists().then_some(()));
    world.assert_quiet();
    assert_answered(&world, &id, &before, true);
}

#[test]
fn an_answer_outlasts_a_full_disk_on_which_it_can_be_neither_saved_nor_logged() {
    let (world, id, before) = answer_under_a_limit(|_| 1);
    let (guard, worker) = world.runners(&id);
    until("Claude Code has ended", || {
        let children = fs::read_to_string(format!("/proc/{worker}/task/{worker}/children"));
        children.expect("the worker lives").is_empty().then_some(())
    });
    assert!(is_alive(worker) && is_held(&world, &id), "its runner goes on trying");
    assert_eq!(world.job(&id)["status"], "running");
    assert!(!world.job_file(&id, "outcome").exists());
    for pid in [guard, worker] {
        limit_file_size(pid, None);
    }
    assert_answered(&world, &id, &before, false);
}

#[test]
fn an_answer_outlasts_a_full_disk_and_then_the_death_of_its_runner() {
    let world = World::new();
    let consult = Gated::submit(&world);
    let (guard, worker) = world.runners(&consult.id);
    for pid in [guard, worker] {
        limit_file_size(pid, Some(log_of(&world).len() as u64));
    }
    consult.open();
    until("the outcome is saved", || world.job_file(&consult.id, "outcome").exists().then_some(()));
    kill_both(guard, worker);
    let job = world.finish(&consult.id);
    assert_eq!((&job["status"], &job["recovered"]), (&"succeeded".into(), &true.into()));
    assert_eq!(job["result"]["response"], "fake answer: 42");
}

fn kill_both(guard: u32, worker: u32) {
    for signal in ["STOP", "KILL"] {
        kill(guard, signal);
        kill(worker, signal);
    }
    until("guard and worker are gone", || (!is_alive(guard) && !is_alive(worker)).then_some(()));
}

/// A submit that is refused for want of space says so and leaves nothing behind.
fn assert_refused_for_space(world: &World, bytes: u64, prompt: &str, file: &str) {
    let lines = log_of(world);
    let before = (names(world, "jobs"), names(world, "sessions"), names(world, "slots"));
    let output = run_limited(world, bytes, &["consult", "--bg", prompt]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(74), &b""[..]), "{said}");
    assert!(said.contains(file) && said.to_lowercase().contains("space"), "{said}");
    let after = (names(world, "jobs"), names(world, "sessions"), names(world, "slots"));
    assert_eq!(after, before, "nothing is left behind");
    assert_eq!(log_of(world), lines, "not even half a line");
    let json = run_limited(world, bytes, &["consult", "--bg", "--json", prompt]);
    let document: Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(document["error"]["exit_code"], 74);
}

#[test]
fn a_submit_on_a_full_disk_says_so_and_leaves_nothing_behind() {
    let world = World::new();
    world.finish(&world.submit("the first"));
    let log = log_of(&world).len() as u64;
    // The log has no room for a byte; then for half a line; then the prompt has none; then nothing.
    assert_refused_for_space(&world, log, "what?", "events.jsonl");
    assert_refused_for_space(&world, log + 700, "what?", "events.jsonl");
    assert_refused_for_space(&world, log + 700, &"x".repeat(100_000), "prompt");
    assert_refused_for_space(&world, 0, "what?", "lock");
    assert_eq!(world.finish(&world.submit("and now"))["status"], "succeeded");
}

#[test]
fn the_guard_records_a_saved_answer_when_its_worker_is_killed() {
    let mut world = World::new();
    world.set("PHONE_OPUS_TEST_PAUSE", "outcome");
    let id = world.submit("what is it?");
    let (_, worker) = world.runners(&id);
    until("the outcome is saved", || (process_state(worker) == Some('T')).then_some(()));
    assert!(world.job_file(&id, "outcome").exists());
    kill(worker, "KILL");
    let job = world.finish(&id);
    assert_eq!((&job["status"], &job["recovered"]), (&"succeeded".into(), &true.into()));
    assert_eq!(world.history(&id), ["queued", "started", "succeeded"]);
}

/// A running job whose directory gets an `outcome` as some accident may leave it, then its runner dies.
fn with_outcome(content: &[u8]) -> Value {
    let world = World::new();
    let id = world.submit("FAKE:hang");
    world.until_status(&id, "running");
    fs::write(world.job_file(&id, "outcome"), content).expect("written");
    let (guard, worker) = world.runners(&id);
    kill_both(guard, worker);
    world.job(&id)
}

#[test]
fn half_an_outcome_is_not_believed() {
    let whole = br#"{"event":"succeeded","data":{"reply":{"response":"an answer"}}}"#;
    let job = with_outcome(whole);
    assert_eq!((&job["status"], &job["recovered"]), (&"succeeded".into(), &true.into()));
    let claims_to_run = br#"{"event":"started","data":{}}"#;
    for wrong in [&whole[..whole.len() - 1], &whole[..20], b"", b"\0\0\0\0", claims_to_run] {
        let job = with_outcome(wrong);
        assert_eq!((&job["status"], &job["result"]), (&"lost".into(), &Value::Null), "{wrong:?}");
    }
}
