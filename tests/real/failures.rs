//! What the service can do to a consult, and what the caller is told.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket};
use serde_json::Value;

use super::offline::{Ended, Offline};

#[test]
fn a_refused_key_needs_a_login() {
    let ended = failing(&Offline::new(), "401");
    assert_failed(&ended, "auth_required", 4);
    assert_eq!(ended.job["failure"]["api_status"], 401);
}

#[test]
fn no_credentials_at_all_need_a_login_and_ask_nobody() {
    let offline = Offline::without_credentials();
    assert_failed(&offline.consult(&["is it sound?"]), "auth_required", 4);
    assert!(offline.api.asked().is_empty());
}

#[test]
fn a_used_up_subscription_says_when_to_ask_again() {
    let mut offline = Offline::without_credentials();
    offline.world.set("CLAUDE_CODE_OAUTH_TOKEN", "dummy");
    let before = unix_ms();
    let ended = failing(&offline, r#"429_limit {"resets_in":3600}"#);
    assert_failed(&ended, "rate_limited", 75);
    // The service gives whole seconds.
    let earliest = before + 3_599_000;
    let latest = unix_ms() + 3_601_000;
    let retry_at = ended.job["failure"]["retry_at_unix_ms"].as_i64().expect("a time");
    assert!((earliest..=latest).contains(&retry_at), "{retry_at}: {ended:#?}");
    assert!(ended.job["failure"]["retry_at"].is_string(), "{ended:#?}");
    assert_eq!(offline.api.asked_once()["auth"], "bearer");
}

#[test]
fn a_rate_limit_of_an_api_key_is_one_too() {
    let offline = Offline::new();
    let ended = failing(&offline, "429");
    assert_failed(&ended, "rate_limited", 75);
    assert_eq!(ended.job["failure"]["api_status"], 429);
    assert_eq!(offline.api.asked().len(), 2, "one try, one more");
}

#[test]
fn an_overloaded_service_is_told_from_a_limit() {
    let ended = failing(&Offline::new(), "529");
    assert_failed(&ended, "overloaded", 1);
    assert_eq!(ended.job["failure"]["api_status"], 529);
}

#[test]
fn an_overload_that_passes_costs_no_answer() {
    let offline = Offline::new();
    let ended = failing(&offline, "529_once");
    assert_eq!(ended.exit, Some(0), "{ended:#?}");
    assert_eq!(ended.job["result"]["response"], "ok after 529");
    assert_eq!(offline.api.asked().len(), 2);
}

#[test]
fn an_error_of_the_service_keeps_its_status_and_words() {
    let ended = failing(&Offline::new(), r#"400 {"message":"no such beta"}"#);
    assert_failed(&ended, "api_error", 1);
    assert_eq!(ended.job["failure"]["api_status"], 400);
    let detail = ended.job["failure"]["detail"].as_str().expect("a detail");
    assert!(detail.contains("no such beta"), "{detail}");
}

#[test]
fn a_prompt_that_is_too_long_for_the_model_is_called_so() {
    assert_failed(&failing(&Offline::new(), "context_too_long"), "prompt_too_long", 1);
}

#[test]
fn a_refusal_of_the_model_is_called_so() {
    assert_failed(&failing(&Offline::new(), "refusal"), "refused", 1);
}

#[test]
fn an_empty_answer_is_a_failure() {
    assert_failed(&failing(&Offline::new(), "empty"), "empty_answer", 1);
}

#[test]
fn a_page_instead_of_an_answer_is_an_error_of_the_service() {
    assert_failed(&failing(&Offline::new(), "html"), "api_error", 1);
}

#[test]
fn a_dropped_connection_is_a_fault_of_the_network() {
    let offline = Offline::new();
    assert_failed(&failing(&offline, "drop_before"), "network", 1);
    assert!(offline.api.asked().len() > 1, "it was tried again");
}

#[test]
fn a_refused_connection_is_a_fault_of_the_network() {
    // Bound and not listening: nobody else can get the port, and nobody answers there.
    let taken = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    bind(&taken, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).expect("bound");
    let address = SocketAddr::try_from(getsockname(&taken).expect("bound")).expect("an address");
    let mut offline = Offline::new();
    offline.world.set("ANTHROPIC_BASE_URL", &format!("http://{address}"));
    assert_failed(&offline.consult(&["is it sound?"]), "network", 1);
    assert!(offline.api.asked().is_empty());
}

#[test]
fn a_limit_of_turns_names_the_session_to_resume() {
    let offline = Offline::new();
    let ended = offline.consult(&["--max-turns", "1", "look [[scenario:read]]"]);
    assert_failed(&ended, "max_turns", 1);
    assert_eq!(
        ended.job["session"]["id"],
        offline.api.asked_once()["headers"]["x-claude-code-session-id"]
    );
}

/// A consult in which the API plays a scenario: its name, and parameters where it takes them.
fn failing(offline: &Offline, scenario: &str) -> Ended {
    offline.consult(&[&format!("is it sound? [[scenario:{scenario}]]")])
}

#[track_caller]
fn assert_failed(ended: &Ended, code: &str, exit: i32) {
    assert_eq!(ended.job["failure"]["code"], code, "{ended:#?}");
    assert_eq!(ended.job["status"], "failed");
    assert_eq!(ended.exit, Some(exit), "{ended:#?}");
    assert_ne!(ended.job["failure"]["remedy"], Value::Null);
}

fn unix_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(now.as_millis()).expect("not yet")
}
