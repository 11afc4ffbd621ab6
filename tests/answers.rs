//! The main job: ask, get the answer, find it again.

use predicates::prelude::*;

use super::support::World;

#[test]
fn the_answer_alone_is_on_standard_output() {
    let world = World::new();
    world
        .command(["consult", "what is it?"])
        .assert()
        .success()
        .stdout("fake answer: 42\n")
        .stderr(predicate::str::contains("job ").and(predicate::str::contains("--session ")));
}

#[test]
fn a_background_consult_prints_its_id_alone_and_is_waited_for_by_it() {
    let world = World::new();
    let id = world.submit("what is it?");
    assert_eq!(id.len(), 36);
    let waited = world.command(["wait", &id]).assert().success();
    waited.stdout(predicate::str::starts_with(format!("{id} succeeded")));
    let job = world.job(&id);
    assert_eq!(job["result"]["response"], "fake answer: 42");
    assert_eq!(job["request"]["prompt"], "what is it?");
    assert_eq!(world.history(&id), ["queued", "started", "succeeded"]);
}

#[test]
fn an_answer_can_be_printed_again_byte_for_byte() {
    let world = World::new();
    let id = world.submit("FAKE:mode=echo and some \u{1b}[31mtext\u{1b}[0m\n\nwith lines");
    let job = world.finish(&id);
    let response = job["result"]["response"].as_str().expect("an answer").to_owned();
    assert!(response.ends_with("some \u{1b}[31mtext\u{1b}[0m\n\nwith lines"), "{response}");
    world.command(["job", &id, "--response"]).assert().success().stdout(response);
}
