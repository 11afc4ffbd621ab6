//! Whatever Claude Code does, the job ends in the right state with the right words and exit code, an
//! answer that was given is kept, and no process remains.
//!
//! Each fault is a mode of the fake (examples/fake-claude.rs tells what each does).

use serde_json::{Value, json};

use super::support::{World, is_alive, living, numbers, outside, program, until};

const ANSWER: &str = "fake answer: 42";

/// A world in which stubborn programs are killed soon.
fn impatient() -> World {
    let mut world = World::new();
    world.set("PHONE_OPUS_GRACE", "0.2s");
    world
}

/// One foreground consult: its exit code, and its job's document.
fn consult(world: &World, prompt: &str, arguments: &[&str]) -> (i32, Value) {
    let head = ["consult", "--quiet", prompt];
    let output = world.command(head.iter().chain(arguments)).output().expect("ran");
    let code = output.status.code().expect("an exit code");
    (code, world.job("@last"))
}

/// Asserts that a mode gives an answer, and returns the job.
#[track_caller]
fn assert_answers(directive: &str, answer: &str) -> (World, Value) {
    let world = impatient();
    let (code, job) = consult(&world, &format!("FAKE:mode={directive}"), &[]);
    assert_eq!(job["status"], "succeeded", "{directive}: {job:#}");
    assert_eq!((code, &job["result"]["response"]), (0, &answer.into()), "{directive}");
    assert_eq!((&job["failure"], &job["partial_text"]), (&Value::Null, &Value::Null));
    assert_eq!(job["recovered"], false, "{directive}");
    (world, job)
}

/// What is expected of a failed consult.
struct Expected {
    directive: &'static str,
    code: &'static str,
    class: &'static str,
    exit: i32,
    /// Part of the detail that the user reads.
    detail: &'static str,
    partial_text: Option<&'static str>,
}

impl Expected {
    fn process(directive: &'static str, code: &'static str, detail: &'static str) -> Self {
        Self { directive, code, class: "process", exit: 1, detail, partial_text: None }
    }

    fn downstream(directive: &'static str, code: &'static str, detail: &'static str) -> Self {
        Self { class: "downstream", ..Self::process(directive, code, detail) }
    }

    fn exit(self, exit: i32) -> Self {
        Self { exit, ..self }
    }

    /// Consults, compares, and returns the job.
    #[track_caller]
    fn check(&self, arguments: &[&str]) -> Value {
        let world = impatient();
        let (exit, job) = consult(&world, &format!("FAKE:mode={}", self.directive), arguments);
        assert_eq!(job["status"], "failed", "{}: {job:#}", self.directive);
        let failure = &job["failure"];
        let got = json!([failure["code"], failure["class"], exit, job["partial_text"]]);
        let want = json!([self.code, self.class, self.exit, self.partial_text]);
        assert_eq!(got, want, "{}: {failure:#}", self.directive);
        let detail = failure["detail"].as_str().expect("a detail");
        assert!(detail.contains(self.detail), "{}: {detail}", self.directive);
        for words in ["cause", "remedy"] {
            assert!(failure[words].as_str().is_some_and(|text| text.ends_with('.')));
        }
        assert_eq!(job["session"]["id"].as_str().map(str::len), Some(36), "one to resume");
        assert_eq!(world.history(job["job_id"].as_str().expect("an id")).len(), 3);
        job
    }
}

#[test]
fn ordinary_answers_arrive_however_they_are_given() {
    for directive in [
        "ok",
        "slow,lines=3,secs=0.01",
        "silent,secs=0.05",
        "keyorder",
        "retry",
        "badjson",
        "big,mb=2",
        "bigline,mb=6",
    ] {
        assert_answers(directive, ANSWER);
    }
}

#[test]
fn an_answer_survives_the_death_of_the_program_that_gave_it() {
    let (_world, _job) = assert_answers("resultkill", ANSWER);
}

#[test]
fn an_answer_is_kept_from_a_program_that_closes_its_output_and_stays() {
    let (_world, _job) = assert_answers("closestdout", ANSWER);
}

#[test]
fn half_a_surrogate_pair_becomes_the_replacement_character() {
    assert_answers("surrogate", "broken \u{fffd} here");
}

#[test]
fn what_the_tools_did_stands_in_the_result() {
    let (_world, job) = assert_answers("tools", ANSWER);
    assert_eq!(job["num_turns"], 2);
    assert_eq!(job["result"]["permission_denials"][0]["tool_name"], "Write");
}

#[test]
fn the_prompt_reaches_claude_code_whole() {
    let world = World::new();
    let prompt = "FAKE:mode=echo then tabs\t, quotes \"'`$(x), umlauts äöü and \u{1f600}";
    let (code, job) = consult(&world, prompt, &[]);
    assert_eq!(code, 0);
    let response = job["result"]["response"].as_str().expect("an answer");
    assert!(response.ends_with(prompt), "{response}");
}

#[test]
fn an_answer_of_five_mebibytes_comes_back_byte_for_byte() {
    let world = World::new();
    let id = world.submit("FAKE:mode=bigresult,mb=5");
    world.command(["wait", &id, "--timeout", "60s"]).assert().success();
    let output = world.command(["job", &id, "--response"]).assert().success();
    let response = &output.get_output().stdout;
    assert_eq!(response.len(), 5 << 20);
    assert!(response.iter().all(|&byte| byte == b'z'));
}

#[test]
fn an_answer_does_not_wait_for_what_the_program_leaves_behind() {
    let world = impatient();
    let (code, job) = consult(&world, "FAKE:mode=grandok", &[]);
    let response = job["result"]["response"].as_str().expect("an answer");
    assert_eq!((code, job["status"].as_str()), (0, Some("succeeded")));
    let left = numbers(response);
    assert_eq!(left.len(), 2, "{response}");
    assert!(living(&job, &left).is_empty(), "they were killed before the job ended");
}

#[test]
fn failures_of_the_service_are_told_apart() {
    for expected in [
        Expected::downstream("unauth", "auth_required", "Invalid API key").exit(4),
        Expected::downstream("nologin", "auth_required", "/login").exit(4),
        Expected::downstream("forbidden", "auth_required", "403").exit(4),
        Expected::downstream("iserror", "auth_required", "Invalid API key").exit(4),
        Expected::downstream("ratelimit", "rate_limited", "5-hour limit").exit(75),
        Expected::downstream("overloaded", "overloaded", "529"),
        Expected::downstream("iserror0", "overloaded", "529"),
        Expected::downstream("apierror", "api_error", "500"),
        Expected::downstream("model404", "api_error", "selected model (opus)"),
        Expected::downstream("network", "network", "ECONNREFUSED"),
    ] {
        expected.check(&[]);
    }
}

#[test]
fn failures_of_the_request_are_told_apart() {
    for (expected, arguments) in [
        (Expected::downstream("toolong", "prompt_too_long", "Prompt is too long"), &[][..]),
        (Expected::downstream("refusal", "refused", "safeguards flagged"), &[]),
        (Expected::downstream("emptyanswer", "empty_answer", "no text"), &[]),
        (Expected::downstream("maxturns", "max_turns", "(3)"), &["--max-turns", "3"]),
        (Expected::downstream("maxbudget", "max_budget", "($0.5)"), &["--max-budget-usd", "0.5"]),
        (Expected::process("nosession", "session_not_found", "No conversation found"), &[]),
        (Expected::process("inuse", "session_busy", "already in use"), &[]),
    ] {
        expected.check(arguments);
    }
}

#[test]
fn failures_of_the_program_are_told_apart() {
    for expected in [
        Expected::process("onlynoise", "bad_output", "no result"),
        Expected::process("empty", "bad_output", "no result"),
        Expected::process("exit1", "bad_output", "something broke"),
        Expected::process("closeearly", "bad_output", "closed its output"),
        Expected::process("sigkill", "interrupted", "SIGKILL"),
        Expected::process("sigsegv", "interrupted", "SIGSEGV"),
    ] {
        expected.check(&[]);
    }
}

#[test]
fn a_failure_says_how_the_program_ended() {
    let failure =
        |directive, code| Expected::process(directive, code, "").check(&[])["failure"].clone();
    let exited = failure("exit1", "bad_output");
    assert_eq!((&exited["exit_code"], &exited["signal"]), (&1.into(), &Value::Null));
    let killed = failure("sigkill", "interrupted");
    assert_eq!((&killed["exit_code"], &killed["signal"]), (&Value::Null, &9.into()));
    let crashed = failure("sigsegv", "interrupted");
    assert_eq!(crashed["signal"], 11);
}

#[test]
fn a_usage_limit_says_when_to_try_again() {
    let job = Expected::downstream("ratelimit,secs=3600", "rate_limited", "").exit(75).check(&[]);
    let at = job["failure"]["retry_at_unix_ms"].as_i64().expect("a time");
    let started = job["started_unix_ms"].as_i64().expect("a time");
    let finished = job["finished_unix_ms"].as_i64().expect("a time");
    // The service counts whole seconds.
    assert!(at >= started + 3_599_000 && at <= finished + 3_600_000, "{job:#}");
    assert!(job["failure"]["retry_at"].as_str().is_some_and(|text| text.ends_with('Z')));
}

#[test]
fn an_api_failure_keeps_its_status() {
    for (directive, code, status) in
        [("overloaded", "overloaded", 529), ("apierror", "api_error", 500)]
    {
        let job = Expected::downstream(directive, code, "").check(&[]);
        assert_eq!(job["failure"]["api_status"], status, "{directive}");
    }
}

/// Cancels a consult once it has `said` who is below it, and returns those.
fn cancelled_after(world: &World, directive: &str, said: &str) -> Vec<u32> {
    let id = world.submit(&format!("FAKE:mode={directive}"));
    let (_, worker) = world.runners(&id);
    let left = until(&format!("{directive} is under way"), || {
        let transcript = std::fs::read_to_string(world.job_file(&id, "transcript.jsonl")).ok()?;
        let words = transcript.split('"').find(|text| text.starts_with(said))?.to_owned();
        numbers(&words).into_iter().map(|inner| outside(worker, inner)).collect::<Option<Vec<_>>>()
    });
    world.command(["cancel", &id]).assert().success();
    let job = world.job(&id);
    assert_eq!(job["status"], "cancelled", "{job:#}");
    left
}

#[test]
fn children_that_left_the_session_end_with_the_job() {
    let world = impatient();
    let left = cancelled_after(&world, "grandchild", "grandchildren ");
    assert_eq!(left.len(), 2);
    assert!(!left.iter().any(|&pid| is_alive(pid)));
}

#[test]
fn a_daemon_without_parent_session_or_environment_ends_with_the_job() {
    let world = impatient();
    let left = cancelled_after(&world, "daemon", "daemon ");
    assert_eq!(left.len(), 1);
    assert!(!is_alive(left[0]));
}

#[test]
fn a_whole_forest_of_processes_ends_with_the_job() {
    let world = impatient();
    let id = world.submit("FAKE:mode=fork,n=20");
    let fakes = || world.processes().into_iter().filter(|&pid| is_fake_claude(pid)).count();
    until("it has grown", || (fakes() == 41).then_some(()));
    world.command(["cancel", &id]).assert().success();
    assert_eq!(fakes(), 0);
}

fn is_fake_claude(pid: u32) -> bool {
    std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe.ends_with("fake-claude"))
}

#[test]
fn a_program_that_hangs_is_killed_at_its_time_limit() {
    let hang = Expected::process("hang", "timeout", "0.300 s");
    assert_eq!(hang.check(&["--timeout", "0.3s"])["failure"]["signal"], 9);
}

#[test]
fn bytes_without_a_line_are_no_sign_of_life() {
    let trickle = Expected::process("trickle,secs=0.02", "idle_timeout", "0.300 s");
    trickle.check(&["--idle-timeout", "0.3s"]);
}

#[test]
fn a_time_limit_keeps_what_there_is_of_the_answer() {
    let partial = Expected {
        partial_text: Some("piece 0 piece 1 "),
        ..Expected::process("partial,lines=2,secs=0", "timeout", "3 s")
    };
    partial.check(&["--timeout", "3s"]);
}

#[test]
fn a_consult_inside_a_consult_is_refused_and_told_why() {
    let mut world = World::new();
    let script = format!("{} consult 'and you?'", program().display());
    world.set("FAKE_RECURSE", &script);
    let (code, job) = consult(&world, "FAKE:mode=recurse", &[]);
    assert_eq!(code, 0);
    let response = job["result"]["response"].as_str().expect("an answer");
    let inner: Value = serde_json::from_str(response).expect("JSON");
    assert_eq!((&inner["rc"], &inner["out"]), (&2.into(), &"".into()), "{inner:#}");
    let said = inner["err"].as_str().expect("text");
    assert!(said.contains("already runs inside a consult (depth 1"), "{said}");
    assert_eq!(world.json(&["jobs", "--json"])["count"], 1, "no second job");
}

#[test]
fn a_program_that_tries_to_write_everywhere_ends_like_any_other() {
    let world = World::new();
    let (code, job) = consult(&world, "FAKE:mode=write", &[]);
    for shared in ["/tmp/x.fake", "/dev/shm/x.fake"] {
        let _ = std::fs::remove_file(shared);
    }
    assert_eq!((code, job["status"].as_str()), (0, Some("succeeded")));
    let response = job["result"]["response"].as_str().expect("an answer");
    let attempts: Value = serde_json::from_str(response).expect("JSON");
    assert_eq!(attempts["tmpdir"], "OK", "its own directory it may write: {attempts:#}");
}
