//! Consults that are started from the real Claude Code's Bash tool, and outlive that Claude Code.

use std::fs;
use std::io::Write;
use std::process::{Child, Stdio};

use super::offline::{HELD, Offline, claude};
use super::support::{exit_code, kill, program, until};

#[test]
fn a_foreground_consult_outlives_a_terminated_claude_code() {
    outlives("TERM", false);
}

#[test]
fn a_foreground_consult_outlives_an_interrupted_claude_code() {
    outlives("INT", false);
}

#[test]
fn a_foreground_consult_outlives_a_killed_claude_code() {
    outlives("KILL", false);
}

#[test]
fn a_background_consult_outlives_a_terminated_claude_code() {
    outlives("TERM", true);
}

#[test]
fn a_background_consult_outlives_an_interrupted_claude_code() {
    outlives("INT", true);
}

#[test]
fn a_background_consult_outlives_a_killed_claude_code() {
    outlives("KILL", true);
}

/// Claude Code asks for a second opinion and is ended by a signal in the middle of it.
fn outlives(signal: &str, background: bool) {
    let offline = Offline::new();
    let question = offline.world.path("question.txt");
    fs::write(&question, "take your time [[scenario:held]]").expect("written");
    let (program, question) = (program().display(), question.display());
    // The tool must still be busy when the signal comes, so the background consult is waited for.
    let command = if background {
        format!("{program} wait $({program} consult --bg --prompt-file {question})")
    } else {
        format!("{program} consult --prompt-file {question}")
    };

    let mut outer = claude_code(&offline, &command);
    let id = until("the consult is in the log", || {
        Some(offline.world.events().first()?["job"].as_str()?.to_owned())
    });
    offline.until_begun(&id);
    kill(outer.id(), signal);
    exit_code(&mut outer);

    assert_eq!(offline.world.job(&id)["status"], "running");
    offline.api.release();
    let job = offline.world.finish(&id);
    assert_eq!(job["status"], "succeeded", "{job:#}");
    assert_eq!(job["result"]["response"], HELD);
    assert_ne!(asked_by_outer(&offline), job["session"]["id"], "it is a session of its own");
}

/// The session id of the first request, which is the outer Claude Code's.
fn asked_by_outer(offline: &Offline) -> serde_json::Value {
    offline.api.asked()[0]["headers"]["x-claude-code-session-id"].clone()
}

/// A Claude Code at work, whose model asks for one shell command.
fn claude_code(offline: &Offline, command: &str) -> Child {
    let mut outer = std::process::Command::new(claude());
    offline.world.dress(&mut outer);
    outer
        .args(["-p", "--output-format", "json", "--tools", "Bash", "--allowedTools", "Bash"])
        .args(["--permission-mode", "dontAsk", "--setting-sources", "", "--strict-mcp-config"])
        .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = outer.spawn().expect("Claude Code starts");
    let scenario = serde_json::json!({ "command": command });
    let prompt = format!("ask for an opinion [[scenario:bash {scenario}]]");
    child.stdin.take().expect("piped").write_all(prompt.as_bytes()).expect("written");
    child
}
