//! What Claude Code is given, and what the runner keeps to itself: arguments, environment,
//! descriptors, signals, files and their modes.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::support::{World, contains, exit_code, is_claude_at_work, kill, program, until};

/// A word that stands in prompts and must stand nowhere else.
const MARK: &str = "quetzalcoatl";

/// What the fake was given, as its mode `env` answers it.
fn given(job: &Value) -> Value {
    let response = job["result"]["response"].as_str().expect("an answer");
    serde_json::from_str(response).expect("JSON")
}

/// One consult in mode `env`: its job, and what it was given.
fn consult(world: &World, arguments: &[&str]) -> (Value, Value) {
    let all = ["consult", "--json", "FAKE:mode=env"].iter().chain(arguments);
    let job = world.json(&all.copied().collect::<Vec<_>>());
    let given = given(&job);
    (job, given)
}

/// A shell in the world; `$PHONE_OPUS` names the program.
fn shell(world: &World, script: &str) -> Command {
    let mut shell = Command::new("sh");
    world.dress(&mut shell);
    shell.env("PHONE_OPUS", program()).args(["-c", script]).stderr(Stdio::null());
    shell
}

/// The job that a script submits, at its end.
fn job_of(world: &World, script: &str) -> Value {
    let output = shell(world, script).output().expect("ran");
    let id = String::from_utf8(output.stdout).expect("text");
    world.finish(id.trim())
}

fn gated(world: &World) -> String {
    format!("FAKE:mode=gate,gate={}", world.path("gate").display())
}

/// Opens the gate and waits for the end of everything, housekeeping included.
fn conclude(world: &World, id: &str) {
    fs::write(world.path("gate"), "").expect("the gate opens");
    assert_eq!(world.finish(id)["status"], "succeeded");
    world.assert_quiet();
}

/// Claude Code's process, once it runs.
fn claude(world: &World) -> u32 {
    until("Claude Code runs", || world.processes().into_iter().find(|&pid| is_claude_at_work(pid)))
}

/// A field of /proc/PID/status.
fn status(pid: u32, field: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).expect("alive");
    let value = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    value.expect("a field of every kernel").trim().to_owned()
}

fn parent(pid: u32) -> u32 {
    status(pid, "PPid").parse().expect("a pid")
}

/// Number and target of each open descriptor.
fn descriptors(pid: u32) -> Vec<(u32, String)> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).expect("alive").flatten();
    entries
        .filter_map(|entry| {
            let target = fs::read_link(entry.path()).ok()?.to_string_lossy().into_owned();
            Some((entry.file_name().to_str()?.parse().ok()?, target))
        })
        .collect()
}

/// Every path below a directory, itself included.
fn tree(directory: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::from([directory.to_owned()]);
    for entry in fs::read_dir(directory).expect("there").flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(tree(&entry.path()));
        } else {
            found.insert(entry.path());
        }
    }
    found
}

/// The files below a directory that hold these bytes.
fn files_with(directory: &Path, needle: &str) -> Vec<PathBuf> {
    let has = |path: &PathBuf| fs::read(path).is_ok_and(|text| contains(&text, needle.as_bytes()));
    tree(directory).into_iter().filter(has).collect()
}

#[test]
fn the_arguments_are_the_documented_ones() {
    let (job, given) = consult(&World::new(), &[]);
    let session = job["session"]["id"].as_str().expect("an id");
    assert_eq!(
        given["argv"],
        json!([
            "-p",
            "--output-format",
            "stream-json",
            "--verbose",
            "--include-partial-messages",
            "--permission-mode",
            "dontAsk",
            "--setting-sources",
            "",
            "--strict-mcp-config",
            "--disable-slash-commands",
            "--restricted",
            "--session-id",
            session,
            "--model",
            "opus",
            "--effort",
            "max",
            "--mcp-config",
            "{\"mcpServers\":{}}",
            "--tools",
            "Read,Grep,Glob"
        ])
    );
}

#[test]
fn what_the_user_asks_for_reaches_the_arguments() {
    let arguments = ["--model", "sonnet", "--effort", "low", "--max-turns", "7"];
    let more = ["--max-budget-usd", "1.5", "--web"];
    let all: Vec<&str> = arguments.iter().chain(&more).copied().collect();
    let (_job, given) = consult(&World::new(), &all);
    let argv: Vec<&str> =
        given["argv"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    for pair in [
        ["--model", "sonnet"],
        ["--effort", "low"],
        ["--max-turns", "7"],
        ["--max-budget-usd", "1.5"],
        ["--tools", "Read,Grep,Glob,WebFetch,WebSearch"],
        ["--allowedTools", "WebFetch,WebSearch"],
    ] {
        assert!(argv.windows(2).any(|words| words == pair), "{pair:?} in {argv:?}");
    }
}

#[test]
fn a_release_without_a_flag_is_called_without_it() {
    let mut world = World::new();
    world.set("FAKE_CLAUDE_OLD", "1");
    let (job, given) = consult(&world, &[]);
    assert_eq!(job["status"], "succeeded");
    let argv = given["argv"].as_array().expect("a list");
    assert!(!argv.contains(&json!("--restricted")));
}

#[test]
fn the_prompt_is_a_file_on_standard_input_and_in_no_process_list() {
    let world = World::new();
    let id = world.submit(&format!("{} {MARK}", gated(&world)));
    let claude = claude(&world);
    let (guard, worker) = world.runners(&id);
    let prompt = world.job_file(&id, "prompt");
    assert_eq!(fs::read_link(format!("/proc/{claude}/fd/0")).expect("open"), prompt);
    assert!(fs::symlink_metadata(&prompt).expect("there").is_file());
    let processes = world.processes();
    assert!([guard, worker, claude].iter().all(|pid| processes.contains(pid)));
    for pid in processes {
        for file in ["cmdline", "environ"] {
            let text = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            assert!(!contains(&text, MARK.as_bytes()), "{file} of {pid}");
        }
    }
    conclude(&world, &id);
}

#[test]
fn what_ties_a_process_to_another_session_is_taken_away() {
    let mut world = World::new();
    let foreign = [
        "CLAUDECODE",
        "CLAUDE_CODE_ENTRYPOINT",
        "CLAUDE_CODE_SESSION_ID",
        "CLAUDE_CODE_MESSAGING_SOCKET",
        "CLAUDE_CODE_EFFORT_LEVEL",
        "CLAUDE_EFFORT",
        "CLAUDE_PID",
        "AI_AGENT",
    ];
    for name in foreign {
        world.set(name, "low");
    }
    world.set("PHONE_OPUS_MODEL", "haiku");
    world.set("PHONE_OPUS_PREFIX", "Be brief.");
    let (job, given) = consult(&world, &[]);
    let variables = given["env"].as_object().expect("variables");
    for name in foreign {
        assert!(!variables.contains_key(name), "{name}");
    }
    let ours: Vec<&String> =
        variables.keys().filter(|name| name.starts_with("PHONE_OPUS_")).collect();
    assert_eq!(ours.len(), 2, "{ours:?}");
    assert_eq!(variables["PHONE_OPUS_JOB"], job["job_id"]);
    assert_eq!(variables["PHONE_OPUS_DEPTH"], "1");
    assert_eq!(job["request"]["model"], "haiku", "and yet it was obeyed");
}

#[test]
fn what_authenticates_and_routes_stays() {
    let mut world = World::new();
    let kept = [
        ("ANTHROPIC_API_KEY", "sk-ant-fake"),
        ("ANTHROPIC_BASE_URL", "http://127.0.0.1:9"),
        ("CLAUDE_CODE_OAUTH_TOKEN", "token"),
        ("CLAUDE_CONFIG_DIR", "/nonexistent/claude"),
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
        ("no_proxy", "localhost"),
        ("LANG", "C.UTF-8"),
        ("ODD", "two\nlines = \"and quotes\""),
    ];
    for (name, value) in kept {
        world.set(name, value);
    }
    let (job, given) = consult(&world, &[]);
    let session = job["session"]["id"].as_str().expect("an id");
    let own = world.state().join("homes").join(session).to_string_lossy().into_owned();
    for (name, value) in kept {
        let moved = name == "CLAUDE_CONFIG_DIR" && job["enforcement"]["home"] == "own";
        assert_eq!(given["env"][name], if moved { &own } else { value }, "{name}");
    }
    assert_eq!(given["env"]["HOME"], *world.path("home").to_string_lossy());
}

#[test]
fn temporary_files_go_below_the_job() {
    let mut world = World::new();
    world.set("CLAUDE_CODE_TMPDIR", "/elsewhere");
    world.set("TMPPREFIX", "/elsewhere/zsh");
    let (job, given) = consult(&world, &[]);
    let tmp = world.job_file(job["job_id"].as_str().expect("an id"), "tmp");
    let tmp = tmp.to_string_lossy();
    assert_eq!(given["env"]["TMPDIR"], *tmp);
    assert_eq!(given["env"]["CLAUDE_CODE_TMPDIR"], *tmp);
    assert_eq!(given["env"]["TMPPREFIX"], format!("{tmp}/zsh"));
}

#[test]
fn the_process_starts_clean_whatever_its_caller_was() {
    let world = World::new();
    // GNU env; ignored and blocked signals are inherited over exec.
    let script = "umask 000; exec env --ignore-signal=HUP,INT,QUIT,TERM,CHLD,USR1,TSTP \
                  --block-signal=TERM,USR2,WINCH \
                  \"$PHONE_OPUS\" consult --bg FAKE:mode=env";
    let job = job_of(&world, script);
    let given = given(&job);
    let ignored = given["sigign"][0].as_str().expect("a mask");
    let ignored = u64::from_str_radix(ignored, 16).expect("hexadecimal");
    // The fake's own runtime ignores SIGPIPE; above 31 the C library keeps some to itself.
    assert_eq!(ignored & 0x7fff_ffff, 1 << 12, "{ignored:x}");
    assert_eq!(given["sigblk"], json!(["0000000000000000"]));
    assert_eq!(given["umask"], "0o77");
    assert_eq!(given["core"], json!([0, 0]));
    assert_eq!(given["cwd"], *world.cwd().to_string_lossy());
}

/// The end of a child must be noticed though the caller does not care for children.
#[test]
fn a_caller_that_ignores_the_end_of_children_gets_its_failures_too() {
    let world = World::new();
    for (mode, status) in [("exit1", "failed"), ("sigkill", "failed"), ("ok", "succeeded")] {
        let script =
            format!("exec env --ignore-signal=CHLD \"$PHONE_OPUS\" consult --bg FAKE:mode={mode}");
        assert_eq!(job_of(&world, &script)["status"], status, "{mode}");
    }
}

#[test]
fn it_leads_a_process_group_below_the_worker() {
    let world = World::new();
    let id = world.submit(&gated(&world));
    let claude = claude(&world);
    let (guard, worker) = world.runners(&id);
    assert!(ancestors(claude).contains(&worker), "with nothing but bubblewrap between");
    assert_eq!(parent(worker), guard);
    let group = rustix::process::getpgid(pid(claude)).expect("alive");
    assert_eq!(Some(group), pid(claude));
    for runner in [guard, worker] {
        let session = rustix::process::getsid(pid(runner)).expect("alive");
        assert_eq!(Some(session), pid(runner), "each leads a session");
    }
    conclude(&world, &id);
}

fn pid(number: u32) -> Option<rustix::process::Pid> {
    rustix::process::Pid::from_raw(number.cast_signed())
}

#[test]
fn only_the_standard_streams_are_handed_down() {
    let world = World::new();
    let leaked = world.path("leaked");
    let script = format!(
        "exec 7</dev/null 9>{}; exec \"$PHONE_OPUS\" consult --bg FAKE:mode=env",
        leaked.display()
    );
    let given = given(&job_of(&world, &script));
    let numbers: Vec<&String> = given["fds"].as_object().expect("descriptors").keys().collect();
    assert_eq!(numbers.len(), 3, "{:#}", given["fds"]);
    for stream in ["0", "1", "2"] {
        assert!(given["fds"].get(stream).is_some());
    }
}

#[test]
fn the_runner_keeps_none_of_its_callers_descriptors() {
    let world = World::new();
    let leaked = world.path("leaked");
    let script = format!(
        "exec 7<{0} 8>{0} 9>{0}; exec \"$PHONE_OPUS\" consult --bg '{1}' >{0} 2>{0}",
        leaked.display(),
        gated(&world)
    );
    fs::write(&leaked, "").expect("made");
    assert!(shell(&world, &script).status().expect("ran").success());
    let id = world.events()[0]["job"].as_str().expect("an id").to_owned();
    claude(&world);
    let (guard, worker) = world.runners(&id);
    for runner in [guard, worker] {
        let open = descriptors(runner);
        let name = leaked.to_string_lossy();
        assert!(!open.iter().any(|(_, target)| *target == name), "{open:?}");
        for stream in 0..3 {
            assert!(open.contains(&(stream, "/dev/null".to_owned())), "{open:?}");
        }
        assert_eq!(status(runner, "Umask"), "0077");
        assert_eq!(fs::read_link(format!("/proc/{runner}/cwd")).expect("alive"), Path::new("/"));
    }
    conclude(&world, &id);
}

#[test]
fn a_caller_that_waits_for_the_end_of_a_leaked_pipe_is_not_hung() {
    let world = World::new();
    let script = format!("exec 9>&1 8>&1; exec \"$PHONE_OPUS\" consult --bg '{}'", gated(&world));
    let mut command = shell(&world, &script);
    let caller = std::thread::spawn(move || command.output().expect("ran"));
    until("the pipe is at its end", || caller.is_finished().then_some(()));
    let output = caller.join().expect("no panic");
    let id = String::from_utf8(output.stdout).expect("text").trim().to_owned();
    assert_ne!(world.job(&id)["done"], true, "the job goes on");
    conclude(&world, &id);
}

/// All above a process, up to init.
fn ancestors(pid: u32) -> Vec<u32> {
    let above = |&pid: &u32| Some(parent(pid)).filter(|&pid| pid != 0);
    std::iter::successors(above(&pid), above).collect()
}

#[test]
fn the_runner_has_no_parent_among_its_callers() {
    let world = World::new();
    let background = world.submit(&gated(&world));
    assert!(!ancestors(world.runners(&background).0).contains(&std::process::id()));
    let mut foreground = world.raw(["consult", &gated(&world)]);
    let foreground = foreground.stdout(Stdio::null()).stderr(Stdio::null());
    let mut foreground = foreground.spawn().expect("started");
    let id = until("it is accepted", || {
        let events = world.events();
        let line =
            events.iter().find(|line| line["event"] == "started" && line["job"] != *background)?;
        Some(line["job"].as_str()?.to_owned())
    });
    let above = ancestors(world.runners(&id).0);
    assert!(!above.contains(&foreground.id()) && !above.contains(&std::process::id()));
    conclude(&world, &background);
    assert_eq!(exit_code(&mut foreground), Some(0));
}

#[track_caller]
fn assert_private(state: &Path) {
    for path in tree(state) {
        // A file may go while we look.
        let Ok(found) = fs::symlink_metadata(&path) else { continue };
        let want = if found.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(found.permissions().mode() & 0o7777, want, "{}", path.display());
    }
}

#[test]
fn all_is_private_during_and_after_a_consult_whatever_the_umask() {
    let world = World::new();
    let script = format!("umask 000; exec \"$PHONE_OPUS\" consult --bg '{}'", gated(&world));
    assert!(shell(&world, &script).status().expect("ran").success());
    let id = world.events()[0]["job"].as_str().expect("an id").to_owned();
    claude(&world);
    until("the transcript is there", || {
        world.job_file(&id, "transcript.jsonl").exists().then_some(())
    });
    assert_private(&world.state());
    assert!(world.job_file(&id, "prompt").exists() && world.job_file(&id, "tmp").is_dir());
    conclude(&world, &id);
    assert_private(&world.state());
}

#[test]
fn prompt_and_temporary_files_go_at_the_end_and_the_transcript_stays() {
    let world = World::new();
    for (mode, status) in [("ok", "succeeded"), ("exit1", "failed"), ("sigkill", "failed")] {
        let id = world.submit(&format!("FAKE:mode={mode}"));
        assert_eq!(world.finish(&id)["status"], status);
        world.assert_quiet();
        assert!(!world.job_file(&id, "prompt").exists(), "{mode}");
        assert!(!world.job_file(&id, "tmp").exists(), "{mode}");
        assert!(world.job_file(&id, "transcript.jsonl").exists(), "{mode}");
    }
}

#[test]
fn a_secret_of_the_environment_is_written_nowhere() {
    let mut world = World::new();
    let secret = "sk-ant-fake-0123456789";
    world.set("ANTHROPIC_API_KEY", secret);
    let id = world.submit(&gated(&world));
    claude(&world);
    assert_eq!(files_with(&world.state(), secret), [""; 0].map(PathBuf::from));
    conclude(&world, &id);
    world.command(["consult", "FAKE:mode=exit1"]).assert().code(1);
    world.assert_quiet();
    assert_eq!(files_with(&world.state(), secret), [""; 0].map(PathBuf::from));
}

/// The settings file that a running consult was given, if any.
fn settings_file(world: &World) -> Option<PathBuf> {
    let line = fs::read(format!("/proc/{}/cmdline", claude(world))).expect("alive");
    let words: Vec<String> = line
        .split(|&byte| byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect();
    let at = words.iter().position(|word| word == "--settings")?;
    words.get(at + 1).map(PathBuf::from)
}

fn write_settings(directory: &Path, settings: &Value) {
    fs::create_dir_all(directory).expect("made");
    fs::write(directory.join("settings.json"), settings.to_string()).expect("written");
}

#[test]
fn the_users_own_way_to_authenticate_is_carried_over_in_a_private_file() {
    let world = World::new();
    let secret = "sk-ant-fake-9876543210";
    let own = json!({
        "apiKeyHelper": "/bin/helper",
        "env": {"ANTHROPIC_AUTH_TOKEN": secret, "HTTPS_PROXY": "http://127.0.0.1:9", "FOO": "bar"},
        "hooks": {"Stop": []},
        "permissions": {"allow": ["Bash"]},
    });
    write_settings(&world.path("home/.claude"), &own);
    let id = world.submit(&gated(&world));
    let file = settings_file(&world).expect("settings are carried");
    assert!(file.starts_with(world.job_file(&id, "tmp")), "{}", file.display());
    assert_private(&world.state());
    let carried: Value = serde_json::from_slice(&fs::read(&file).expect("there")).expect("JSON");
    let env = json!({"ANTHROPIC_AUTH_TOKEN": secret, "HTTPS_PROXY": "http://127.0.0.1:9"});
    assert_eq!(carried, json!({"apiKeyHelper": "/bin/helper", "env": env}));
    assert_eq!(files_with(&world.state(), secret), [&*file]);
    conclude(&world, &id);
    assert_eq!(files_with(&world.state(), secret), [""; 0].map(PathBuf::from));
}

#[test]
fn the_settings_of_another_configuration_directory_are_the_users_too() {
    let mut world = World::new();
    let directory = world.path("claude-config");
    write_settings(&directory, &json!({"apiKeyHelper": "/bin/other"}));
    write_settings(&world.path("home/.claude"), &json!({"apiKeyHelper": "/bin/helper"}));
    world.set("CLAUDE_CONFIG_DIR", &directory.to_string_lossy());
    let id = world.submit(&gated(&world));
    let file = settings_file(&world).expect("settings are carried");
    assert_eq!(fs::read_to_string(file).expect("there"), r#"{"apiKeyHelper":"/bin/other"}"#);
    conclude(&world, &id);
}

#[test]
fn the_settings_of_a_project_are_never_carried_over() {
    let world = World::new();
    for name in ["settings.json", "settings.local.json"] {
        let directory = world.cwd().join(".claude");
        fs::create_dir_all(&directory).expect("made");
        fs::write(directory.join(name), r#"{"apiKeyHelper":"/bin/evil"}"#).expect("written");
    }
    let id = world.submit(&gated(&world));
    assert_eq!(settings_file(&world), None);
    assert_eq!(files_with(&world.state(), "/bin/evil"), [""; 0].map(PathBuf::from));
    conclude(&world, &id);
}

/// As every program under nohup: a hang-up is not for it.
#[test]
fn a_consult_under_nohup_outlives_a_hang_up_and_prints_its_answer() {
    let world = World::new();
    let answer = world.path("answer");
    let script = format!(
        "exec env --ignore-signal=HUP,INT \"$PHONE_OPUS\" consult '{}' >{}",
        gated(&world),
        answer.display()
    );
    let mut consult = shell(&world, &script).spawn().expect("started");
    claude(&world);
    kill(consult.id(), "HUP");
    kill(consult.id(), "INT");
    fs::write(world.path("gate"), "").expect("the gate opens");
    assert_eq!(exit_code(&mut consult), Some(0));
    assert_eq!(fs::read_to_string(answer).expect("there"), "fake answer: 42\n");
}
