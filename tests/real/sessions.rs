//! Going on with a conversation.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::api::texts;
use super::offline::Offline;

#[test]
fn a_resumed_session_remembers_the_conversation_where_it_began() {
    let offline = Offline::new();
    let first = offline.consult(&[r#"first question [[scenario:text {"text":"first answer"}]]"#]);
    let session = first.job["session"]["id"].as_str().expect("a session");

    let elsewhere = offline.world.path("elsewhere");
    fs::create_dir(&elsewhere).expect("made");
    let mut command =
        offline.world.raw(["consult", "--json", "--session", session, "second question"]);
    let output = command.current_dir(&elsewhere).output().expect("run");
    assert!(output.status.success(), "{output:?}");
    let second: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");

    let asked = offline.api.asked();
    let conversation = texts(&asked[1]);
    for part in ["first question", "first answer", "second question"] {
        assert!(conversation.contains(part), "{part} is not in {conversation}");
    }
    assert_eq!(asked[1]["headers"]["x-claude-code-session-id"], session);
    assert_eq!(second["session"]["mode"], "resumed");
    let began_in = offline.world.cwd();
    let began_in = began_in.to_str().expect("text");
    assert_eq!(second["result"]["cwd"], began_in);
    let system = asked[1]["system"].as_str().expect("a system prompt").to_owned();
    assert!(!format!("{system}{conversation}").contains(elsewhere.to_str().expect("text")));
}

/// The login's file stays where all consults have it, and the conversation lies in a place of its own.
#[test]
fn a_conversation_by_a_login_of_its_own_is_resumed_and_seen_by_nobody_else() {
    let offline = Offline::without_credentials();
    let home = offline.world.state().join("claude");
    fs::create_dir_all(&home).expect("made");
    for private in [offline.world.state(), home.clone()] {
        fs::set_permissions(private, fs::Permissions::from_mode(0o700)).expect("set");
    }
    let login = serde_json::json!({ "claudeAiOauth": {
        "accessToken": "sk-ant-oat01-offline", "refreshToken": "sk-ant-ort01-offline",
        "expiresAt": 4_102_444_800_000_u64, "scopes": ["user:inference", "user:profile"],
        "subscriptionType": "max",
    } });
    fs::write(home.join(".credentials.json"), login.to_string()).expect("written");
    let first = offline.consult(&[r#"first question [[scenario:text {"text":"first answer"}]]"#]);
    assert_eq!(first.exit, Some(0), "{first:#?}");
    if first.job["enforcement"]["home"] != "own" {
        return; // No sandbox stands here, and there is no home but the user's.
    }
    let session = first.job["session"]["id"].as_str().expect("a session");
    let mut other = "look".to_owned();
    if first.job["enforcement"]["bash"] == "allowed" {
        let command = format!("ls -R {}", home.display());
        let input = serde_json::json!({ "command": command });
        other = format!("look [[scenario:bash {input}]]");
    }
    let other = offline.consult(&[&other]);
    assert_eq!(other.exit, Some(0), "{other:#?}");
    assert_eq!(offline.consult(&["--session", session, "second question"]).exit, Some(0));
    let asked = offline.api.asked();
    let last = texts(asked.last().expect("asked"));
    assert!(last.contains("first question") && last.contains("second question"), "{last}");
    if first.job["enforcement"]["bash"] == "allowed" {
        let seen = asked[2]["tool_results"][0].to_string();
        assert!(seen.contains("projects") && !seen.contains(session), "{seen}");
    }
}

#[test]
fn the_cost_of_a_resumed_consult_is_its_own_share() {
    let offline = Offline::new();
    let first = offline.consult(&["first question"]).job;
    let session = first["session"]["id"].as_str().expect("a session");
    let second = offline.consult(&["--session", session, "second question"]).job;
    let dollars = |job: &serde_json::Value, name: &str| job[name].as_f64().expect("dollars");
    let total = dollars(&second, "total_cost_usd");
    assert!(total > dollars(&first, "total_cost_usd"), "{second:#}");
    let share = total - dollars(&first, "total_cost_usd");
    assert!((dollars(&second, "cost_usd") - share).abs() < 1e-9, "{second:#}");
}

#[test]
fn a_session_that_claude_code_does_not_know_is_named_as_the_cause() {
    let offline = Offline::new();
    let unknown = "01234567-89ab-4def-8123-456789abcdef";
    let ended = offline.consult(&["--session", unknown, "go on"]);
    assert_eq!(ended.exit, Some(1), "{ended:#?}");
    assert_eq!(ended.job["failure"]["code"], "session_not_found", "{ended:#?}");
    assert!(offline.api.asked().is_empty());
}
