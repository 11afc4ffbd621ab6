//! What the kernel keeps an adviser from, as far as this host has the layers; when an adviser may have a
//! shell; and that what is recorded, shown and foreseen is the same.
//!
//! Each test says by its asserts what it covers: it reads from the job which layers were in force, and
//! holds it to those. `.ci/jail-table` tries more, as root and as a user, with the real Claude Code too.
#![cfg(debug_assertions)]

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command};

use serde_json::{Value, json};

use super::support::said::Refusal;
use super::support::{World, contains};

/// A world in which layers are withheld, as on a kernel that does not have them. Debug builds only.
fn without(layers: &str) -> World {
    let mut world = World::new();
    world.set("PHONE_OPUS_TEST_WITHOUT", layers);
    world
}

/// The same with a key in the environment, so that a shell may be offered.
fn keyed(layers: &str) -> World {
    let mut world = without(layers);
    world.set("ANTHROPIC_API_KEY", "sk-ant-fake");
    world
}

fn answer(world: &World, prompt: &str) -> (Value, Value) {
    let job = world.json(&["consult", "--json", prompt]);
    let response = job["result"]["response"].as_str().expect("an answer");
    (serde_json::from_str(response).unwrap_or(Value::Null), job)
}

#[test]
fn an_adviser_changes_nothing_that_a_layer_in_force_keeps() {
    for layers in ["", "bwrap", "landlock", "bwrap,seccomp"] {
        let world = without(layers);
        let victim = world.cwd().join("victim");
        fs::write(&victim, "v").expect("written");
        fs::set_permissions(&victim, Permissions::from_mode(0o640)).expect("set");
        let state = world.state().join("x.fake");
        let (tried, job) = answer(&world, &format!("FAKE:mode=write,state={}", state.display()));
        let jail = &job["enforcement"];
        let (files, calls) = (jail["landlock_abi"].is_u64(), jail["seccomp"] == true);
        let mounts = jail["bwrap"].is_string();
        let never = |names: &str| {
            for name in names.split(' ') {
                assert_ne!(tried[name], "OK", "{name} without {layers:?}: {tried:#} {jail:#}");
            }
        };
        if calls || mounts {
            never("chmod utime");
        }
        // The filter alone keeps no file: where there are no mounts it may be gone.
        if files || mounts {
            never("cwd home tmp state mkdir unlink rename truncate symlink");
            assert_eq!(fs::read_to_string(&victim).expect("there"), "v");
        }
        if mounts || files && calls {
            let mode = fs::metadata(&victim).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o640);
        }
        if files {
            never("parent_environ devshm");
        }
        assert_eq!(tried["tmpdir"], "OK", "its own directory it may write: {tried:#}");
        assert_eq!((&tried["devnull"], &tried["subprocess"]), (&json!("OK"), &json!("OK")));
    }
}

/// A process of the same user's, outside; it ends with the test.
struct Bystander(Child);

impl Drop for Bystander {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Bystander {
    fn new() -> Self {
        // A root's has no capabilities, or an adviser, which has none, could do nothing to it anyway.
        let script = "plain='setpriv --bounding-set=-all --inh-caps=-all'
            $plain true 2>/dev/null && exec $plain sleep 1000
            exec sleep 1000";
        Self(Command::new("sh").args(["-c", script]).spawn().expect("started"))
    }

    /// When and where it runs: niceness and policy, processors, and the priority of its I/O.
    fn turns(&self) -> Vec<String> {
        let read = |name: &str| {
            fs::read_to_string(format!("/proc/{}/{name}", self.0.id())).expect("it lives")
        };
        let (stat, status) = (read("stat"), read("status"));
        let fields: Vec<&str> = stat.split(' ').collect();
        let allowed = status.lines().find(|line| line.starts_with("Cpus_allowed:"));
        let io = Command::new("ionice").arg("-p").arg(self.0.id().to_string()).output();
        let io = io.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        [fields[18], fields[40], allowed.expect("listed"), &io.unwrap_or_default()]
            .map(str::to_owned)
            .into()
    }
}

#[test]
fn when_and_where_other_processes_run_is_not_an_advisers_to_change() {
    for layers in ["", "bwrap"] {
        let mut world = without(layers);
        let bystander = Bystander::new();
        let before = bystander.turns();
        let pid = bystander.0.id();
        world.set(
            "FAKE_RECURSE",
            &format!(
                "{{ renice -n 15 -p {pid}; taskset -pc 0 {pid}; chrt -b -p 0 {pid}; ionice -c3 -p {pid}; \
                 }} >/dev/null 2>&1; nice -n 3 echo its own it may",
            ),
        );
        let (said, job) = answer(&world, "FAKE:mode=recurse");
        assert_eq!(said["out"], "its own it may\n", "{said:#}");
        let jail = &job["enforcement"];
        if jail["seccomp"] == true || jail["bwrap"].is_string() {
            assert_eq!(bystander.turns(), before, "without {layers:?}: {jail:#}");
        }
    }
}

#[test]
fn no_lease_on_a_file_keeps_its_owner_from_writing() {
    let mut world = World::new();
    let file = world.cwd().join("leased");
    fs::write(&file, "v").expect("written");
    let script = format!(
        "perl -e 'open F, \"<\", \"{}\" and fcntl(F, 1024, 0) and print \"leased\"' 2>&1",
        file.display()
    );
    let outside = Command::new("sh").args(["-c", &script]).output().expect("run");
    if outside.stdout != b"leased" {
        return; // No perl, or a file system without leases.
    }
    world.set("FAKE_RECURSE", &script);
    let (said, job) = answer(&world, "FAKE:mode=recurse");
    if job["enforcement"]["seccomp"] == true {
        assert_eq!(said["out"], "", "{said:#}");
    }
}

#[test]
fn secrets_the_log_and_other_jobs_cannot_be_read() {
    for layers in ["", "bwrap"] {
        let mut world = without(layers);
        let home = world.path("home");
        let strange = OsStr::from_bytes(b".caf\xe9/token");
        let secrets = [
            ".ssh/id",
            ".config/tool/token",
            ".unheard-of/token",
            ".netrc",
            ".cabal/config",
            ".local/share/uv/credentials/token",
            "tickets",
        ];
        let secrets = secrets.map(OsStr::new);
        for name in secrets.iter().chain([&strange]) {
            fs::create_dir_all(home.join(name).parent().expect("below")).expect("made");
            fs::write(home.join(name), "SECRET").expect("written");
        }
        world.set("KRB5CCNAME", &format!("FILE:{}", home.join("tickets").display()));
        // Named as seen from the consulted directory.
        fs::write(world.cwd().join("cloud.json"), "SECRET").expect("written");
        world.set("GOOGLE_APPLICATION_CREDENTIALS", "cloud.json");
        fs::write(home.join(".gitconfig"), "open").expect("written");
        fs::write(home.join("notes"), "open").expect("written");
        let other =
            world.submit(&format!("SECRET FAKE:mode=gate,gate={}", world.path("gate").display()));
        world.until_status(&other, "running");
        let mut hidden = vec![
            world.state().join("events.jsonl"),
            world.job_file(&other, "prompt"),
            // A path is given to `cat` as bytes by the shell's own words for them.
            home.join("$(printf '.caf\\351')/token"),
        ];
        hidden.push(world.cwd().join("cloud.json"));
        hidden.extend(secrets.map(|name| home.join(name)));
        let open = [home.join(".gitconfig"), home.join("notes"), world.cwd().join("own")];
        fs::write(world.cwd().join("own"), "open").expect("written");
        let paths = |paths: &[std::path::PathBuf]| {
            let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            format!("cat {} 2>&1", paths.join(" "))
        };
        world.set("FAKE_RECURSE", &paths(&hidden));
        let (said, job) = answer(&world, "FAKE:mode=recurse");
        let jail = &job["enforcement"];
        if jail["landlock_abi"].is_u64() || jail["bwrap"].is_string() {
            assert!(!said["out"].as_str().expect("text").contains("SECRET"), "{said:#} {jail:#}");
        }
        world.set("FAKE_RECURSE", &paths(&open));
        let (said, _) = answer(&world, "FAKE:mode=recurse");
        assert_eq!(said["out"], "openopenopen", "{said:#} {jail:#}");
        fs::write(world.path("gate"), "").expect("the gate opens");
        world.finish(&other);
    }
}

#[test]
fn a_state_directory_below_the_consulted_one_is_closed_too() {
    for layers in ["", "bwrap"] {
        let mut world = without(layers);
        let state = world.cwd().join("state");
        world.set("PHONE_OPUS_STATE_DIR", &state.display().to_string());
        fs::write(world.cwd().join("source"), "open").expect("written");
        world.set(
            "FAKE_RECURSE",
            "cat source; ls >/dev/null && echo listed; cat state/events.jsonl",
        );
        let (said, job) = answer(&world, "SECRET FAKE:mode=recurse");
        assert_eq!(said["out"], "openlisted\n", "{said:#} {:#}", job["enforcement"]);
    }
}

#[test]
fn the_jail_is_recorded_shown_and_foreseen() {
    for layers in ["", "bwrap", "landlock", "landlock,seccomp,bwrap"] {
        let world = without(layers);
        let plan = world.json(&["consult", "--dry-run", "--json", "hi"]);
        let job = world.json(&["consult", "--json", "hi"]);
        assert_eq!(plan["sandbox"], job["enforcement"], "without {layers:?}");
        let jail = &job["enforcement"];
        assert_eq!(jail["sandbox"], "auto");
        let missing = jail["missing"].to_string().to_lowercase();
        for layer in layers.split(',').filter(|layer| !layer.is_empty()) {
            let name = if layer == "bwrap" { "bubblewrap" } else { layer };
            assert!(missing.contains(name), "{layer}: {missing}");
        }
        let shown = world.say(&["job", "@last"]).stdout;
        assert!(
            shown.contains("\nsandbox  ") && shown.contains("\nbash     not offered: "),
            "{shown}"
        );
        if layers == "landlock,seccomp,bwrap" {
            assert!(shown.contains("\nsandbox  none (Landlock: "), "{shown}");
        }
    }
}

#[test]
fn a_sandbox_that_is_switched_off_is_none() {
    let mut world = World::new();
    world.set("PHONE_OPUS_SANDBOX", "off");
    world.set("ANTHROPIC_API_KEY", "k");
    let job = world.json(&["consult", "--json", "hi"]);
    let jail = &job["enforcement"];
    assert_eq!((&jail["sandbox"], &jail["bash"]), (&json!("off"), &json!("none")));
    assert_eq!((&jail["landlock_abi"], &jail["seccomp"]), (&Value::Null, &json!(false)));
    assert_eq!((&jail["bwrap"], &jail["home"]), (&Value::Null, &json!("user")));
}

#[test]
fn a_required_sandbox_that_is_not_to_be_had_refuses_before_anything_is_queued() {
    let mut world = without("landlock,bwrap");
    world.set("PHONE_OPUS_SANDBOX", "require");
    let said = world.say(&["consult", "hi"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(77), ""), "{said:#?}");
    assert!(said.stderr.contains("it lacks Landlock (Linux 5.13 or newer"), "{said:#?}");
    assert!(said.stderr.contains("hint: "), "{said:#?}");
    let error = world.say(&["consult", "hi", "--json"]);
    assert_eq!(error.json()["error"]["code"], "sandbox_unavailable");
    let plan = world.say(&["consult", "--dry-run", "hi"]);
    assert_eq!((plan.code, &plan.stderr), (Some(77), &said.stderr), "the plan says the same");
    let doctor = world.say(&["doctor", "--json"]);
    assert_eq!(doctor.code, Some(77), "and so does the doctor: {doctor:#?}");
    assert!(!world.state().exists(), "nothing was made");
}

/// The door saw a sandbox, and the runner then did not: the job fails, and nothing was started.
#[test]
fn a_required_sandbox_that_the_runner_cannot_have_fails_the_job() {
    let mut world = World::new();
    let queued = world.submit("hi");
    world.finish(&queued);
    if !world.job(&queued)["enforcement"]["landlock_abi"].is_u64() {
        return; // The door itself refuses here, which the test above shows.
    }
    world.set("PHONE_OPUS_SANDBOX", "require");
    world.set("PHONE_OPUS_TEST_WITHOUT", "landlock-in-runner");
    let id = world.submit("hi");
    let job = world.finish(&id);
    assert_eq!(job["failure"]["code"], "sandbox_unavailable", "{job:#}");
    assert_eq!(world.history(&id), ["queued", "failed"]);
    world.command(["job", &id, "--exit-status"]).assert().code(77);
}

/// What the fake was called with.
fn tools(world: &World) -> (String, String, Value) {
    let (given, job) = answer(world, "FAKE:mode=env");
    let argv: Vec<&str> =
        given["argv"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    let value = |flag: &str| {
        let at = argv.iter().position(|word| *word == flag);
        at.map(|at| argv[at + 1].to_owned()).unwrap_or_default()
    };
    (value("--tools"), value("--allowedTools"), job)
}

#[test]
fn a_shell_is_offered_as_far_as_wall_and_credentials_allow() {
    for layers in ["", "bwrap", "landlock", "seccomp"] {
        let world = keyed(layers);
        let (offered, allowed, job) = tools(&world);
        let jail = &job["enforcement"];
        let (tools, preapproved) = match jail["bash"].as_str() {
            Some("allowed") => ("Read,Grep,Glob,Bash", "Bash"),
            Some("asked") => ("Read,Grep,Glob,Bash", ""),
            _ => ("Read,Grep,Glob", ""),
        };
        assert_eq!((offered.as_str(), allowed.as_str()), (tools, preapproved), "{jail:#}");
        let stands = jail["landlock_abi"].as_u64() >= Some(6) && jail["seccomp"] == true;
        if jail["bwrap"].is_string() && stands {
            assert_eq!(jail["bash"], "allowed", "{jail:#}");
        } else if stands {
            assert_eq!(jail["bash"], "asked", "{jail:#}");
        }
        if ["landlock", "seccomp"].contains(&layers) {
            assert_eq!(jail["bash"], "none", "{jail:#}");
            assert!(jail["bash_reason"].as_str().is_some_and(|why| why.contains("lacks")));
        }
    }
}

#[test]
fn in_the_users_own_home_there_is_no_shell_and_the_reason_is_told() {
    let world = World::new();
    let (offered, _, job) = tools(&world);
    assert_eq!(offered, "Read,Grep,Glob");
    let jail = &job["enforcement"];
    assert_eq!((&jail["home"], &jail["credentials"]), (&json!("user"), &json!("home")));
    assert_eq!(jail["bash"], "none");
}

#[test]
fn tools_without_a_shell_in_the_configuration_have_none() {
    let mut world = keyed("");
    world.set("PHONE_OPUS_TOOLS", "Read");
    let (offered, _, job) = tools(&world);
    assert_eq!(offered, "Read");
    let why = job["enforcement"]["bash_reason"].as_str().expect("a reason");
    assert!(why.contains("not among the tools"), "{why}");
}

/// What the environment has of these names, as Claude Code was given it.
fn passed_on(world: &World, names: &[&str]) -> (Vec<String>, Value) {
    let (given, job) = answer(world, "FAKE:mode=env");
    let there = |name: &&&str| !given["env"][**name].is_null();
    (names.iter().filter(there).map(ToString::to_string).collect(), job)
}

#[test]
fn an_adviser_does_not_get_the_secrets_of_the_environment_it_was_asked_from() {
    let names = ["GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "SSH_AUTH_SOCK", "DATABASE_URL"];
    let mut world = keyed("");
    for name in names {
        world.set(name, "postgres://u:pa55w0rd-of-db@h/d");
    }
    world.set("EDITOR", "vi");
    let asked = [&names[..], &["ANTHROPIC_API_KEY", "EDITOR"]].concat();
    assert_eq!(passed_on(&world, &asked).0, ["ANTHROPIC_API_KEY", "EDITOR"]);
    let plan = world.json(&["consult", "--dry-run", "--json", "hi"]);
    for name in names {
        let removed = plan["environment"]["removed"].as_array().expect("a list");
        assert!(removed.contains(&json!(name)), "{removed:?}");
    }
    world.set("CLAUDE_CODE_USE_BEDROCK", "1");
    assert_eq!(passed_on(&world, &names).0, ["AWS_SECRET_ACCESS_KEY"], "Claude Code asks by it");
    let settings = world.path("home/.claude");
    fs::create_dir_all(&settings).expect("made");
    fs::write(settings.join("settings.json"), r#"{"apiKeyHelper":"fetch"}"#).expect("written");
    for name in ["CLAUDE_CODE_USE_BEDROCK", "ANTHROPIC_API_KEY"] {
        world.set(name, "");
    }
    let (kept, job) = passed_on(&world, &names);
    assert_eq!(kept, names, "a helper may need any of them");
    assert_eq!(job["enforcement"]["bash"], "none");
}

#[test]
fn a_directory_in_shared_memory_is_advised_on_behind_the_same_wall() {
    let Ok(place) = tempfile::Builder::new().prefix("phone-opus-test-").tempdir_in("/dev/shm")
    else {
        return; // This host has none.
    };
    let mut world = World::new();
    let path = place.path().canonicalize().expect("there");
    fs::write(path.join("source"), "open").expect("written");
    let beside = tempfile::NamedTempFile::new_in("/dev/shm").expect("made");
    let script = format!("cat source; echo x >made; cat {} && echo seen", beside.path().display());
    world.set("FAKE_RECURSE", &script);
    let shown = path.display().to_string();
    let usual = world.json(&["consult", "--json", "FAKE:mode=recurse"]);
    let job = world.json(&["consult", "--json", "--cwd", &shown, "FAKE:mode=recurse"]);
    assert_eq!(job["enforcement"], usual["enforcement"]);
    let said: Value =
        serde_json::from_str(job["result"]["response"].as_str().expect("an answer")).expect("JSON");
    if job["enforcement"]["landlock_abi"].is_u64() {
        assert_eq!(said["out"], "open", "{said:#}");
        assert!(!path.join("made").exists());
    }
}

/// Whether the wall stands on this host, so that the jail's own home is used.
fn stands(world: &World) -> bool {
    let plan = world.json(&["consult", "--dry-run", "--json", "hi"]);
    plan["sandbox"]["home"] == "own"
}

fn write_private(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).expect("written");
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("set");
}

#[test]
fn a_token_in_a_private_file_reaches_claude_code_alone() {
    for (key, variable, source) in [
        ("PHONE_OPUS_CREDENTIALS_TOKEN_FILE", "CLAUDE_CODE_OAUTH_TOKEN", "token_file"),
        ("PHONE_OPUS_CREDENTIALS_KEY_FILE", "ANTHROPIC_API_KEY", "key_file"),
    ] {
        let mut world = World::new();
        let file = world.path("home/token");
        write_private(&file, "sk-secret-1\n", 0o600);
        world.set(key, "~/token");
        world.set("ANTHROPIC_AUTH_TOKEN", "another");
        let plan = world.say(&["consult", "--dry-run", "hi"]).stdout;
        assert!(
            !plan.contains("sk-secret-1")
                && plan.contains(&format!("set: {variable}=<ROOT/home/token>")),
            "{plan}"
        );
        let (given, job) = answer(&world, "FAKE:mode=env");
        assert_eq!(given["env"][variable], "sk-secret-1");
        assert_eq!(given["env"]["ANTHROPIC_AUTH_TOKEN"], Value::Null, "no other beside it");
        assert_eq!(job["enforcement"]["credentials"], source);
        let events = fs::read(world.state().join("events.jsonl")).expect("there");
        assert!(!contains(&events[..events.len().min(2000)], b"sk-secret-1"), "not in `queued`");
    }
}

#[test]
fn a_credential_that_others_may_read_or_that_is_none_is_refused() {
    for (text, mode, why) in [
        ("t", 0o640, "others may read it (mode 640); chmod 600 it"),
        ("t", 0o604, "others may read it (mode 604); chmod 600 it"),
        ("\n", 0o600, "it is empty"),
        ("two words", 0o600, "it holds more than one word"),
    ] {
        let mut world = World::new();
        write_private(&world.path("token"), text, mode);
        let path = world.path("token").display().to_string();
        world.set("PHONE_OPUS_CREDENTIALS_TOKEN_FILE", &path);
        let message = format!("the credential in ROOT/token cannot be used: {why}");
        let refusal = Refusal {
            exit: 78,
            code: "credential_file",
            message: &message,
            hint: "credentials.token_file and credentials.key_file name a file that holds the token or \
                   key alone, and that you alone may read.",
        };
        let said = world.say(&["consult", "hi"]);
        assert_eq!(said.code, Some(refusal.exit), "{said:#?}");
        assert_eq!(said.stderr, format!("error: {}\nhint: {}\n", refusal.message, refusal.hint));
        assert!(!world.state().exists(), "nothing was made");
    }
}

#[test]
fn a_login_of_its_own_gives_the_adviser_a_home_and_leaves_the_users_alone() {
    let world = World::new();
    let home = world.state().join("claude");
    fs::create_dir_all(world.path("home/.claude")).expect("made");
    fs::write(world.path("home/.claude/.credentials.json"), "mine").expect("written");
    world.command(["login", "--email", "a@b.c"]).assert().success();
    assert_eq!(fs::read_to_string(home.join("asked")).expect("there"), "--email a@b.c");
    assert_eq!(fs::metadata(&home).expect("there").permissions().mode() & 0o777, 0o700);
    let (given, job) = answer(&world, "FAKE:mode=env");
    let jail = &job["enforcement"];
    if stands(&world) {
        assert_eq!(given["env"]["CLAUDE_CONFIG_DIR"], *home.to_string_lossy());
        assert_eq!((&jail["home"], &jail["credentials"]), (&json!("own"), &json!("login")));
        let want = if jail["bwrap"].is_string() { "allowed" } else { "none" };
        assert_eq!(jail["bash"], want, "{jail:#}");
    }
    let own = fs::read_to_string(world.path("home/.claude/.credentials.json")).expect("there");
    assert_eq!(own, "mine", "never copied, linked or changed");
}

#[test]
fn what_an_adviser_left_in_its_home_is_gone_before_a_login() {
    let mut world = World::new();
    let home = world.state().join("claude");
    world.command(["login"]).assert().success();
    fs::create_dir_all(home.join("projects/x")).expect("made");
    fs::create_dir_all(home.join("plugins")).expect("made");
    fs::write(home.join("settings.json"), r#"{"hooks":{}}"#).expect("written");
    fs::write(world.path("target"), "untouched").expect("written");
    fs::remove_file(home.join(".credentials.json")).expect("removed");
    std::os::unix::fs::symlink(world.path("target"), home.join(".credentials.json"))
        .expect("linked");
    world.command(["login"]).assert().success();
    assert!(!home.join("settings.json").exists() && !home.join("plugins").exists());
    assert!(home.join("projects/x").exists(), "conversations stay");
    assert_eq!(fs::read_to_string(world.path("target")).expect("there"), "untouched");
    world.set("FAKE_CLAUDE", "nologin");
    world.command(["login"]).assert().code(4);
}

/// What a resume would be.
fn planned(world: &World, session: &str) -> Value {
    world.json(&["consult", "--json", "--dry-run", "--session", session, "FAKE:mode=env"])
}

#[test]
fn a_conversation_is_resumed_in_the_home_in_which_it_lies() {
    let mut world = keyed("");
    if !stands(&world) {
        return; // Without a wall there is no other home.
    }
    let (_, own) = answer(&world, "FAKE:mode=env");
    let session = own["session"]["id"].as_str().expect("an id").to_owned();
    world.set("ANTHROPIC_API_KEY", "");
    let plan = planned(&world, &session);
    let again = world.json(&["consult", "--json", "--session", &session, "FAKE:mode=env"]);
    assert_eq!(again["enforcement"]["home"], "own");
    assert_eq!(plan["sandbox"], again["enforcement"], "the plan remembers too");
    let (_, users) = answer(&world, "FAKE:mode=env");
    assert_eq!(users["enforcement"]["home"], "user");
    let session = users["session"]["id"].as_str().expect("an id").to_owned();
    world.set("ANTHROPIC_API_KEY", "sk");
    let plan = planned(&world, &session);
    let again = world.json(&["consult", "--json", "--session", &session, "FAKE:mode=env"]);
    assert_eq!(plan["sandbox"], again["enforcement"]);
    assert_eq!(plan["environment"]["set"].get("CLAUDE_CONFIG_DIR"), None);
    assert_eq!(
        (&again["enforcement"]["home"], &again["enforcement"]["bash"]),
        (&json!("user"), &json!("none"))
    );
    world.set("PHONE_OPUS_SANDBOX", "off");
    let lies = own["session"]["id"].as_str().expect("an id");
    let said = world.say(&["consult", "--json", "--session", lies, "hi"]);
    assert_eq!(said.code, Some(77), "{said:#?}");
    assert_eq!(said.json()["failure"]["code"], "session_in_sandbox");
    let plan = world.say(&["consult", "--dry-run", "--session", lies, "hi"]);
    assert_eq!((plan.code, plan.stdout.as_str()), (Some(77), ""), "{plan:#?}");
    assert!(plan.stderr.contains("began inside the sandbox"), "{plan:#?}");
}
