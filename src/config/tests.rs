//! The promises of the configuration as a whole.

use std::time::Duration;

use super::keys::PREFIX;
use super::*;

const PATH: &str = "/home/u/.config/phone-opus/config.toml";

fn resolved(text: &str, environment: &[(&str, &str)], flags: &Flags) -> Result<Config, Invalid> {
    let lookup = |name: &str| {
        environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    };
    let names: Vec<String> = environment.iter().map(|(name, _)| (*name).to_owned()).collect();
    resolve(Some(File { path: PATH.as_ref(), text }), &lookup, &names, flags)
}

fn problems(text: &str, environment: &[(&str, &str)], flags: &Flags) -> Vec<String> {
    let invalid = resolved(text, environment, flags).expect_err("refused");
    invalid.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn without_anything_set_the_documented_defaults_are_in_force() {
    let config = resolve(None, &|_| None, &[], &Flags::default()).expect("reads");
    let shown: Vec<String> = config
        .entries()
        .iter()
        .filter(|entry| entry.key != "prefix")
        .map(|entry| format!("{} = {}", entry.key, entry.value))
        .collect();
    assert_eq!(
        shown,
        [
            "claude_bin = null",
            "model = \"opus\"",
            "effort = \"max\"",
            "max_turns = null",
            "max_budget_usd = null",
            "timeout = \"off\"",
            "idle_timeout = \"20m\"",
            "grace = \"5s\"",
            "max_running = 4",
            "max_depth = 1",
            "tools = [\"Read\",\"Grep\",\"Glob\",\"Bash\"]",
            "web = false",
            "sandbox = \"auto\"",
            "credentials.token_file = null",
            "credentials.key_file = null",
            "mcp.cancel_on_disconnect = false",
            "retention.older_than = \"off\"",
            "retention.keep = null",
            "redact = true",
            "allow_network_fs = false",
        ]
    );
    assert_eq!(config.prefix.value.as_deref(), Some(PREFIX));
    assert!(config.entries().iter().all(|entry| entry.origin == Origin::Default));
}

#[test]
fn flags_overrule_the_environment_which_overrules_the_file() {
    let text = "model = \"haiku\"\neffort = \"low\"\nmax_turns = 3\n";
    let environment = [("PHONE_OPUS_MODEL", "sonnet"), ("PHONE_OPUS_EFFORT", "high")];
    let flags = Flags { model: Some("opus".to_owned()), ..Flags::default() };
    let config = resolved(text, &environment, &flags).expect("reads");
    assert_eq!(config.model, Setting { value: "opus".to_owned(), origin: Origin::Flag });
    assert_eq!(config.effort.value, "high");
    assert_eq!(config.effort.origin, Origin::Env("PHONE_OPUS_EFFORT".to_owned()));
    assert_eq!(config.max_turns, Setting { value: Some(3), origin: Origin::File(PATH.into()) });
    assert_eq!(config.web.origin, Origin::Default);
}

#[test]
fn every_flag_is_a_key() {
    let flags = Flags {
        model: Some("m".to_owned()),
        effort: Some("low".to_owned()),
        max_turns: Some(2),
        max_budget_usd: Some(1.5),
        timeout: Some(Limit::Off),
        idle_timeout: Some(Limit::After(Duration::from_millis(1500))),
        web: Some(true),
    };
    let config = resolved("", &[], &flags).expect("reads");
    let by_flag = config.entries().iter().filter(|entry| entry.origin == Origin::Flag).count();
    assert_eq!(by_flag, 7);
    assert_eq!(config.idle_timeout.value.as_millis(), Some(1500));
}

#[test]
fn what_the_file_sets_can_be_taken_back_by_the_environment() {
    let text = "max_turns = 3\ntimeout = 60\nprefix = \"Be brief.\"\n";
    let environment = [
        ("PHONE_OPUS_MAX_TURNS", "none"),
        ("PHONE_OPUS_TIMEOUT", "off"),
        ("PHONE_OPUS_PREFIX", "false"),
    ];
    let config = resolved(text, &environment, &Flags::default()).expect("reads");
    assert_eq!(config.max_turns.value, None);
    assert_eq!(config.timeout.value, Limit::Off);
    assert_eq!(config.prefix.value, None);
}

#[test]
fn a_key_in_a_table_is_read_from_the_file_and_from_the_environment() {
    let config = resolved("[mcp]\ncancel_on_disconnect = true\n", &[], &Flags::default());
    assert!(config.expect("reads").mcp_cancel_on_disconnect.value);
    let environment = [("PHONE_OPUS_MCP_CANCEL_ON_DISCONNECT", "true")];
    let config = resolved("", &environment, &Flags::default()).expect("reads");
    assert!(config.mcp_cancel_on_disconnect.value && config.warnings.is_empty());
}

#[test]
fn a_table_is_not_a_value_and_a_value_is_not_a_table() {
    assert_eq!(
        problems("mcp = true\nmodel = { name = \"opus\" }\n", &[], &Flags::default()),
        [
            format!("{PATH}:1:1: found true; mcp is a table: [mcp]"),
            format!("{PATH}:2:9: found a table; model takes a string that is not blank"),
        ]
    );
}

#[test]
fn a_quoted_name_with_a_dot_is_no_key_in_a_table() {
    let text = "\"mcp.cancel_on_disconnect\" = true\n[mcp]\ncancel_on_disconnect = false\n";
    assert_eq!(
        problems(text, &[], &Flags::default()),
        [format!(
            "{PATH}:1:1: there is no key `\"mcp.cancel_on_disconnect\"`; did you mean `mcp.cancel_on_disconnect`?"
        )]
    );
}

#[test]
fn an_empty_variable_is_not_set() {
    let config = resolved("", &[("PHONE_OPUS_MODEL", "")], &Flags::default()).expect("reads");
    assert_eq!((config.model.value.as_str(), config.model.origin), ("opus", Origin::Default));
}

#[test]
fn durations_are_read_with_and_without_a_unit() {
    let text = "timeout = \"1.5m\"\nidle_timeout = 0\ngrace = 2.5\n";
    let config = resolved(text, &[], &Flags::default()).expect("reads");
    assert_eq!(config.timeout.value, Limit::After(Duration::from_secs(90)));
    assert_eq!(config.idle_timeout.value, Limit::Off);
    assert_eq!(config.grace.value, Duration::from_millis(2500));
}

#[test]
fn every_problem_is_reported_with_its_place_what_was_found_and_what_is_accepted() {
    let text = "modle = \"opus\"\nmax_turns = \"many\"\ntools = [\"Read\", \"Write\"]\n[mpc]\nx = 1\n[mcp]\ncancel_on_disconect = true\n";
    let environment = [("PHONE_OPUS_EFFORT", "ultra"), ("PHONE_OPUS_GRACE", "-1")];
    let flags = Flags { max_turns: Some(0), ..Flags::default() };
    assert_eq!(
        problems(text, &environment, &flags),
        [
            format!("{PATH}:1:1: there is no key `modle`; did you mean `model`?"),
            format!(
                "{PATH}:2:13: found the string \"many\"; max_turns takes a whole number of 1 or more, or \"none\""
            ),
            format!(
                "{PATH}:3:9: found the list [the string \"Read\", the string \"Write\"]; tools takes a list out of \"Read\", \"Grep\", \"Glob\" and \"Bash\", without repeats"
            ),
            format!("{PATH}:4:2: there is no key `mpc`; `phone-opus config show` lists the keys"),
            format!(
                "{PATH}:7:1: there is no key `mcp.cancel_on_disconect`; did you mean `mcp.cancel_on_disconnect`?"
            ),
            "PHONE_OPUS_EFFORT: found \"ultra\"; effort takes one of low, medium, high, xhigh and max"
                .to_owned(),
            "--max-turns: found the integer 0; max_turns takes a whole number of 1 or more, or \"none\""
                .to_owned(),
            "PHONE_OPUS_GRACE: grace: \"-1\" is negative; a duration is not".to_owned(),
        ]
    );
}

#[test]
fn a_text_that_is_not_toml_is_reported_with_line_and_column() {
    let found = problems("model = \"opus\"\nweb = maybe\n", &[], &Flags::default());
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with(&format!("{PATH}:2:7: this is not TOML: ")), "{found:?}");
}

#[test]
fn an_unknown_variable_is_a_warning_and_known_ones_are_not() {
    let environment = [
        ("PHONE_OPUS_MAX_TRUNS", "3"),
        ("PHONE_OPUS_STATE_DIR", "/s"),
        ("PHONE_OPUS_JOB", "j"),
        ("PHONE_OPUS_DEPTH", "1"),
        ("PHONE_OPUS_TEST_CLOCK", "1"),
        ("PHONE_OPUS_WEB", "1"),
    ];
    let config = resolved("", &environment, &Flags::default()).expect("reads");
    let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "PHONE_OPUS_MAX_TRUNS: this version has no such key, so it changes nothing; did you mean `PHONE_OPUS_MAX_TURNS`?"
        ]
    );
}

#[test]
fn two_credentials_are_one_too_many_wherever_they_are_named() {
    let text = "[credentials]\ntoken_file = \"/t\"\n";
    let environment = [("PHONE_OPUS_CREDENTIALS_KEY_FILE", "/k")];
    let wrong = format!(
        "PHONE_OPUS_CREDENTIALS_KEY_FILE: credentials.key_file is set, and credentials.token_file too \
         ({PATH}); name one of them"
    );
    assert_eq!(problems(text, &environment, &Flags::default()), [wrong]);
    assert!(resolved(text, &[], &Flags::default()).is_ok());
}
