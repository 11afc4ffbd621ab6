//! Secrets: Claude receives what was asked, and nothing that is kept has them.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::support::mcp::Client;
use super::support::{World, contains, fake_claude, until, write_program};

const MARKER: &str = "[redacted: github token]";

/// Put together here, so that no scanner of repositories finds one.
fn secret() -> String {
    ["ghp", "_", "0123456789abcdefghijABCDEFGHIJ", "klmnop"].concat()
}

fn traced() -> World {
    let mut world = World::new();
    world.trace();
    world
}

/// The prompts that Claude Code received, oldest first.
fn received(world: &World) -> Vec<String> {
    let text = fs::read_to_string(world.path("home/.claude/trace")).unwrap_or_default();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.map(|line| line["prompt"].as_str().expect("a prompt").to_owned()).collect()
}

/// Files below the state directory that hold some bytes.
fn holding(world: &World, wanted: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![world.state()];
    while let Some(directory) = waiting.pop() {
        for path in
            fs::read_dir(&directory).expect("there").map(|entry| entry.expect("there").path())
        {
            if path.is_dir() {
                waiting.push(path);
            } else if contains(&fs::read(&path).expect("read"), wanted.as_bytes()) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn names(paths: &[PathBuf]) -> BTreeSet<&str> {
    paths.iter().filter_map(|path| path.file_name()?.to_str()).collect()
}

#[test]
fn a_secret_reaches_claude_and_nothing_that_is_kept() {
    let world = traced();
    let secret = secret();
    let prompt = format!("FAKE:mode=echo is {secret} valid?");
    let said = world.say(&["consult", "--label", &secret, &prompt]);
    assert!(received(&world)[0].ends_with(&prompt));
    assert_eq!(holding(&world, &secret), Vec::<PathBuf>::new());
    let kept = ["outcome", "transcript.jsonl", "events.jsonl"].into();
    assert_eq!(names(&holding(&world, MARKER)), kept);
    assert!(said.stdout.contains(&format!("is {MARKER} valid?")), "{said:#?}");
    assert_eq!(
        world.say(&["job", "@last", "--response"]).stdout.trim_end(),
        said.stdout.trim_end()
    );
    assert!(
        said.stderr.contains("note: the prompt holds what looks like a secret; Claude receives it")
    );
    let job = world.json(&["job", "@last", "--json"]);
    assert_eq!((&job["label"], &job["prompt_redacted"]), (&json!(MARKER), &json!(true)));
    let listed = world.say(&["jobs"]).stdout;
    assert!(listed.contains(MARKER) && !listed.contains(&secret), "{listed}");
}

#[test]
fn a_partial_answer_and_an_error_are_redacted_too() {
    let world = traced();
    let secret = secret();
    let file = world.path("said");
    fs::write(&file, format!("the key is {secret}\nand so on")).expect("written");
    let id = world.submit(&format!("FAKE:mode=sayfile,path={}", file.display()));
    assert_eq!(world.finish(&id)["result"]["response"], format!("the key is {MARKER}\nand so on"));
    assert!(holding(&world, &secret).is_empty());
}

/// What a Claude Code says that fails with a secret on its lips, on both of its streams.
fn failing_with(world: &World, said: &str) -> String {
    let path = world.path("failing-claude");
    let script = format!(
        "#!/bin/sh\ncase \"$1\" in --version|--help) exec '{}' \"$@\" ;; esac\n\
         cat >/dev/null\necho 'noise of {said}'\necho 'Error: {said} is wrong' >&2\nexit 1\n",
        fake_claude().display()
    );
    write_program(&path, &script);
    path.display().to_string()
}

#[test]
fn an_error_is_redacted_wherever_it_is_kept_and_shown() {
    let mut world = traced();
    let secret = secret();
    let program = failing_with(&world, &secret);
    world.set("PHONE_OPUS_CLAUDE_BIN", &program);
    let id = world.submit("x");
    let job = world.finish(&id);
    let detail = job["failure"]["detail"].as_str().expect("text");
    assert!(detail.contains(&format!("{MARKER} is wrong")), "{detail}");
    assert!(holding(&world, &secret).is_empty());
    let kept = ["events.jsonl", "outcome", "stderr.log", "transcript.jsonl"].into();
    assert_eq!(names(&holding(&world, MARKER)), kept);
    for command in ["job", "events", "wait", "follow"] {
        let said = world.say(&[command, &id]);
        assert!(!format!("{said:?}").contains(&secret), "{command}: {said:#?}");
    }
}

#[test]
fn the_question_as_it_was_goes_with_the_end_whatever_the_end() {
    let world = traced();
    let secret = secret();
    let there = |id: &str| world.job_file(id, "prompt").exists();
    for (mode, status) in [("echo", "succeeded"), ("exit1", "failed")] {
        let id = world.submit(&format!("FAKE:mode={mode} {secret}"));
        assert_eq!(world.finish(&id)["status"], status);
        until("the prompt is removed", || (!there(&id)).then_some(()));
    }
    let id = world.submit(&format!("FAKE:mode=gate,gate=never {secret}"));
    world.until_status(&id, "running");
    assert_eq!(names(&holding(&world, &secret)), ["prompt"].into(), "Claude Code reads it there");
    world.command(["cancel", &id]).assert().success();
    assert_eq!(world.finish(&id)["status"], "cancelled");
    until("the prompt is removed", || (!there(&id)).then_some(()));
    assert!(holding(&world, &secret).is_empty());
}

#[test]
fn what_agents_are_told_over_mcp_is_redacted_too() {
    let world = traced();
    let secret = secret();
    let mut client = Client::open(&world);
    let prompt = format!("FAKE:mode=echo is {secret} valid?");
    let arguments = json!({"prompt": prompt, "cwd": world.cwd()});
    let answer = client.json("consult", arguments);
    let id = answer["job_id"].as_str().expect("an id").to_owned();
    let job = client.json("consult_job", json!({"job_id": id, "detail": "full"}));
    let list = client.json("consult_jobs", json!({}));
    let text = client.text("consult_job", json!({"job_id": id}));
    let resource = client
        .request("resources/read", json!({"uri": format!("phone-opus://jobs/{id}/transcript")}));
    for told in [&answer, &job, &list, &json!(text), &resource] {
        assert!(!told.to_string().contains(&secret), "{told:#}");
    }
    for told in [&answer, &job] {
        assert!(told.to_string().contains(MARKER), "{told:#}");
    }
    assert!(received(&world)[0].ends_with(&prompt));
    client.hang_up();
    client.end();
    assert!(holding(&world, &secret).is_empty());
}

#[test]
fn what_something_hangs_on_stays_as_it_is() {
    let world = traced();
    let secret = secret();
    let directory = world.path(&secret);
    fs::create_dir(&directory).expect("made");
    let shown = directory.display().to_string();
    let id = world.submit_with(&["--cwd", &shown, "x"]);
    let job = world.finish(&id);
    assert_eq!((&job["request"]["cwd"], &job["session"]["cwd"]), (&json!(shown), &json!(shown)));
    assert_eq!(job["status"], "succeeded", "it ran there");
}

#[test]
fn who_switches_it_off_keeps_all() {
    let mut world = traced();
    world.set("PHONE_OPUS_REDACT", "false");
    let secret = secret();
    let said = world.say(&["consult", &format!("FAKE:mode=echo is {secret} valid?")]);
    assert!(said.stdout.contains(&secret) && !said.stderr.contains("note:"), "{said:#?}");
    let job = world.json(&["job", "@last", "--json"]);
    assert_eq!(
        (&job["request"]["redact"], &job["prompt_redacted"]),
        (&json!(false), &json!(false))
    );
    assert!(job["request"]["prompt"].as_str().expect("text").contains(&secret));
}

#[test]
fn a_dry_run_shows_what_would_be_sent() {
    let said = World::new().say(&["consult", "--dry-run", &secret()]);
    assert!(said.stdout.contains(&secret()), "{said:#?}");
}

#[test]
fn a_retry_sends_the_redacted_question_and_says_so_unless_it_is_given_again() {
    let world = traced();
    let secret = secret();
    let first =
        world.submit_with(&["--label", "l", "--max-turns", "7", &format!("is {secret} valid?")]);
    world.finish(&first);
    let said = world.say(&["retry", &first]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert!(
        said.stderr.contains("note: the log has this question with its secrets redacted"),
        "{said:#?}"
    );
    assert!(received(&world)[1].ends_with(&format!("is {MARKER} valid?")));
    let again = world.json(&["job", "@last", "--json"]);
    assert_eq!(again["retry_of"], first);
    assert_eq!((&again["label"], &again["request"]["max_turns"]), (&json!("l"), &json!(7)));
    assert_ne!(again["session"]["id"], world.job(&first)["session"]["id"]);
    let id = world.say(&["retry", &first, "--bg", "--quiet", &format!("so is {secret} valid?")]);
    assert_eq!((id.code, id.stderr.as_str()), (Some(0), ""), "{id:#?}");
    world.finish(id.stdout.trim());
    assert!(received(&world)[2].ends_with(&format!("so is {secret} valid?")));
    assert!(holding(&world, &secret).is_empty());
}

/// A job that waits, whose prompt file is then lost.
fn lost_prompt(world: &World, prompt: &str) -> Value {
    let gate = world.path("gate");
    let _ = fs::remove_file(&gate);
    let running = world.submit(&format!("FAKE:mode=gate,gate={}", gate.display()));
    world.until_status(&running, "running");
    let id = world.submit(prompt);
    fs::remove_file(world.job_file(&id, "prompt")).expect("there");
    fs::write(&gate, "").expect("the gate opens");
    world.finish(&running);
    world.finish(&id)
}

/// The log has the question too; with its secrets redacted it is another one, which is not paid for.
#[test]
fn a_question_whose_file_is_lost_is_asked_from_the_log_and_a_retry_asks_it_again() {
    let mut world = traced();
    world.set("PHONE_OPUS_MAX_RUNNING", "1");
    let job = lost_prompt(&world, "is it sound?");
    assert_eq!(job["status"], "succeeded", "{job:#}");
    assert!(received(&world)[1].ends_with("is it sound?"));
    let said = world.say(&["retry", job["job_id"].as_str().expect("an id")]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert_eq!(received(&world)[1], received(&world)[2]);

    let job = lost_prompt(&world, &format!("is {} valid?", secret()));
    assert_eq!(job["failure"]["code"], "spawn_failed", "{job:#}");
    assert_eq!(received(&world).len(), 4, "only the one before it was asked");
    let said = world.say(&["retry", job["job_id"].as_str().expect("an id")]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert!(received(&world)[4].ends_with(&format!("is {MARKER} valid?")));
}

#[test]
fn a_retry_asks_nothing_twice_at_once_and_refuses_what_is_not_there() {
    let world = World::new();
    assert_eq!(world.say(&["retry", "@last"]).code, Some(66));
    let id = world.submit("FAKE:mode=gate,gate=never");
    let said = world.say(&["retry", &id]);
    assert_eq!(said.code, Some(75), "{said:#?}");
    assert!(said.stderr.contains("has not ended"), "{said:#?}");
    world.command(["cancel", &id]).assert().success();
}
