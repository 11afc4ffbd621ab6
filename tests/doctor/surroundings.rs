//! What a consult needs before there is a job: Claude Code, a way in, a state directory, a free lock.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use super::super::support::{World, fake_claude, write_program};
use super::{assert_says, examine, examined, healthy, mode};

/// What the doctor says, without the lines that depend on the machine.
fn words(world: &World, arguments: &[&str]) -> (Option<i32>, String, String) {
    let said = world.say(&[&["doctor"], arguments].concat());
    let claude = fake_claude().display().to_string();
    let mut depends = false;
    let lines: Vec<String> = said
        .stdout
        .lines()
        .filter(|line| {
            // Advice goes with the line above it.
            if !line.starts_with(' ') {
                let name = line.split_whitespace().nth(1).unwrap_or_default();
                depends = ["kernel", "space", "state"].contains(&name);
            }
            !depends
        })
        .map(|line| line.replace(&claude, "CLAUDE"))
        .collect();
    (said.code, lines.join("\n"), said.stderr)
}

#[test]
fn where_nothing_is_wrong_each_line_says_so() {
    let world = healthy();
    let (code, text, _) = words(&world, &[]);
    let expected = "\
OK      configuration  there is no file, and the defaults are in force
OK      claude         CLAUDE, version 9.9.9, with --restricted
OK      credentials    ANTHROPIC_API_KEY in the environment
OK      clients        no client's configuration names this program
                       → `phone-opus mcp config CLIENT` prints what to put there, if you want it.";
    assert_eq!((code, text.as_str()), (Some(0), expected));
    assert!(!world.state().exists(), "a look makes nothing");
    world.finish(&world.submit("x"));
    world.assert_quiet();
    let (code, text, _) = words(&world, &[]);
    let lines: Vec<&str> = text.lines().skip(3).collect();
    assert_eq!(lines[0], "OK      log-lock       nobody holds on to the log's lock");
    assert!(lines[1].starts_with("OK      log            1 job, 3 lines, "), "{text}");
    assert_eq!(lines[2], "OK      runners        no job is running or queued");
    assert_eq!(
        lines[3],
        "OK      files          nothing is left over; the directories of 1 job were looked at"
    );
    assert_eq!(code, Some(0));
}

#[test]
fn what_is_wrong_stands_with_what_to_do_and_what_was_done_stands_first() {
    let world = healthy();
    world.finish(&world.submit("x"));
    world.assert_quiet();
    let log = world.state().join("events.jsonl");
    let offset = fs::metadata(&log).expect("there").len();
    let torn = [&fs::read(&log).expect("read")[..], b"{\"v\":1"].concat();
    fs::write(&log, torn).expect("written");
    let (code, text, closing) = words(&world, &[]);
    let line = format!(
        "WARN    log            line 4 (byte {offset}, 6 bytes) has no end: its writer died or had no room\n\
         {:23}→ The next event seals it off, and so does --fix.\n",
        ""
    );
    assert!(text.contains(&line), "{text}");
    assert!(closing.ends_with("`phone-opus doctor --fix` takes care of 1 of them.\n"), "{closing}");
    assert_eq!(code, Some(0));
    let (_, text, _) = words(&world, &["--fix"]);
    assert!(
        text.starts_with("FIXED   log            the torn last line is sealed off\nOK "),
        "{text}"
    );
}

#[test]
fn a_look_leaves_every_file_as_it_was() {
    let world = healthy();
    world.finish(&world.submit("x"));
    world.assert_quiet();
    let before = world.files();
    examine(&world, &[]);
    examine(&world, &["--fix"]);
    assert_eq!(world.files(), before);
}

#[test]
fn claude_code_that_is_missing_or_silent_is_an_error_with_its_exit_code() {
    let mut world = healthy();
    world.set("PHONE_OPUS_CLAUDE_BIN", "/nowhere/claude");
    let found = examine(&world, &[]);
    assert_eq!(found.code, Some(69));
    assert_eq!(found.one("claude", "claude_missing")["exit_code"], 69);
    let silent = world.path("silent");
    fs::write(&silent, "#!/bin/sh\nexit 1\n").expect("written");
    mode(&silent, 0o755);
    world.set("PHONE_OPUS_CLAUDE_BIN", &silent.display().to_string());
    let found = examine(&world, &[]);
    assert_eq!(found.one("claude", "claude_silent")["exit_code"], 69);
}

#[test]
fn a_claude_code_that_lacks_a_flag_or_tells_no_version_is_a_warning() {
    let mut world = healthy();
    let claude = world.path("claude");
    let script = "#!/bin/sh\n[ \"$1\" = --help ] && echo '--print --output-format'\n";
    write_program(&claude, script);
    world.set("PHONE_OPUS_CLAUDE_BIN", &claude.display().to_string());
    let found = examine(&world, &[]);
    assert_eq!(found.code, Some(0));
    let message = "ROOT/claude does not tell its version";
    let advice = "Run it with --version; update it if that fails.";
    assert_says(found.one("claude", "version_unknown"), "warn", message, Some(advice));
    let message = "this version does not know --restricted";
    let advice = "Update Claude Code: without that flag `@path` in a prompt reads any file.";
    assert_says(found.one("claude", "no_restricted"), "warn", message, Some(advice));
}

#[test]
fn kernel_directory_and_disk_are_told_whatever_they_are() {
    let world = healthy();
    world.finish(&world.submit("x"));
    world.assert_quiet();
    let found = examine(&world, &[]);
    let message = |found: &serde_json::Value| found["message"].as_str().expect("text").to_owned();
    let kernel = message(found.one("kernel", "features"));
    for part in ["Landlock: ", "; seccomp: ", "; bubblewrap: "] {
        assert!(kernel.contains(part), "{kernel}");
    }
    let of = |check, codes: &[&str]| -> Vec<String> {
        codes.iter().flat_map(|code| found.all(check, code)).map(message).collect()
    };
    let state = of("state", &["usable", "in_memory"]);
    assert_eq!(state.len(), 1, "{:#}", found.document);
    let usable = state[0].starts_with("ROOT/state can be used, on ");
    assert!(usable || state[0].starts_with("ROOT/state is in memory ("), "{state:?}");
    let space = of("space", &["enough", "low", "full"]);
    assert_eq!(space.len(), 1, "{:#}", found.document);
    assert!(space[0].ends_with(" free"), "{space:?}");
}

#[test]
fn credentials_for_advisers_alone_are_looked_at_and_not_shown() {
    let mut world = World::new();
    let file = world.path("token");
    fs::write(&file, "sk-secret-5\n").expect("written");
    mode(&file, 0o600);
    let place = world.path("home/.config/phone-opus");
    fs::create_dir_all(&place).expect("made");
    let config = format!("[credentials]\ntoken_file = \"{}\"\n", file.display());
    fs::write(place.join("config.toml"), config).expect("written");
    let found = examine(&world, &[]);
    let message = "the credential in ROOT/token";
    assert_says(found.one("credentials", "found"), "ok", message, None);
    assert!(!found.document.to_string().contains("sk-secret"), "{:#}", found.document);
    mode(&file, 0o644);
    let found = examine(&world, &[]);
    let told = found.document.to_string();
    assert!(told.contains("others may read it (mode 644); chmod 600 it"), "{told}");
    assert!(found.code != Some(0) && !told.contains("sk-secret"), "{told}");

    fs::remove_file(place.join("config.toml")).expect("removed");
    world.set("FAKE_CLAUDE", "ok");
    world.command(["login"]).assert().success();
    let found = examine(&world, &[]);
    let message = "the login of `phone-opus login`";
    assert_says(found.one("credentials", "found"), "ok", message, None);
}

#[test]
fn without_a_way_in_it_is_an_error_and_no_secret_is_ever_shown() {
    let world = World::new();
    let found = examine(&world, &[]);
    assert_eq!(found.code, Some(4));
    let message =
        "there is no key in the environment, no key helper in your settings, and no login";
    let advice = "Run `claude` and log in, or set ANTHROPIC_API_KEY, then ask again.";
    assert_says(found.one("credentials", "no_credentials"), "error", message, Some(advice));

    let claude = world.path("home/.claude");
    fs::create_dir(&claude).expect("made");
    let login = claude.join(".credentials.json");
    let oauth =
        |rest: &str| format!(r#"{{"claudeAiOauth":{{"accessToken":"sk-secret-1"{rest}}}}}"#);
    fs::write(&login, oauth(r#","expiresAt":1000"#)).expect("written");
    mode(&login, 0o600);
    let found = examine(&world, &[]);
    let message = found.one("credentials", "no_credentials")["message"].as_str().expect("text");
    assert!(message.contains(".credentials.json has expired ("), "{message}");

    fs::write(&login, oauth(r#","expiresAt":1000,"refreshToken":"sk-secret-2""#)).expect("written");
    fs::write(claude.join("settings.json"), r#"{"apiKeyHelper":"echo sk-secret-3"}"#)
        .expect("written");
    fs::write(world.path("home/.claude.json"), r#"{"primaryApiKey":"sk-secret-4"}"#)
        .expect("written");
    mode(&login, 0o644);
    let found = examine(&world, &[]);
    let message = format!(
        "apiKeyHelper in your settings, not run; the key of a login at the console; \
         the login in {}, which Claude Code renews at its next call",
        "ROOT/home/.claude/.credentials.json"
    );
    assert_says(found.one("credentials", "found"), "ok", &message, None);
    assert_eq!(found.one("credentials", "login_exposed")["level"], "warn");
    let (_, text, closing) = words(&world, &[]);
    for said in [found.document.to_string(), text, closing] {
        assert!(!said.contains("sk-secret"), "{said}");
    }
}

#[test]
fn a_wrong_configuration_is_an_error_and_the_rest_is_looked_at_all_the_same() {
    let world = healthy();
    let place = world.path("home/.config/phone-opus");
    fs::create_dir_all(&place).expect("made");
    fs::write(place.join("config.toml"), "modell = \"opus\"\n").expect("written");
    let found = examine(&world, &[]);
    assert_eq!(
        (found.code, found.one("configuration", "config")["exit_code"].as_i64()),
        (Some(78), Some(78))
    );
    assert_eq!(found.all("state", "absent").len() + found.all("state", "in_memory").len(), 1);
    let mut world = healthy();
    world.set("PHONE_OPUS_MODELL", "opus");
    let found = examine(&world, &[]);
    assert_eq!(found.one("configuration", "unknown_variable")["level"], "warn");
}

#[test]
fn a_state_directory_that_would_be_refused_is_an_error_in_the_same_words() {
    let world = healthy();
    fs::create_dir(world.path("target")).expect("made");
    symlink(world.path("target"), world.state()).expect("linked");
    let found = examine(&world, &["--fix"]);
    let message = "ROOT/state is a symbolic link, and none is followed here";
    let advice = "Set PHONE_OPUS_STATE_DIR to a directory of your own, or mend this one.";
    assert_says(found.one("state", "state_refused"), "error", message, Some(advice));
    assert_eq!(found.code, Some(74));

    let mut world = healthy();
    world.set("PHONE_OPUS_STATE_DIR", "state");
    assert_eq!(examine(&world, &[]).one("state", "config")["exit_code"], 78);
}

#[test]
fn without_a_home_it_says_what_is_missing() {
    let world = healthy();
    let mut command = world.raw(["doctor", "--json"]);
    command.env_remove("HOME").env_remove("PHONE_OPUS_STATE_DIR");
    let found = examined(&world.say_of(&mut command));
    let checks = found.document["findings"].as_array().expect("a list");
    assert!(checks.iter().any(|found| found["check"] == "clients"), "it comes to its end");
}

#[test]
fn what_is_open_to_others_is_told_and_closed_by_a_fix() {
    let world = healthy();
    world.finish(&world.submit("x"));
    world.assert_quiet();
    let (state, log) = (world.state(), world.state().join("events.jsonl"));
    mode(&state, 0o755);
    mode(&log, 0o644);
    let found = examine(&world, &[]);
    let told: Vec<_> =
        found.all("state", "exposed").iter().map(|found| found["message"].clone()).collect();
    let told_of = |path: &str, mode: &str| format!("ROOT/{path} is open to others (mode {mode})");
    assert_eq!(told, [told_of("state", "0755"), told_of("state/events.jsonl", "0644")]);
    let fixed = examine(&world, &["--fix"]);
    assert_eq!(fixed.done().len(), 2);
    for (path, want) in [(&state, 0o700), (&log, 0o600)] {
        assert_eq!(fs::metadata(path).expect("there").permissions().mode() & 0o777, want);
    }
    assert!(examine(&world, &["--fix"]).done().is_empty());
}

#[test]
fn what_is_neither_file_nor_directory_is_told_and_promised_nothing() {
    let world = healthy();
    world.finish(&world.submit("x"));
    world.assert_quiet();
    let pipe = world.state().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("started").success());
    mode(&pipe, 0o644);
    let found = examine(&world, &["--fix"]);
    let message = "ROOT/state/pipe is open to others (mode 0644)";
    let advice = "It is neither a file nor a directory, so it is left alone; move it away.";
    let one = found.one("state", "exposed");
    assert_says(one, "warn", message, Some(advice));
    assert_eq!((&one["fixable"], found.code), (&false.into(), Some(0)));
    assert!(found.done().is_empty() && pipe.exists());
}

#[test]
fn a_held_lock_of_the_log_is_told_with_its_holder_and_not_waited_for() {
    let world = healthy();
    world.finish(&world.submit("x"));
    world.assert_quiet();
    let lock = File::open(world.state().join("events.lock")).expect("opened");
    lock.lock().expect("locked");
    let found = examine(&world, &[]);
    let one = found.one("log-lock", "held");
    let begins =
        format!("the log's lock has been held for 500 ms by process {} (`", std::process::id());
    assert!(one["message"].as_str().expect("text").starts_with(&begins), "{one:#}");
    assert_eq!((found.code, &one["exit_code"]), (Some(75), &75.into()));
    assert_eq!(found.all("log", "sound").len(), 1, "readers take no lock");
    lock.unlock().expect("unlocked");
    assert_eq!(examine(&world, &[]).code, Some(0));
}

#[test]
fn a_directory_of_another_user_is_an_error_and_left_alone() {
    if !rustix::process::geteuid().is_root() {
        return; // Nobody else can give a directory away; `.ci/root-tests` runs as root.
    }
    let world = healthy();
    world.finish(&world.submit("x"));
    world.assert_quiet();
    let log = world.state().join("events.jsonl");
    match std::os::unix::fs::chown(&log, Some(65534), None) {
        // Root of a user namespace that knows no other user.
        Err(error) if error.kind() == ErrorKind::InvalidInput => return,
        given => given.expect("given away"),
    }
    mode(&log, 0o644);
    let found = examine(&world, &["--fix"]);
    let message = "ROOT/state/events.jsonl belongs to another user (uid 65534)";
    assert_eq!(found.one("state", "wrong_owner")["message"], message);
    assert!(found.done().is_empty());
    std::os::unix::fs::chown(world.state(), Some(65534), None).expect("given away");
    let found = examine(&world, &["--fix"]);
    assert_eq!((found.code, found.all("state", "state_refused").len()), (Some(74), 1));
    std::os::unix::fs::chown(world.state(), Some(0), None).expect("taken back");
}

#[test]
fn pipes_where_files_are_expected_hang_nothing() {
    let world = healthy();
    fs::create_dir_all(world.path("home/.codex")).expect("made");
    for path in ["home/.codex/config.toml", "home/.claude.json", "cwd/.mcp.json"] {
        let made = Command::new("mkfifo").arg(world.path(path)).status().expect("started");
        assert!(made.success());
    }
    assert_eq!(examine(&world, &[]).code, Some(0));
}
