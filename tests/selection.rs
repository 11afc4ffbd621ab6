//! A job is named by its id, by the start of it, or by `@last`.

use std::fs;

use crc32c::crc32c;

use super::support::World;
use super::support::said::Refusal;

fn ended(world: &World, prompt: &str) -> String {
    let id = world.submit(prompt);
    world.finish(&id);
    id
}

fn named(world: &World, name: &str) -> String {
    world.job(name)["job_id"].as_str().expect("an id").to_owned()
}

#[test]
fn every_way_to_name_a_job_leads_to_it() {
    let world = World::new();
    let id = ended(&world, "x");
    let (upper, start) = (id.to_uppercase(), &id[..6]);
    for name in
        [&id, &upper, start, &start.to_uppercase(), &id[..8], &id[..9], &id[..35], "@last", "@LAST"]
    {
        assert_eq!(named(&world, name), id, "{name}");
    }
}

#[test]
fn what_cannot_be_a_name_is_wrong_usage() {
    let world = World::new();
    let id = ended(&world, "x");
    let longer = format!("{id}0");
    for name in [&id[..5], "", "@first", "last", "nothex", &longer, "*", "../../etc"] {
        let said = world.say(&["job", name]);
        assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{name}: {said:#?}");
        assert!(
            said.stderr.contains("by the first 6 or more characters of it"),
            "{name}: {said:#?}"
        );
    }
}

#[test]
fn jobs_of_every_kind_are_found_by_their_start() {
    let world = World::new();
    let failed = ended(&world, "FAKE:mode=exit1");
    let running = world.submit("FAKE:mode=gate,gate=never");
    let succeeded = ended(&world, "x");
    for id in [&failed, &running, &succeeded] {
        assert_eq!(named(&world, &id[..6]), *id);
    }
    world.command(["cancel", &running[..6]]).assert().success();
    assert_eq!(world.job(&running)["status"], "cancelled");
}

#[test]
fn last_is_the_job_that_was_asked_last_and_not_the_one_that_changed_last() {
    let world = World::new();
    let gate = world.path("gate");
    let first = world.submit(&format!("FAKE:mode=gate,gate={}", gate.display()));
    world.until_status(&first, "running");
    let second = ended(&world, "x");
    fs::write(gate, "").expect("opened");
    world.finish(&first);
    let newest = world.json(&["jobs", "--limit", "1", "--json"]);
    assert_eq!(newest["jobs"][0]["job_id"], first, "it changed last");
    assert_eq!(named(&world, "@last"), second);
}

#[test]
fn the_start_of_several_ids_lists_them_and_picks_none() {
    let world = World::new();
    let id = ended(&world, "first\nquestion");
    let twin = twin(&world, &id);
    let message = format!("{} is the start of more than one job's id", &id[..6]);
    let hint = format!(
        "Give more characters of one of these:\n  \
         {twin}  succeeded  first question\n  {id}  succeeded  first question"
    );
    let refusal = Refusal { exit: 2, code: "ambiguous_id", message: &message, hint: &hint };
    for command in ["job", "wait", "cancel"] {
        world.assert_refused(&[command, &id[..6]], refusal);
    }
    assert_eq!(named(&world, &id[..30]), id);
    assert_eq!(named(&world, &twin), twin);
}

/// Gives the log a second job whose id starts like the first one's: chance would take for ever.
fn twin(world: &World, id: &str) -> String {
    let other = if &id[20..21] == "0" { "1" } else { "0" };
    let twin = [&id[..20], other, &id[21..]].concat();
    let log = world.state().join("events.jsonl");
    let text = fs::read_to_string(&log).expect("there");
    let copies: String = text.lines().map(|line| sealed(&line.replace(id, &twin))).collect();
    fs::write(log, text + &copies).expect("written");
    twin
}

/// The line with a seal that holds; its length has not changed.
fn sealed(line: &str) -> String {
    let (body, seal) = line.rsplit_once(",\"seal\":\"").expect("a seal");
    let head = body.find(",\"data\":").expect("a payload");
    let (head_crc, line_crc) = (crc32c(&body.as_bytes()[..head]), crc32c(body.as_bytes()));
    format!("{body},\"seal\":\"{}{head_crc:08x}{line_crc:08x}\"}}\n", &seal[..16])
}
