//! The configuration: flags over environment over the user's file over defaults, each value with its
//! origin, and nothing that is wrong passes in silence.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::support::World;
use super::support::said::Refusal;
use super::support::schema::{assert_valid, schema};

const HINT: &str =
    "`phone-opus config check` looks again; `phone-opus config show` lists the keys.";

fn repository(name: &str) -> PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A world whose user has written a config.toml.
fn configured(text: &str) -> World {
    let world = World::new();
    write(&world, "home/.config/phone-opus/config.toml", text);
    world
}

fn write(world: &World, name: &str, text: &str) -> PathBuf {
    let path = world.path(name);
    fs::create_dir_all(path.parent().expect("a directory")).expect("made");
    fs::write(&path, text).expect("written");
    path
}

/// The entry of a key in `config show --json`.
fn shown(world: &World, key: &str) -> Value {
    let document = world.json(&["config", "show", "--json"]);
    assert_valid("config", &document);
    let entries = document["config"].as_array().expect("a list").clone();
    entries.into_iter().find(|entry| entry["key"] == key).expect("a key")
}

fn refusal(message: &str) -> Refusal<'_> {
    Refusal { exit: 78, code: "config", message, hint: HINT }
}

#[test]
fn each_layer_overrules_the_one_below_and_says_so() {
    let mut world = configured("model = \"from-file\"\neffort = \"low\"\n");
    let file = world.path("home/.config/phone-opus/config.toml").display().to_string();
    assert_eq!(
        shown(&world, "max_running"),
        json!({"key": "max_running", "value": 4, "origin": "default"})
    );
    assert_eq!(
        shown(&world, "model"),
        json!({"key": "model", "value": "from-file", "origin": file})
    );
    world.set("PHONE_OPUS_MODEL", "from-environment");
    assert_eq!(
        shown(&world, "model"),
        json!({"key": "model", "value": "from-environment", "origin": "PHONE_OPUS_MODEL"})
    );
    assert_eq!(shown(&world, "effort")["value"], "low", "another key is not touched");
    let asked = world.json(&["consult", "--json", "--model", "from-flag", "x"]);
    assert_eq!(
        (&asked["request"]["model"], &asked["request"]["effort"]),
        (&json!("from-flag"), &json!("low"))
    );
    let asked = world.json(&["consult", "--json", "x"]);
    assert_eq!(asked["request"]["model"], "from-environment");
}

#[test]
fn the_configuration_is_shown_one_key_a_line_with_its_origin() {
    let mut world = configured("timeout = \"90m\"\nprefix = \"Be brief.\"\n");
    world.set("PHONE_OPUS_MAX_RUNNING", "2");
    world.set("PHONE_OPUS_CLAUDE_BIN", "claude");
    let said = world.say(&["config", "show"]);
    assert_eq!(
        said.stdout,
        "\
claude_bin                \"claude\"  (PHONE_OPUS_CLAUDE_BIN)
model                     \"opus\"  (default)
effort                    \"max\"  (default)
max_turns                 null  (default)
max_budget_usd            null  (default)
timeout                   \"90m\"  (ROOT/home/.config/phone-opus/config.toml)
idle_timeout              \"20m\"  (default)
grace                     \"5s\"  (default)
max_running               2  (PHONE_OPUS_MAX_RUNNING)
max_depth                 1  (default)
prefix                    \"Be brief.\"  (ROOT/home/.config/phone-opus/config.toml)
tools                     [\"Read\",\"Grep\",\"Glob\",\"Bash\"]  (default)
web                       false  (default)
sandbox                   \"auto\"  (default)
credentials.token_file    null  (default)
credentials.key_file      null  (default)
mcp.cancel_on_disconnect  false  (default)
retention.older_than      \"off\"  (default)
retention.keep            null  (default)
redact                    true  (default)
allow_network_fs          false  (default)
"
    );
    assert_eq!(world.say(&["config"]).stdout, said.stdout, "showing is the default");
}

#[test]
fn the_file_is_where_xdg_says() {
    let mut world = configured("model = \"home\"\n");
    write(&world, "xdg/phone-opus/config.toml", "model = \"xdg\"\n");
    let xdg = world.path("xdg").display().to_string();
    world.set("XDG_CONFIG_HOME", &xdg);
    assert_eq!(shown(&world, "model")["value"], "xdg");
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_its_place() {
    let world = configured("modle = \"x\"\nmax_running = 0\n\neffort = huge\n");
    world.assert_refused(
        &["jobs"],
        refusal(
            "ROOT/home/.config/phone-opus/config.toml:1:1: there is no key `modle`; did you mean `model`?\n\
             ROOT/home/.config/phone-opus/config.toml:2:15: found the integer 0; max_running takes a whole number of 1 or more\n\
             ROOT/home/.config/phone-opus/config.toml:4:10: this is not TOML: string values must be quoted, expected literal string",
        ),
    );
}

#[test]
fn what_is_wrong_stops_every_command_that_reads_it_and_starts_nothing() {
    let world = configured("modle = \"x\"\n");
    let message = "ROOT/home/.config/phone-opus/config.toml:1:1: there is no key `modle`; did you mean `model`?";
    for arguments in [
        &["consult", "x"][..],
        &["consult", "--bg", "x"],
        &["consult", "--dry-run", "x"],
        &["jobs"],
        &["job", "@last"],
        &["wait", "@last"],
        &["cancel", "@last"],
        &["config", "show"],
        &["config", "check"],
    ] {
        world.assert_refused(arguments, refusal(message));
    }
    assert!(!world.state().exists());
}

#[test]
fn a_wrong_variable_is_refused_by_its_name() {
    let mut world = World::new();
    world.set("PHONE_OPUS_GRACE", "soon");
    world.assert_refused(
        &["consult", "x"],
        refusal(
            "PHONE_OPUS_GRACE: grace: \"soon\" is not a duration such as \"90s\", \"20m\", \
             \"1.5h\", \"30d\", \"500ms\" or bare seconds",
        ),
    );
}

#[test]
fn of_two_credentials_none_is_passed_over_without_a_word() {
    let world = configured("[credentials]\ntoken_file = \"~/t\"\nkey_file = \"~/k\"\n");
    world.assert_refused(
        &["consult", "x"],
        refusal(
            "ROOT/home/.config/phone-opus/config.toml: credentials.key_file is set, and \
             credentials.token_file too (ROOT/home/.config/phone-opus/config.toml); name one of them",
        ),
    );
}

#[test]
fn a_variable_that_means_nothing_is_warned_of_once() {
    let mut world = World::new();
    world.set("PHONE_OPUS_MODLE", "x");
    let warning = "warning: PHONE_OPUS_MODLE: this version has no such key, so it changes nothing; \
                   did you mean `PHONE_OPUS_MODEL`?\n";
    for arguments in [
        &["consult", "--bg", "x"][..],
        &["consult", "--dry-run", "x"],
        &["jobs"],
        &["wait", "@last"],
        &["job", "@last"],
        &["config", "show"],
        &["config", "check"],
    ] {
        let said = world.say(arguments);
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), warning), "{arguments:?}");
    }
    assert_eq!(world.say(&["consult", "--quiet", "x"]).stderr, "");
    let checked = world.json(&["config", "check", "--json"]);
    assert_valid("config-check", &checked);
    assert_eq!(checked["warnings"].as_array().map(Vec::len), Some(1));
}

#[test]
fn any_file_can_be_checked() {
    let world = World::new();
    let good = write(&world, "good.toml", "model = \"opus\"\n").display().to_string();
    let said = world.say(&["config", "check", &good]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), "ROOT/good.toml is right.\n"));
    let checked = world.json(&["config", "check", &good, "--json"]);
    assert_valid("config-check", &checked);
    assert_eq!((&checked["file"], &checked["ok"]), (&json!(good), &json!(true)));
    let bad = write(&world, "bad.toml", "effort = \"huge\"\n").display().to_string();
    let message = "ROOT/bad.toml:1:10: found the string \"huge\"; effort takes one of low, medium, high, xhigh and max";
    world.assert_refused(&["config", "check", &bad], refusal(message));
    let missing = world.path("missing.toml").display().to_string();
    world.assert_refused(
        &["config", "check", &missing],
        Refusal {
            hint: "`phone-opus config template` prints one to start from.",
            ..refusal("there is no configuration file ROOT/missing.toml")
        },
    );
    let said = world.say(&["config", "check"]);
    let sentence = "There is no configuration file; the defaults and the environment are right.\n";
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), sentence));
    assert_valid("config-check", &world.json(&["config", "check", "--json"]));
}

#[test]
fn a_file_that_cannot_be_read_is_refused() {
    let world = World::new();
    fs::create_dir_all(world.path("home/.config/phone-opus/config.toml")).expect("made");
    let place = "ROOT/home/.config/phone-opus/config.toml";
    let is_refused = |why: &str| {
        let message = format!("cannot read the configuration {place}: {why}");
        let hint = "Make it a UTF-8 text file that you may read, or move it out of the way.";
        world.assert_refused(&["jobs"], Refusal { hint, ..refusal(&message) });
    };
    is_refused("Is a directory");
    fs::remove_dir(world.path("home/.config/phone-opus/config.toml")).expect("removed");
    fs::write(world.path("home/.config/phone-opus/config.toml"), b"model = \"\xff\"")
        .expect("written");
    is_refused("stream did not contain valid UTF-8");
}

#[test]
fn the_template_is_a_configuration_that_changes_nothing() {
    let world = World::new();
    let before = world.say(&["config", "show"]).stdout;
    let template = world.say(&["config", "template"]).stdout;
    let path = write(&world, "home/.config/phone-opus/config.toml", &template);
    world.command(["config", "check", path.to_str().expect("text")]).assert().success();
    assert_eq!(world.say(&["config", "show"]).stdout, before);
    let assignments: Vec<&str> = template
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')))
        .collect();
    let uncommented = assignments.join("\n");
    assert_eq!(uncommented.lines().count(), before.lines().count(), "{uncommented}");
    // Of two credentials one is enough.
    let one = assignments.into_iter().filter(|line| !line.starts_with("credentials.token_file"));
    fs::write(&path, one.collect::<Vec<_>>().join("\n")).expect("written");
    world.command(["config", "check"]).assert().success();
}

/// The names of a schema's keys, with the tables that they stand in.
fn keys_of(schema: &Value) -> Vec<String> {
    let properties = schema["properties"].as_object().expect("properties");
    let below = |(name, inner): (&String, &Value)| {
        if inner["properties"].is_object() {
            keys_of(inner).iter().map(|key| format!("{name}.{key}")).collect()
        } else {
            vec![name.clone()]
        }
    };
    properties.iter().flat_map(below).collect()
}

#[test]
fn every_key_is_told_once_by_the_program_the_schema_and_the_manual() {
    let world = World::new();
    let shown = world.json(&["config", "show", "--json"]);
    let entries = shown["config"].as_array().expect("a list").iter();
    let mut shown: Vec<String> =
        entries.map(|entry| entry["key"].as_str().expect("a name").to_owned()).collect();
    let page = fs::read_to_string(repository("man/phone-opus-config.5")).expect("text");
    let page = page.split(".SH KEYS\n").nth(1).and_then(|rest| rest.split(".SH ").next());
    let mut told: Vec<String> = page
        .expect("a section")
        .split(".TP\n\\fB")
        .filter_map(|item| Some(item.split_once("\\fR\n")?.0.to_owned()))
        .collect();
    assert_eq!(told, shown, "man/phone-opus-config.5");
    shown.sort();
    told = keys_of(&schema("config-file"));
    told.sort();
    assert_eq!(told, shown, "schemas/config-file.json");
}

#[test]
fn the_template_without_its_comments_is_a_file_as_the_schema_has_it() {
    let template = World::new().say(&["config", "template"]).stdout;
    let keys = keys_of(&schema("config-file"));
    let assignments: Vec<&str> = template
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| keys.iter().any(|key| line.starts_with(&format!("{key} = "))))
        .collect();
    assert_eq!(assignments.len(), keys.len());
    let file: toml::Table = assignments.join("\n").parse().expect("TOML");
    assert_valid("config-file", &serde_json::to_value(file).expect("JSON"));
}

#[test]
fn a_project_cannot_configure_its_own_adviser() {
    let world = World::new();
    for name in
        ["config.toml", "phone-opus.toml", ".phone-opus.toml", ".config/phone-opus/config.toml"]
    {
        write(&world, &format!("cwd/{name}"), "model = \"trojan\"\nclaude_bin = \"/bin/false\"\n");
    }
    let job = world.json(&["consult", "--json", "x"]);
    assert_eq!((&job["request"]["model"], &job["status"]), (&json!("opus"), &json!("succeeded")));
}

#[test]
fn the_template_has_no_json_form() {
    let said = World::new().say(&["config", "template", "--json"]);
    assert_valid("error", &said.json());
    assert_eq!(said.json()["error"]["message"], "the template is TOML and has no JSON form");
    assert_eq!(said.code, Some(2));
}
