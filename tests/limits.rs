//! The two clocks: how long a consult may take, and how long Claude Code may be silent.

use serde_json::Value;

use super::support::{World, living, numbers};

fn impatient() -> World {
    let mut world = World::new();
    world.set("PHONE_OPUS_GRACE", "0.2s");
    world
}

fn ended(world: &World, prompt: &str, limits: &[&str]) -> Value {
    let arguments: Vec<&str> = [prompt].iter().chain(limits).copied().collect();
    let id = world.submit_with(&arguments);
    world.finish(&id)
}

#[track_caller]
fn assert_failed(job: &Value, code: &str, detail: &str) {
    assert_eq!(job["failure"]["code"], code, "{job:#}");
    assert_eq!(job["failure"]["detail"], detail);
}

#[test]
fn the_wall_clock_names_its_limit() {
    let job = ended(&impatient(), "FAKE:mode=silent,secs=600", &["--timeout", "0.25s"]);
    assert_failed(&job, "timeout", "No answer within the limit of 0.250 s.");
    assert_eq!(job["request"]["timeout_ms"], 250);
}

#[test]
fn the_idle_clock_names_its_limit() {
    let job = ended(&impatient(), "FAKE:mode=silent,secs=600", &["--idle-timeout", "0.25s"]);
    assert_failed(&job, "idle_timeout", "Claude Code said nothing for 0.250 s.");
    assert_eq!(job["request"]["idle_timeout_ms"], 250);
}

#[test]
fn of_two_clocks_the_first_to_run_out_decides() {
    let world = impatient();
    let silent = "FAKE:mode=silent,secs=600";
    let wall = ended(&world, silent, &["--timeout", "0.2s", "--idle-timeout", "60s"]);
    assert_failed(&wall, "timeout", "No answer within the limit of 0.200 s.");
    let idle = ended(&world, silent, &["--timeout", "60s", "--idle-timeout", "0.2s"]);
    assert_failed(&idle, "idle_timeout", "Claude Code said nothing for 0.200 s.");
}

/// Ten lines 0.5 s apart last longer than the idle limit of 4 s, and no pause comes near it.
#[test]
fn every_line_winds_the_idle_clock_up() {
    let job = ended(
        &impatient(),
        "FAKE:mode=slow,lines=10,secs=0.5",
        &["--idle-timeout", "4s", "--timeout", "60s"],
    );
    assert_eq!(job["status"], "succeeded", "{job:#}");
    let ran = job["finished_unix_ms"].as_i64().expect("a time")
        - job["started_unix_ms"].as_i64().expect("a time");
    assert!(ran > 4_000, "else nothing was tested: {ran} ms");
}

/// The same bytes without a newline, and the time limit as a net: the idle clock must be first.
#[test]
fn noise_does_not_wind_the_idle_clock_up() {
    let limits = ["--idle-timeout", "0.4s", "--timeout", "30s"];
    let job = ended(&impatient(), "FAKE:mode=trickle,secs=0.01", &limits);
    assert_failed(&job, "idle_timeout", "Claude Code said nothing for 0.400 s.");
}

#[test]
fn a_program_that_obeys_is_asked_and_not_killed() {
    let mut world = World::new();
    world.set("PHONE_OPUS_GRACE", "60s");
    let job = ended(&world, "FAKE:mode=silent,secs=600", &["--timeout", "0.2s"]);
    assert_failed(&job, "timeout", "No answer within the limit of 0.200 s.");
    assert_eq!(job["failure"]["signal"], 15);
}

#[test]
fn a_program_that_is_deaf_is_killed_after_its_grace() {
    let job = ended(&impatient(), "FAKE:mode=hang", &["--timeout", "1s"]);
    assert_failed(&job, "timeout", "No answer within the limit of 1 s.");
    assert_eq!(job["failure"]["signal"], 9);
}

#[test]
fn a_time_limit_ends_the_whole_tree() {
    for directive in ["grandchild", "daemon"] {
        let world = impatient();
        let job = ended(&world, &format!("FAKE:mode={directive}"), &["--timeout", "3s"]);
        assert_failed(&job, "timeout", "No answer within the limit of 3 s.");
        let text = job["partial_text"].as_str().expect("it said who its children are");
        let pids = numbers(text);
        assert!(!pids.is_empty(), "{text}");
        assert!(living(&job, &pids).is_empty(), "{directive} left {text}");
    }
}

#[test]
fn a_result_that_was_seen_counts_though_the_time_ran_out() {
    let mut world = World::new();
    // It closes its output after the result and is asked to end only after the grace, which is
    // longer than the time limit: so the limit comes first.
    world.set("PHONE_OPUS_GRACE", "4s");
    let job = ended(&world, "FAKE:mode=closestdout", &["--timeout", "3s"]);
    assert_eq!(job["status"], "succeeded", "{job:#}");
    assert_eq!(job["result"]["response"], "fake answer: 42");
}

#[test]
fn a_clock_can_be_switched_off_by_word_or_by_zero() {
    let mut world = impatient();
    world.set("PHONE_OPUS_TIMEOUT", "0.05s");
    world.set("PHONE_OPUS_IDLE_TIMEOUT", "0.05s");
    let silent = "FAKE:mode=silent,secs=0.5";
    for off in ["off", "0"] {
        let job = ended(&world, silent, &["--timeout", off, "--idle-timeout", off]);
        assert_eq!(job["status"], "succeeded", "{off}: {job:#}");
        assert!(job["request"]["timeout_ms"].is_null());
        assert!(job["request"]["idle_timeout_ms"].is_null());
    }
    let job = ended(&world, silent, &[]);
    assert_eq!(job["failure"]["class"], "process", "and without the flags they run: {job:#}");
}

#[test]
fn a_limit_that_is_no_duration_is_refused_before_anything_starts() {
    let world = World::new();
    for limits in [["--timeout", "soon"], ["--idle-timeout", "-3s"]] {
        let arguments = ["consult", "hello"].iter().chain(&limits);
        world.command(arguments).assert().code(2);
    }
    assert!(!world.state().exists());
}

#[test]
fn waiting_for_a_slot_is_not_running() {
    let mut world = impatient();
    world.set("PHONE_OPUS_MAX_RUNNING", "1");
    let gate = world.path("gate");
    let first = world.submit(&format!("FAKE:mode=gate,gate={}", gate.display()));
    world.until_status(&first, "running");
    let second = world.submit_with(&["FAKE:mode=ok", "--timeout", "10s", "--idle-timeout", "10s"]);
    let clocks = world.job(&second);
    assert_eq!(clocks["status"], "queued");
    assert!(clocks["started_unix_ms"].is_null(), "its clocks have not begun");
    std::fs::write(gate, "").expect("the gate opens");
    assert_eq!(world.finish(&second)["status"], "succeeded");
}
