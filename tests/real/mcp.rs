//! The real Claude Code as a client of the MCP server: its model calls the tools, and the consult is
//! answered by another Claude Code.

use std::fs;
use std::process::Stdio;

use serde_json::{Value, json};

use super::offline::{Offline, claude};
use super::support::program;

const TOOLS: &str =
    "mcp__phone_opus__consult,mcp__phone_opus__consult_job,mcp__phone_opus__consult_wait";

#[test]
fn claude_code_consults_looks_and_waits() {
    let offline = Offline::new();
    let id = offline.world.submit("earlier [[scenario:text]]");
    offline.world.finish(&id);
    let asked_before = offline.api.asked().len();
    let call = |tool: &str, input: Value| json!({ "tool_use": { "name": format!("mcp__phone_opus__{tool}"), "input": input } });
    offline.api.order(&json!({ "steps": [
        call("consult", json!({ "prompt": "is it sound? [[scenario:text]]", "render": "json" })),
        call("consult_job", json!({ "job_id": id })),
        call("consult_wait", json!({ "job_ids": [id] })),
        { "text": "done" },
    ] }));
    let output = claude_code(&offline);
    assert!(output.contains("done"), "{output}");

    let list = offline.world.json(&["jobs", "--json"]);
    assert_eq!((&list["count"], &list["jobs"][0]["status"]), (&json!(2), &json!("succeeded")));
    let results: Vec<String> = offline.api.asked()[asked_before..]
        .iter()
        .flat_map(|request| request["tool_results"].as_array().cloned().unwrap_or_default())
        .map(|result| result["text"].as_str().expect("text").to_owned())
        .collect();
    let has = |words: &str| results.iter().any(|result| result.contains(words));
    assert!(has("\"mode\":\"sync\""), "structure is what its model sees: {results:#?}");
    assert!(
        has(&format!("job={id} status=succeeded\nsession_mode=fresh session_id=")),
        "{results:#?}"
    );
    assert!(has("\nresponse:\nHello from the fake API."), "{results:#?}");
}

/// What Claude Code printed, with the server as its only one.
fn claude_code(offline: &Offline) -> String {
    let servers = offline.world.path("servers.json");
    let server = json!({ "command": program(), "args": ["mcp", "serve"] });
    fs::write(&servers, json!({ "mcpServers": { "phone_opus": server } }).to_string())
        .expect("written");
    let mut command = std::process::Command::new(claude());
    offline.world.dress(&mut command);
    let output = command
        .args(["-p", "ask for an opinion", "--allowedTools", TOOLS, "--setting-sources", ""])
        .args(["--permission-mode", "dontAsk", "--strict-mcp-config", "--mcp-config"])
        .arg(&servers)
        .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
        .stdin(Stdio::null())
        .output()
        .expect("Claude Code runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}
