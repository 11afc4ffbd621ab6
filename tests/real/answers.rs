//! An answer, and what the adviser may and may not do for it.

use std::fs;

use predicates::prelude::predicate;

use super::offline::{Offline, claude};

#[test]
fn the_models_answer_alone_is_on_standard_output() {
    let offline = Offline::new();
    let asked = offline.world.command(["consult", "is it sound?"]).assert().success();
    asked.stdout("Hello from the fake API.\n").stderr(predicate::str::contains("to go on: "));
    let request = offline.api.asked_once();
    // With a key in the environment there is a shell, where the host's kernel keeps it.
    let shell = offline.world.job("@last")["enforcement"]["bash"] != "none";
    let tools =
        if shell { &["Bash", "Glob", "Grep", "Read"][..] } else { &["Glob", "Grep", "Read"] };
    assert_eq!(request["tools"], serde_json::json!(tools));
    assert_eq!(request["output_config"]["effort"], "max");
    assert!(request["model"].as_str().expect("a model").contains("opus"), "{request:#}");
    let prompt = request["user_text"].as_str().expect("a prompt");
    assert!(prompt.ends_with("\n\nis it sound?"), "{prompt}");
}

#[test]
fn the_document_tells_the_model_the_session_and_the_cost() {
    let offline = Offline::new();
    let ended = offline.consult(&["is it sound?"]);
    assert_eq!(ended.exit, Some(0), "{ended:#?}");
    let job = ended.job;
    let request = offline.api.asked_once();
    assert_eq!(job["result"]["response"], "Hello from the fake API.");
    assert_eq!(job["model"], request["model"]);
    assert_eq!(job["session"]["id"], request["headers"]["x-claude-code-session-id"]);
    assert_eq!(job["result"]["session_id"], job["session"]["id"]);
    let version = std::process::Command::new(claude()).arg("--version").output().expect("run");
    let version = String::from_utf8(version.stdout).expect("text");
    let noted = job["claude"]["version"].as_str().expect("a version");
    assert_eq!(version.trim(), format!("{noted} (Claude Code)"));
    assert!(job["cost_usd"].as_f64().expect("a cost") > 0.0, "{job:#}");
    assert_eq!(job["cost_usd"], job["total_cost_usd"]);
}

#[test]
fn a_file_of_the_directory_is_read() {
    let offline = Offline::new();
    let file = offline.world.cwd().join("notes.txt");
    fs::write(&file, "the lock is never released\n").expect("written");
    let prompt = format!("look [[scenario:read {{\"path\":\"{}\"}}]]", file.display());
    let ended = offline.consult(&[&prompt]);
    assert_eq!(ended.exit, Some(0), "{ended:#?}");
    let response = ended.job["result"]["response"].as_str().expect("an answer");
    assert!(response.contains("the lock is never released"), "{response}");
    assert_eq!(ended.job["num_turns"], 2);
    let asked = offline.api.asked();
    let result = &asked[1]["tool_results"][0];
    assert_eq!(result["is_error"], false, "{result:#}");
    assert!(result["text"].as_str().expect("text").contains("the lock is never released"));
}

#[test]
fn a_file_outside_of_the_directory_is_not_read() {
    let offline = Offline::new();
    let file = offline.world.path("home").join("secret.txt");
    fs::write(&file, "a private word\n").expect("written");
    let prompt = format!("look [[scenario:read {{\"path\":\"{}\"}}]]", file.display());
    let ended = offline.consult(&[&prompt]);
    let result = &offline.api.asked()[1]["tool_results"][0];
    assert_eq!(result["is_error"], true, "{result:#}");
    assert!(!ended.job.to_string().contains("a private word"), "{ended:#?}");
}

#[test]
fn writing_is_refused_and_leaves_no_file() {
    let offline = Offline::new();
    let file = offline.world.cwd().join("made");
    let prompt = format!("change it [[scenario:write {{\"path\":\"{}\"}}]]", file.display());
    assert_refused(&offline, &prompt);
    assert!(!file.exists());
}

#[test]
fn a_shell_command_that_would_change_something_is_refused() {
    let offline = Offline::new();
    let ended = offline.consult(&[r#"run it [[scenario:bash {"command":"touch made"}]]"#]);
    assert_eq!(ended.exit, Some(0), "{ended:#?}");
    let result = &offline.api.asked()[1]["tool_results"][0];
    assert_eq!(result["is_error"], true, "by Claude Code or by the kernel: {result:#}");
    assert!(!offline.world.cwd().join("made").exists());
}

/// The model asked for a tool that is not there, heard so, and its second answer was kept.
fn assert_refused(offline: &Offline, prompt: &str) {
    let ended = offline.consult(&[prompt]);
    assert_eq!(ended.exit, Some(0), "{ended:#?}");
    let result = &offline.api.asked()[1]["tool_results"][0];
    assert_eq!(result["is_error"], true, "{result:#}");
    assert!(result["text"].as_str().expect("text").contains("No such tool"), "{result:#}");
    let response = ended.job["result"]["response"].as_str().expect("an answer");
    assert!(response.contains("No such tool"), "{response}");
}
