//! The protocol: both eras, tasks, resources and prompts.

use std::fs;

use serde_json::{Value, json};

use crate::support::mcp::{Client, MODERN, meta};
use crate::support::{World, until};

fn modern(method: &str, params: Value) -> (String, Value) {
    with_capabilities(method, params, json!({}))
}

fn with_capabilities(method: &str, mut params: Value, capabilities: Value) -> (String, Value) {
    params["_meta"] = meta(capabilities);
    (method.to_owned(), params)
}

fn ask(client: &mut Client, (method, params): (String, Value)) -> Value {
    client.request(&method, params)
}

#[test]
fn every_older_revision_is_spoken_and_an_unknown_one_gets_the_newest_of_them() {
    for (asked, given) in [
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        ("1999-01-01", "2025-11-25"),
        (MODERN, "2025-11-25"),
    ] {
        let world = World::new();
        let mut client = Client::silent(&world);
        let params = json!({
            "protocolVersion": asked, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" },
        });
        let answer = client.request("initialize", params);
        assert_eq!(answer["result"]["protocolVersion"], given, "{answer:#}");
        assert_eq!(answer["result"]["serverInfo"]["name"], "phone_opus");
        assert!(answer["result"]["capabilities"].get("extensions").is_none());
        let tools = client.request("tools/list", json!({}));
        assert_eq!(tools["result"]["tools"].as_array().expect("a list").len(), 7);
        assert!(tools["result"].get("resultType").is_none(), "of the modern era");
        let second = client.request("initialize", json!({
            "protocolVersion": asked, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" },
        }));
        assert_eq!(second["error"]["code"], -32600);
    }
}

#[test]
fn the_modern_era_needs_no_opening_and_carries_its_fields() {
    let world = World::new();
    let mut client = Client::silent(&world);
    let discovered = ask(&mut client, modern("server/discover", json!({})));
    let versions = discovered["result"]["supportedVersions"].as_array().expect("a list");
    assert!(versions.contains(&MODERN.into()));
    for (method, params) in [
        ("server/discover", json!({})),
        ("tools/list", json!({})),
        ("prompts/list", json!({})),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
    ] {
        let answer = ask(&mut client, modern(method, params));
        let result = &answer["result"];
        assert_eq!(result["resultType"], "complete", "{method}: {answer:#}");
        assert!(
            result["ttlMs"].is_u64() && result["cacheScope"].is_string(),
            "{method}: {answer:#}"
        );
    }
    let params = json!({ "name": "consult", "arguments": { "prompt": "hi" } });
    let answer = ask(&mut client, modern("tools/call", params));
    assert_eq!(answer["result"]["resultType"], "complete");
    let bare = client.request("tools/list", json!({}));
    assert_eq!(bare["error"]["code"], -32602, "{bare:#}");
    let (method, mut params) = modern("tools/list", json!({}));
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2031-01-01".into();
    let unknown = client.request(&method, params);
    assert_eq!(unknown["error"]["code"], -32022, "{unknown:#}");
    assert!(unknown["error"]["data"]["supported"].is_array());
}

#[test]
fn a_probe_before_initialize_is_answered_and_the_older_way_stays_open() {
    let world = World::new();
    let mut client = Client::silent(&world);
    let probe = ask(&mut client, modern("server/discover", json!({})));
    assert!(probe["result"]["supportedVersions"].is_array());
    let opened = client.initialize("claude-code");
    assert_eq!(opened["result"]["protocolVersion"], "2025-11-25");
    assert_eq!(client.json("consult", json!({ "prompt": "hi" }))["mode"], "sync");
}

#[test]
fn a_peer_that_declares_tasks_gets_one_that_is_the_job() {
    let world = World::new();
    let gate = world.path("gate");
    let mut client = Client::silent(&world);
    let declared = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
    let task = |method: &str, params: Value| with_capabilities(method, params, declared.clone());
    let prompt = format!("FAKE:mode=gate,gate={}", gate.display());
    let call = json!({ "name": "consult", "arguments": { "prompt": prompt } });
    let created = ask(&mut client, task("tools/call", call));
    assert_eq!(created["result"]["resultType"], "task", "{created:#}");
    let id = created["result"]["taskId"].as_str().expect("an id").to_owned();
    assert_eq!(world.history(&id)[0], "queued", "durable before it was told");
    let working = ask(&mut client, task("tasks/get", json!({ "taskId": id })));
    assert_eq!(working["result"]["status"], "working", "{working:#}");
    fs::write(&gate, "").expect("opened");
    let done = until("the task is done", || {
        let answer = ask(&mut client, task("tasks/get", json!({ "taskId": id })));
        (answer["result"]["status"] == "completed").then_some(answer)
    });
    let text = done["result"]["result"]["content"][0]["text"].as_str().expect("text");
    assert!(text.contains("fake answer: 42"), "{text}");

    let call = json!({ "name": "consult", "arguments": { "prompt": "FAKE:exit1" } });
    let failing = ask(&mut client, task("tools/call", call));
    let failing = failing["result"]["taskId"].as_str().expect("an id").to_owned();
    world.finish(&failing);
    let failed = ask(&mut client, task("tasks/get", json!({ "taskId": failing })));
    assert_eq!(failed["result"]["status"], "completed", "`failed` is for protocol errors");
    assert_eq!(failed["result"]["result"]["isError"], true);

    let call = json!({ "name": "consult", "arguments": { "prompt": "FAKE:hang" } });
    let hanging = ask(&mut client, task("tools/call", call));
    let hanging = hanging["result"]["taskId"].as_str().expect("an id").to_owned();
    world.until_status(&hanging, "running");
    let ack = ask(&mut client, task("tasks/cancel", json!({ "taskId": hanging })));
    assert!(ack["error"].is_null(), "{ack:#}");
    world.finish(&hanging);
    let cancelled = ask(&mut client, task("tasks/get", json!({ "taskId": hanging })));
    assert_eq!(cancelled["result"]["status"], "cancelled");

    let unknown = ask(&mut client, task("tasks/get", json!({ "taskId": "nope" })));
    assert_eq!(unknown["error"]["code"], -32602);
    let undeclared = ask(&mut client, modern("tasks/get", json!({ "taskId": id })));
    assert_eq!(undeclared["error"]["code"], -32021, "{undeclared:#}");
}

#[test]
fn an_older_peer_never_gets_a_task() {
    let world = World::new();
    let mut client = Client::silent(&world);
    let params = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": { "extensions": { "io.modelcontextprotocol/tasks": {} } },
        "clientInfo": { "name": "t", "version": "1" },
    });
    client.request("initialize", params);
    let answer = client.json("consult", json!({ "prompt": "hi" }));
    assert_eq!(answer["mode"], "sync");
    let refused = client.request("tasks/get", json!({ "taskId": answer["job_id"] }));
    assert_eq!(refused["error"]["code"], -32601, "{refused:#}");
}

#[test]
fn a_jobs_answer_and_transcript_are_resources() {
    let world = World::new();
    let mut client = Client::open(&world);
    let id = client.json("consult", json!({ "prompt": "hello there" }))["job_id"].clone();
    let id = id.as_str().expect("an id");
    let list = client.request("resources/list", json!({}));
    let answer = &list["result"]["resources"][0];
    assert_eq!(answer["uri"], format!("phone-opus://jobs/{id}/answer"));
    assert_eq!(answer["title"], "hello there");
    let read = client.request("resources/read", json!({ "uri": answer["uri"] }));
    assert_eq!(read["result"]["contents"][0]["text"], "fake answer: 42");
    let uri = format!("phone-opus://jobs/{id}/transcript");
    let read = client.request("resources/read", json!({ "uri": uri }));
    let text = read["result"]["contents"][0]["text"].as_str().expect("text");
    assert!(
        text.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()) && !text.is_empty()
    );
    for uri in
        ["phone-opus://jobs/nope/answer", "file:///etc/passwd", &uri.replace("transcript", "../x")]
    {
        let read = client.request("resources/read", json!({ "uri": uri }));
        assert_eq!(read["error"]["code"], -32002, "{read:#}");
    }
}

#[test]
fn the_prompts_lead_to_a_consult() {
    let world = World::new();
    let mut client = Client::open(&world);
    let list = client.request("prompts/list", json!({}));
    assert_eq!(list["result"]["prompts"].as_array().expect("a list").len(), 2);
    let arguments = json!({ "question": "Is the lock safe?" });
    let got =
        client.request("prompts/get", json!({ "name": "second_opinion", "arguments": arguments }));
    let text = got["result"]["messages"][0]["content"]["text"].as_str().expect("text");
    assert!(text.contains("Is the lock safe?") && text.contains("consult_wait"), "{text}");
    let diff = client.request(
        "prompts/get",
        json!({ "name": "review_diff", "arguments": { "revision": "main" } }),
    );
    assert!(diff.to_string().contains("git diff main"));
    for params in [json!({ "name": "second_opinion" }), json!({ "name": "none" })] {
        assert_eq!(client.request("prompts/get", params)["error"]["code"], -32602);
    }
}
