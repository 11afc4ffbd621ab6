//! Removing jobs: only those that ended, only by a rule that somebody gave, only after a yes; with
//! their lines and their directories, and without anybody else noticing.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use predicates::prelude::*;
use serde_json::json;

use super::support::mcp::Client;
use super::support::said::Refusal;
use super::support::schema::assert_valid;
use super::support::{World, exit_code, program, until};

fn finished(world: &World, prompt: &str) -> String {
    let id = world.submit(prompt);
    world.finish(&id);
    // The runner lets go of its lock before it is quite gone, and its directory goes by that lock.
    world.assert_quiet();
    id
}

fn has_directory(world: &World, id: &str) -> bool {
    world.state().join("jobs").join(id).exists()
}

fn gated(world: &World) -> String {
    let id = world.submit(&format!("FAKE:mode=gate,gate={}", world.path("gate").display()));
    world.until_status(&id, "running");
    id
}

fn open_gate(world: &World) {
    std::fs::write(world.path("gate"), "").expect("opened");
}

#[test]
fn a_dry_run_shows_what_would_go_and_changes_nothing() {
    let world = World::new();
    let (first, second) = (finished(&world, "first"), finished(&world, "second"));
    let events = world.events();
    let said = world.say(&["prune", "--keep", "1", "--dry-run"]);
    assert_eq!((said.code, &*said.stderr), (Some(0), "1 job would go; 1 stay.\n"));
    assert!(said.stdout.starts_with(&format!("{first}  succeeded  ")), "{said:#?}");
    assert!(!said.stdout.contains(&second));
    let document = world.json(&["prune", "--keep", "1", "--dry-run", "--json"]);
    assert_valid("prune", &document);
    assert_eq!(document["jobs"][0]["job_id"], first);
    assert_eq!(world.events(), events);
    assert!(has_directory(&world, &first));
}

#[test]
fn what_ended_goes_with_its_directory_and_the_rest_is_as_it_was() {
    let world = World::new();
    let gone = [finished(&world, "one"), finished(&world, "FAKE:mode=exit1")];
    let running = gated(&world);
    let document = world.json(&["prune", "--older-than", "0s", "--yes", "--json"]);
    assert_valid("prune", &document);
    assert_eq!((&document["count"], &document["kept"]), (&json!(2), &json!(1)));
    assert_eq!(document["removal"]["directories_removed"], 2);
    for id in &gone {
        assert!(!has_directory(&world, id));
        world.command(["job", id]).assert().code(66);
    }
    let last = world.events().pop().expect("an event");
    assert_valid("event", &last);
    assert_eq!((&last["event"], &last["data"]["jobs"]), (&json!("pruned"), &json!(2)));
    open_gate(&world);
    assert_eq!(world.finish(&running)["status"], "succeeded");
    assert_eq!(world.job("@last")["job_id"], running);
    assert_eq!(world.json(&["jobs", "--json"])["count"], 1);
}

#[test]
fn who_waits_or_serves_while_the_log_is_replaced_does_not_notice() {
    let world = World::new();
    let gone = finished(&world, "first");
    let running = gated(&world);
    let mut client = Client::open(&world);
    let looks = [&gone, &running].map(|id| client.json("consult_job", json!({ "job_id": id })));
    assert_eq!((&looks[0]["done"], &looks[1]["done"]), (&json!(true), &json!(false)));
    let mut waiting = world.raw(["wait", &running]).stdout(Stdio::null()).spawn().expect("started");
    world.command(["prune", "--older-than", "0s", "--yes"]).assert().success();
    let text = client.fault("consult_job", json!({ "job_id": gone }));
    assert_eq!(text["code"], "no_such_job", "{text:#}");
    open_gate(&world);
    assert_eq!(exit_code(&mut waiting), Some(0));
    until("the server sees the end", || {
        let job = client.json("consult_job", json!({ "job_id": running }));
        (job["succeeded"] == true).then_some(())
    });
}

#[test]
fn nothing_goes_without_a_rule_or_a_yes() {
    let world = World::new();
    let id = finished(&world, "first");
    world.assert_refused(
        &["prune"],
        Refusal {
            exit: 2,
            code: "usage",
            message: "nothing says which jobs may go",
            hint: "Give --older-than 30d, --keep 100 or both; --dry-run shows what would go.",
        },
    );
    world.assert_refused(
        &["prune", "--keep", "0"],
        Refusal {
            exit: 2,
            code: "usage",
            message: "1 job would go for good, and nobody can be asked here",
            hint: "Add --yes to remove them, or --dry-run to see which they are.",
        },
    );
    world.command(["prune", "--keep", "1"]).assert().success();
    assert!(has_directory(&world, &id));
}

#[test]
fn one_prune_at_a_time_is_at_work_and_the_other_is_told_so() {
    let world = World::new();
    let id = finished(&world, "first");
    let other = std::fs::File::create(world.state().join("events.jsonl.new")).expect("made");
    other.lock().expect("locked");
    world.assert_refused(
        &["prune", "--keep", "0", "--yes"],
        Refusal {
            exit: 75,
            code: "busy",
            message: "ROOT/state/events.jsonl is being pruned by another process",
            hint: "Nothing is lost: wait for it, then see what is left with `phone-opus prune --dry-run`.",
        },
    );
    drop(other);
    world.command(["prune", "--keep", "0", "--yes"]).assert().success();
    assert!(!has_directory(&world, &id));
}

/// A command that may not pass a closed door, whoever runs it.
pub(crate) fn without_privileges(world: &World, arguments: &[&str]) -> Command {
    if !rustix::process::geteuid().is_root() {
        return world.raw(arguments);
    }
    let mut command = Command::new("setpriv");
    world.dress(&mut command);
    command.arg("--bounding-set=-dac_override,-dac_read_search");
    command.arg(program()).args(arguments);
    command
}

/// What Go's module cache leaves behind.
fn leave_read_only(directory: &Path) {
    let module = directory.join("go/pkg/mod/x@v1");
    std::fs::create_dir_all(&module).expect("made");
    std::fs::write(module.join("x.go"), "").expect("written");
    std::fs::set_permissions(&module, PermissionsExt::from_mode(0o555)).expect("closed");
}

#[test]
fn what_an_adviser_left_without_write_permission_goes_with_its_job() {
    let world = World::new();
    let gate = format!("FAKE:mode=gate,gate={}", world.path("gate").display());
    let said = world.say_of(&mut without_privileges(&world, &["consult", "--bg", &gate]));
    let id = said.stdout.trim();
    world.until_status(id, "running");
    let tmp = world.job_file(id, "tmp");
    leave_read_only(&tmp);
    open_gate(&world);
    world.finish(id);
    world.assert_quiet();
    assert!(!tmp.exists(), "the end of a job removes it");
    leave_read_only(&tmp);
    let prune = ["prune", "--keep", "0", "--yes"];
    let said = world.say_of(&mut without_privileges(&world, &prune));
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert!(!said.stderr.contains("warning") && !has_directory(&world, id), "{said:#?}");
}

/// The conversation of a job, with a record of it as Claude Code would leave one, in both homes.
fn conversation(world: &World, id: &str) -> String {
    let session = world.job(id)["session"]["id"].as_str().expect("an id").to_owned();
    for home in [format!("homes/{session}"), "claude".to_owned()] {
        let project = world.state().join(home).join("projects/p");
        std::fs::create_dir_all(&project).expect("made");
        std::fs::write(project.join(format!("{session}.jsonl")), "SECRET").expect("written");
    }
    session
}

/// What is there of a conversation beside the log: its lock, its home, its record in the other home.
fn kept(world: &World, session: &str) -> [bool; 3] {
    let record = format!("claude/projects/p/{session}.jsonl");
    [format!("sessions/{session}.lock"), format!("homes/{session}"), record]
        .map(|path| world.state().join(path).exists())
}

#[test]
fn a_conversation_goes_with_the_last_job_that_names_it_unless_somebody_holds_it() {
    let world = World::new();
    let jobs = ["gone", "held", "resumed"].map(|prompt| finished(&world, prompt));
    let [gone, held, resumed] = jobs.each_ref().map(|id| conversation(&world, id));
    let last = world.submit_with(&["--session", &resumed, "and?"]);
    world.finish(&last);
    world.assert_quiet();
    let path = world.state().join("sessions").join(format!("{held}.lock"));
    let lock = std::fs::File::open(path).expect("opened");
    lock.lock().expect("locked");
    world.command(["prune", "--keep", "1", "--yes"]).assert().success();
    assert_eq!(kept(&world, &gone), [false; 3]);
    assert_eq!(kept(&world, &held), [true; 3], "somebody is at it");
    let [has_lock, has_home, _] = kept(&world, &resumed);
    assert!(has_lock && has_home, "a job that stays names it");
    drop(lock);
    world.command(["prune", "--keep", "0", "--yes"]).assert().success();
    for session in [&held, &resumed] {
        assert_eq!(kept(&world, session), [false; 3], "no job is left");
    }
}

#[test]
fn without_a_state_directory_there_is_nothing_to_prune() {
    let world = World::new();
    let said = world.say(&["prune", "--keep", "3"]);
    assert_eq!((said.code, &*said.stderr), (Some(0), "No job is to go; 0 stay.\n"));
    assert!(!world.state().exists());
}

#[test]
fn the_configuration_is_the_rule_and_is_kept_by_itself_once_a_day() {
    let mut world = World::new();
    world.set("PHONE_OPUS_RETENTION_KEEP", "1");
    let first = finished(&world, "first");
    let second = world.submit("second");
    until("the first is gone", || (!has_directory(&world, &first)).then_some(()));
    world.command(["job", &first]).assert().code(66);
    assert_eq!(world.job(&second)["status"], "succeeded");
    world.assert_quiet();
    let third = finished(&world, "third");
    assert_eq!(world.json(&["jobs", "--json"])["count"], 2, "once a day is enough");
    let pruned = world.command(["prune", "--yes"]).assert().success();
    pruned.stderr(predicate::str::starts_with("Removed 1 job; 1 stay."));
    assert_eq!(world.job("@last")["job_id"], third);
}

#[test]
fn a_wrong_configuration_removes_nothing() {
    let mut world = World::new();
    let first = finished(&world, "first");
    let gate = gated(&world);
    world.set("PHONE_OPUS_RETENTION_KEEP", "many");
    world.command(["prune", "--yes"]).assert().code(78);
    open_gate(&world);
    until("the job has ended", || (world.history(&gate).last()? == "succeeded").then_some(()));
    world.assert_quiet();
    assert!(has_directory(&world, &first));
}
