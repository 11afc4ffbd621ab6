//! Every error says in one sentence what happened and in one what to do, with the documented exit
//! code, as text and as JSON; nothing is half done, and nothing is left behind.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use rustix::pipe::{PipeFlags, pipe_with};

use super::support::said::Refusal;
use super::support::{World, program, schema};

/// A place that is a file has none below it, for root neither.
const STATE_HINT: &str = "Set PHONE_OPUS_STATE_DIR to a directory of your own, or mend this one.";
const SANDBOX_HINT: &str = "If an agent's sandbox runs this command, let it write there, or set \
                            PHONE_OPUS_STATE_DIR to a place it may write.";
const ASK_HINT: &str = "Say what you want a second opinion on: phone-opus consult \"…\".";
const LIST_HINT: &str = "`phone-opus jobs` lists the jobs of this state directory.";

fn usage<'a>(message: &'a str, hint: &'a str) -> Refusal<'a> {
    Refusal { exit: 2, code: "usage", message, hint }
}

fn empty(message: &str) -> Refusal<'_> {
    Refusal { exit: 2, code: "empty_prompt", message, hint: ASK_HINT }
}

fn no_directory<'a>(message: &'a str, hint: &'a str) -> Refusal<'a> {
    Refusal { exit: 2, code: "no_directory", message, hint }
}

fn no_such_job(message: &str) -> Refusal<'_> {
    Refusal { exit: 66, code: "no_such_job", message, hint: LIST_HINT }
}

fn state_refused(message: &str) -> Refusal<'_> {
    Refusal { exit: 74, code: "state_refused", message, hint: STATE_HINT }
}

/// The command with arguments of any bytes.
fn raw_bytes(world: &World, arguments: &[&[u8]]) -> Command {
    let mut command = world.raw([""; 0]);
    command.args(arguments.iter().map(|argument| OsStr::from_bytes(argument)));
    command
}

fn world_with(name: &str, value: &str) -> World {
    let mut world = World::new();
    world.set(name, value);
    world
}

#[test]
fn wrong_arguments_are_told_with_the_usage() {
    let world = World::new();
    let said = world.say(&["consult", "--nope"]);
    assert_eq!(
        said.stderr,
        "error: unexpected argument '--nope' found\n\n  \
         tip: to pass '--nope' as a value, use '-- --nope'\n\n\
         Usage: phone-opus consult [OPTIONS] [PROMPT]\n\n\
         For more information, try '--help'.\n"
    );
    assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""));
    for (arguments, sentence) in [
        (&["nonsense"][..], "error: unrecognized subcommand 'nonsense'\n"),
        (&["con"], "error: unrecognized subcommand 'con'\n"),
        (&["job"], "error: the following required arguments were not provided:\n  <ID>\n"),
        (
            &["consult", "--max-turns", "0", "x"],
            "error: invalid value '0' for '--max-turns <N>': it takes a whole number of 1 or more\n",
        ),
        (
            &["jobs", "--limit", "many"],
            "error: invalid value 'many' for '--limit <N>': it takes a whole number of 1 or more\n",
        ),
        (
            &["jobs", "--status", "done"],
            "error: invalid value 'done' for '--status <S>': the states are queued, running, \
             succeeded, failed, cancelled, lost\n",
        ),
        (
            &["wait", "abcdef", "--timeout", "soon"],
            "error: invalid value 'soon' for '--timeout <D>': \"soon\" is not a duration such as \
             \"90s\", \"20m\", \"1.5h\", \"30d\", \"500ms\" or bare seconds\n",
        ),
        (
            &["job", "abcde"],
            "error: invalid value 'abcde' for '<ID>': a job is named by its id, by the first 6 or \
             more characters of it, or by @last\n",
        ),
    ] {
        let said = world.say(arguments);
        assert!(said.stderr.starts_with(sentence), "{}", said.stderr);
        assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""));
    }
    assert!(!world.state().exists());
}

#[test]
fn wrong_arguments_are_json_where_json_is_asked_for() {
    let world = World::new();
    for (arguments, message) in [
        (&["--json"][..], "unexpected argument '--json' found"),
        (&["nonsense", "--json"], "unrecognized subcommand 'nonsense'"),
        (&["job", "--json"], "the following required arguments were not provided: <ID>"),
        (&["consult", "--nope", "--json"], "unexpected argument '--nope' found"),
        (
            &["consult", "--json", "--effort", "huge", "x"],
            "invalid value 'huge' for '--effort <E>' [possible values: low, medium, high, xhigh, max]",
        ),
    ] {
        let said = world.say(arguments);
        let document = said.json();
        schema::assert_valid("error", &document);
        assert_eq!(document["error"]["message"], message);
        assert_eq!((said.code, said.stderr.as_str()), (Some(2), ""));
    }
}

#[test]
fn a_flag_that_does_not_fit_its_key_is_wrong_usage() {
    let world = World::new();
    let hint = "`phone-opus consult --help` says what each flag takes.";
    world.assert_refused(
        &["consult", "--max-budget-usd", "-1", "x"],
        usage(
            "--max-budget-usd: found the number -1; max_budget_usd takes US dollars as a number \
             above 0, or \"none\"",
            hint,
        ),
    );
    world.assert_refused(
        &["consult", "--model", " ", "x"],
        usage("--model: found the string \" \"; model takes a string that is not blank", hint),
    );
}

#[test]
fn an_empty_prompt_is_refused_wherever_it_comes_from() {
    let world = World::new();
    world.assert_refused(&["consult", ""], empty("the prompt is empty"));
    world.assert_refused(&["consult", " \n\t"], empty("the prompt is empty"));
    world.assert_refused(&["consult", "-"], empty("standard input is empty"));
    world.assert_refused(&["consult"], empty("standard input is empty"));
    fs::write(world.path("blank"), " \n").expect("written");
    let blank = world.path("blank").display().to_string();
    world.assert_refused(
        &["consult", "--prompt-file", &blank],
        empty("the prompt file ROOT/blank is empty"),
    );
}

#[test]
fn material_without_a_question_is_not_sent() {
    let world = World::new();
    fs::write(world.path("diff"), "+ a line\n").expect("written");
    let command = || {
        let mut command = world.raw(["consult", ""]);
        command.stdin(File::open(world.path("diff")).expect("opened"));
        command
    };
    world.assert_refused_of(command, empty("the prompt is empty"));
}

#[test]
fn a_prompt_file_that_cannot_be_read_is_named() {
    let world = World::new();
    let hint = "Give the question as text, in a file that you may read or through a pipe.";
    let missing = world.path("missing").display().to_string();
    world.assert_refused(
        &["consult", "--prompt-file", &missing],
        usage("cannot read the prompt file ROOT/missing: No such file or directory", hint),
    );
    let directory = world.cwd().display().to_string();
    world.assert_refused(
        &["consult", "--prompt-file", &directory],
        usage("cannot read the prompt file ROOT/cwd: Is a directory", hint),
    );
}

#[test]
fn a_prompt_that_is_too_large_is_refused_before_anything_starts() {
    let world = World::new();
    fs::write(world.path("huge"), "a".repeat(10_000_000)).expect("written");
    let huge = world.path("huge").display().to_string();
    let refusal = |message| Refusal {
        exit: 2,
        code: "prompt_too_large",
        message,
        hint: "Name files instead of pasting them: the adviser can read the directory.",
    };
    world.assert_refused(
        &["consult", "--prompt-file", &huge],
        refusal(
            "the prompt file ROOT/huge is larger than 9934464 bytes, the most that Claude Code takes",
        ),
    );
    let piped = |argument: &'static str| {
        let world = &world;
        move || {
            let mut command = world.raw(["consult", argument]);
            command.stdin(File::open(world.path("huge")).expect("opened"));
            command
        }
    };
    let stdin = "standard input is larger than 9934464 bytes, the most that Claude Code takes";
    world.assert_refused_of(piped("-"), refusal(stdin));
    world.assert_refused_of(piped("what is it?"), refusal(stdin));
    fs::write(world.path("huge"), "a".repeat(9_934_464)).expect("written");
    world.assert_refused_of(
        piped("what is it?"),
        refusal("the prompt is larger than 9934464 bytes, the most that Claude Code takes"),
    );
}

#[test]
fn what_is_not_utf_8_is_refused_with_the_place() {
    let world = World::new();
    fs::write(world.path("latin"), b"caf\xe9").expect("written");
    let latin = world.path("latin").display().to_string();
    let hint = "Convert it, for example with iconv.";
    world.assert_refused(
        &["consult", "--prompt-file", &latin],
        usage("the prompt file ROOT/latin is not UTF-8 text (byte 3)", hint),
    );
    let piped = || {
        let mut command = world.raw(["consult", "-"]);
        command.stdin(File::open(world.path("latin")).expect("opened"));
        command
    };
    world.assert_refused_of(piped, usage("standard input is not UTF-8 text (byte 3)", hint));
    for arguments in [
        &[&b"consult"[..], b"caf\xe9"][..],
        &[b"job", b"caf\xe9"],
        &[b"consult", b"--label", b"\xff", b"x"],
    ] {
        let said = world.say_of(&mut raw_bytes(&world, arguments));
        let sentence = "error: invalid UTF-8 was detected in one or more arguments\n";
        assert!(said.stderr.starts_with(sentence), "{}", said.stderr);
        assert_eq!(said.code, Some(2));
    }
    assert!(!world.state().exists());
}

#[test]
fn a_job_that_is_not_there_is_told_apart_from_wrong_usage() {
    let world = World::new();
    let id = "0b4e0a52-7f43-4f5e-9a2b-3c1d5e6f7a8b";
    let full = format!("there is no job {id}");
    for command in ["job", "wait", "cancel"] {
        for has_jobs in [false, true] {
            if has_jobs && !world.state().exists() {
                world.command(["consult", "x"]).assert().success();
            }
            world.assert_refused(&[command, id], no_such_job(&full));
            world.assert_refused(&[command, &id.to_uppercase()], no_such_job(&full));
            let prefix = "there is no job whose id starts with 0b4e0a";
            world.assert_refused(&[command, "0b4e0a"], no_such_job(prefix));
        }
    }
    let fresh = World::new();
    for command in ["job", "wait", "cancel"] {
        fresh.assert_refused(&[command, "@last"], no_such_job("there is no job yet"));
    }
}

#[test]
fn of_several_jobs_one_that_is_not_there_fails_all_before_anything_is_done() {
    let world = World::new();
    let id = world.submit("FAKE:mode=gate,gate=never");
    world.until_status(&id, "running");
    let missing = no_such_job("there is no job whose id starts with 0b4e0a");
    world.assert_refused(&["cancel", &id, "0b4e0a"], missing);
    world.assert_refused(&["wait", &id, "0b4e0a"], missing);
    assert_eq!(world.job(&id)["status"], "running");
    world.command(["cancel", &id]).assert().success();
}

#[test]
fn a_directory_to_advise_on_must_be_one() {
    let world = World::new();
    let missing = world.path("missing").display().to_string();
    world.assert_refused(
        &["consult", "--cwd", &missing, "x"],
        no_directory(
            "there is no directory ROOT/missing: No such file or directory",
            "Give --cwd the directory that the question is about.",
        ),
    );
    fs::write(world.path("file"), "").expect("written");
    let file = world.path("file").display().to_string();
    world.assert_refused(
        &["consult", "--cwd", &file, "x"],
        no_directory(
            "ROOT/file is not a directory",
            "Give --cwd the directory, and name the file in the question.",
        ),
    );
    fs::create_dir_all(world.state().join("jobs")).expect("made");
    for below in ["", "/jobs", "/../state/jobs"] {
        let place = format!("{}{below}", world.state().display());
        let shown = if below.is_empty() { "" } else { "/jobs" };
        world.assert_refused(
            &["consult", "--cwd", &place, "x"],
            no_directory(
                &format!(
                    "the directory ROOT/state{shown} is in the state directory, which no adviser may read"
                ),
                "Copy what the question is about to another place, and give --cwd that.",
            ),
        );
    }
    let strange = world.path("").join(OsStr::from_bytes(b"caf\xe9"));
    fs::create_dir(&strange).expect("made");
    world.assert_refused_of(
        || {
            let arguments = [b"consult", &b"--cwd"[..], strange.as_os_str().as_bytes(), b"x"];
            raw_bytes(&world, &arguments)
        },
        no_directory(
            "the path ROOT/caf\u{fffd} is not UTF-8",
            "The log is JSON and cannot hold such a path; rename the directory.",
        ),
    );
}

#[test]
fn a_deleted_working_directory_is_told_and_cwd_gets_around_it() {
    let world = World::new();
    fs::create_dir(world.path("gone")).expect("made");
    let deleted = |arguments: &'static [&'static str]| {
        let world = &world;
        move || {
            let _ = fs::create_dir(world.path("gone"));
            let mut shell = Command::new("/bin/sh");
            world.dress(&mut shell);
            let script = "rmdir ../gone && exec \"$0\" \"$@\"";
            shell.current_dir(world.path("gone")).args(["-c", script]);
            shell.arg(program()).args(arguments);
            shell
        }
    };
    fs::remove_dir(world.path("gone")).expect("removed");
    let refusal = no_directory(
        "the working directory cannot be told: No such file or directory",
        "It was probably deleted: change to another one, or give --cwd DIR.",
    );
    world.assert_refused_of(deleted(&["consult", "x"]), refusal);
    let said = world.say_of(&mut deleted(&["consult", "--cwd", "/", "x"])());
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), "fake answer: 42\n"), "{said:#?}");
    world.assert_refused_of(deleted(&["jobs", "--here"]), refusal);
    let said = world.say_of(&mut deleted(&["jobs"])());
    assert_eq!((said.code, said.stdout.lines().count()), (Some(0), 2), "{said:#?}");
}

#[test]
fn a_state_directory_that_is_none_is_refused_by_readers_and_writers() {
    let world = World::new();
    fs::write(world.path("file"), "keep").expect("written");
    for (place, message) in [
        ("file", "ROOT/file is not a directory"),
        ("file/state", "ROOT/file is not a directory"),
        ("file/a/b", "ROOT/file is not a directory"),
    ] {
        let place = world.path(place).display().to_string();
        for arguments in [&["consult", "x"][..], &["jobs"], &["job", "@last"], &["wait", "@last"]] {
            let command = || {
                let mut command = world.raw(arguments);
                command.env("PHONE_OPUS_STATE_DIR", &place);
                command
            };
            world.assert_refused_of(command, state_refused(message));
        }
    }
    assert_eq!(fs::read_to_string(world.path("file")).expect("there"), "keep");
}

#[test]
fn a_state_directory_behind_a_link_is_refused_and_its_target_left_alone() {
    let world = World::new();
    fs::create_dir(world.path("target")).expect("made");
    symlink(world.path("target"), world.state()).expect("linked");
    let refusal = state_refused("ROOT/state is a symbolic link, and none is followed here");
    for arguments in [&["consult", "x"][..], &["jobs"], &["job", "@last"], &["cancel", "@last"]] {
        world.assert_refused(arguments, refusal);
    }
    assert!(fs::read_dir(world.path("target")).expect("there").next().is_none());
}

#[test]
fn a_directory_that_others_use_is_not_taken_as_state_directory() {
    let world = World::new();
    fs::create_dir(world.state()).expect("made");
    fs::write(world.state().join("letter"), "").expect("written");
    fs::set_permissions(world.state(), fs::Permissions::from_mode(0o755)).expect("opened");
    let message =
        "ROOT/state is open to others and holds other files: not taken as state directory";
    world.assert_refused(&["consult", "x"], state_refused(message));
    assert_eq!(fs::metadata(world.state()).expect("there").permissions().mode() & 0o777, 0o755);
}

#[test]
fn a_state_directory_must_be_an_absolute_path() {
    let refusal = |message| Refusal {
        exit: 78,
        code: "config",
        message,
        hint: "Set PHONE_OPUS_STATE_DIR (or XDG_STATE_HOME, or HOME) to a path that starts with /.",
    };
    let world = world_with("PHONE_OPUS_STATE_DIR", "state");
    for arguments in [&["consult", "x"][..], &["consult", "--dry-run", "x"], &["jobs"]] {
        world.assert_refused(
            arguments,
            refusal("the state directory state is not an absolute path"),
        );
    }
}

#[test]
fn an_unwritable_state_directory_names_the_likely_cause() {
    let mut world = World::new();
    // Nobody may make a directory there, root neither: sysfs has no such operation. A sandbox without
    // sysfs is not root's.
    let place = if Path::new("/sys/kernel").exists() {
        "/sys/phone-opus-test".to_owned()
    } else {
        let closed = world.path("closed");
        fs::create_dir(&closed).expect("made");
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).expect("closed");
        closed.join("state").display().to_string()
    };
    world.set("PHONE_OPUS_STATE_DIR", &place);
    let said = world.say(&["consult", "x"]);
    let place = place.replace(&world.path("").display().to_string(), "ROOT/");
    assert!(said.stderr.starts_with(&format!("error: cannot write to {place}: ")), "{said:#?}");
    assert!(said.stderr.ends_with(&format!("\nhint: {SANDBOX_HINT}\n")), "{said:#?}");
    assert_eq!(said.code, Some(74));
    let said = world.say(&["consult", "--json", "x"]);
    let document = said.json();
    schema::assert_valid("error", &document);
    assert_eq!(document["error"]["code"], "state_unwritable");
    assert_eq!(document["error"]["hint"], SANDBOX_HINT);
}

#[test]
fn permissions_that_are_missing_are_told_to_whom_they_bind() {
    let world = World::new();
    world.command(["consult", "x"]).assert().success();
    let is_root = rustix::process::geteuid().is_root();
    let mode = |mode| fs::set_permissions(world.state(), fs::Permissions::from_mode(mode));
    mode(0o000).expect("closed");
    let said = world.say(&["jobs"]);
    mode(0o700).expect("opened");
    if is_root {
        assert_eq!(said.code, Some(0), "{said:#?}");
    } else {
        assert_eq!(said.code, Some(74), "{said:#?}");
        assert_eq!(
            said.stderr,
            "error: cannot read ROOT/state: Permission denied\nhint: If an agent's sandbox runs \
             this command, let it read there, or set PHONE_OPUS_STATE_DIR to a directory of your \
             own.\n"
        );
    }
    let log = world.state().join("events.jsonl");
    fs::set_permissions(&log, fs::Permissions::from_mode(0o400)).expect("closed");
    let said = world.say(&["consult", "x"]);
    if is_root {
        assert_eq!(said.code, Some(0), "{said:#?}");
    } else {
        let error = "error: cannot write to ROOT/state/events.jsonl: Permission denied";
        assert_eq!(said.stderr, format!("{error}\nhint: {SANDBOX_HINT}\n"));
        assert_eq!(said.code, Some(74));
    }
}

#[test]
fn a_directory_that_cannot_be_read_is_refused_before_anything_is_queued() {
    let world = World::new();
    fs::create_dir(world.path("closed")).expect("made");
    let mode = |mode| fs::set_permissions(world.path("closed"), fs::Permissions::from_mode(mode));
    mode(0o000).expect("closed");
    let closed = world.path("closed").display().to_string();
    let said = world.say(&["consult", "--cwd", &closed, "x"]);
    mode(0o700).expect("opened");
    if rustix::process::geteuid().is_root() {
        assert_eq!(said.code, Some(0), "{said:#?}");
        return;
    }
    assert_eq!(
        said.stderr,
        "error: the directory ROOT/closed cannot be read: Permission denied\n\
         hint: Let this user read it, or give --cwd another directory.\n"
    );
    assert_eq!((said.code, world.state().exists()), (Some(2), false));
}

#[test]
fn without_a_home_the_other_places_serve() {
    let world = World::new();
    let elsewhere = world.path("config");
    let mut command = world.raw(["consult", "x"]);
    let said = world.say_of(command.env_remove("HOME").env("XDG_CONFIG_HOME", &elsewhere));
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), "fake answer: 42\n"), "{said:#?}");
    let xdg = world.path("xdg");
    let mut command = world.raw(["consult", "x"]);
    command.env_remove("HOME").env_remove("PHONE_OPUS_STATE_DIR");
    command.env("XDG_CONFIG_HOME", &elsewhere).env("XDG_STATE_HOME", &xdg);
    let said = world.say_of(&mut command);
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert!(xdg.join("phone-opus/events.jsonl").is_file());
    let mut command = world.raw(["jobs"]);
    command.env("HOME", "home").env_remove("PHONE_OPUS_STATE_DIR");
    let said = world.say_of(&mut command);
    assert_eq!(said.code, Some(78), "{said:#?}");
    assert!(
        said.stderr.contains("home/.local/state/phone-opus is not an absolute path"),
        "{said:#?}"
    );
}

#[test]
fn claude_code_that_is_not_there_is_told_before_anything_is_queued() {
    const HINT: &str = "Install it (npm install -g @anthropic-ai/claude-code), or name it in \
                        claude_bin or PHONE_OPUS_CLAUDE_BIN.";
    let world = World::new();
    fs::write(world.path("plain"), "").expect("written");
    fs::create_dir_all(world.path("home/.config/phone-opus")).expect("made");
    let with = |name: &'static str, value: String| {
        let world = &world;
        move || {
            let mut command = world.raw(["consult", "x"]);
            command.env_remove("PHONE_OPUS_CLAUDE_BIN").env(name, &value);
            command
        }
    };
    let place = |name: &str| world.path(name).display().to_string();
    let refusal = |message| Refusal { exit: 69, code: "claude_missing", message, hint: HINT };
    let not_on_path = "Claude Code was not found: there is no executable `claude` on PATH";
    world.assert_refused_of(with("PATH", place("cwd")), refusal(not_on_path));
    world.assert_refused_of(with("PATH", String::new()), refusal(not_on_path));
    let missing = "Claude Code was not found: ROOT/missing is not an executable file";
    world.assert_refused_of(with("PHONE_OPUS_CLAUDE_BIN", place("missing")), refusal(missing));
    let plain = "Claude Code was not found: ROOT/plain is not an executable file";
    world.assert_refused_of(with("PHONE_OPUS_CLAUDE_BIN", place("plain")), refusal(plain));
    let directory = "Claude Code was not found: ROOT/cwd is not an executable file";
    world.assert_refused_of(with("PHONE_OPUS_CLAUDE_BIN", place("cwd")), refusal(directory));
    let config = format!("claude_bin = \"{}\"\n", place("missing"));
    fs::write(world.path("home/.config/phone-opus/config.toml"), config).expect("written");
    world.assert_refused_of(with("TMPDIR", place("tmp")), refusal(missing));
    let named = "Claude Code was not found: there is no executable `opus-code` on PATH";
    world.assert_refused_of(with("PHONE_OPUS_CLAUDE_BIN", "opus-code".into()), refusal(named));
}

#[test]
fn a_conversation_in_use_names_the_job_that_has_it() {
    let world = World::new();
    let id = world.submit("FAKE:mode=gate,gate=never");
    let session =
        world.until_status(&id, "running")["session"]["id"].as_str().expect("an id").to_owned();
    let message = format!("session {session} is in use by job {id}");
    let hint = format!(
        "`phone-opus wait {id}` waits for that job; without --session a new conversation starts."
    );
    let refusal = Refusal { exit: 75, code: "session_busy", message: &message, hint: &hint };
    world.assert_refused(&["consult", "--session", &session, "x"], refusal);
    world.assert_refused(&["consult", "--bg", "--session", &session, "x"], refusal);
    world.command(["cancel", &id]).assert().success();
}

#[test]
fn a_consult_inside_a_consult_is_refused() {
    for depth in ["1", "nonsense"] {
        world_with("PHONE_OPUS_DEPTH", depth).assert_refused(
            &["consult", "x"],
            Refusal {
                exit: 2,
                code: "nested",
                message: "this already runs inside a consult (depth 1, and max_depth is 1)",
                hint: "Answer from what you can read yourself; a consult does not consult again.",
            },
        );
    }
}

#[test]
fn a_job_without_an_answer_says_where_it_stands() {
    let world = World::new();
    let running = world.submit("FAKE:mode=gate,gate=never");
    world.until_status(&running, "running");
    let said = world.say(&["job", &running, "--response"]);
    assert_eq!(
        said.stderr,
        format!(
            "error: job {running} has no answer: it is running\n\
             hint: `phone-opus wait {running}` waits for it.\n"
        )
    );
    assert_eq!((said.code, said.stdout.as_str()), (Some(75), ""));
    world.command(["cancel", &running]).assert().success();
    let said = world.say(&["job", &running, "--response"]);
    assert_eq!(
        said.stderr,
        format!(
            "error: job {running} has no answer: it is cancelled\n\
             hint: `phone-opus job {running}` says why, and shows what there was of one.\n"
        )
    );
    assert_eq!(said.code, Some(3));
}

#[test]
fn quiet_leaves_nothing_but_the_answer_or_the_error() {
    let world = World::new();
    let said = world.say(&["consult", "--quiet", "x"]);
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("fake answer: 42\n", ""));
    let said = world.say(&["consult", "-q", "FAKE:mode=exit1"]);
    assert!(said.stderr.starts_with("job ") && said.stderr.contains("\nwhat to do  "), "{said:#?}");
    assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""));
    let said = world.say(&["consult", "-q", ""]);
    assert_eq!(said.stderr, format!("error: the prompt is empty\nhint: {ASK_HINT}\n"));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let world = World::new();
    let id = world.submit("x");
    world.finish(&id);
    for arguments in [
        &["jobs"][..],
        &["jobs", "--json"],
        &["job", &id],
        &["job", &id, "--response"],
        &["wait", &id],
        &["consult", "--quiet", "x"],
        &["config", "show"],
        &["schema", "job"],
        &["--help"],
    ] {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).expect("a pipe");
        drop(reader);
        let output =
            world.raw(arguments).stdout(writer).stderr(std::process::Stdio::piped()).spawn();
        let output = output.expect("started").wait_with_output().expect("ended");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*stderr), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn an_answer_that_cannot_be_printed_is_kept_and_said_to_be() {
    let world = World::new();
    let full = || File::options().write(true).open("/dev/full").expect("Linux has it");
    let mut command = world.raw(["consult", "--quiet", "x"]);
    let output = command.stdout(full()).stderr(std::process::Stdio::piped()).spawn();
    let output = output.expect("started").wait_with_output().expect("ended");
    let id = world.job("@last")["job_id"].as_str().expect("an id").to_owned();
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        format!(
            "error: cannot write to standard output: No space left on device\n\
             hint: It is kept: `phone-opus job {id}` shows it again.\n"
        )
    );
    assert_eq!(output.status.code(), Some(74));
    world.command(["job", &id, "--response"]).assert().success().stdout("fake answer: 42");
}

#[test]
fn a_stranger_in_the_state_directory_costs_nothing() {
    let world = World::new();
    world.command(["consult", "x"]).assert().success();
    fs::write(world.state().join("events.jsonl.swp"), "an editor was here").expect("written");
    fs::create_dir(world.state().join("jobs/not-an-id")).expect("made");
    world.command(["jobs"]).assert().success();
    world.command(["consult", "x"]).assert().success();
    assert!(Path::new(&world.state().join("jobs/not-an-id")).is_dir());
}

#[test]
fn a_variable_of_ours_that_is_not_utf8_is_refused_and_not_passed_over() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::new();
    for name in ["PHONE_OPUS_DEPTH", "PHONE_OPUS_CLAUDE_BIN", "PHONE_OPUS_STATE_DIR"] {
        let value = std::ffi::OsStr::from_bytes(b"/\xff");
        let mut command = world.raw(["consult", "x"]);
        let output = command.env(name, value).output().expect("run");
        assert_eq!(output.status.code(), Some(78));
        assert_eq!(
            String::from_utf8_lossy(&output.stderr),
            format!(
                "error: the variable {name} is not UTF-8 text\n\
                 hint: Unset it, or give it a value (a path, say) that is.\n"
            )
        );
    }
    assert!(!world.state().exists());
}
