//! Death at every point of a job's life: whoever is killed, the job ends in the right state, an answer
//! that was paid for is kept, and no process remains.
//!
//! A debug build stops itself at the point named in `PHONE_OPUS_TEST_PAUSE`; the tests kill there.
#![cfg(debug_assertions)]

use std::process::Child;

use serde_json::Value;

use super::support::{
    World, exit_code, is_alive, is_claude_at_work, kill, outside, process_state, until,
};

/// Who is killed.
#[derive(Clone, Copy, PartialEq)]
enum Who {
    Submitter,
    /// The process that stopped itself at the point.
    Paused,
    Guard,
    Worker,
    Claude,
}

/// A consult that stands still at one point of its life.
struct Standing {
    world: World,
    submitter: Child,
    paused: u32,
    id: String,
}

/// Submits in the background and waits until some process stands at `point`.
fn stand_at(point: &str, prompt: &str) -> Standing {
    stand(point, &["consult", "--bg"], prompt)
}

/// The same from the foreground, where the submitter waits for the answer.
fn stand_in_foreground_at(point: &str, prompt: &str) -> Standing {
    stand(point, &["consult"], prompt)
}

fn stand(point: &str, command: &[&str], prompt: &str) -> Standing {
    let mut world = World::new();
    world.set("PHONE_OPUS_TEST_PAUSE", point);
    let prompt = prompt.replace("GATE", &world.path("gate").to_string_lossy());
    let mut submitter = world.raw(command.iter().copied().chain([prompt.as_str()]));
    let submitter =
        submitter.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let submitter = submitter.spawn().expect("started");
    let paused = until(&format!("a process stands at {point}"), || {
        world.processes().into_iter().find(|&pid| process_state(pid) == Some('T'))
    });
    let id = world.events()[0]["job"].as_str().expect("an id").to_owned();
    Standing { world, submitter, paused, id }
}

impl Standing {
    /// Kills some, lets the rest go on, and returns the job as it ends.
    fn kill(mut self, victims: &[Who]) -> (World, Value) {
        let pids: Vec<u32> = victims.iter().map(|&who| self.pid(who)).collect();
        // All stand still before the first one dies, so that none acts on another's death.
        for pid in &pids {
            kill(*pid, "STOP");
            until("it stands", || {
                process_state(*pid).is_none_or(|s| "TZ".contains(s)).then_some(())
            });
        }
        for pid in &pids {
            kill(*pid, "KILL");
        }
        if !pids.contains(&self.paused) {
            kill(self.paused, "CONT");
        }
        for pid in pids.into_iter().filter(|&pid| pid != self.submitter.id()) {
            until("the victim is dead", || (!is_alive(pid)).then_some(()));
        }
        exit_code(&mut self.submitter);
        self.world.set("PHONE_OPUS_TEST_PAUSE", "nowhere");
        std::fs::write(self.world.path("gate"), "").expect("the gate opens");
        let job = self.world.finish(&self.id);
        self.world.assert_quiet();
        let terminal = ["succeeded", "failed", "cancelled", "lost"];
        let ends = self.world.history(&self.id);
        let ends: Vec<_> = ends.iter().filter(|name| terminal.contains(&name.as_str())).collect();
        assert_eq!(ends, [job["status"].as_str().expect("a status")], "one end, and no other");
        assert!(!self.world.job_file(&self.id, "prompt").exists());
        (self.world, job)
    }

    fn pid(&self, who: Who) -> u32 {
        match who {
            Who::Submitter => self.submitter.id(),
            Who::Paused => self.paused,
            Who::Guard => self.world.runners(&self.id).0,
            Who::Worker => self.world.runners(&self.id).1,
            Who::Claude => until("Claude Code runs", || {
                self.world.processes().into_iter().find(|&pid| is_claude_at_work(pid))
            }),
        }
    }
}

/// Claude Code answers at once.
const ANSWER: &str = "FAKE:mode=ok";

/// Claude Code answers once the test has killed whom it wanted.
const GATED: &str = "FAKE:mode=gate,gate=GATE";

#[track_caller]
fn assert_answered(job: &Value, recovered: bool) {
    assert_eq!(job["status"], "succeeded", "{job:#}");
    assert_eq!(job["result"]["response"], "fake answer: 42");
    assert_eq!(job["recovered"], recovered);
}

#[track_caller]
fn assert_lost(job: &Value, was_started: bool) {
    assert_eq!(job["status"], "lost", "{job:#}");
    assert_eq!(job["started_unix_ms"].is_null(), !was_started);
    let detail = job["lost_detail"].as_str().expect("a detail");
    assert_eq!(detail.contains("nothing was spent"), !was_started, "{detail}");
}

#[test]
fn a_submitter_killed_after_queued_leaves_a_lost_job_that_cost_nothing() {
    let (_world, job) = stand_at("queued", ANSWER).kill(&[Who::Submitter]);
    assert_lost(&job, false);
}

#[test]
fn a_submitter_killed_before_queued_leaves_no_job() {
    let mut world = World::new();
    world.set("PHONE_OPUS_TEST_PAUSE", "locked");
    let mut submitter = world.raw(["consult", "--bg", ANSWER]).spawn().expect("started");
    until("it stands", || (process_state(submitter.id()) == Some('T')).then_some(()));
    kill(submitter.id(), "KILL");
    exit_code(&mut submitter);
    world.set("PHONE_OPUS_TEST_PAUSE", "nowhere");
    assert_eq!(world.json(&["jobs", "--json"])["count"], 0);
    let next = world.submit(ANSWER);
    assert_answered(&world.finish(&next), false);
}

#[test]
fn a_submitter_killed_after_the_start_of_the_runner_is_not_needed_any_more() {
    for point in ["spawned", "launch", "guard", "worker"] {
        let (_world, job) = stand_at(point, ANSWER).kill(&[Who::Submitter]);
        assert_answered(&job, false);
    }
}

#[test]
fn a_runner_killed_before_it_accepted_is_told_to_the_submitter() {
    for point in ["launch", "guard", "worker"] {
        let (_world, job) = stand_at(point, ANSWER).kill(&[Who::Paused]);
        let status = job["status"].as_str().expect("a status");
        // When the worker dies, guard and submitter both see it, and either may be first.
        assert!(status == "failed" || (point == "worker" && status == "lost"), "{point}: {job:#}");
        assert!(job["started_unix_ms"].is_null());
        if status == "failed" {
            assert_eq!(job["failure"]["code"], "spawn_failed");
        }
    }
}

#[test]
fn submitter_and_runner_killed_together_leave_a_lost_job_that_cost_nothing() {
    for point in ["launch", "guard", "worker"] {
        // In this order: the death of its submitter wakes a launch stage that stands still.
        let (_world, job) = stand_at(point, ANSWER).kill(&[Who::Paused, Who::Submitter]);
        assert_lost(&job, false);
    }
    let (_world, job) = stand_at("worker", ANSWER).kill(&[Who::Submitter, Who::Guard, Who::Worker]);
    assert_lost(&job, false);
}

#[test]
fn a_guard_killed_at_any_point_does_not_keep_the_worker_from_its_work() {
    for point in ["worker", "accepted", "started", "running", "result", "outcome"] {
        let (_world, job) = stand_at(point, ANSWER).kill(&[Who::Guard]);
        assert_answered(&job, false);
    }
}

#[test]
fn a_worker_killed_before_the_answer_loses_the_job_and_ends_claude_code() {
    for (point, was_started) in [("accepted", false), ("started", true), ("running", true)] {
        let (_world, job) = stand_at(point, GATED).kill(&[Who::Worker]);
        assert_lost(&job, was_started);
    }
}

#[test]
fn guard_and_worker_killed_before_the_answer_lose_the_job_and_end_claude_code() {
    for (point, was_started) in [("accepted", false), ("started", true), ("running", true)] {
        let (_world, job) = stand_at(point, GATED).kill(&[Who::Guard, Who::Worker]);
        assert_lost(&job, was_started);
    }
    let (_world, job) = stand_at("running", GATED).kill(&[Who::Guard, Who::Worker, Who::Claude]);
    assert_lost(&job, true);
}

#[test]
fn claude_code_killed_alone_fails_the_job() {
    for others in [&[][..], &[Who::Guard]] {
        let victims = [&[Who::Claude], others].concat();
        let (_world, job) = stand_at("running", GATED).kill(&victims);
        assert_eq!(job["status"], "failed", "{job:#}");
        assert_eq!(job["failure"]["code"], "interrupted");
        assert_eq!(job["failure"]["signal"], 9);
    }
}

#[test]
fn an_answer_survives_the_worker_after_the_result_line_and_after_the_outcome() {
    for point in ["result", "outcome"] {
        for victims in [&[Who::Worker][..], &[Who::Guard, Who::Worker]] {
            let (_world, job) = stand_at(point, ANSWER).kill(victims);
            assert_answered(&job, true);
            assert_eq!(job["cost_usd"], 0.01);
        }
    }
}

#[test]
fn a_saved_failure_survives_the_worker() {
    let (_world, job) = stand_at("outcome", "FAKE:mode=iserror").kill(&[Who::Guard, Who::Worker]);
    assert_eq!((&job["status"], &job["recovered"]), (&"failed".into(), &true.into()));
    assert_eq!(job["failure"]["code"], "auth_required");
}

#[test]
fn a_worker_killed_after_the_terminal_event_changes_nothing() {
    for victims in [&[Who::Worker][..], &[Who::Guard, Who::Worker]] {
        let (_world, job) = stand_at("terminal", ANSWER).kill(victims);
        assert_answered(&job, false);
    }
}

#[test]
fn what_was_said_before_the_death_is_kept() {
    let world = World::new();
    let id = world.submit("FAKE:mode=slow,secs=0.05,lines=100000");
    let transcript = world.job_file(&id, "transcript.jsonl");
    until("something was said", || {
        std::fs::read_to_string(&transcript).ok()?.contains("step 3").then_some(())
    });
    let (guard, worker) = world.runners(&id);
    kill(guard, "KILL");
    kill(worker, "KILL");
    let job = world.finish(&id);
    assert_lost(&job, true);
    assert!(job["partial_text"].as_str().expect("a text").contains("step 2"), "{job:#}");
    assert!(job["last_sign_of_life_unix_ms"].as_i64() >= job["started_unix_ms"].as_i64());
}

#[test]
fn grandchildren_that_left_the_session_die_with_their_job() {
    for (mode, both) in
        [("grandchild", false), ("grandchild", true), ("daemon", false), ("daemon", true)]
    {
        for without in ["", "bwrap", "bwrap,seccomp,landlock"] {
            die_with_their_job(mode, both, without);
        }
    }
}

/// A daemon has left its session, its parent and its environment: with bubblewrap it ends with its
/// namespace, and without it whoever looks next finds it by its mark.
fn die_with_their_job(mode: &str, both: bool, without: &str) {
    let mut world = World::new();
    world.set("PHONE_OPUS_TEST_WITHOUT", without);
    let id = world.submit(&format!("FAKE:mode={mode}"));
    let (guard, worker) = world.runners(&id);
    let grandchildren = until("the grandchildren live", || {
        let said = pids_said(&world, &id)?;
        said.into_iter().map(|pid| outside(worker, pid)).collect::<Option<Vec<_>>>()
    });
    if both {
        kill(guard, "KILL");
    }
    kill(worker, "KILL");
    assert_lost(&world.finish(&id), true);
    for pid in grandchildren {
        until("no grandchild is left", || (!is_alive(pid)).then_some(()));
    }
}

/// The pids that the fake named in what it said.
fn pids_said(world: &World, id: &str) -> Option<Vec<u32>> {
    let text = std::fs::read_to_string(world.job_file(id, "transcript.jsonl")).ok()?;
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let said =
        lines.filter_map(|line| line["message"]["content"][0]["text"].as_str().map(str::to_owned));
    let pids = said.flat_map(|text| {
        text.split(' ').filter_map(|word| word.parse().ok()).collect::<Vec<u32>>()
    });
    Some(pids.collect::<Vec<_>>()).filter(|pids| !pids.is_empty())
}

#[test]
fn a_crowd_of_forks_dies_with_guard_and_worker() {
    let world = World::new();
    let id = world.submit("FAKE:mode=fork,n=5");
    until("the crowd is there", || (world.processes().len() >= 10).then_some(()));
    let (guard, worker) = world.runners(&id);
    kill(guard, "KILL");
    kill(worker, "KILL");
    assert_lost(&world.finish(&id), true);
}

#[test]
fn a_foreground_submitter_may_die_at_any_point_after_the_start() {
    for point in ["accepted", "started", "running", "result", "outcome", "terminal"] {
        let (_world, job) = stand_in_foreground_at(point, ANSWER).kill(&[Who::Submitter]);
        assert_answered(&job, false);
    }
}

#[test]
fn all_of_them_killed_at_once_lose_nothing_that_was_paid_for() {
    let all = [Who::Submitter, Who::Guard, Who::Worker];
    for (point, was_started) in [("accepted", false), ("started", true)] {
        let (_world, job) = stand_in_foreground_at(point, GATED).kill(&all);
        assert_lost(&job, was_started);
    }
    let everyone = [&all[..], &[Who::Claude]].concat();
    let (_world, job) = stand_in_foreground_at("running", GATED).kill(&everyone);
    assert_lost(&job, true);
    let (_world, job) = stand_at("running", GATED).kill(&[Who::Worker, Who::Claude]);
    assert_lost(&job, true);
    for point in ["result", "outcome"] {
        let (_world, job) = stand_in_foreground_at(point, ANSWER).kill(&all);
        assert_answered(&job, true);
    }
}

#[test]
fn an_answer_survives_while_claude_code_still_lives() {
    let world = World::new();
    let id = world.submit("FAKE:mode=closestdout");
    let transcript = world.job_file(&id, "transcript.jsonl");
    until("the result line is there", || {
        std::fs::read_to_string(&transcript).ok()?.contains(r#""type":"result""#).then_some(())
    });
    let (guard, worker) = world.runners(&id);
    kill(guard, "KILL");
    kill(worker, "KILL");
    assert_answered(&world.finish(&id), true);
}

#[test]
fn a_runner_that_does_not_take_over_in_time_is_ended_and_said_to_have_failed() {
    let mut standing = stand_at("worker", ANSWER);
    // Nobody wakes it: the submitter gives up after its ten seconds.
    assert_eq!(exit_code(&mut standing.submitter), Some(1));
    standing.world.assert_quiet();
    let job = standing.world.job(&standing.id);
    assert_eq!((&job["status"], &job["started_unix_ms"]), (&"failed".into(), &Value::Null));
    assert_eq!(job["failure"]["code"], "spawn_failed");
}

#[test]
fn the_runner_has_left_the_tree_of_its_caller_before_it_accepts() {
    let standing = stand_at("worker", ANSWER);
    let status = |pid: u32| std::fs::read_to_string(format!("/proc/{pid}/status")).expect("alive");
    let (guard, worker) = standing.world.runners(&standing.id);
    assert_eq!(worker, standing.paused);
    let ours = [std::process::id(), standing.submitter.id()];
    assert!(ours.iter().all(|pid| !status(guard).contains(&format!("PPid:\t{pid}\n"))));
    // The launch stage, which was the link between them, has ended.
    let launch = standing.world.processes().into_iter().find(|pid| {
        std::fs::read(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|line| line.split(|&byte| byte == 0).any(|word| word == b"launch"))
            && is_alive(*pid)
    });
    assert_eq!(launch, None);
    assert_answered(&standing.kill(&[]).1, false);
}

#[test]
fn a_conversation_is_not_charged_twice_for_a_death_that_nobody_saw() {
    let standing = stand_at("outcome", "FAKE:mode=cost,usd=2");
    let session =
        standing.world.job(&standing.id)["session"]["id"].as_str().expect("an id").to_owned();
    let (guard, worker) = standing.world.runners(&standing.id);
    kill(guard, "KILL");
    kill(worker, "KILL");
    let Standing { mut world, mut submitter, .. } = standing;
    exit_code(&mut submitter);
    until("both are dead", || (!is_alive(guard) && !is_alive(worker)).then_some(()));
    world.set("PHONE_OPUS_TEST_PAUSE", "nowhere");
    let next = world.submit_with(&["--session", &session, "FAKE:mode=cost,usd=3"]);
    assert_eq!(world.finish(&next)["cost_usd"], 1.0);
}

#[test]
fn a_runner_whose_state_directory_is_gone_ends() {
    let standing = stand_at("result", ANSWER);
    std::fs::remove_dir_all(standing.world.state()).expect("removed");
    kill(standing.paused, "CONT");
    let Standing { world, mut submitter, .. } = standing;
    exit_code(&mut submitter);
    world.assert_quiet();
}
