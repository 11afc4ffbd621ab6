//! The whole failure table: one row for each way in which Claude Code was seen to end.

use serde_json::{Value, json};

use super::*;
use crate::consult::claude::words::DETAIL_MAX;
use crate::consult::reply::Account;

/// What Claude Code left behind, and the code that this is.
struct Row {
    what: &'static str,
    lines: Vec<Value>,
    exit: Exit,
    stderr: &'static str,
    want: Code,
    /// What the detail begins with.
    detail: &'static str,
    api_status: Option<u16>,
}

/// A run that reached the service, or tried to, and ended with 1 and a result that says why.
fn told(what: &'static str, status: u16, text: &'static str, want: Code) -> Row {
    let status = (status != 0).then_some(status);
    let lines = vec![result(&json!({"api_error_status": status, "result": text}))];
    let exit = Exit::Code(1);
    Row { what, lines, exit, stderr: "", want, detail: text, api_status: status }
}

/// An error of its own subtype, which has no `result` but `errors`.
fn subtype(what: &'static str, subtype: &str, text: &'static str, want: Code) -> Row {
    let mut line = result(&json!({"subtype": subtype, "errors": [text]}));
    line.as_object_mut().expect("an object").remove("result");
    let exit = Exit::Code(1);
    Row { what, lines: vec![line], exit, stderr: "", want, detail: text, api_status: None }
}

/// A run that said nothing on standard output.
fn silent(what: &'static str, exit: Exit, stderr: &'static str, want: Code) -> Row {
    Row { what, lines: Vec::new(), exit, stderr, want, detail: stderr, api_status: None }
}

/// An error result with these fields on top.
fn result(fields: &Value) -> Value {
    let mut line = json!({"type": "result", "subtype": "success", "is_error": true, "result": ""});
    let fields = fields.as_object().expect("an object");
    line.as_object_mut().expect("an object").extend(fields.clone());
    line
}

fn read(lines: &[Value]) -> Stream {
    Stream::recover(lines.iter().map(ToString::to_string))
}

fn said(text: &str) -> Value {
    let content = [json!({"type": "text", "text": text})];
    json!({"type": "assistant", "message": {"id": "m", "model": "claude-real", "content": content}})
}

fn answer(text: &str, total_cost_usd: f64) -> Value {
    result(&json!({"is_error": false, "result": text, "total_cost_usd": total_cost_usd}))
}

fn failure(outcome: Outcome) -> (Failure, Partial) {
    match outcome {
        Outcome::Failed(failure, partial) => (failure, partial),
        other => panic!("no failure: {other:?}"),
    }
}

#[rustfmt::skip]
fn rows_with_a_result() -> Vec<Row> {
    vec![
        told("401 API key", 401, "Invalid API key · Fix external API key", Code::AuthRequired),
        told("401 OAuth token", 401, "Not logged in · Please run /login", Code::AuthRequired),
        told("no credentials", 0, "Not logged in · Please run /login", Code::AuthRequired),
        told("403", 403, "Failed to authenticate. API Error: 403 no", Code::AuthRequired),
        told("404 model", 404, "There's an issue with the selected model (X).", Code::ApiError),
        told("400", 400, "API Error: 400 messages: bad request", Code::ApiError),
        told("credit", 400, "Credit balance is too low", Code::ApiError),
        told("prompt too long", 400, "Prompt is too long · the request is", Code::PromptTooLong),
        told("413", 413, "Request too large (max 32MB).", Code::PromptTooLong),
        told("429 API key", 429, "API Error: Request rejected (429) · no", Code::RateLimited),
        told("429 subscription", 429, "You've hit your 5-hour limit · resets", Code::RateLimited),
        told("500", 500, "API Error: 500 Internal server error.", Code::ApiError),
        told("529", 529, "API Error: 529 Overloaded.", Code::Overloaded),
        told("refused connection", 0, "API Error: Connection refused — a firewall", Code::Network),
        told("dropped connection", 0, "API Error: Connection dropped (ECONNRESET).", Code::Network),
        told("bad JSON", 0, "API Error: JSON Parse error: Unterminated string", Code::ApiError),
        told("HTML", 0, "API Error: API returned an empty or malformed response", Code::ApiError),
        told("API time-out", 0, "Request timed out. If the API is slow", Code::Network),
        told("max_tokens", 0, "API Error: Claude's response exceeded the 128", Code::ApiError),
        subtype("turns", "error_max_turns", "Reached maximum number of turns (1)", Code::MaxTurns),
        subtype("budget", "error_max_budget_usd", "Reached maximum budget ($1)", Code::MaxBudget),
        subtype("unknown session", "error_during_execution",
            "No conversation found with session ID: X", Code::SessionNotFound),
    ]
}

#[rustfmt::skip]
fn rows_without_a_word() -> Vec<Row> {
    let one = Exit::Code(1);
    vec![
        silent("unknown session", one, "No conversation found with session ID: X", Code::SessionNotFound),
        silent("no UUID", one, "Error: Invalid session ID. Must be a valid UUID.", Code::SessionNotFound),
        silent("session in use", one, "Error: Session ID X is already in use.", Code::SessionBusy),
        silent("bad flag", one, "error: unknown option '--restricted'", Code::SpawnFailed),
        silent("empty prompt", one, "Error: Input must be provided", Code::SpawnFailed),
        silent("bad servers", one, "Error: Invalid MCP configuration:", Code::SpawnFailed),
        silent("bad settings", one, "Error: Settings file not found", Code::SpawnFailed),
        silent("11 MB", one, "Error: piped stdin input exceeds 10MB", Code::PromptTooLong),
        silent("no interpreter", Exit::Code(127), "", Code::SpawnFailed),
        silent("something broke", one, "", Code::BadOutput),
        silent("nothing at all", Exit::Code(0), "", Code::BadOutput),
        silent("nobody saw it", Exit::Unknown, "", Code::BadOutput),
        silent("closed its output and stayed", Exit::Dismissed, "", Code::BadOutput),
        silent("SIGTERM", Exit::Code(143), "", Code::Interrupted),
        silent("SIGHUP", Exit::Code(129), "", Code::Interrupted),
        silent("SIGINT", Exit::Code(130), "", Code::Interrupted),
        silent("SIGKILL", Exit::Signal(9), "", Code::Interrupted),
        silent("SIGSEGV", Exit::Signal(11), "", Code::Interrupted),
    ]
}

#[test]
fn every_row_of_the_failure_table_has_its_code_and_claude_codes_own_words() {
    for row in rows_with_a_result().into_iter().chain(rows_without_a_word()) {
        let outcome = conclude(&read(&row.lines), row.exit, row.stderr, None, None);
        let (failure, _) = failure(outcome);
        assert_eq!(failure.code, row.want, "{}: {}", row.what, failure.detail);
        assert!(failure.detail.starts_with(row.detail), "{}: {}", row.what, failure.detail);
        assert!(!failure.detail.is_empty(), "{}", row.what);
        assert_eq!(failure.api_status, row.api_status, "{}", row.what);
        assert_eq!(failure.class, row.want.class(), "{}", row.what);
    }
}

#[test]
fn structured_fields_decide_where_words_do_not() {
    for (fields, want) in [
        (json!({"stop_reason": "refusal", "result": "No."}), Code::Refused),
        (json!({"terminal_reason": "prompt_too_long", "result": "No."}), Code::PromptTooLong),
        (json!({"api_error_type": "overloaded_error", "result": "No."}), Code::Overloaded),
        (json!({"api_error_type": "authentication_error", "result": "No."}), Code::AuthRequired),
        (json!({"terminal_reason": "api_error", "result": "No."}), Code::ApiError),
        (json!({"result": "API Error: 529 overloaded"}), Code::Overloaded),
        (
            json!({"subtype": "error_during_execution", "terminal_reason": "aborted_streaming"}),
            Code::Interrupted,
        ),
        (json!({"subtype": "error_of_tomorrow"}), Code::BadOutput),
    ] {
        let outcome = conclude(&read(&[result(&fields)]), Exit::Code(1), "", None, None);
        assert_eq!(failure(outcome).0.code, want, "{fields}");
    }
}

#[test]
fn an_answer_counts_whatever_else_happened() {
    let error = result(&json!({"subtype": "error_during_execution"}));
    let stream = read(&[answer("paid", 1.0), error]);
    for exit in [Exit::Code(0), Exit::Code(1), Exit::Signal(9), Exit::Unknown] {
        for stop in [None, Some(Stop::Cancelled), Some(Stop::Timeout { limit_ms: 1 })] {
            match conclude(&stream, exit, "Exiting with code 1.", stop, None) {
                Outcome::Succeeded(reply) => assert_eq!(reply.response, "paid"),
                other => panic!("{exit:?} {stop:?}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_structured_answer_needs_no_text() {
    let fields = json!({"is_error": false, "structured_output": {"a": 1}});
    let reply = reply(&read(&[result(&fields)]), None).expect("a reply");
    assert_eq!(reply.response, r#"{"a":1}"#);
}

#[test]
fn a_blank_answer_is_a_failure_that_keeps_what_was_said_before() {
    let stream = read(&[said("half"), answer(" \n", 0.1)]);
    let (failure, partial) = failure(conclude(&stream, Exit::Code(0), "", None, None));
    assert_eq!(failure.code, Code::EmptyAnswer);
    assert_eq!(partial.partial_text.as_deref(), Some("half"));
}

#[test]
fn a_stop_explains_what_an_error_result_does_not() {
    let stream = read(&[said("half"), result(&json!({"subtype": "error_during_execution"}))]);
    let end = |stop| conclude(&stream, Exit::Code(143), "", Some(stop), None);
    match end(Stop::Cancelled) {
        Outcome::Cancelled(partial) => assert_eq!(partial.partial_text.as_deref(), Some("half")),
        other => panic!("{other:?}"),
    }
    for (stop, code, words) in [
        (Stop::Timeout { limit_ms: 90_000 }, Code::Timeout, "90 s"),
        (Stop::IdleTimeout { limit_ms: 1500 }, Code::IdleTimeout, "1.500 s"),
        (Stop::Interrupted { signal: 15 }, Code::Interrupted, "SIGTERM"),
    ] {
        let (failure, partial) = failure(end(stop));
        assert_eq!((failure.code, failure.exit_code), (code, Some(143)));
        assert!(failure.detail.contains(words), "{}", failure.detail);
        assert_eq!(partial.partial_text.as_deref(), Some("half"));
    }
}

#[test]
fn the_text_of_an_api_error_is_detail_and_never_partial_text() {
    let mut error = said("API Error: 529 Overloaded.");
    error["message"]["model"] = json!("<synthetic>");
    error["is_api_error_message"] = json!(true);
    error["error"] = json!("server_error");
    let stream = read(&[said("half"), error]);
    let (failure, partial) = failure(conclude(&stream, Exit::Signal(9), "", None, None));
    assert_eq!((failure.code, failure.signal), (Code::Overloaded, Some(9)));
    assert_eq!(failure.api_status, Some(529));
    assert_eq!(failure.detail, "API Error: 529 Overloaded.");
    assert_eq!(partial.partial_text.as_deref(), Some("half"));
}

#[test]
fn a_usage_limit_says_when_to_try_again() {
    let limit = json!({"status": "rejected", "resetsAt": 1_790_000_000});
    let event = json!({"type": "rate_limit_event", "rate_limit_info": limit});
    let hit = result(&json!({"api_error_status": 429, "result": "You've hit your 5-hour limit"}));
    let old = result(&json!({"result": "Claude AI usage limit reached|1790000000"}));
    for lines in [vec![event.clone(), hit], vec![old]] {
        let (failure, _) = failure(conclude(&read(&lines), Exit::Code(1), "", None, None));
        assert_eq!(failure.code, Code::RateLimited);
        assert_eq!(failure.retry_at_unix_ms, Some(1_790_000_000_000));
    }
    let other = result(&json!({"api_error_status": 500, "result": "API Error: 500"}));
    let (failure, _) = failure(conclude(&read(&[event, other]), Exit::Code(1), "", None, None));
    assert_eq!(failure.retry_at_unix_ms, None);
}

#[test]
fn the_cost_is_this_runs_share_of_the_sessions_total() {
    let stream = read(&[answer("a", 1.5)]);
    for (before, want) in [(None, 1.5), (Some(1.0), 0.5), (Some(2.0), 0.0)] {
        let account = partial(&stream, before).account;
        assert_eq!((account.total_cost_usd, account.cost_usd), (Some(1.5), Some(want)));
    }
    assert_eq!(partial(&read(&[said("a")]), Some(1.0)).account.cost_usd, None);
}

#[test]
fn a_run_without_a_result_is_accounted_for_by_what_it_said() {
    let init = json!({"type": "system", "subtype": "init", "session_id": "s", "cwd": "/project",
        "model": "claude-announced", "claude_code_version": "2.1.330"});
    let account = partial(&read(&[init, said("half")]), None).account;
    assert_eq!(account.session_id.as_deref(), Some("s"));
    assert_eq!(account.cwd.as_deref(), Some("/project"));
    assert_eq!(account.model.as_deref(), Some("claude-real"));
    assert_eq!(account.claude_version.as_deref(), Some("2.1.330"));
    assert_eq!(account.num_turns, Some(1));
    assert_eq!(partial(&Stream::default(), None).account, Account::default());
}

#[test]
fn a_detail_is_the_end_of_standard_error_and_never_long() {
    let lines = [0, 1, 2, 3, 4, 5, 6, 7, 8].map(|n| format!("line {n}\n\n")).concat();
    let (short, _) = failure(conclude(&Stream::default(), Exit::Code(1), &lines, None, None));
    assert!(short.detail.ends_with("line 4\nline 5\nline 6\nline 7\nline 8"), "{}", short.detail);
    let text = "é".repeat(5000);
    let stream = read(&[result(&json!({"result": text}))]);
    let (long, _) = failure(conclude(&stream, Exit::Code(1), "", None, None));
    assert_eq!(long.detail.chars().count(), DETAIL_MAX);
}
