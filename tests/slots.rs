//! Slots: never more consults at once than allowed, and first come, first served.

use std::process::Stdio;

use super::support::{World, fake_claude, kill, process_state, until, write_program};

const TERMINAL: [&str; 4] = ["succeeded", "failed", "cancelled", "lost"];

/// A world with room for so many at once.
fn world_of(max_running: u32) -> World {
    let mut world = World::new();
    world.set("PHONE_OPUS_MAX_RUNNING", &max_running.to_string());
    world
}

fn gated(world: &World) -> String {
    format!("FAKE:mode=gate,gate={}", world.path("gate").display())
}

fn open_the_gate(world: &World) {
    std::fs::write(world.path("gate"), "").expect("the gate opens");
}

/// The jobs of all events with this name, in the order of the log.
fn jobs_of(world: &World, event: &str) -> Vec<String> {
    let events = world.events().into_iter().filter(|line| line["event"] == event);
    events.map(|line| line["job"].as_str().expect("an id").to_owned()).collect()
}

/// The most consults that the log ever showed as running at once.
fn most_at_once(world: &World) -> usize {
    let (mut running, mut most) = (0_usize, 0);
    for line in world.events() {
        let event = line["event"].as_str().expect("a name");
        if event == "started" {
            running += 1;
        } else if TERMINAL.contains(&event) {
            running -= 1;
        }
        most = most.max(running);
    }
    most
}

/// One consult that runs until the gate opens, and those that wait behind it.
fn queue_of(world: &World, waiting: &[&str]) -> Vec<String> {
    let first = world.submit(&gated(world));
    world.until_status(&first, "running");
    let waiting = waiting.iter().map(|prompt| world.submit(prompt));
    std::iter::once(first).chain(waiting).collect()
}

#[test]
fn no_more_run_at_once_than_allowed_and_those_start_in_order() {
    let world = world_of(2);
    let ids: Vec<String> = (0..10).map(|_| world.submit(&gated(&world))).collect();
    world.until_status(&ids[1], "running");
    let waiting = ids[2..].iter().map(|id| world.job(id)["status"].clone());
    assert!(waiting.into_iter().all(|status| status == "queued"));
    open_the_gate(&world);
    for id in &ids {
        assert_eq!(world.finish(id)["status"], "succeeded");
    }
    assert_eq!(most_at_once(&world), 2);
    assert_eq!(jobs_of(&world, "queued"), ids);
    assert_eq!(jobs_of(&world, "started"), ids);
}

#[test]
fn sixty_submits_at_once_are_all_accepted_and_run_in_the_order_of_the_log() {
    let world = world_of(4);
    let mut submitters: Vec<_> = (0..60)
        .map(|_| {
            let mut command = world.raw(["consult", "--bg", "hello"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started")
        })
        .collect();
    let mut ids = Vec::new();
    for submitter in submitters.drain(..) {
        let output = submitter.wait_with_output().expect("waited");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        ids.push(String::from_utf8(output.stdout).expect("text").trim().to_owned());
    }
    for id in &ids {
        assert_eq!(world.finish(id)["status"], "succeeded");
    }
    let queued = jobs_of(&world, "queued");
    assert_eq!(queued.len(), 60);
    assert!(ids.iter().all(|id| queued.contains(id)));
    assert_eq!(jobs_of(&world, "started"), queued);
    assert!(most_at_once(&world) <= 4);
}

/// A Claude Code that does not tell its version before the gate opens.
fn slow_to_say_its_version(world: &World) -> String {
    let path = world.path("slow-claude");
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = --version ]; then\n  touch {}\n  \
         while [ ! -e {} ]; do sleep 0.01; done\nfi\nexec {} \"$@\"\n",
        world.path("asked").display(),
        world.path("gate").display(),
        fake_claude().display()
    );
    write_program(&path, &script);
    path.to_string_lossy().into_owned()
}

#[test]
fn a_later_job_does_not_start_while_an_earlier_one_is_about_to() {
    let mut world = world_of(2);
    let fake = fake_claude();
    world.set("PHONE_OPUS_CLAUDE_BIN", &slow_to_say_its_version(&world));
    let first = world.submit("hello");
    until("it has its slot", || world.path("asked").exists().then_some(()));
    world.set("PHONE_OPUS_CLAUDE_BIN", &fake.to_string_lossy());
    let second = world.submit("hello");
    world.command(["wait", &second, "--timeout", "0.5s"]).assert().code(124);
    open_the_gate(&world);
    for id in [&first, &second] {
        assert_eq!(world.finish(id)["status"], "succeeded");
    }
    assert_eq!(jobs_of(&world, "started"), [first, second]);
}

#[cfg(debug_assertions)]
#[test]
fn a_slot_is_held_until_the_end_is_in_the_log() {
    let mut world = world_of(1);
    world.set("PHONE_OPUS_TEST_PAUSE", "outcome");
    let first = world.submit("hello");
    let worker = world.runners(&first).1;
    until("it stands before its end", || (process_state(worker) == Some('T')).then_some(()));
    world.set("PHONE_OPUS_TEST_PAUSE", "nowhere");
    let second = world.submit("hello");
    world.command(["wait", &second, "--timeout", "0.5s"]).assert().code(124);
    assert_eq!(world.history(&second), ["queued"]);
    kill(worker, "CONT");
    for id in [&first, &second] {
        assert_eq!(world.finish(id)["status"], "succeeded");
    }
    assert_eq!(most_at_once(&world), 1);
}

#[test]
fn a_killed_waiter_blocks_nobody() {
    let world = world_of(1);
    let ids = queue_of(&world, &["hello", "hello"]);
    let (guard, worker) = world.runners(&ids[1]);
    kill(guard, "KILL");
    kill(worker, "KILL");
    open_the_gate(&world);
    assert_eq!(world.finish(&ids[2])["status"], "succeeded");
    let killed = world.finish(&ids[1]);
    assert_eq!(killed["status"], "lost");
    assert!(killed["started_unix_ms"].is_null(), "nothing was spent");
}

#[test]
fn a_stopped_waiter_is_passed_by_and_runs_once_it_goes_on() {
    let world = world_of(1);
    let ids = queue_of(&world, &["hello", "hello"]);
    let (guard, worker) = world.runners(&ids[1]);
    for pid in [guard, worker] {
        kill(pid, "STOP");
        until("it is stopped", || (process_state(pid) == Some('T')).then_some(()));
    }
    open_the_gate(&world);
    assert_eq!(world.finish(&ids[2])["status"], "succeeded");
    assert_eq!(world.job(&ids[1])["status"], "queued");
    kill(guard, "CONT");
    kill(worker, "CONT");
    assert_eq!(world.finish(&ids[1])["status"], "succeeded");
    assert_eq!(jobs_of(&world, "started"), [&*ids[0], &*ids[2], &*ids[1]]);
}

#[test]
fn a_job_cancelled_in_the_queue_never_starts() {
    let world = world_of(1);
    let ids = queue_of(&world, &["hello", "hello"]);
    world.command(["cancel", &ids[1]]).assert().success();
    assert_eq!(world.history(&ids[1]), ["queued", "cancel_requested", "cancelled"]);
    open_the_gate(&world);
    assert_eq!(world.finish(&ids[2])["status"], "succeeded");
    assert_eq!(world.history(&ids[1]), ["queued", "cancel_requested", "cancelled"]);
}

#[test]
fn a_slot_is_free_again_when_the_runner_that_held_it_is_killed() {
    let world = world_of(1);
    let ids = queue_of(&world, &["hello"]);
    let (guard, worker) = world.runners(&ids[0]);
    kill(guard, "KILL");
    kill(worker, "KILL");
    assert_eq!(world.finish(&ids[1])["status"], "succeeded");
    assert_eq!(world.job(&ids[0])["status"], "lost");
    open_the_gate(&world);
}

#[test]
fn the_queue_leaves_no_tickets() {
    let world = world_of(1);
    let ids = queue_of(&world, &["hello", "FAKE:mode=exit1"]);
    world.command(["cancel", &ids[0]]).assert().success();
    for id in &ids {
        world.finish(id);
    }
    world.assert_quiet();
    let slots = std::fs::read_dir(world.state().join("slots")).expect("there").flatten();
    let tickets = slots.filter(|entry| entry.file_name().to_string_lossy().starts_with("wait-"));
    assert_eq!(tickets.count(), 0);
}
