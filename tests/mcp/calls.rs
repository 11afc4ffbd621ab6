//! Calls that wait: nobody waits behind them, and whatever ends them, the job lives on.

use std::fs;

use serde_json::{Value, json};

use crate::support::mcp::Client;
use crate::support::{World, until};

/// A consult that ends when the file appears.
fn gated(world: &World) -> (std::path::PathBuf, String) {
    let gate = world.path("gate");
    let prompt = format!("FAKE:mode=gate,gate={}", gate.display());
    (gate, prompt)
}

fn consult(prompt: &str) -> Value {
    json!({ "name": "consult", "arguments": { "prompt": prompt, "render": "json" } })
}

/// The one job of a world, once it runs.
fn running(world: &World) -> String {
    let id = until("a job is queued", || {
        let events = world.events();
        Some(events.first()?["job"].as_str()?.to_owned())
    });
    world.until_status(&id, "running");
    id
}

#[test]
fn a_call_hands_the_job_back_before_its_client_gives_up() {
    let world = World::new();
    let (gate, prompt) = gated(&world);
    let mut client = Client::open(&world);
    let handed_back = client.json("consult", json!({ "prompt": prompt, "wait_seconds": 0.2 }));
    assert_eq!((&handed_back["mode"], &handed_back["done"]), (&"background".into(), &false.into()));
    assert!(handed_back["note"].as_str().expect("text").contains("consult_wait"));
    let id = handed_back["job_id"].clone();
    let waited = client.json("consult_wait", json!({ "job_ids": [id], "timeout_seconds": 0.1 }));
    assert_eq!((&waited["timed_out"], &waited["finished"]), (&true.into(), &0.into()));
    fs::write(gate, "").expect("opened");
    let waited = client.json("consult_wait", json!({ "job_ids": [id] }));
    assert_eq!((&waited["timed_out"], &waited["finished"]), (&false.into(), &1.into()));
    assert_eq!(waited["jobs"][0]["result"]["response"], "fake answer: 42");
}

#[test]
fn waiting_for_any_ends_with_the_first_and_for_all_with_the_last() {
    let world = World::new();
    let (gate, prompt) = gated(&world);
    let mut client = Client::open(&world);
    let slow = world.submit(&prompt);
    let quick = world.submit("quick");
    let any = client.json("consult_wait", json!({ "job_ids": [slow, quick], "any": true }));
    assert_eq!((&any["finished"], &any["timed_out"]), (&1.into(), &false.into()));
    let all = client.begin("tools/call", json!({
        "name": "consult_wait", "arguments": { "job_ids": [slow, quick, slow], "render": "json" },
    }));
    fs::write(gate, "").expect("opened");
    let all = client.answer(&json!(all));
    assert_eq!(all["result"]["structuredContent"]["finished"], 2, "{all:#}");
}

#[test]
fn everything_else_is_answered_while_consults_run() {
    let world = World::new();
    let (gate, prompt) = gated(&world);
    let mut client = Client::open(&world);
    let waiting = client.begin("tools/call", consult(&prompt));
    let id = running(&world);
    assert_eq!(client.request("ping", json!({}))["result"], json!({}));
    assert_eq!(client.json("consult_job", json!({ "job_id": id }))["status"], "running");
    assert_eq!(client.json("health_snapshot", json!({}))["jobs"]["running"], 1);
    let other = client.json("consult", json!({ "prompt": "another" }));
    assert_eq!(other["response"], "fake answer: 42");
    // More of them than any pool of threads would hold.
    let waits: Vec<i64> = (0..100)
        .map(|_| {
            let arguments = json!({ "job_ids": [id], "render": "json" });
            client.begin("tools/call", json!({ "name": "consult_wait", "arguments": arguments }))
        })
        .collect();
    assert_eq!(client.request("ping", json!({}))["result"], json!({}));
    fs::write(gate, "").expect("opened");
    for wait in waits {
        let answer = client.answer(&json!(wait));
        assert_eq!(answer["result"]["structuredContent"]["finished"], 1);
    }
    let answer = client.answer(&json!(waiting));
    assert_eq!(answer["result"]["structuredContent"]["response"], "fake answer: 42");
}

#[test]
fn a_cancelled_call_gets_no_answer_and_its_job_lives_on() {
    let world = World::new();
    let (gate, prompt) = gated(&world);
    let mut client = Client::open(&world);
    let call = client.begin("tools/call", consult(&prompt));
    let id = running(&world);
    let params = json!({ "requestId": call, "reason": "enough" });
    client
        .send(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params }));
    assert_eq!(client.json("consult_job", json!({ "job_id": id }))["status"], "running");
    fs::write(gate, "").expect("opened");
    let waited = client.json("consult_wait", json!({ "job_ids": [id] }));
    assert_eq!(waited["jobs"][0]["status"], "succeeded");
    client.hang_up();
    assert_eq!(client.end(), Some(0));
    let rest: Vec<Value> = client.rest();
    assert!(rest.iter().all(|message| message["id"] != call), "{rest:#?}");
}

#[test]
fn who_wants_it_so_has_the_job_cancelled_with_its_call() {
    let mut world = World::new();
    world.set("PHONE_OPUS_MCP_CANCEL_ON_DISCONNECT", "true");
    let (_, prompt) = gated(&world);
    let mut client = Client::open(&world);
    let call = client.begin("tools/call", consult(&prompt));
    let id = running(&world);
    let params = json!({ "requestId": call });
    client
        .send(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params }));
    assert_eq!(world.finish(&id)["status"], "cancelled");
    client.begin("tools/call", consult(&prompt));
    until("the second job runs", || {
        let list = world.json(&["jobs", "--json"]);
        (list["jobs"][0]["status"] == "running").then_some(())
    });
    client.hang_up();
    assert_eq!(client.end(), Some(0));
    let list = world.json(&["jobs", "--json"]);
    let second = list["jobs"][0]["job_id"].as_str().expect("an id");
    assert_eq!(world.finish(second)["status"], "cancelled");
}

#[test]
fn a_job_is_cancelled_by_its_tool_and_keeps_what_there_was() {
    let world = World::new();
    let mut client = Client::open(&world);
    let waiting = client.begin("tools/call", consult("FAKE:mode=partial,lines=3,secs=0.01"));
    let id = running(&world);
    until("some text is there", || {
        let text = fs::read_to_string(world.job_file(&id, "transcript.jsonl")).ok()?;
        text.contains("phone_opus_text").then_some(())
    });
    let cancelled = client.json("consult_cancel", json!({ "job_id": id }));
    assert_eq!((&cancelled["status"], &cancelled["done"]), (&"cancelled".into(), &true.into()));
    assert!(!cancelled["partial_text"].as_str().expect("a text").is_empty());
    let answer = client.answer(&json!(waiting));
    assert_eq!(answer["result"]["isError"], true);
    assert_eq!(answer["result"]["structuredContent"]["fault"]["class"], "cancelled");
    let again = client.json("consult_cancel", json!({ "job_id": id }));
    assert_eq!(again["status"], "cancelled");
}

#[test]
fn progress_comes_by_time_and_only_to_who_asked_for_it() {
    let world = World::new();
    let (gate, prompt) = gated(&world);
    let mut client = Client::open(&world);
    let silent = client.begin("tools/call", consult(&prompt));
    let mut params = consult(&prompt);
    params["_meta"] = json!({ "progressToken": "p-1" });
    let call = client.begin("tools/call", params);
    // The silent call began first, so it is older than these.
    let first = client.find(|message| message["method"] == "notifications/progress");
    let second = client.find(|message| message["method"] == "notifications/progress");
    let of = |message: &Value| message["params"]["progress"].as_f64().expect("a number");
    assert!(of(&second) > of(&first));
    fs::write(&gate, "").expect("opened");
    for id in [call, silent] {
        assert_eq!(client.answer(&json!(id))["result"]["isError"], false);
    }
    client.hang_up();
    assert_eq!(client.end(), Some(0));
    let more = client.rest();
    for message in [&first, &second].into_iter().chain(&more) {
        assert_eq!(message["params"]["progressToken"], "p-1", "{message:#}");
    }
}

#[test]
fn a_panic_in_a_tool_is_one_failed_call() {
    let mut world = World::new();
    world.set("PHONE_OPUS_TEST_PANIC", "consult_jobs");
    let mut client = Client::open(&world);
    let fault = client.fault("consult_jobs", json!({}));
    assert_eq!(fault["class"], "internal");
    assert_eq!(client.json("consult", json!({ "prompt": "still there?" }))["mode"], "sync");
}
