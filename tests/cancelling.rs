//! Cancelling: asked for in the log, made quick by a signal, sure in the end, and never at the cost of
//! somebody else's process.

use std::process::{Command, Stdio};

use predicates::prelude::*;
use serde_json::{Value, json};

use super::support::{World, is_alive, kill, until};

#[test]
fn a_cancelled_consult_ends_and_keeps_what_it_had_said() {
    let world = World::new();
    let id = world.submit("FAKE:mode=partial,lines=3,secs=0.01");
    until("something was said", || {
        let shown = std::fs::read_to_string(world.job_file(&id, "transcript.jsonl")).ok()?;
        shown.contains("phone_opus_text").then_some(())
    });
    world.command(["cancel", &id]).assert().success().stdout(predicate::str::contains("cancelled"));
    let job = world.job(&id);
    assert_eq!((&job["status"], &job["cancel_requested"]), (&json!("cancelled"), &json!(true)));
    assert!(!job["partial_text"].as_str().expect("a text").is_empty());
    assert_eq!(world.history(&id).last().map(String::as_str), Some("cancelled"));
    world.command(["job", &id, "--exit-status"]).assert().code(3);
}

#[test]
fn a_deaf_claude_code_is_killed_after_its_grace() {
    let mut world = World::new();
    world.set("PHONE_OPUS_GRACE", "0.2s");
    let id = world.submit("FAKE:mode=hang");
    world.until_status(&id, "running");
    world.command(["cancel", &id]).assert().success();
    assert_eq!(world.job(&id)["status"], "cancelled");
    world.assert_quiet();
}

#[test]
fn a_stopped_runner_is_woken_to_be_cancelled() {
    let world = World::new();
    let id = world.submit("FAKE:mode=slow,secs=0.1,lines=100000");
    world.until_status(&id, "running");
    let (guard, worker) = world.runners(&id);
    kill(guard, "STOP");
    kill(worker, "STOP");
    world.command(["cancel", &id]).assert().success();
    assert_eq!(world.job(&id)["status"], "cancelled");
}

#[test]
fn a_cancel_that_is_seen_in_the_log_and_heard_as_well_leaves_the_grace() {
    let world = World::new();
    let id = world.submit("FAKE:mode=hang");
    // Its first line comes once it is deaf.
    let transcript = world.job_file(&id, "transcript.jsonl");
    until("it is deaf", || std::fs::metadata(&transcript).ok().filter(|file| file.len() > 0));
    let (guard, _) = world.runners(&id);
    let mut cancel = world.raw(["cancel", &id]);
    let mut cancel = cancel.stdout(Stdio::null()).spawn().expect("started");
    until("the request is there", || {
        world.history(&id).contains(&"cancel_requested".to_owned()).then_some(())
    });
    for _ in 0..5 {
        kill(guard, "TERM");
    }
    assert_eq!(super::support::exit_code(&mut cancel), Some(0));
    let job = world.job(&id);
    let asked = world.events().iter().find(|e| e["event"] == "cancel_requested").cloned();
    let asked = asked.expect("it was asked for")["unix_ms"].as_i64().expect("a time");
    let ended = job["finished_unix_ms"].as_i64().expect("a time");
    // Deaf as it is, it was given the five seconds that it has.
    assert!(ended - asked >= 4_900, "killed after {} ms", ended - asked);
}

#[test]
fn an_ended_job_is_not_cancelled_again() {
    let world = World::new();
    let id = world.submit("hello");
    world.finish(&id);
    let before = world.history(&id);
    let cancelled = world.command(["cancel", &id]).assert().success();
    cancelled.stderr(predicate::str::contains("had ended before"));
    assert_eq!(world.history(&id), before);
}

#[test]
fn a_dead_job_that_is_cancelled_is_lost() {
    let world = World::new();
    let id = world.submit("FAKE:mode=hang");
    world.until_status(&id, "running");
    let (guard, worker) = world.runners(&id);
    kill(guard, "KILL");
    kill(worker, "KILL");
    until("both are dead", || (!is_alive(guard) && !is_alive(worker)).then_some(()));
    world.command(["cancel", &id]).assert().success();
    assert_eq!(world.job(&id)["status"], "lost");
}

#[test]
fn a_request_in_the_log_is_enough_where_no_signal_can_be_sent() {
    let world = World::new();
    let id = world.submit("FAKE:mode=slow,secs=0.1,lines=100000");
    world.until_status(&id, "running");
    // As seen from a container: the pids in the lock file are of another namespace.
    rewrite_holders(&world, &id, |holders| holders["pid_namespace"] = json!("pid:[1]"));
    world.command(["cancel", &id]).assert().success();
    assert_eq!(world.job(&id)["status"], "cancelled");
}

#[test]
fn a_pid_that_was_used_again_is_never_signalled() {
    let world = World::new();
    let id = world.submit("FAKE:mode=slow,secs=0.1,lines=100000");
    world.until_status(&id, "running");
    let mut innocent =
        Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().expect("slept");
    let pid = innocent.id();
    rewrite_holders(&world, &id, |holders| {
        holders["guard"]["pid"] = json!(pid);
        holders["worker"] = Value::Null;
    });
    world.command(["cancel", &id]).assert().success();
    assert_eq!(world.job(&id)["status"], "cancelled");
    assert_eq!(innocent.try_wait().expect("asked"), None, "the innocent process lives");
    innocent.kill().expect("ended");
    innocent.wait().expect("reaped");
}

#[test]
fn a_runner_whose_guard_is_dead_is_cancelled_through_its_worker() {
    let world = World::new();
    let id = world.submit("FAKE:mode=slow,secs=0.1,lines=100000");
    world.until_status(&id, "running");
    let (guard, _) = world.runners(&id);
    kill(guard, "KILL");
    until("the guard is dead", || (!is_alive(guard)).then_some(()));
    world.command(["cancel", &id]).assert().success();
    assert_eq!(world.job(&id)["status"], "cancelled");
}

#[test]
fn an_answer_that_comes_first_is_kept() {
    let world = World::new();
    let id = world.submit("FAKE:mode=closestdout");
    until("the answer is there", || {
        let shown = std::fs::read_to_string(world.job_file(&id, "transcript.jsonl")).ok()?;
        shown.contains(r#""type":"result""#).then_some(())
    });
    world.command(["cancel", &id]).assert().success();
    assert_eq!(world.job(&id)["status"], "succeeded");
}

#[test]
fn a_signal_that_nobody_asked_for_is_told_from_a_cancel() {
    let world = World::new();
    let id = world.submit("FAKE:mode=slow,secs=0.1,lines=100000");
    world.until_status(&id, "running");
    kill(world.runners(&id).0, "TERM");
    let job = world.finish(&id);
    assert_eq!(
        (&job["status"], &job["failure"]["code"]),
        (&json!("failed"), &json!("interrupted"))
    );
}

/// Changes what a job's lock file says of its holders.
fn rewrite_holders(world: &World, id: &str, change: impl Fn(&mut Value)) {
    world.runners(id);
    let path = world.job_file(id, "lock");
    let mut holders: Value =
        serde_json::from_slice(&std::fs::read(&path).expect("read")).expect("JSON");
    change(&mut holders);
    std::fs::write(&path, holders.to_string()).expect("written");
}
