//! `consult --dry-run` shows exactly what would be run, and starts nothing.

use std::fs;

use serde_json::{Value, json};

use super::support::schema::assert_valid;
use super::support::{World, fake_claude};

/// A world whose fake Claude Code writes down how it was started.
fn traced() -> World {
    let mut world = World::new();
    world.trace();
    world.set("CLAUDECODE", "1");
    world
}

fn starts(world: &World) -> Vec<Value> {
    let text = fs::read_to_string(world.path("home/.claude/trace")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// A text without the ids that are chosen anew each time.
fn without(text: &str, ids: &[&Value]) -> String {
    ids.iter().fold(text.to_owned(), |text, id| text.replace(id.as_str().expect("an id"), "ID"))
}

#[test]
fn nothing_is_started_and_nothing_is_made() {
    let world = traced();
    let before = world.files();
    for arguments in
        [&["consult", "--dry-run", "x"][..], &["consult", "--dry-run", "--bg", "--json", "x"]]
    {
        let said = world.say(arguments);
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:#?}");
    }
    assert_eq!(world.files(), before);
    assert!(starts(&world).is_empty());
}

#[test]
fn the_call_that_is_shown_is_the_call_that_is_made() {
    let world = traced();
    let request = [
        "consult",
        "--json",
        "--web",
        "--max-turns",
        "7",
        "--max-budget-usd",
        "1.5",
        "--model",
        "sonnet",
        "--effort",
        "low",
        "what is 'it'?",
    ];
    let plan = world.json(&[&request[..], &["--dry-run"]].concat());
    assert_valid("dry-run", &plan);
    let job = world.json(&request);
    let made = &starts(&world)[0];
    let planned_job = &plan["environment"]["set"]["PHONE_OPUS_JOB"];
    let planned =
        |value: &Value| without(&value.to_string(), &[planned_job, &plan["session"]["id"]]);
    let real =
        |value: &Value| without(&value.to_string(), &[&job["job_id"], &job["session"]["id"]]);
    let argv = plan["argv"].as_array().expect("a list");
    assert_eq!(argv[0], json!(fake_claude()));
    assert_eq!(planned(&json!(argv[1..])), real(&json!(made["argv"].as_array().expect("a list"))));
    assert_eq!((&plan["prompt"], &plan["cwd"]), (&made["prompt"], &made["cwd"]));
    for (name, value) in plan["environment"]["set"].as_object().expect("an object") {
        assert_eq!(planned(value), real(&made["env"][name]), "{name}");
    }
    let removed = plan["environment"]["removed"].as_array().expect("a list");
    assert!(removed.contains(&json!("CLAUDECODE")), "{removed:?}");
    for name in removed {
        assert_eq!(made["env"].get(name.as_str().expect("a name")), None, "{name}");
    }
}

#[test]
fn a_resumed_conversation_is_shown_where_it_would_run() {
    let world = traced();
    let first = world.json(&["consult", "--json", "x"]);
    let session = first["session"]["id"].as_str().expect("an id");
    fs::create_dir(world.path("other")).expect("made");
    let other = world.path("other").display().to_string();
    let plan =
        world.json(&["consult", "--dry-run", "--json", "--cwd", &other, "--session", session, "y"]);
    assert_valid("dry-run", &plan);
    assert_eq!(plan["session"], json!({"id": session, "mode": "resumed"}));
    assert_eq!(plan["cwd"], json!(world.cwd()), "a conversation goes on where it began");
    assert_eq!(starts(&world).len(), 1);
}

#[test]
fn the_plan_for_a_person_has_every_fact_on_a_line_and_the_prompt_last() {
    let mut world = World::new();
    world.set("PHONE_OPUS_PREFIX", "Be brief.");
    world.set("PHONE_OPUS_SANDBOX", "off");
    let said = world.say(&["consult", "--dry-run", "--timeout", "90s", "--max-turns", "3", "why?"]);
    let field = |start: &str| -> String {
        let line = said.stdout.lines().find_map(|line| line.strip_prefix(start));
        line.unwrap_or_else(|| panic!("no {start:?} in {said:#?}")).to_owned()
    };
    let (job, session) = (field("set: PHONE_OPUS_JOB="), field("session: "));
    let session = session.split(' ').next().expect("an id").to_owned();
    let fake = fake_claude().display().to_string();
    let plain =
        said.stdout.replace(&job, "JOB").replace(&session, "SESSION").replace(&fake, "CLAUDE");
    // Where a layer of the jail is withheld from all tests, its variable is one more of ours.
    let plain = plain.replace("unset: PHONE_OPUS_TEST_WITHOUT\n", "");
    assert_eq!(
        plain,
        "\
command: CLAUDE -p --output-format stream-json --verbose --include-partial-messages \
--permission-mode dontAsk --setting-sources '' --strict-mcp-config --disable-slash-commands \
--restricted --session-id SESSION --model opus --effort max --max-turns 3 --mcp-config \
'{\"mcpServers\":{}}' --tools Read,Grep,Glob
cwd: ROOT/cwd
set: PHONE_OPUS_JOB=JOB
set: PHONE_OPUS_DEPTH=1
set: DISABLE_AUTOUPDATER=1
set: CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1
set: CLAUDE_CODE_DISABLE_ATTACHMENTS=1
set: TMPDIR=ROOT/state/jobs/JOB/tmp
set: CLAUDE_CODE_TMPDIR=ROOT/state/jobs/JOB/tmp
set: TMPPREFIX=ROOT/state/jobs/JOB/tmp/zsh
unset: PHONE_OPUS_CLAUDE_BIN
unset: PHONE_OPUS_PREFIX
unset: PHONE_OPUS_SANDBOX
unset: PHONE_OPUS_STATE_DIR
claude version: 9.9.9
session: SESSION (fresh)
job directory: ROOT/state/jobs/JOB
timeout_ms: 90000
idle_timeout_ms: 1200000
grace_ms: 5000
max_turns: 3
max_budget_usd: none
max_running: 4
sandbox: off
sandbox landlock_abi: none
sandbox seccomp: false
sandbox bwrap: none
sandbox missing: []
sandbox home: user
sandbox credentials: home
sandbox bash: none
sandbox bash_reason: the sandbox is switched off
prompt, as sent on standard input:
Be brief.

why?
"
    );
}

#[test]
fn what_would_be_refused_is_refused_in_the_plan_too() {
    let world = World::new();
    for (arguments, code) in [
        (&["consult", "--dry-run", ""][..], 2),
        (&["consult", "--dry-run", "--cwd", "/nonexistent", "x"], 2),
        (&["consult", "--dry-run", "--max-budget-usd", "0", "x"], 2),
    ] {
        assert_eq!(world.say(arguments).code, Some(code), "{arguments:?}");
    }
    let mut command = world.raw(["consult", "--dry-run", "x"]);
    let said = world.say_of(command.env("PHONE_OPUS_CLAUDE_BIN", "/nonexistent"));
    assert_eq!(said.code, Some(69));
    let mut command = world.raw(["consult", "--dry-run", "x"]);
    let said = world.say_of(command.env("PHONE_OPUS_CREDENTIALS_KEY_FILE", "/nonexistent"));
    assert_eq!(said.code, Some(78));
    assert!(!world.state().exists());
}
