//! What scripts rely on: documents that match their published schemas, exit codes, fields, filters,
//! and the parting of data from talk.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use super::support::schema::{self, assert_valid};
use super::support::{World, kill, until};

const STATES: [&str; 6] = ["queued", "running", "succeeded", "failed", "cancelled", "lost"];

/// One job in each state, in the order of [`STATES`]. The running one takes the only slot, and the
/// queued one waits behind it.
struct EachState {
    world: World,
    ids: Vec<String>,
}

impl EachState {
    fn new() -> Self {
        let mut world = World::new();
        world.set("PHONE_OPUS_MAX_RUNNING", "1");
        world.set("PHONE_OPUS_GRACE", "0.1s");
        let succeeded = world.submit_with(&["--label", "done", "FAKE:mode=tools"]);
        world.finish(&succeeded);
        let failed = world.submit("FAKE:mode=exit1");
        world.finish(&failed);
        let cancelled = world.submit("FAKE:mode=hang");
        world.until_status(&cancelled, "running");
        world.command(["cancel", &cancelled]).assert().success();
        let lost = lose(&world);
        let running = world.submit(&gated(&world));
        world.until_status(&running, "running");
        let queued = world.submit("x");
        Self { world, ids: vec![queued, running, succeeded, failed, cancelled, lost] }
    }

    fn id(&self, state: &str) -> &str {
        &self.ids[STATES.iter().position(|known| *known == state).expect("a state")]
    }

    fn end(self) {
        fs::write(self.world.path("gate"), "").expect("opened");
        for id in [self.id("running"), self.id("queued")] {
            self.world.finish(id);
        }
    }
}

fn gated(world: &World) -> String {
    format!("FAKE:mode=gate,gate={}", world.path("gate").display())
}

/// A job whose whole runner was killed.
fn lose(world: &World) -> String {
    let id = world.submit("FAKE:mode=gate,gate=never");
    world.until_status(&id, "running");
    let (guard, worker) = world.runners(&id);
    kill(guard, "KILL");
    kill(worker, "KILL");
    world.until_status(&id, "lost");
    id
}

#[test]
fn every_document_in_every_state_matches_its_schema() {
    let all = EachState::new();
    let world = &all.world;
    for (id, state) in all.ids.iter().zip(STATES) {
        let job = world.job(id);
        assert_valid("job", &job);
        assert_eq!(job["status"], state);
    }
    let jobs = world.json(&["jobs", "--json"]);
    assert_valid("jobs", &jobs);
    assert_eq!(jobs["count"], 6);
    let mut arguments: Vec<&str> = vec!["wait", "--json", "--timeout", "0"];
    arguments.extend(all.ids.iter().map(String::as_str));
    let waited = world.say(&arguments);
    assert_valid("wait", &waited.json());
    assert_eq!(
        (waited.json()["timed_out"].clone(), &waited.json()["finished"]),
        (json!(true), &json!(4))
    );
    let seen: Vec<Value> = waited.json()["jobs"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|job| job["status"].clone())
        .collect();
    assert_eq!(json!(seen), json!(STATES), "the order is the one in which they were named");
    assert_valid("wait", &world.json(&["cancel", "--json", all.id("succeeded")]));
    all.end();
}

#[test]
fn what_a_consult_prints_is_its_job_whatever_came_of_it() {
    let world = World::new();
    for (arguments, code, status) in [
        (&["consult", "--json", "x"][..], 0, "succeeded"),
        (&["consult", "--json", "FAKE:mode=tools"], 0, "succeeded"),
        (&["consult", "--json", "FAKE:mode=ratelimit,secs=600"], 75, "failed"),
        (
            &["consult", "--json", "--web", "--max-budget-usd", "2", "FAKE:mode=maxturns"],
            1,
            "failed",
        ),
    ] {
        let said = world.say(arguments);
        assert_valid("job", &said.json());
        assert_eq!((said.code, &said.json()["status"]), (Some(code), &json!(status)), "{said:#?}");
    }
    let said = world.say(&["consult", "--json", "--bg", "x"]);
    assert_valid("job", &said.json());
    assert_eq!((&said.json()["status"], said.stderr.as_str()), (&json!("queued"), ""));
    world.finish(said.json()["job_id"].as_str().expect("an id"));
}

#[test]
fn every_line_of_the_log_matches_its_schema() {
    let all = EachState::new();
    let world = &all.world;
    let talking = world.submit("FAKE:mode=partial,lines=2,secs=0");
    fs::write(world.path("gate"), "").expect("opened");
    until("progress was recorded", || {
        world.history(&talking).contains(&"progress".to_owned()).then_some(())
    });
    world.command(["cancel", &talking]).assert().success();
    for state in ["running", "queued"] {
        world.finish(all.id(state));
    }
    let mut events = world.events();
    world.command(["prune", "--older-than", "0s", "--yes"]).assert().success();
    events.extend(world.events().pop());
    for event in &events {
        assert_valid("event", event);
    }
    let seen: BTreeSet<&str> = events.iter().filter_map(|event| event["event"].as_str()).collect();
    let published = schema::schema("event");
    let known: BTreeSet<&str> = published["properties"]["event"]["enum"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(seen, known);
}

#[test]
fn the_schemas_are_printed_as_they_are_checked_in() {
    let world = World::new();
    let listed = world.say(&["schema"]).stdout;
    let listed: BTreeSet<String> = listed.lines().map(str::to_owned).collect();
    let files: BTreeSet<String> = fs::read_dir(schema::directory())
        .expect("there")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .map(|name| name.strip_suffix(".json").expect("a schema").to_owned())
        .collect();
    assert_eq!(listed, files);
    for name in &listed {
        let path = schema::directory().join(format!("{name}.json"));
        let output = world.command(["schema", name]).assert().success().get_output().stdout.clone();
        assert!(output == fs::read(path).expect("there"), "{name} is not the file");
    }
    let said = world.say(&["schema", "nonsense"]);
    assert_eq!(
        said.stderr,
        "error: there is no schema `nonsense`\nhint: The schemas are: job, jobs, wait, error, \
         event, dry-run, prune, config, config-check, config-file, doctor, stats, search.\n"
    );
    assert_eq!(said.code, Some(2));
}

#[test]
fn no_schema_lets_an_unknown_property_pass() {
    for name in World::new().say(&["schema"]).stdout.lines() {
        assert_closed(name, &schema::schema(name));
    }
}

/// An object with named properties takes no others.
fn assert_closed(name: &str, schema: &Value) {
    match schema {
        Value::Object(object) => {
            if object.contains_key("properties") && object.get("type") == Some(&json!("object")) {
                assert_eq!(
                    object.get("additionalProperties"),
                    Some(&json!(false)),
                    "{name}: {schema:#}"
                );
            }
            object.values().for_each(|inner| assert_closed(name, inner));
        }
        Value::Array(items) => items.iter().for_each(|inner| assert_closed(name, inner)),
        _ => {}
    }
}

#[test]
fn a_failed_job_is_shown_without_failing_and_mirrored_where_asked() {
    let all = EachState::new();
    for (state, code) in [
        ("queued", 75),
        ("running", 75),
        ("succeeded", 0),
        ("failed", 1),
        ("cancelled", 3),
        ("lost", 5),
    ] {
        let id = all.id(state);
        for form in [&["job", id][..], &["job", id, "--json"]] {
            assert_eq!(all.world.say(form).code, Some(0), "{state}");
            let mirrored = [form, &["--exit-status"]].concat();
            assert_eq!(all.world.say(&mirrored).code, Some(code), "{state}");
        }
    }
    all.end();
}

/// Ends a job of each kind that has an exit code of its own.
fn ended(world: &World, prompt: &str) -> String {
    let id = world.submit(prompt);
    world.finish(&id);
    id
}

#[test]
fn each_end_of_a_job_has_its_exit_code() {
    let world = World::new();
    for (prompt, code) in [
        ("x", 0),
        ("FAKE:mode=exit1", 1),
        ("FAKE:mode=unauth", 4),
        ("FAKE:mode=ratelimit,secs=600", 75),
        ("FAKE:mode=overloaded", 1),
    ] {
        assert_eq!(world.say(&["consult", prompt]).code, Some(code), "{prompt}");
        assert_eq!(world.say(&["job", "@last", "--exit-status"]).code, Some(code), "{prompt}");
        assert_eq!(world.say(&["wait", "@last"]).code, Some(code), "{prompt}");
    }
}

#[test]
fn of_several_jobs_the_worst_end_decides() {
    let world = World::new();
    let succeeded = ended(&world, "x");
    let failed = ended(&world, "FAKE:mode=exit1");
    let unauthorised = ended(&world, "FAKE:mode=unauth");
    let limited = ended(&world, "FAKE:mode=ratelimit,secs=600");
    let lost = lose(&world);
    let cancelled = world.submit("FAKE:mode=gate,gate=never");
    let running = world.submit("FAKE:mode=gate,gate=never");
    world.command(["cancel", &cancelled]).assert().success();
    for (ids, code) in [
        (&[&succeeded, &succeeded][..], 0),
        (&[&succeeded, &limited], 75),
        (&[&limited, &cancelled], 3),
        (&[&cancelled, &lost], 5),
        (&[&lost, &failed], 1),
        (&[&failed, &unauthorised, &succeeded], 4),
        (&[&succeeded, &running], 124),
        (&[&failed, &running], 1),
    ] {
        let mut arguments = vec!["wait", "--timeout", "0.2"];
        arguments.extend(ids.iter().map(|id| id.as_str()));
        assert_eq!(world.say(&arguments).code, Some(code), "{ids:?}");
        let backwards: Vec<&str> = ids.iter().rev().map(|id| id.as_str()).collect();
        let arguments = [&["wait", "--timeout", "0.2"][..], &backwards].concat();
        assert_eq!(world.say(&arguments).code, Some(code), "{ids:?} backwards");
    }
    world.command(["cancel", &running]).assert().success();
}

#[test]
fn the_exit_codes_are_in_the_help() {
    let help = World::new().say(&["--help"]).stdout;
    for code in [0, 1, 2, 3, 4, 5, 66, 69, 74, 75, 77, 78, 124, 129, 130, 143] {
        let code = code.to_string();
        let named = help.split(|c: char| !c.is_ascii_digit()).any(|word| word == code);
        assert!(named, "{code} is not in\n{help}");
    }
}

#[test]
fn wait_ends_with_the_first_job_where_any_is_enough() {
    let world = World::new();
    let slow = world.submit(&gated(&world));
    let quick = world.submit("x");
    let said = world.say(&["wait", &slow, &quick, "--any", "--timeout", "60s"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert!(said.stdout.starts_with(&format!("{quick} succeeded ")), "{said:#?}");
    assert_eq!((said.stdout.lines().count(), said.stderr.as_str()), (1, ""));
    assert_eq!(world.job(&slow)["status"], "running", "it goes on");
    fs::write(world.path("gate"), "").expect("opened");
    world.finish(&slow);
}

#[test]
fn a_deadline_ends_the_wait_and_never_prints_nothing() {
    let world = World::new();
    let id = world.submit(&gated(&world));
    let said = world.say(&["wait", &id, "--timeout", "0.1"]);
    let sentence = "The deadline has passed; the jobs that are not listed go on.\n";
    assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (Some(124), "", sentence));
    let said = world.say(&["wait", &id, "--timeout", "0.1", "--json"]);
    assert_valid("wait", &said.json());
    assert_eq!((said.code, &said.json()["timed_out"]), (Some(124), &json!(true)));
    fs::write(world.path("gate"), "").expect("opened");
    world.finish(&id);
}

#[test]
fn fields_reduce_a_job_and_each_job_of_a_list() {
    let world = World::new();
    let id = ended(&world, "x");
    let small = json!({"job_id": id, "status": "succeeded"});
    assert_eq!(world.json(&["job", &id, "--json=status,job_id"]), small);
    let jobs = world.json(&["jobs", "--json=job_id, status"]);
    assert_eq!(jobs, json!({"schema_version": 1, "jobs": [small], "count": 1, "truncated": false}));
    let waited = world.json(&["wait", &id, "--json=job_id,status"]);
    assert_eq!((&waited["jobs"], &waited["finished"]), (&json!([small]), &json!(1)));
}

#[test]
fn a_wrong_field_lists_the_valid_ones() {
    let world = World::new();
    let id = ended(&world, "x");
    let list = |name: &str, pointer: &str| -> String {
        let properties = schema::schema(name).pointer(pointer).expect("there").clone();
        let names: Vec<String> = properties.as_object().expect("object").keys().cloned().collect();
        format!("The fields are: {}.", names.join(", "))
    };
    for (arguments, fields) in [
        (&["job", &id, "--json=cost"][..], list("job", "/properties")),
        (&["jobs", "--json=cost"], list("jobs", "/$defs/summary/properties")),
        (
            &["jobs", "--label", "none such", "--json=cost"],
            list("jobs", "/$defs/summary/properties"),
        ),
        (&["wait", &id, "--json=cost"], list("wait", "/$defs/waited/properties")),
    ] {
        let said = world.say(arguments);
        assert_valid("error", &said.json());
        let error = &said.json()["error"];
        assert_eq!(
            (&error["message"], &error["hint"]),
            (&json!("there is no field `cost` here"), &json!(fields))
        );
        assert_eq!(said.code, Some(2));
    }
}

#[test]
fn a_wrong_field_is_told_before_the_wait_and_not_after_it() {
    let world = World::new();
    let id = world.submit("FAKE:mode=gate,gate=never");
    let said = world.say(&["wait", &id, "--json=cost"]);
    assert_eq!(said.code, Some(2), "{said:#?}");
    world.command(["cancel", &id]).assert().success();
}

/// The ids that `jobs` lists with some arguments.
fn listed(world: &World, arguments: &[&str]) -> Vec<String> {
    let all = [&["jobs", "--json"], arguments].concat();
    let document = world.json(&all);
    assert_valid("jobs", &document);
    let jobs = document["jobs"].as_array().expect("a list").clone();
    assert_eq!(document["count"], jobs.len());
    jobs.iter().map(|job| job["job_id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn jobs_are_listed_by_their_newest_change_and_filtered_by_what_they_really_are() {
    let all = EachState::new();
    let (world, id) = (&all.world, |state: &str| all.id(state).to_owned());
    let newest_first =
        ["queued", "running", "lost", "cancelled", "failed", "succeeded"].map(id).to_vec();
    assert_eq!(listed(world, &[]), newest_first);
    for state in STATES {
        assert_eq!(listed(world, &["--status", state]), [id(state)]);
    }
    assert_eq!(listed(world, &["--status", "failed,lost"]), [id("lost"), id("failed")]);
    assert_eq!(
        listed(world, &["--status", "failed", "--status", "lost"]),
        [id("lost"), id("failed")]
    );
    assert_eq!(listed(world, &["--label", "done"]), [id("succeeded")]);
    assert_eq!(listed(world, &["--label", "don"]), [""; 0]);
    world.command(["cancel", all.id("queued")]).assert().success();
    fs::write(world.path("gate"), "").expect("opened");
    world.finish(all.id("running"));
    assert_eq!(listed(world, &["--limit", "2"]), [id("running"), id("queued")], "it changed last");
    all.end();
}

#[test]
fn a_list_has_an_end() {
    let said = World::new().say(&["jobs", "--limit", "10001"]);
    assert_eq!(said.code, Some(2));
    assert!(said.stderr.contains("at most 10000; `phone-opus events` goes through"), "{said:#?}");
}

#[test]
fn here_means_the_directory_that_was_asked_about() {
    let world = World::new();
    fs::create_dir(world.path("other")).expect("made");
    std::os::unix::fs::symlink(world.cwd(), world.path("link")).expect("linked");
    let here = ended(&world, "x");
    let other = world.path("other").display().to_string();
    let there = world.submit_with(&["--cwd", &other, "x"]);
    world.finish(&there);
    assert_eq!(listed(&world, &["--here"]), [here.as_str()]);
    let mut command = world.raw(["jobs", "--here", "--json=job_id"]);
    let said = world.say_of(command.current_dir(world.path("other")));
    assert_eq!(said.json()["jobs"], json!([{"job_id": there}]));
    let mut command = world.raw(["jobs", "--here", "--json=job_id"]);
    let said = world.say_of(command.current_dir(world.path("link")));
    assert_eq!(said.json()["jobs"], json!([{"job_id": here}]), "a link is the same directory");
}

#[test]
fn a_list_that_is_cut_says_so_beside_the_data() {
    let world = World::new();
    for prompt in ["first", "second", "third"] {
        ended(&world, prompt);
    }
    let cut = world.json(&["jobs", "--limit", "2", "--json"]);
    assert_eq!((&cut["count"], &cut["truncated"]), (&json!(2), &json!(true)));
    let whole = world.json(&["jobs", "--limit", "3", "--json"]);
    assert_eq!((&whole["count"], &whole["truncated"]), (&json!(3), &json!(false)));
    let said = world.say(&["jobs", "--limit", "2"]);
    assert_eq!(said.stderr, "There are more jobs; --limit N shows up to N.\n");
    let prompts: Vec<&str> =
        said.stdout.lines().filter_map(|line| line.split_whitespace().last()).collect();
    assert_eq!(prompts, ["PROMPT", "third", "second"]);
    assert_eq!(world.say(&["jobs", "--limit", "3"]).stderr, "");
}

#[test]
fn a_list_of_nothing_is_no_data_and_one_sentence() {
    let sentence = "There are no jobs to show; `phone-opus consult \"…\"` makes one.\n";
    let world = World::new();
    let said = world.say(&["jobs"]);
    assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (Some(0), "", sentence));
    let empty = json!({"schema_version": 1, "jobs": [], "count": 0, "truncated": false});
    assert_eq!(world.json(&["jobs", "--json"]), empty);
    ended(&world, "x");
    let said = world.say(&["jobs", "--status", "lost"]);
    assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (Some(0), "", sentence));
}

#[test]
fn several_names_of_one_job_are_one_job() {
    let world = World::new();
    let id = ended(&world, "x");
    let said = world.say(&["wait", &id, &id[..8], "@last"]);
    assert_eq!(said.stdout.lines().count(), 1, "{said:#?}");
    let cancelled = world.json(&["cancel", "--json", &id, &id[..8], "@last"]);
    assert_eq!(cancelled["count"], 1);
}

#[test]
fn a_filter_compares_the_whole_label_also_where_the_list_shows_a_cut_one() {
    let world = World::new();
    let label = "l".repeat(3000);
    world.finish(&world.submit_with(&["--label", &label, "x"]));
    let found = world.json(&["jobs", "--label", &label, "--json"]);
    assert_eq!((&found["count"], &found["jobs"][0]["cut"]), (&json!(1), &json!(true)));
    assert_eq!(world.json(&["jobs", "--label", &label[..2000], "--json"])["count"], 0);
}
