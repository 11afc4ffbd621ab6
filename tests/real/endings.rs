//! Answers that were stopped: by the user, by a clock. What was said until then is kept.

use std::process::{Child, Stdio};

use super::offline::{BEGUN, Ended, Offline};
use super::support::{exit_code, kill};

#[test]
fn a_cancelled_consult_keeps_what_was_said() {
    let offline = Offline::new();
    let id = offline.world.submit("take your time [[scenario:held]]");
    offline.until_begun(&id);
    offline.world.command(["cancel", &id]).assert().success();
    let job = offline.world.finish(&id);
    assert_eq!(job["status"], "cancelled", "{job:#}");
    assert_eq!(job["partial_text"], BEGUN);
    offline.world.command(["job", &id, "--exit-status"]).assert().code(3);
    offline.api.until_client_gone();
    offline.world.assert_quiet();
}

#[test]
fn ctrl_c_cancels_a_consult_in_the_foreground() {
    let offline = Offline::new();
    let mut consult = begun_in_the_foreground(&offline);
    kill(consult.id(), "INT");
    assert_eq!(exit_code(&mut consult), Some(130));
    let job = offline.world.job("@last");
    assert_eq!(job["status"], "cancelled", "{job:#}");
    assert_eq!(job["partial_text"], BEGUN);
    offline.world.assert_quiet();
}

#[test]
fn a_closed_terminal_does_not_end_the_consult() {
    let offline = Offline::new();
    let mut consult = begun_in_the_foreground(&offline);
    kill(consult.id(), "HUP");
    assert_eq!(exit_code(&mut consult), Some(129));
    let id = offline.world.job("@last")["job_id"].as_str().expect("an id").to_owned();
    assert_eq!(offline.world.job(&id)["status"], "running");
    offline.api.release();
    assert_eq!(offline.world.finish(&id)["status"], "succeeded");
}

#[test]
fn a_consult_that_takes_too_long_keeps_what_was_said() {
    let offline = Offline::new();
    let ended = offline.consult(&["--timeout", "12s", "take your time [[scenario:held]]"]);
    assert_stopped(&offline, &ended, "timeout");
}

#[test]
fn a_consult_that_falls_silent_keeps_what_was_said() {
    let offline = Offline::new();
    let ended = offline.consult(&["--idle-timeout", "8s", "take your time [[scenario:held]]"]);
    assert_stopped(&offline, &ended, "idle_timeout");
}

#[track_caller]
fn assert_stopped(offline: &Offline, ended: &Ended, code: &str) {
    assert_eq!(ended.exit, Some(1), "{ended:#?}");
    assert_eq!(ended.job["failure"]["code"], code, "{ended:#?}");
    assert_eq!(ended.job["partial_text"], BEGUN);
    assert_eq!(
        ended.job["session"]["id"],
        offline.api.asked_once()["headers"]["x-claude-code-session-id"]
    );
    offline.api.until_client_gone();
    offline.world.assert_quiet();
}

fn begun_in_the_foreground(offline: &Offline) -> Child {
    let mut command = offline.world.raw(["consult", "take your time [[scenario:held]]"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started");
    let id = super::support::until("the job is in the log", || {
        Some(offline.world.events().first()?["job"].as_str()?.to_owned())
    });
    offline.until_begun(&id);
    child
}
