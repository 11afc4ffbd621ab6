//! The log as its readers meet it: old, cut off, damaged, or written by others. It always reads, and
//! no line in it is ever changed.
//!
//! `tests/logs/VERSION` is a state directory as that version left it, made by the program itself: jobs
//! in every state, three of whose runners were killed, a torn line and a foreign one. Beside it is
//! what `job ID --json` must print of each job, for ever. A new version adds a directory of its own and
//! changes none: `*` stands for a time that the reader makes, and fields may be added.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use predicates::prelude::*;
use serde_json::Value;

use super::support::World;

const OLD_VERSIONS: [&str; 1] = ["0.1.0"];

fn logs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/logs")
}

/// Copies a state directory and makes it private, as it was before it was checked in.
fn copy_private(from: &Path, to: &Path) {
    fs::create_dir(to).expect("made");
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).expect("set");
    for entry in fs::read_dir(from).expect("read").map(|entry| entry.expect("read")) {
        let target = to.join(entry.file_name());
        if entry.file_type().expect("known").is_dir() {
            copy_private(&entry.path(), &target);
        } else {
            fs::write(&target, fs::read(entry.path()).expect("read")).expect("written");
            fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).expect("set");
        }
    }
}

/// A world whose state directory is an old one.
fn old_world(version: &str) -> World {
    let world = World::new();
    copy_private(&logs().join(version), &world.state());
    world
}

fn log_of(world: &World) -> Vec<u8> {
    fs::read(world.state().join("events.jsonl")).expect("read")
}

fn write_log(world: &World, bytes: &[u8]) {
    fs::write(world.state().join("events.jsonl"), bytes).expect("written");
}

/// Fails unless `actual` says all that `golden` does.
fn assert_includes(golden: &Value, actual: &Value, at: &str) {
    match (golden, actual) {
        (Value::String(any), Value::Number(_) | Value::String(_)) if any == "*" => {}
        (Value::Object(golden), Value::Object(actual)) => {
            for (name, value) in golden {
                assert_includes(value, &actual[name], &format!("{at}.{name}"));
            }
        }
        (Value::Array(golden), Value::Array(actual)) if golden.len() == actual.len() => {
            for (number, (golden, actual)) in golden.iter().zip(actual).enumerate() {
                assert_includes(golden, actual, &format!("{at}[{number}]"));
            }
        }
        _ => assert_eq!(golden, actual, "{at}"),
    }
}

#[test]
fn a_log_of_any_released_version_reads_as_it_did_then() {
    for version in OLD_VERSIONS {
        let golden = fs::read(logs().join(format!("{version}.golden.json"))).expect("read");
        let golden: Vec<Value> = serde_json::from_slice(&golden).expect("JSON");
        let world = old_world(version);
        let before = log_of(&world);
        for wanted in &golden {
            let id = wanted["job_id"].as_str().expect("an id");
            assert_includes(wanted, &world.job(id), &format!("{version} {id}"));
        }
        assert!(log_of(&world).starts_with(&before), "{version}: the log was rewritten");
        let list = world.json(&["jobs", "--json", "--limit", "1000"]);
        let mut listed: Vec<(&Value, &Value)> = list["jobs"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|row| (&row["job_id"], &row["status"]))
            .collect();
        let mut wanted: Vec<_> =
            golden.iter().map(|job| (&job["job_id"], &job["status"])).collect();
        listed.sort_by_key(|(id, _)| id.as_str());
        wanted.sort_by_key(|(id, _)| id.as_str());
        assert_eq!(listed, wanted, "{version}");
    }
}

#[test]
fn the_conversation_of_an_old_log_can_be_gone_on_with() {
    let world = old_world("0.1.0");
    let last = world.json(&["job", "d833a162", "--json"]);
    let session = last["session"]["id"].as_str().expect("an id");
    // It began in a directory that is not on this machine, and a resume runs there.
    let id = world.submit_with(&["--session", session, "and then?"]);
    let job = world.finish(&id);
    assert_eq!(job["request"]["cwd"], "/project");
    assert_eq!(job["failure"]["code"], "spawn_failed");
    assert_eq!(job["session"]["id"], session);
}

/// Places to cut a log: around the end of each line, and every so often within.
fn cuts(log: &[u8]) -> Vec<usize> {
    const STRIDE: usize = 997;
    let is_end = |at: &usize| *at > 0 && log[at - 1] == b'\n';
    let ends = (0..=log.len()).filter(is_end).flat_map(|end| [end - 1, end, end + 1]);
    let mut cuts: Vec<usize> = ends.chain((0..log.len()).step_by(STRIDE)).collect();
    cuts.retain(|&cut| cut <= log.len());
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// The ids of the jobs that a log has queued, told by a reader that shares no code with the program.
fn queued_in(log: &[u8]) -> Vec<String> {
    log.split_inclusive(|&byte| byte == b'\n')
        .filter(|line| line.ends_with(b"\n"))
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
        .filter(|event| event["event"] == "queued")
        .map(|event| event["job"].as_str().expect("an id").to_owned())
        .collect()
}

#[test]
fn a_log_cut_off_anywhere_shows_the_jobs_it_has_and_takes_new_ones() {
    let world = old_world("0.1.0");
    let whole = log_of(&world);
    for cut in cuts(&whole) {
        write_log(&world, &whole[..cut]);
        let jobs = queued_in(&whole[..cut]);
        let list = world.json(&["jobs", "--json", "--limit", "1000"]);
        assert_eq!(list["count"], jobs.len(), "cut at {cut}");
        // A line that lacked its newline alone is whole once something was appended after it.
        if let Some(last) = queued_in(&log_of(&world)).last() {
            assert_eq!(world.job("@last")["job_id"], **last, "cut at {cut}");
        }
        // What the readers added is the ends of the jobs whose runners are not there any more.
        assert!(log_of(&world).starts_with(&whole[..cut]), "cut at {cut}");
    }
    write_log(&world, &whole[..whole.len() - 10]);
    let id = world.submit("after a torn line");
    assert_eq!(world.finish(&id)["status"], "succeeded");
    assert!(log_of(&world).starts_with(&whole[..whole.len() - 10]));
}

#[test]
fn damaged_and_foreign_lines_hide_no_job_and_are_never_rewritten() {
    let world = World::new();
    let first = world.submit("first");
    world.finish(&first);
    let garbage = [
        &b"{\"v\":1,\"job\":\"torn"[..],
        b"\n",
        b"not json at all\n",
        b"{\"v\":2,\"job\":\"00000000-0000-4000-8000-000000000000\",\"event\":\"queued\"}\n",
        b"\xff\xfe\x00\n",
        &[0; 5000],
        b"\n\n\r\n",
    ]
    .concat();
    // A copy of a whole line without its seal's last digit, as an editor may leave it.
    let log = log_of(&world);
    let line = log.split_inclusive(|&byte| byte == b'\n').nth(2).expect("the end");
    let mut forged = line.to_vec();
    let digit = forged.len() - 4;
    forged[digit] = if forged[digit] == b'0' { b'1' } else { b'0' };
    let damaged = [&log[..], &garbage, &forged, b"torn again"].concat();
    write_log(&world, &damaged);

    let second = world.submit("second");
    let waited = world.command(["wait", &first, &second, "--timeout", "60s"]).assert().success();
    waited.stdout(predicate::str::contains(&first).and(predicate::str::contains(&second)));
    assert_eq!(world.job(&first)["odd_events"], 0);
    assert_eq!(world.job(&second)["status"], "succeeded");
    assert_eq!(world.json(&["jobs", "--json"])["count"], 2);
    world.command(["jobs"]).assert().success().stdout(predicate::str::contains("second"));
    world.command(["consult", "third"]).assert().success().stdout("fake answer: 42\n");
    assert!(
        log_of(&world).starts_with(&[&damaged[..], b"\n{"].concat()),
        "sealed off, not changed"
    );
}

#[test]
fn a_damaged_end_makes_a_job_lost_or_recovered_and_never_succeeded_by_guess() {
    let world = World::new();
    let id = world.submit("the answer's line is damaged later");
    world.finish(&id);
    let log = log_of(&world);
    let answer = log.windows(2).rposition(|pair| pair == b"42").expect("the answer");
    let mut damaged = log.clone();
    damaged[answer] = b'9';
    write_log(&world, &damaged);
    // The saved outcome has the true answer, so that is what is told, and appended.
    let job = world.job(&id);
    assert_eq!((&job["status"], &job["recovered"]), (&"succeeded".into(), &true.into()));
    assert_eq!(job["result"]["response"], "fake answer: 42");
    assert!(log_of(&world).starts_with(&damaged));
    assert_eq!(log_of(&world).split_inclusive(|&byte| byte == b'\n').count(), 4);
}
