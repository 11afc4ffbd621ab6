//! Whatever is stuck, a lock or a job or a client: nobody else waits for it, and the server ends.

use std::fs::{self, File};

use serde_json::{Value, json};

use crate::support::World;
use crate::support::mcp::Client;

/// More than any lane takes at once.
const MANY: usize = 40;

/// A state directory whose log's lock somebody holds.
fn with_stuck_lock() -> (World, File, String) {
    let world = World::new();
    let id = world.submit("a first one");
    world.finish(&id);
    let lock = File::open(world.state().join("events.lock")).expect("opened");
    lock.lock().expect("locked");
    (world, lock, id)
}

fn call(tool: &str, arguments: Value) -> Value {
    let mut arguments = arguments;
    arguments["render"] = "json".into();
    json!({ "name": tool, "arguments": arguments })
}

fn content(answer: &Value) -> &Value {
    &answer["result"]["structuredContent"]
}

/// What is not done within the last moment is told so.
fn is_ending(content: &Value) -> bool {
    content["fault"]["code"] == "server_ending"
}

fn is_answer(message: &Value, ids: &[i64]) -> bool {
    ids.iter().any(|id| message["id"] == *id)
}

#[test]
fn a_look_does_not_wait_behind_submissions_that_wait_for_a_lock() {
    let (world, lock, id) = with_stuck_lock();
    let mut client = Client::open(&world);
    let consults: Vec<i64> = (0..MANY)
        .map(|_| client.begin("tools/call", call("consult", json!({ "prompt": "x" }))))
        .collect();
    let look = client.begin("tools/call", call("consult_job", json!({ "job_id": id })));
    let mine = [consults.as_slice(), &[look]].concat();
    let first = client.find(|message| is_answer(message, &mine));
    assert_eq!(first["id"], look, "the look waits for nobody: {first:#}");
    client.signal("TERM");
    assert_eq!(client.end(), Some(0));
    let rest = client.rest();
    let withdrawn = rest.iter().filter(|message| is_answer(message, &consults)).collect::<Vec<_>>();
    assert_eq!(withdrawn.len(), MANY, "each is told: {rest:#?}");
    for answer in withdrawn {
        let fault = &answer["result"]["structuredContent"]["fault"];
        assert_eq!((&fault["code"], &fault["retryable"]), (&"server_ending".into(), &true.into()));
    }
    drop(lock);
    assert_eq!(world.json(&["jobs", "--json"])["count"], 1, "and nothing was submitted");
}

#[test]
fn a_look_does_not_wait_behind_cancels_of_a_deaf_job() {
    let mut world = World::new();
    world.set("PHONE_OPUS_GRACE", "1h");
    let id = world.submit("FAKE:hang");
    // Before that it is not deaf yet.
    world.until_at_work(&id);
    let mut client = Client::open(&world);
    let cancels: Vec<i64> = (0..MANY)
        .map(|_| client.begin("tools/call", call("consult_cancel", json!({ "job_id": id }))))
        .collect();
    let look = client.begin("tools/call", call("consult_job", json!({ "job_id": id })));
    let mine = [cancels.as_slice(), &[look]].concat();
    let first = client.find(|message| is_answer(message, &mine));
    assert_eq!(first["id"], look, "the look waits for nobody: {first:#}");
    // Nobody waits at the end either: the job goes on ending by itself.
    client.signal("TERM");
    assert_eq!(client.end(), Some(0));
    let rest = client.rest();
    let told: Vec<&Value> =
        rest.iter().filter(|message| is_answer(message, &cancels)).map(content).collect();
    assert!(told.iter().all(|told| told["status"] == "running" || is_ending(told)), "{told:#?}");
    assert_eq!(told.len(), MANY);
    crate::support::kill(world.runners(&id).0, "INT");
    assert_eq!(world.finish(&id)["status"], "cancelled");
}

#[test]
fn a_client_that_hangs_up_is_heard_behind_all_its_waits() {
    let world = World::new();
    let (gate, id) = gated(&world);
    let mut client = Client::silent(&world);
    client.initialize("claude-code");
    for _ in 0..700 {
        client.begin("tools/call", call("consult_wait", json!({ "job_ids": [id] })));
    }
    client.hang_up();
    assert_eq!(client.end(), Some(0));
    let answers = client.rest();
    assert_eq!(answers.len(), 700, "all that was asked is answered");
    let answers: Vec<&Value> = answers.iter().map(content).collect();
    assert!(
        answers.iter().all(|told| told["timed_out"] == true || is_ending(told)),
        "{answers:#?}"
    );
    fs::write(gate, "").expect("opened");
    assert_eq!(world.finish(&id)["status"], "succeeded");
}

#[test]
fn a_client_that_takes_no_answers_any_more_ends_the_server() {
    let world = World::new();
    let mut client = Client::silent_unread(&world);
    client.begin("ping", json!({}));
    client.close_output();
    client.begin("ping", json!({}));
    assert_eq!(client.end(), Some(0), "though its input is still open");
}

#[test]
fn large_answers_that_nobody_reads_take_bounded_memory() {
    let world = World::new();
    let id = world.submit("FAKE:mode=bigresult,mb=4");
    assert_eq!(world.finish(&id)["status"], "succeeded");
    let mut client = Client::silent_unread(&world);
    client.begin_session("test");
    let before = client.peak_memory();
    for _ in 0..100 {
        client.begin("resources/read", json!({ "uri": format!("phone-opus://jobs/{id}/answer") }));
    }
    client.until_at_rest();
    let grown = client.peak_memory() - before;
    assert!(grown < 160 << 10, "{grown} KiB for 100 answers of 4 MB");
    client.read_on();
    client.find(|message| message["result"]["serverInfo"].is_object());
    for _ in 0..100 {
        assert!(
            client.next()["result"]["contents"][0]["text"].as_str().expect("text").len() >= 4 << 20
        );
    }
    client.hang_up();
    assert_eq!(client.end(), Some(0));
}

/// A job that ends when the file appears.
fn gated(world: &World) -> (std::path::PathBuf, String) {
    let gate = world.path("gate");
    let id = world.submit(&format!("FAKE:mode=gate,gate={}", gate.display()));
    world.until_status(&id, "running");
    (gate, id)
}
