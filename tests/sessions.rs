//! Conversations: each has an id from the start, one consult at a time, one directory, one bill.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use predicates::prelude::*;
use serde_json::Value;

use super::support::{World, kill, until};

/// Consults in the foreground and returns the job.
fn consult(world: &World, prompt: &str, arguments: &[&str]) -> Value {
    let head = ["consult", "--json", prompt];
    let output = world.command(head.iter().chain(arguments)).output().expect("ran");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn session(job: &Value) -> String {
    job["session"]["id"].as_str().expect("a session").to_owned()
}

/// What Claude Code was given, as the fake's mode `env` answers it.
fn given(job: &Value) -> Value {
    let response = job["result"]["response"].as_str().expect("an answer");
    serde_json::from_str(response).expect("JSON")
}

/// The argument after a flag.
fn argument(given: &Value, flag: &str) -> Option<String> {
    let argv: Vec<&str> = given["argv"].as_array()?.iter().filter_map(Value::as_str).collect();
    let at = argv.iter().position(|word| *word == flag)?;
    argv.get(at + 1).map(ToString::to_string)
}

/// Every path below a directory.
fn tree(directory: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        found.insert(entry.path().to_string_lossy().into_owned());
        if entry.path().is_dir() {
            found.extend(tree(&entry.path()));
        }
    }
    found
}

#[test]
fn the_conversation_is_known_before_claude_code_runs() {
    let mut world = World::new();
    let trace = world.trace();
    let queued = world.json(&["consult", "--bg", "--json", "FAKE:mode=exit1"]);
    assert_eq!(queued["status"], "queued");
    let job = world.finish(queued["job_id"].as_str().expect("an id"));
    assert_eq!((&job["status"], session(&job)), (&"failed".into(), session(&queued)));
    let trace = fs::read_to_string(trace).expect("traced");
    let given: Value = serde_json::from_str(trace.trim()).expect("one start");
    assert_eq!(argument(&given, "--session-id"), Some(session(&queued)));
}

#[test]
fn a_failed_consult_tells_the_user_which_session_to_resume() {
    let world = World::new();
    let output = world.command(["consult", "FAKE:mode=sigkill"]).assert().code(1);
    let said = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    let id = session(&world.job("@last"));
    assert!(said.contains(&format!("--session {id}")), "{said}");
}

#[test]
fn a_resume_runs_where_the_conversation_began() {
    let world = World::new();
    let elsewhere = world.path("elsewhere");
    fs::create_dir(&elsewhere).expect("made");
    let began = consult(&world, "FAKE:mode=env", &[]);
    assert_eq!((&began["session"]["mode"], session(&began)), (&"fresh".into(), session(&began)));
    let resumed = consult(
        &world,
        "FAKE:mode=env",
        &["--session", &session(&began), "--cwd", &elsewhere.to_string_lossy()],
    );
    let home = world.cwd().to_string_lossy().into_owned();
    assert_eq!(given(&resumed)["cwd"], *home);
    assert_eq!(
        (&resumed["request"]["cwd"], &resumed["session"]["cwd"]),
        (&(*home).into(), &(*home).into())
    );
    assert_eq!(resumed["session"]["mode"], "resumed");
    assert_eq!(argument(&given(&resumed), "--resume"), Some(session(&began)));
    assert_eq!(argument(&given(&resumed), "--session-id"), None);
}

#[test]
fn a_conversation_that_began_elsewhere_is_resumed_where_the_caller_says() {
    let world = World::new();
    let elsewhere = world.path("elsewhere");
    fs::create_dir(&elsewhere).expect("made");
    let foreign = "0B4E0A52-7F43-4F5E-9A2B-3C1D5E6F7A8B";
    let arguments = ["--session", foreign, "--cwd", &elsewhere.to_string_lossy()];
    let job = consult(&world, "FAKE:mode=env", &arguments);
    assert_eq!(given(&job)["cwd"], *elsewhere.to_string_lossy());
    assert_eq!(argument(&given(&job), "--resume"), Some(foreign.to_lowercase()));
}

#[test]
fn a_busy_conversation_is_refused_at_once_and_nothing_is_left_behind() {
    let mut world = World::new();
    world.set("PHONE_OPUS_MAX_RUNNING", "1");
    let gate = format!("FAKE:mode=gate,gate={}", world.path("gate").display());
    let running = world.submit(&gate);
    let session_of = |id: &str| session(&world.job(id));
    world.until_status(&running, "running");
    let queued = world.submit("hello");
    for (job, bg) in [(&running, true), (&queued, true), (&running, false)] {
        let (files, events) = (tree(&world.state()), world.events().len());
        let session = session_of(job);
        let background = bg.then_some("--bg");
        let arguments = ["consult", "--session", &session, "and?"].into_iter().chain(background);
        let refused = world.command(arguments).assert().code(75).stdout("");
        refused.stderr(predicate::str::contains(&**job).and(predicate::str::contains("in use")));
        assert_eq!((tree(&world.state()), world.events().len()), (files, events));
    }
    let refused = ["consult", "--json", "--session", &session_of(&running), "and?"];
    let output = world.command(refused).assert().code(75).get_output().stdout.clone();
    let error: Value = serde_json::from_slice(&output).expect("JSON");
    assert_eq!(error["error"]["code"], "session_busy");
    fs::write(world.path("gate"), "").expect("the gate opens");
    assert_eq!(world.finish(&running)["status"], "succeeded");
    assert_eq!(world.finish(&queued)["status"], "succeeded");
}

/// A refusal must leave even the memory of the conversation as it was.
#[test]
fn a_refused_resume_does_not_take_the_conversation_from_its_job() {
    let world = World::new();
    let gate = format!("FAKE:mode=gate,gate={}", world.path("gate").display());
    let running = world.submit(&gate);
    let session = session(&world.job(&running));
    for _ in 0..3 {
        let refused = world.command(["consult", "--session", &session, "and?"]).assert().code(75);
        refused.stderr(predicate::str::contains(&*running));
    }
    fs::write(world.path("gate"), "").expect("the gate opens");
    world.finish(&running);
    world.command(["consult", "--session", &session, "and?"]).assert().success();
}

/// Claude Code's total accumulates over the conversation.
#[test]
fn each_consult_of_a_conversation_costs_its_own_share() {
    let world = World::new();
    let first = consult(&world, "FAKE:mode=cost,usd=0.5", &[]);
    assert_eq!((&first["cost_usd"], &first["total_cost_usd"]), (&0.5.into(), &0.5.into()));
    let id = session(&first);
    let second = consult(&world, "FAKE:mode=cost,usd=0.75", &["--session", &id]);
    assert_eq!((&second["cost_usd"], &second["total_cost_usd"]), (&0.25.into(), &0.75.into()));
    let third = consult(&world, "FAKE:mode=cost,usd=2", &["--session", &id]);
    assert_eq!((&third["cost_usd"], &third["total_cost_usd"]), (&1.25.into(), &2.0.into()));
}

/// A failure may report nothing, or nought: what was spent before is not spent again.
#[test]
fn a_failure_in_between_does_not_bill_the_conversation_twice() {
    let world = World::new();
    let id = session(&consult(&world, "FAKE:mode=cost,usd=0.5", &[]));
    for fault in ["overloaded", "nosession", "sigkill"] {
        let failed = consult(&world, &format!("FAKE:mode={fault}"), &["--session", &id]);
        assert_eq!(failed["status"], "failed", "{fault}");
        assert!(failed["cost_usd"].as_f64().unwrap_or(0.0) < 1e-9, "{fault}: {failed:#}");
    }
    let after = consult(&world, "FAKE:mode=cost,usd=0.75", &["--session", &id]);
    assert_eq!(after["cost_usd"], 0.25);
}

#[test]
fn a_conversation_can_be_resumed_the_moment_wait_returns() {
    let world = World::new();
    let mut id = world.submit("hello");
    let session = session(&world.job(&id));
    for _ in 0..15 {
        world.command(["wait", &id, "--timeout", "60s"]).assert().success();
        id = world.submit_with(&["--session", &session, "and?"]);
    }
    world.finish(&id);
}

#[test]
fn a_conversation_whose_worker_was_killed_can_be_resumed_the_moment_wait_returns() {
    let world = World::new();
    let gate = format!("FAKE:mode=gate,gate={}", world.path("gate").display());
    let mut id = world.submit(&gate);
    let session = session(&world.job(&id));
    for _ in 0..8 {
        world.until_status(&id, "running");
        kill(world.runners(&id).1, "KILL");
        world.command(["wait", &id, "--timeout", "60s"]).assert().code(5);
        id = world.submit_with(&["--session", &session, &gate]);
    }
    fs::write(world.path("gate"), "").expect("the gate opens");
    assert_eq!(world.finish(&id)["status"], "succeeded");
}

#[test]
fn what_a_killed_workers_consult_had_cost_is_remembered() {
    let world = World::new();
    let first = consult(&world, "FAKE:mode=cost,usd=0.5", &[]);
    let id = session(&first);
    // It has printed its result and stays; the grace before it is asked to go is the default one.
    let job = world.submit_with(&["--session", &id, "FAKE:mode=closestdout"]);
    until("its result is there", || {
        let transcript = fs::read_to_string(world.job_file(&job, "transcript.jsonl")).ok()?;
        transcript.contains("\"type\":\"result\"").then_some(())
    });
    kill(world.runners(&job).1, "KILL");
    let recovered = world.finish(&job);
    assert_eq!(
        (&recovered["status"], &recovered["recovered"]),
        (&"succeeded".into(), &true.into())
    );
    let after = consult(&world, "FAKE:mode=cost,usd=0.75", &["--session", &id]);
    assert_eq!(after["cost_usd"], 0.25);
}

#[test]
fn what_is_no_session_id_is_refused_and_nothing_is_made() {
    let world = World::new();
    for id in ["", "abc", "../../etc/passwd", "@last", "0b4e0a52-7f43-4f5e-9a2b"] {
        let arguments = ["consult", "--session", id, "and?"];
        let refused = world.command(arguments).assert().code(2).stdout("");
        refused.stderr(predicate::str::contains("whole UUID"));
    }
    assert!(!world.state().exists());
}
