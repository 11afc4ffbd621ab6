//! Looking at jobs: many may look at once, a look changes nothing where nothing died, and a dead
//! runner's job is told as what it is even where nothing can be written.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, Stdio};

use predicates::prelude::*;
use serde_json::Value;

use super::support::{World, is_alive, kill, process_state, run_limited, until};

/// A job whose guard and worker were killed while Claude Code ran.
fn orphan(world: &World) -> String {
    let id = world.submit("FAKE:hang");
    world.until_status(&id, "running");
    kill_runner(world, &id);
    id
}

/// Kills guard and worker as one, so that neither can record the other's end.
fn kill_runner(world: &World, id: &str) {
    let (guard, worker) = world.runners(id);
    for signal in ["STOP", "KILL"] {
        kill(guard, signal);
        kill(worker, signal);
    }
    until("guard and worker are gone", || (!is_alive(guard) && !is_alive(worker)).then_some(()));
}

/// A job that is saved on disk, and whose runner was killed before it was in the log.
fn saved_but_not_logged(world: &mut World) -> String {
    world.set("PHONE_OPUS_TEST_PAUSE", "outcome");
    let id = world.submit("what is it?");
    let (_, worker) = world.runners(&id);
    until("the outcome is saved", || (process_state(worker) == Some('T')).then_some(()));
    kill_runner(world, &id);
    id
}

fn json_of(child: Child) -> Value {
    let output = child.wait_with_output().expect("waited");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn forty_observers_of_one_dead_runner_write_one_lost_and_all_tell_it() {
    let world = World::new();
    let id = orphan(&world);
    let observers: Vec<Child> = (0..40)
        .map(|_| {
            let mut command = world.raw(["job", &id, "--json"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started")
        })
        .collect();
    for job in observers.into_iter().map(json_of) {
        assert_eq!((&job["status"], &job["odd_events"]), (&"lost".into(), &0.into()));
    }
    assert_eq!(world.history(&id), ["queued", "started", "lost"]);
}

#[test]
fn forty_observers_of_one_saved_answer_record_it_once_and_all_tell_it() {
    let mut world = World::new();
    let id = saved_but_not_logged(&mut world);
    let observers: Vec<Child> = (0..40)
        .map(|_| {
            let mut command = world.raw(["job", &id, "--json"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started")
        })
        .collect();
    for job in observers.into_iter().map(json_of) {
        assert_eq!(job["result"]["response"], "fake answer: 42");
        assert_eq!(job["recovered"], true);
    }
    assert_eq!(world.history(&id), ["queued", "started", "succeeded"]);
}

/// Every path below a directory with what a write would change of it.
fn snapshot(directory: &Path) -> Vec<(String, u64, i64, i64, Vec<u8>)> {
    let mut seen = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(path) = open.pop() {
        let stat = fs::symlink_metadata(&path).expect("stat");
        if stat.is_dir() {
            open.extend(
                fs::read_dir(&path).expect("read").map(|entry| entry.expect("read").path()),
            );
        }
        let content = if stat.is_file() { fs::read(&path).expect("read") } else { Vec::new() };
        let name = path.to_string_lossy().into_owned();
        seen.push((name, stat.ino(), stat.mtime(), stat.mtime_nsec(), content));
    }
    seen.sort();
    seen
}

#[test]
fn a_look_writes_nothing_where_nothing_died() {
    let world = World::new();
    let done = world.submit("what is it?");
    world.finish(&done);
    let failed = world.submit("FAKE:exit1");
    world.finish(&failed);
    until("the runners have tidied up", || world.processes().is_empty().then_some(()));
    let before = snapshot(&world.state());
    for arguments in [
        &["job", &done][..],
        &["job", &done[..8], "--json"],
        &["job", &failed],
        &["job", "@last", "--exit-status"],
        &["jobs"],
        &["jobs", "--json", "--status", "failed"],
        &["wait", &done, &failed],
        &["config", "show"],
        &["schema", "job"],
        &["consult", "--dry-run", "what?"],
        &["--help"],
        &["job", "00000000-0000-4000-8000-000000000000"],
    ] {
        world.command(arguments).ok().ok();
        assert_eq!(snapshot(&world.state()), before, "{arguments:?}");
    }
}

#[test]
fn a_look_where_there_is_no_state_directory_makes_none() {
    let world = World::new();
    world.command(["jobs"]).assert().success();
    world.command(["job", "@last"]).assert().code(66);
    assert!(!world.state().exists());
}

#[test]
fn a_look_at_a_living_job_writes_nothing_either() {
    let world = World::new();
    let gate = world.path("gate");
    let id = world.submit(&format!("FAKE:mode=gate,gate={}", gate.display()));
    world.until_status(&id, "running");
    let log = world.state().join("events.jsonl");
    let before = fs::read(&log).expect("read");
    for arguments in [&["job", &id][..], &["jobs"], &["job", "@last", "--json"]] {
        world.command(arguments).assert().success();
    }
    assert_eq!(fs::read(&log).expect("read"), before);
    fs::write(&gate, "").expect("written");
    assert_eq!(world.finish(&id)["status"], "succeeded");
}

/// Takes write permission from everybody and gives it back in the end. Root has it all the same,
/// so what root can test here is less: `.ci/root-tests` does it with a read-only mount.
struct ReadOnly<'a>(&'a Path);

impl<'a> ReadOnly<'a> {
    fn make(directory: &'a Path) -> Self {
        set_modes(directory, 0o500, 0o400);
        Self(directory)
    }
}

impl Drop for ReadOnly<'_> {
    fn drop(&mut self) {
        set_modes(self.0, 0o700, 0o600);
    }
}

fn set_modes(path: &Path, directories: u32, files: u32) {
    let is_dir = fs::symlink_metadata(path).expect("stat").is_dir();
    // Opened up before and closed after what is in it is done.
    if is_dir {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).expect("set");
        for entry in fs::read_dir(path).expect("read") {
            set_modes(&entry.expect("read").path(), directories, files);
        }
    }
    let mode = if is_dir { directories } else { files };
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn a_read_only_state_directory_still_answers_and_takes_no_new_job() {
    let world = World::new();
    let id = world.submit("what is it?");
    world.finish(&id);
    until("the runner has tidied up", || world.processes().is_empty().then_some(()));
    let state = world.state();
    let read_only = ReadOnly::make(&state);
    assert_eq!(world.job(&id)["result"]["response"], "fake answer: 42");
    assert_eq!(world.json(&["jobs", "--json"])["count"], 1);
    world.command(["wait", &id]).assert().success();
    if !is_root() {
        let refused = world.command(["consult", "--bg", "more"]).assert().code(74);
        refused.stderr(predicate::str::contains("cannot write to"));
    }
    drop(read_only);
    assert_eq!(world.json(&["jobs", "--json"])["count"], 1);
}

#[test]
fn a_dead_runners_job_is_told_as_lost_where_nothing_can_be_written() {
    let world = World::new();
    let id = orphan(&world);
    let log = fs::read(world.state().join("events.jsonl")).expect("read");
    {
        let state = world.state();
        let _read_only = ReadOnly::make(&state);
        let job = world.job(&id);
        assert_eq!((&job["status"], &job["done"]), (&"lost".into(), &true.into()));
        world.command(["job", &id, "--exit-status"]).assert().code(5);
        world.command(["wait", &id]).assert().code(5);
        assert_eq!(world.json(&["jobs", "--json"])["jobs"][0]["status"], "lost");
        if !is_root() {
            assert_eq!(fs::read(world.state().join("events.jsonl")).expect("read"), log);
        }
    }
    assert_eq!(world.job(&id)["status"], "lost");
    assert_eq!(world.history(&id), ["queued", "started", "lost"]);
}

#[test]
fn a_dead_runners_job_is_told_as_lost_while_the_logs_lock_is_stuck() {
    let world = World::new();
    let id = orphan(&world);
    let lock = File::open(world.state().join("events.lock")).expect("opened");
    lock.lock().expect("locked");
    assert_eq!(world.job(&id)["status"], "lost");
    assert_eq!(world.json(&["jobs", "--json"])["jobs"][0]["status"], "lost");
    world.command(["wait", &id]).assert().code(5);
    assert_eq!(world.history(&id), ["queued", "started"], "nothing can be written yet");
    lock.unlock().expect("unlocked");
    assert_eq!(world.job(&id)["status"], "lost");
    assert_eq!(world.history(&id), ["queued", "started", "lost"]);
}

#[test]
fn a_saved_answer_is_told_while_the_logs_lock_is_stuck() {
    let mut world = World::new();
    let id = saved_but_not_logged(&mut world);
    let lock = File::open(world.state().join("events.lock")).expect("opened");
    lock.lock().expect("locked");
    let job = world.job(&id);
    assert_eq!((&job["status"], &job["recovered"]), (&"succeeded".into(), &true.into()));
    let answer = world.command(["job", &id, "--response"]).assert().success();
    answer.stdout("fake answer: 42");
    lock.unlock().expect("unlocked");
    assert_eq!(world.job(&id)["recovered"], true);
    assert_eq!(world.history(&id), ["queued", "started", "succeeded"]);
}

#[test]
fn a_dead_runners_job_is_told_as_lost_on_a_full_disk() {
    let world = World::new();
    let id = orphan(&world);
    let log = world.state().join("events.jsonl");
    let before = fs::read(&log).expect("read");
    // Room for the start of a line and no more.
    let observed = run_limited(&world, before.len() as u64 + 100, &["job", &id, "--json"]);
    let job: Value = serde_json::from_slice(&observed.stdout).expect("JSON");
    assert_eq!(job["status"], "lost");
    assert_eq!(fs::read(&log).expect("read"), before, "not even half a line is left");
    assert_eq!(world.job(&id)["status"], "lost");
    assert_eq!(world.history(&id), ["queued", "started", "lost"]);
}
