//! Reading beyond one job: following one, the log as a stream, words in it, and what it adds up to.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use super::support::said::Refusal;
use super::support::schema::assert_valid;
use super::support::{World, exit_code, is_alive, kill, until};

fn gated(world: &World) -> String {
    let id = world.submit(&format!("FAKE:mode=gate,gate={}", world.path("gate").display()));
    world.until_status(&id, "running");
    id
}

fn open_gate(world: &World) {
    fs::write(world.path("gate"), "").expect("written");
}

fn ended(world: &World, prompt: &str) -> String {
    let id = world.submit(prompt);
    world.finish(&id);
    id
}

/// What a command prints, byte for byte.
fn printed(world: &World, arguments: &[&str]) -> String {
    let output = world.command(arguments).assert().success().get_output().stdout.clone();
    String::from_utf8(output).expect("text")
}

fn log_of(world: &World) -> String {
    fs::read_to_string(world.state().join("events.jsonl")).expect("read")
}

#[test]
fn events_are_the_lines_of_the_log_byte_for_byte() {
    let world = World::new();
    assert_eq!(world.say(&["events"]).stdout, "");
    let (first, second) = (ended(&world, "first"), ended(&world, "second"));
    let log = log_of(&world);
    assert_eq!(printed(&world, &["events"]), log);
    let of_job = |id: &str| {
        let lines =
            log.split_inclusive('\n').filter(|line| line.contains(&format!("\"job\":\"{id}\"")));
        lines.collect::<String>()
    };
    assert_eq!(printed(&world, &["events", &first]), of_job(&first));
    assert_eq!(printed(&world, &["events", "@last"]), of_job(&second));
    let seal = world.events()[2]["seal"].as_str().expect("a seal").to_owned();
    assert_eq!(printed(&world, &["events", "--since", &seal]), of_job(&second));

    fs::write(world.state().join("events.jsonl"), format!("{log}torn\n")).expect("written");
    assert_eq!(printed(&world, &["events"]), log);
    let note = "Passed over: 1 damaged line; `phone-opus doctor` says where.\n";
    assert_eq!(world.say(&["events"]).stderr, note);
}

#[test]
fn a_cursor_that_is_none_is_refused() {
    let world = World::new();
    ended(&world, "x");
    let said = world.say(&["events", "--since", "00000100000000800000000000000000"]);
    let hint =
        "It was pruned, or is of another state directory; without --since all lines are printed.";
    let text = format!("error: there is no line with this seal in the log\nhint: {hint}\n");
    assert_eq!((said.code, said.stdout.as_str(), said.stderr), (Some(2), "", text));
    let said = world.say(&["events", "--since", "yesterday"]);
    assert!(said.stderr.contains("a cursor is the `seal` of a line"), "{}", said.stderr);
    assert_eq!(said.code, Some(2));
}

#[test]
fn events_are_followed_until_the_job_has_ended() {
    let world = World::new();
    let id = gated(&world);
    let mut command = world.raw(["events", &id[..8], "--follow"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("started");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut next = || -> Value {
        serde_json::from_str(&lines.next().expect("a line").expect("read")).expect("JSON")
    };
    assert_eq!((&next()["event"], &next()["event"]), (&json!("queued"), &json!("started")));
    open_gate(&world);
    let last = loop {
        let event = next();
        if event["event"] != "progress" {
            break event;
        }
    };
    assert_eq!((&last["event"], &last["job"]), (&json!("succeeded"), &json!(id)));
    assert_eq!(exit_code(&mut child), Some(0));
}

#[test]
fn a_follower_of_a_dead_runners_events_sees_its_end() {
    let world = World::new();
    let id = gated(&world);
    let mut command = world.raw(["events", &id, "--follow"]);
    let child = command.stdout(Stdio::piped()).spawn().expect("started");
    let (guard, worker) = world.runners(&id);
    for signal in ["STOP", "KILL"] {
        kill(guard, signal);
        kill(worker, signal);
    }
    until("both are gone", || (!is_alive(guard) && !is_alive(worker)).then_some(()));
    let output = child.wait_with_output().expect("ended");
    let last = String::from_utf8(output.stdout).expect("text");
    let last: Value = serde_json::from_str(last.lines().last().expect("a line")).expect("JSON");
    assert_eq!(last["event"], "lost");
}

#[test]
fn whoever_follows_sees_how_it_goes_and_gets_the_answer() {
    let world = World::new();
    let id = gated(&world);
    let mut command = world.raw(["follow", &id]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    let quiet = world.raw(["follow", &id, "--quiet", "--json"]).stdout(Stdio::piped()).spawn();
    open_gate(&world);
    let output = child.wait_with_output().expect("ended");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(0), &b"fake answer: 42\n"[..]));
    assert!(said.contains(&format!("job {id} · ")), "{said}");
    let output = quiet.expect("started").wait_with_output().expect("ended");
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_valid("job", &document);
    assert_eq!(document["status"], "succeeded");
    // What has ended is shown at once.
    assert_eq!(world.say(&["follow", &id]).stdout, "fake answer: 42\n");
    let failed = ended(&world, "FAKE:mode=exit1");
    assert_eq!(world.say(&["follow", &failed]).code, Some(1));
}

#[test]
fn who_stops_following_stops_nothing() {
    let world = World::new();
    let id = gated(&world);
    let mut child = world.raw(["follow", &id]).stderr(Stdio::null()).spawn().expect("started");
    until("it follows", || is_alive(child.id()).then_some(()));
    kill(child.id(), "INT");
    child.wait().expect("ended");
    assert_eq!(world.job(&id)["status"], "running");
    open_gate(&world);
    assert_eq!(world.finish(&id)["status"], "succeeded");
}

#[test]
fn words_are_found_in_what_was_asked_and_answered() {
    let world = World::new();
    assert_eq!(world.json(&["search", "x", "--json"])["count"], 0);
    let id = world.submit_with(&["--label", "Über alles", "Is the LOCK safe?"]);
    world.finish(&id);
    let found = world.json(&["search", "lock unsafe", "--json"]);
    assert_eq!(found["count"], 0);
    let found = world.json(&["search", "lock safe", "--json"]);
    assert_valid("search", &found);
    let one = &found["matches"][0];
    assert_eq!((&found["count"], &one["job_id"]), (&json!(1), &json!(id)));
    assert_eq!((&one["field"], &one["found"]), (&json!("prompt"), &json!("LOCK safe")));
    assert_eq!(world.json(&["search", "über", "--json"])["matches"][0]["field"], "label");
    assert_eq!(world.json(&["search", "answer: 42", "--json"])["matches"][0]["field"], "response");
    let said = world.say(&["search", "lock"]);
    assert!(said.stdout.ends_with("prompt        Is the LOCK safe?\n"), "{said:#?}");
    assert!(said.stdout.starts_with(&id[..8]));
    let said = world.say(&["search", "nonsense"]);
    assert_eq!(
        (said.code, said.stdout.as_str(), said.stderr.as_str()),
        (Some(0), "", "Nothing was found.\n")
    );
    world.assert_refused(
        &["search", " "],
        Refusal {
            exit: 2,
            code: "usage",
            message: "there are no words to look for",
            hint: "Give some, in quotes: phone-opus search \"lock order\".",
        },
    );
}

#[test]
fn all_jobs_add_up() {
    let world = World::new();
    let none = world.json(&["stats", "--json"]);
    assert_valid("stats", &none);
    assert_eq!(none["jobs"], 0);
    ended(&world, "x");
    ended(&world, "y");
    ended(&world, "FAKE:mode=exit1");
    let id = gated(&world);
    let (guard, worker) = world.runners(&id);
    for signal in ["STOP", "KILL"] {
        kill(guard, signal);
        kill(worker, signal);
    }
    until("both are gone", || (!is_alive(guard) && !is_alive(worker)).then_some(()));
    let stats = world.json(&["stats", "--json"]);
    assert_valid("stats", &stats);
    let states =
        json!({"queued": 0, "running": 0, "succeeded": 2, "failed": 1, "cancelled": 0, "lost": 1});
    assert_eq!((&stats["jobs"], &stats["by_status"]), (&json!(4), &states));
    let jobs = world.json(&["jobs", "--json"]);
    let costs = jobs["jobs"].as_array().expect("a list").iter();
    let cost: f64 = costs.filter_map(|job| job["cost_usd"].as_f64()).sum();
    assert!((stats["cost_usd"].as_f64().expect("a number") - cost).abs() < 1e-9 && cost > 0.0);
    assert_eq!(stats["models"][0]["jobs"], 4);
    assert!(world.say(&["stats"]).stdout.starts_with("jobs "));
}
