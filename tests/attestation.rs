//! What a consult saw, and whether it is still so: the directory before and after, told without blame,
//! and looked at without running anything of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::support::World;
use super::support::schema::assert_valid;

/// Runs git in a directory of this world, with nobody's configuration.
#[track_caller]
fn git(world: &World, directory: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    world.dress(&mut command);
    command.current_dir(directory).args(["-c", "user.name=u", "-c", "user.email=u@example.org"]);
    command.args(["-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main"]);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::piped());
    let output = command.spawn().expect("git is there").wait_with_output().expect("ended");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A repository with one commit.
fn repository(world: &World, directory: &Path) {
    fs::create_dir_all(directory).expect("made");
    git(world, directory, &["init", "-q"]);
    fs::write(directory.join("a.txt"), "one\n").expect("written");
    fs::write(directory.join(".gitignore"), "ignored/\n").expect("written");
    git(world, directory, &["add", "."]);
    git(world, directory, &["commit", "-q", "-m", "one"]);
}

fn in_repository() -> World {
    let world = World::new();
    repository(&world, &world.cwd());
    world
}

fn consult(world: &World) -> Value {
    let job = world.json(&["consult", "--json", "--quiet", "x"]);
    assert_valid("job", &job);
    job
}

/// A consult about a directory of this world.
fn consult_about(world: &World, directory: &Path) -> Value {
    let directory = directory.display().to_string();
    world.json(&["consult", "--json", "--quiet", "--cwd", &directory, "x"])
}

fn gated(world: &World) -> String {
    format!("FAKE:mode=gate,gate={}", world.path("gate").display())
}

#[test]
fn a_consult_says_which_commit_it_saw_and_that_nothing_changed() {
    let world = in_repository();
    let job = consult(&world);
    let (before, after) = (&job["provenance"], &job["tree_after"]);
    assert_eq!((&before["method"], &before["complete"]), (&json!("git"), &json!(true)));
    assert_eq!(before["commit"].as_str().map(str::len), Some(40));
    assert_eq!((&before["dirty"], &before["files"]), (&json!(false), &after["files"]));
    assert_eq!(before["fingerprint"], after["fingerprint"]);
    assert_eq!((&job["tree_changed"], &job["stale"]), (&json!(false), &json!(false)));
    let shown = world.say(&["job", "@last"]).stdout;
    let commit = &before["commit"].as_str().expect("an id")[..12];
    let line = format!("tree     {commit}, clean; unchanged when the job ended\n");
    assert!(shown.contains(&line), "{shown}");
}

#[test]
fn what_is_not_committed_is_told_and_what_is_ignored_is_not() {
    let world = in_repository();
    let write = |name: &str, text: &str| fs::write(world.cwd().join(name), text).expect("written");
    let dirty = || consult(&world)["provenance"]["dirty"].clone();
    fs::create_dir(world.cwd().join("ignored")).expect("made");
    write("ignored/x", "built");
    assert_eq!(dirty(), json!(false), "an ignored file");
    write("b.txt", "new");
    assert_eq!(dirty(), json!(true), "an untracked file");
    git(&world, &world.cwd(), &["add", "b.txt"]);
    assert_eq!(dirty(), json!(true), "a staged file");
    git(&world, &world.cwd(), &["commit", "-q", "-m", "two"]);
    assert_eq!(dirty(), json!(false), "all is committed");
    write("a.txt", "two\n");
    assert_eq!(dirty(), json!(true), "a change that keeps the size");
    write("a.txt", "one\n");
    assert_eq!(dirty(), json!(false), "a file that was only touched");
    fs::remove_file(world.cwd().join("a.txt")).expect("removed");
    assert_eq!(dirty(), json!(true), "a file that is gone");
}

#[test]
fn a_directory_that_changes_meanwhile_is_told_on_every_way_and_blames_nobody() {
    let world = in_repository();
    let mut command = world.raw(["consult", &gated(&world)]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    super::support::until("it runs", || {
        let jobs = world.json(&["jobs", "--json"]);
        (jobs["jobs"][0]["status"] == "running").then_some(())
    });
    fs::write(world.cwd().join("a.txt"), "edited by the user\n").expect("written");
    fs::write(world.path("gate"), "").expect("opened");
    let output = child.wait_with_output().expect("ended");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(" · the directory changed meanwhile · "), "{said}");
    let job = world.json(&["job", "@last", "--json"]);
    assert_eq!((&job["tree_changed"], &job["stale"]), (&json!(true), &json!(true)));
    let shown = world.say(&["job", "@last"]).stdout;
    let told = "; changed while the job ran, perhaps by you; moved on since: the answer is stale\n";
    assert!(shown.contains(told), "{shown}");
}

#[test]
fn an_answer_is_stale_once_the_directory_has_moved_on() {
    let world = in_repository();
    consult(&world);
    let stale = || {
        let jobs = world.json(&["jobs", "--json"]);
        assert_valid("jobs", &jobs);
        let job = world.json(&["job", "@last", "--json"]);
        assert_eq!(jobs["jobs"][0]["stale"], job["stale"]);
        job["stale"].clone()
    };
    git(&world, &world.cwd(), &["status"]);
    fs::write(world.cwd().join("new.txt"), "").expect("written");
    assert_eq!(stale(), json!(false), "no tracked file changed");
    assert!(!world.say(&["jobs"]).stdout.contains("stale"));
    fs::write(world.cwd().join("a.txt"), "two\n").expect("written");
    assert_eq!(stale(), json!(true), "a tracked file changed");
    assert!(world.say(&["jobs"]).stdout.contains("succeeded (stale)"));
    git(&world, &world.cwd(), &["commit", "-q", "-a", "-m", "two"]);
    assert_eq!(stale(), json!(true), "another commit");
    fs::remove_dir_all(world.cwd().join(".git")).expect("removed");
    assert_eq!(stale(), json!(true), "no repository any more");
}

/// A repository in which every setting that git runs a program for names one that leaves a mark.
fn booby_trap(world: &World) {
    let cwd = world.cwd();
    let trap = world.path("trap");
    let mark = world.path("mark");
    let script = format!("#!/bin/sh\necho \"$0 $*\" >> '{}'\ncat\n", mark.display());
    fs::write(&trap, script).expect("written");
    fs::set_permissions(&trap, fs::Permissions::from_mode(0o755)).expect("executable");
    fs::create_dir(world.path("hooks")).expect("made");
    for hook in ["post-index-change", "fsmonitor-watchman", "pre-auto-gc", "reference-transaction"]
    {
        fs::copy(&trap, world.path("hooks").join(hook)).expect("copied");
    }
    let trap = trap.display();
    let included = world.path("included");
    fs::write(&included, format!("[core]\n\tfsmonitor = {trap}\n\tpager = {trap}\n"))
        .expect("written");
    let hooks = world.path("hooks");
    let settings = format!(
        "[core]\n\tfsmonitor = {trap}\n\thooksPath = {}\n\tsshCommand = {trap}\n\tpager = {trap}\n\
         \teditor = {trap}\n\tgitProxy = {trap}\n\taskPass = {trap}\n\talternateRefsCommand = {trap}\n\
         [filter \"x\"]\n\tclean = {trap}\n\tsmudge = {trap}\n\tprocess = {trap}\n\trequired = true\n\
         [diff]\n\texternal = {trap}\n[diff \"x\"]\n\ttextconv = {trap}\n\tcommand = {trap}\n\
         [pager]\n\tls-files = {trap}\n\tdiff-index = {trap}\n\
         [alias]\n\tls-files = !{trap}\n\tdiff-index = !{trap}\n\thash-object = !{trap}\n\
         [include]\n\tpath = {}\n[credential]\n\thelper = !{trap}\n[gpg]\n\tprogram = {trap}\n",
        hooks.display(),
        included.display()
    );
    let config = cwd.join(".git/config");
    let had = fs::read_to_string(&config).expect("there");
    fs::write(&config, had + &settings).expect("written");
    fs::write(cwd.join(".git/info/attributes"), "* filter=x diff=x\n").expect("written");
    // Same size, other bytes, other time: git has to read it, through the filter.
    fs::write(cwd.join("a.txt"), "two\n").expect("written");
}

#[test]
fn nothing_of_a_hostile_repository_runs() {
    let mut world = in_repository();
    booby_trap(&world);
    let trap = world.path("trap").display().to_string();
    for name in
        ["GIT_EXTERNAL_DIFF", "GIT_SSH_COMMAND", "GIT_PAGER", "GIT_ASKPASS", "GIT_PROXY_COMMAND"]
    {
        world.set(name, &trap);
    }
    for (name, value) in [
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "core.fsmonitor"),
        ("GIT_CONFIG_VALUE_0", &*trap),
    ] {
        world.set(name, value);
    }
    let job = consult(&world);
    let seen = &job["provenance"];
    assert_eq!((&seen["method"], &seen["complete"]), (&json!("git"), &json!(true)), "{seen}");
    assert_eq!(seen["dirty"], Value::Null, "only the filter could say");
    assert_eq!(job["tree_changed"], false);
    world.say(&["job", "@last"]);
    world.say(&["jobs"]);
    let mark = world.path("mark");
    assert!(!mark.exists(), "{}", fs::read_to_string(&mark).unwrap_or_default());
    // The trap is one: whoever asks git in the usual way falls into it.
    let mut usual = Command::new("git");
    world.dress(&mut usual);
    usual.arg("status").stdout(Stdio::null()).stderr(Stdio::null()).status().expect("git is there");
    assert!(mark.exists(), "the trap does not bite");
}

#[test]
fn a_repository_that_makes_git_hang_costs_a_moment_and_no_job() {
    let world = in_repository();
    let pipe = world.path("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .expect("made");
    let config = world.cwd().join(".git/config");
    let had = fs::read_to_string(&config).expect("there");
    fs::write(&config, format!("{had}[include]\n\tpath = {}\n", pipe.display())).expect("written");
    let job = consult(&world);
    assert_eq!(job["status"], "succeeded");
    let seen = &job["provenance"];
    assert_eq!((&seen["complete"], &job["tree_changed"]), (&json!(false), &Value::Null));
    assert!(seen["reason"].as_str().expect("a reason").contains("took longer"), "{seen}");
}

#[test]
fn a_cancel_does_not_wait_for_the_look() {
    let world = in_repository();
    let pipe = world.path("pipe");
    let (file_type, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, file_type, mode, 0).expect("made");
    let config = world.cwd().join(".git/config");
    fs::write(&config, format!("[include]\n\tpath = {}\n", pipe.display())).expect("written");
    let id = world.submit("FAKE:mode=gate,gate=never");
    world.command(["cancel", &id]).assert().success();
    assert_eq!(world.finish(&id)["status"], "cancelled");
}

#[test]
fn without_git_names_sizes_and_times_are_looked_at_whatever_they_are_of() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::new();
    let cwd = world.cwd();
    fs::create_dir_all(cwd.join("deep/er")).expect("made");
    fs::write(cwd.join("deep/er/file"), "x").expect("written");
    std::os::unix::fs::symlink(&cwd, cwd.join("deep/loop")).expect("linked");
    fs::write(cwd.join(std::ffi::OsStr::from_bytes(b"\xff\n")), "").expect("written");
    let _socket = std::os::unix::net::UnixListener::bind(cwd.join("socket")).expect("bound");
    let (file_type, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR);
    rustix::fs::mknodat(rustix::fs::CWD, cwd.join("pipe"), file_type, mode, 0).expect("made");
    let job = consult(&world);
    let seen = &job["provenance"];
    assert_eq!((&seen["method"], &seen["complete"]), (&json!("files"), &json!(true)));
    assert_eq!((&seen["commit"], &seen["dirty"]), (&Value::Null, &Value::Null));
    assert_eq!((&seen["files"], &job["tree_changed"]), (&json!(7), &json!(false)), "{seen}");
    assert_eq!(job["stale"], false);
    fs::write(cwd.join("deep/er/file"), "y").expect("written");
    assert_eq!(world.json(&["job", "@last", "--json=stale"]), json!({"stale": true}));
}

#[test]
fn the_state_directory_is_left_out_where_it_lies_below() {
    for repository_too in [false, true] {
        let mut world = World::new();
        if repository_too {
            repository(&world, &world.cwd());
        }
        let inside = world.cwd().join("state").display().to_string();
        world.set("PHONE_OPUS_STATE_DIR", &inside);
        let job = consult(&world);
        assert_eq!(
            (&job["tree_changed"], &job["stale"]),
            (&json!(false), &json!(false)),
            "{job:#}"
        );
    }
}

#[test]
fn a_machine_without_git_still_sees_the_commit_and_every_change() {
    let mut world = in_repository();
    world.set("PATH", "/nonexistent");
    let job = consult(&world);
    let seen = &job["provenance"];
    assert_eq!((&seen["complete"], &job["tree_changed"]), (&json!(true), &json!(false)), "{seen}");
    assert_eq!(seen["commit"].as_str().map(str::len), Some(40));
    assert_eq!(seen["dirty"], Value::Null, "what is ignored or staged only git says");
    fs::write(world.cwd().join("a.txt"), "longer than it was\n").expect("written");
    assert_eq!(consult(&world)["provenance"]["dirty"], true);
}

#[test]
fn every_kind_of_repository_tells_its_commit() {
    let world = in_repository();
    let cwd = world.cwd();
    git(&world, &cwd, &["worktree", "add", "-q", "../linked", "-b", "other"]);
    git(&world, &cwd, &["clone", "-q", "--bare", ".", "../bare"]);
    let module = world.path("module");
    repository(&world, &module);
    git(&world, &cwd, &["submodule", "--quiet", "add", "../module", "sub"]);
    git(&world, &cwd, &["commit", "-q", "-m", "sub"]);
    fs::create_dir(cwd.join("below")).expect("made");
    fs::write(cwd.join("below/new"), "").expect("written");
    git(&world, &cwd, &["pack-refs", "--all"]);
    let packed = cwd.join("packed");
    git(&world, &cwd, &["clone", "-q", ".", "../packed"]);
    let packed = world.path(packed.file_name().and_then(|name| name.to_str()).expect("a name"));
    git(&world, &packed, &["update-index", "--index-version", "4"]);
    for (directory, method) in [
        (cwd.clone(), "git"),
        (cwd.join("below"), "git"),
        (cwd.join("sub"), "git"),
        (world.path("linked"), "git"),
        (world.path("bare"), "files"),
        (packed, "git"),
    ] {
        let seen = consult_about(&world, &directory)["provenance"].clone();
        let shown = directory.display();
        assert_eq!((&seen["method"], &seen["complete"]), (&json!(method), &json!(true)), "{shown}");
        assert_eq!(seen["commit"].as_str().map(str::len), Some(40), "{shown}: {seen}");
    }
    // A change within a submodule is a change.
    let id = world.submit(&gated(&world));
    world.until_status(&id, "running");
    fs::write(cwd.join("sub/a.txt"), "other\n").expect("written");
    fs::write(world.path("gate"), "").expect("opened");
    assert_eq!(world.finish(&id)["tree_changed"], true);
}

/// What a consult says of a directory that changes while it runs.
fn changed_by(world: &World, directory: &Path, change: impl FnOnce()) -> Value {
    let _ = fs::remove_file(world.path("gate"));
    let shown = directory.display().to_string();
    let id = world.submit_with(&["--cwd", &shown, &gated(world)]);
    world.until_status(&id, "running");
    change();
    fs::write(world.path("gate"), "").expect("opened");
    let job = world.finish(&id);
    assert_eq!(job["status"], "succeeded", "{job:#}");
    job
}

#[test]
fn a_working_tree_that_is_said_to_be_elsewhere_hides_no_change() {
    for setting in ["[core]\n\tworktree = ../..\n", "[Core]WorkTree=\"../../\" # above\n"] {
        let world = World::new();
        let (cwd, file) = (world.cwd(), world.cwd().join("f.txt"));
        git(&world, &cwd, &["init", "-q"]);
        let config = cwd.join(".git/config");
        let had = fs::read_to_string(&config).expect("there");
        fs::write(&config, had + setting).expect("written");
        fs::write(&file, "1\n").expect("written");
        git(&world, &cwd, &["add", "f.txt"]);
        git(&world, &cwd, &["commit", "-q", "-m", "one"]);
        let job = changed_by(&world, &cwd, || fs::write(&file, "other\n").expect("written"));
        assert_eq!(
            (&job["tree_changed"], &job["stale"]),
            (&json!(true), &json!(true)),
            "{setting}"
        );
        let seen = &job["provenance"];
        assert_eq!((&seen["method"], &seen["dirty"]), (&json!("files"), &Value::Null), "{seen}");
    }
}

#[test]
fn a_working_tree_that_is_said_to_be_where_it_is_is_read_by_the_index() {
    let world = in_repository();
    let cwd = world.cwd();
    for top in ["..".to_owned(), cwd.display().to_string()] {
        git(&world, &cwd, &["config", "core.worktree", &top]);
        assert_eq!(consult(&world)["provenance"]["dirty"], false, "{top}");
    }
}

#[test]
fn a_repository_within_can_be_armed_by_nobody_unseen() {
    for tracked_around in [true, false] {
        let world = World::new();
        let cwd = world.cwd();
        if tracked_around {
            repository(&world, &cwd);
        }
        let inner = cwd.join("new/in");
        repository(&world, &inner);
        let told = |change: &dyn Fn()| changed_by(&world, &cwd, change)["tree_changed"].clone();
        assert_eq!(told(&|| ()), json!(false), "nothing");
        let armed = || git(&world, &inner, &["config", "core.fsmonitor", "/nonexistent"]);
        assert_eq!(told(&armed), json!(true), "its configuration");
        fs::create_dir_all(inner.join(".git/hooks")).expect("made");
        let hook = || fs::write(inner.join(".git/hooks/post-checkout"), "").expect("written");
        assert_eq!(told(&hook), json!(true), "a hook of it");
        let commit = || git(&world, &inner, &["commit", "-q", "--allow-empty", "-m", "two"]);
        assert_eq!(told(&commit), json!(true), "a commit of it");
        let second = || git(&world, &cwd.join("new"), &["init", "-q"]);
        assert_eq!(told(&second), json!(true), "a repository that was none");
    }
}

#[test]
fn a_repository_that_is_made_among_tracked_files_is_seen() {
    let world = in_repository();
    let cwd = world.cwd();
    fs::create_dir_all(cwd.join("deep/er")).expect("made");
    fs::write(cwd.join("deep/er/f"), "").expect("written");
    git(&world, &cwd, &["add", "."]);
    git(&world, &cwd, &["commit", "-q", "-m", "two"]);
    let told = |change: &dyn Fn()| changed_by(&world, &cwd, change)["tree_changed"].clone();
    let inner = cwd.join("deep");
    assert_eq!(told(&|| git(&world, &inner, &["init", "-q"])), json!(true), "made");
    let armed = || git(&world, &inner, &["config", "core.fsmonitor", "/nonexistent"]);
    assert_eq!(told(&armed), json!(true), "armed");
    assert_eq!(told(&|| ()), json!(false), "nothing");
}

#[test]
fn what_a_filter_may_explain_is_not_called_a_change() {
    let touch = |file: &Path| {
        let file = fs::File::options().write(true).open(file).expect("opened");
        file.set_modified(std::time::UNIX_EPOCH).expect("set");
    };
    let other = "0123456789";
    for (attributes, setting, kept, touched, changed) in [
        ("* text eol=crlf\n", "core.eol=lf", "one\r\n45678", Value::Null, json!(true)),
        ("", "core.autocrlf=input", "one\r\n45678", Value::Null, json!(true)),
        ("f.txt filter=x\n", "filter.x.clean=tr a-z A-Z", "one\n456789", Value::Null, Value::Null),
        ("f.txt -filter\n", "filter.x.clean=tr a-z A-Z", "one\n456789", json!(false), json!(true)),
        ("* text=auto\n", "core.autocrlf=true", "one\n456789", json!(false), json!(true)),
    ] {
        let world = in_repository();
        let (cwd, file) = (world.cwd(), world.cwd().join("f.txt"));
        let (name, value) = setting.split_once('=').expect("a setting");
        git(&world, &cwd, &["config", name, value]);
        fs::write(cwd.join(".gitattributes"), attributes).expect("written");
        fs::write(&file, kept).expect("written");
        git(&world, &cwd, &["add", "."]);
        git(&world, &cwd, &["commit", "-q", "-m", "two"]);
        let dirty = || consult(&world)["provenance"]["dirty"].clone();
        touch(&file);
        assert_eq!(dirty(), touched, "touched: {attributes:?} {setting}");
        fs::write(&file, other).expect("written");
        assert_eq!(dirty(), changed, "changed: {attributes:?} {setting}");
        fs::write(&file, "of another size").expect("written");
        assert_eq!(dirty(), json!(true), "another size: {attributes:?} {setting}");
    }
}

#[test]
fn what_git_ignores_as_a_whole_is_looked_at_all_the_same() {
    let world = in_repository();
    let dotfiles = world.path("dotfiles");
    repository(&world, &dotfiles);
    fs::write(dotfiles.join(".gitignore"), "*\n").expect("written");
    git(&world, &dotfiles, &["commit", "-q", "-a", "-m", "all"]);
    for directory in [dotfiles.join("project"), world.cwd().join("ignored/deep")] {
        fs::create_dir_all(&directory).expect("made");
        let file = directory.join("x");
        fs::write(&file, "one").expect("written");
        let job = consult_about(&world, &directory);
        let seen = &job["provenance"];
        assert_eq!((&seen["method"], &seen["complete"]), (&json!("files"), &json!(true)));
        assert_eq!((&seen["files"], &seen["dirty"]), (&json!(1), &Value::Null), "{seen}");
        assert_eq!((&job["tree_changed"], &job["stale"]), (&json!(false), &json!(false)));
        let changed = changed_by(&world, &directory, || fs::write(&file, "two").expect("written"));
        assert_eq!((&changed["tree_changed"], &changed["stale"]), (&json!(true), &json!(true)));
    }
    // What comes into an empty directory comes from nothing, ignored or not.
    for name in ["ignored/empty", "empty"] {
        let empty = world.cwd().join(name);
        fs::create_dir(&empty).expect("made");
        let job = changed_by(&world, &empty, || fs::write(empty.join("x"), "").expect("written"));
        assert_eq!(job["tree_changed"], true, "{name}: {job:#}");
    }
}

#[test]
fn flags_and_times_that_make_git_look_away_do_not_hide_a_change() {
    let world = in_repository();
    let file = world.cwd().join("a.txt");
    let dirty = || consult(&world)["provenance"]["dirty"].clone();
    for flag in ["assume-unchanged", "skip-worktree"] {
        git(&world, &world.cwd(), &["update-index", &format!("--{flag}"), "a.txt"]);
        assert_eq!(dirty(), json!(false), "{flag}");
        let job = changed_by(&world, &world.cwd(), || fs::write(&file, "22\n").expect("written"));
        assert_eq!(job["tree_changed"], true, "{flag}");
        assert_eq!(dirty(), json!(true), "{flag}");
        fs::write(&file, "one\n").expect("written");
        git(&world, &world.cwd(), &["update-index", &format!("--no-{flag}"), "a.txt"]);
    }
    // Another content of the same size, and the time set back.
    git(&world, &world.cwd(), &["update-index", "--refresh"]);
    let then = fs::metadata(&file).and_then(|meta| meta.modified()).expect("a time");
    fs::write(&file, "two\n").expect("written");
    fs::File::options().write(true).open(&file).expect("opened").set_modified(then).expect("set");
    assert_eq!(dirty(), json!(true), "a time that was set back");
    fs::write(&file, "one\n").expect("written");
    fs::write(world.cwd().join("b.txt"), "").expect("written");
    git(&world, &world.cwd(), &["add", "-N", "b.txt"]);
    assert_eq!(dirty(), json!(true), "a file that is only announced");
}

#[test]
fn a_file_system_without_the_executable_bit_is_taken_at_its_word() {
    let world = in_repository();
    let cwd = world.cwd();
    let dirty = || consult(&world)["provenance"]["dirty"].clone();
    fs::set_permissions(cwd.join("a.txt"), fs::Permissions::from_mode(0o755)).expect("set");
    assert_eq!(dirty(), json!(true), "an executable");
    git(&world, &cwd, &["config", "core.fileMode", "false"]);
    assert_eq!(dirty(), json!(false), "the bit means nothing here");
    fs::write(cwd.join("a.txt"), "two\n").expect("written");
    assert_eq!(dirty(), json!(true), "the content does");
}

#[test]
fn an_index_in_two_files_leaves_every_file_to_be_looked_at() {
    let world = in_repository();
    git(&world, &world.cwd(), &["update-index", "--split-index"]);
    let job = consult(&world);
    let seen = &job["provenance"];
    assert_eq!((&seen["method"], &seen["complete"]), (&json!("files"), &json!(true)), "{seen}");
    assert_eq!((&job["tree_changed"], &job["stale"]), (&json!(false), &json!(false)));
    fs::write(world.cwd().join("a.txt"), "two\n").expect("written");
    assert_eq!(world.json(&["job", "@last", "--json=stale"]), json!({"stale": true}));
}

#[test]
fn what_a_sparse_checkout_left_out_is_missed_by_nobody_and_seen_when_it_comes() {
    let world = in_repository();
    let cwd = world.cwd();
    for name in ["in", "out"] {
        fs::create_dir(cwd.join(name)).expect("made");
        fs::write(cwd.join(name).join("f"), "x").expect("written");
    }
    git(&world, &cwd, &["add", "."]);
    git(&world, &cwd, &["commit", "-q", "-m", "two"]);
    for how in ["--no-sparse-index", "--sparse-index"] {
        git(&world, &cwd, &["sparse-checkout", "set", "--cone", how, "in"]);
        assert!(!cwd.join("out").exists());
        let job = consult(&world);
        let seen = &job["provenance"];
        assert_eq!((&seen["method"], &seen["dirty"]), (&json!("git"), &json!(false)), "{how}");
        assert_eq!((&job["tree_changed"], &job["stale"]), (&json!(false), &json!(false)));
        let job = changed_by(&world, &cwd, || {
            fs::create_dir(cwd.join("out")).expect("made");
            fs::write(cwd.join("out/f"), "yy").expect("written");
        });
        assert_eq!(job["tree_changed"], true, "{how}");
        assert_ne!(consult(&world)["provenance"]["dirty"], false, "{how}");
        fs::remove_dir_all(cwd.join("out")).expect("removed");
    }
}

#[test]
fn a_submodule_is_clean_or_not_as_it_says_itself() {
    let world = in_repository();
    let (cwd, module) = (world.cwd(), world.path("module"));
    repository(&world, &module);
    git(&world, &cwd, &["submodule", "--quiet", "add", "../module", "sub"]);
    git(&world, &cwd, &["commit", "-q", "-m", "sub"]);
    let sub = cwd.join("sub");
    let dirty = || consult(&world)["provenance"]["dirty"].clone();
    assert_eq!(dirty(), json!(false), "a clean submodule");
    fs::create_dir(sub.join("ignored")).expect("made");
    fs::write(sub.join("ignored/x"), "").expect("written");
    assert_eq!(dirty(), json!(false), "what a submodule ignores");
    fs::write(sub.join("new"), "").expect("written");
    assert_eq!(dirty(), json!(true), "an untracked file in it");
    git(&world, &sub, &["add", "new"]);
    assert_eq!(dirty(), json!(true), "a staged file in it");
    consult(&world);
    git(&world, &sub, &["commit", "-q", "-m", "new"]);
    assert_eq!(world.json(&["job", "@last", "--json=stale"]), json!({"stale": true}));
    assert_eq!(dirty(), json!(true), "another commit of it");
    git(&world, &cwd, &["commit", "-q", "-a", "-m", "moved"]);
    assert_eq!(dirty(), json!(false), "that commit is recorded");
    let about = consult_about(&world, &sub);
    assert_eq!(about["provenance"]["dirty"], json!(false), "the submodule itself");
    git(&world, &cwd, &["submodule", "--quiet", "deinit", "-f", "sub"]);
    assert_eq!(dirty(), json!(false), "one that is not there");
}

#[test]
fn a_repository_of_somebody_else_is_looked_at_file_by_file() {
    if !rustix::process::geteuid().is_root() {
        return; // Nobody else can give a directory away; `.ci/root-tests` runs as root.
    }
    let world = in_repository();
    let cwd = world.cwd();
    for path in [cwd.clone(), cwd.join(".git")] {
        std::os::unix::fs::chown(&path, Some(65534), None).expect("given away");
    }
    fs::create_dir(cwd.join("ignored")).expect("made");
    let job = changed_by(&world, &cwd, || {
        fs::write(cwd.join("ignored/x"), "").expect("written");
    });
    let seen = &job["provenance"];
    assert_eq!((&seen["complete"], &seen["dirty"]), (&json!(true), &Value::Null), "{seen}");
    assert_eq!(seen["commit"].as_str().map(str::len), Some(40));
    assert_eq!(job["tree_changed"], true, "ignored files count where nobody says what is ignored");
}

/// A command that may not pass a closed door, whoever runs it.
fn without_privileges(world: &World, arguments: &[&str]) -> Command {
    if !rustix::process::geteuid().is_root() {
        return world.raw(arguments);
    }
    let mut command = Command::new("setpriv");
    world.dress(&mut command);
    command.arg("--bounding-set=-dac_override,-dac_read_search");
    command.arg(super::support::program()).args(arguments);
    command
}

#[test]
fn what_may_not_be_looked_at_is_said_and_never_called_unchanged() {
    for (tracked, with_git) in [(true, true), (false, true), (false, false)] {
        let world = World::new();
        if with_git {
            repository(&world, &world.cwd());
        }
        let closed = world.cwd().join("closed");
        fs::create_dir(&closed).expect("made");
        fs::write(closed.join("f"), "x").expect("written");
        if tracked {
            git(&world, &world.cwd(), &["add", "closed"]);
            git(&world, &world.cwd(), &["commit", "-q", "-m", "closed"]);
        }
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o0)).expect("closed");
        let said =
            world.say_of(&mut without_privileges(&world, &["consult", "--json", "--quiet", "x"]));
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).expect("opened");
        let job = said.json();
        let seen = &job["provenance"];
        assert_eq!((&seen["complete"], &seen["fingerprint"]), (&json!(false), &Value::Null));
        assert_eq!(seen["reason"], "something in it could not be looked at", "{seen}");
        assert_eq!(job["tree_changed"], Value::Null, "{tracked} {with_git}");
    }
}

#[test]
fn a_glance_by_a_process_says_what_a_glance_of_our_own_says() {
    let world = in_repository();
    consult(&world);
    let started = world.events().into_iter().find(|event| event["event"] == "started");
    let seen = started.expect("it started")["data"]["provenance"].clone();
    assert!(seen["stamp"].is_string(), "{seen}");
    let mark = json!({"commit": seen["commit"], "stamp": seen["stamp"]});
    let question = json!({"Glance": {"then": [[world.cwd(), mark]]}}).to_string();
    let asked = || {
        let mut command = world.command(["__look"]);
        let output = command.write_stdin(question.clone()).assert().success().get_output().clone();
        String::from_utf8(output.stdout).expect("text")
    };
    assert_eq!(asked(), "[false]\n");
    assert_eq!(world.json(&["jobs", "--json=stale"])["jobs"][0]["stale"], false);
    fs::write(world.cwd().join("a.txt"), "two\n").expect("written");
    assert_eq!(asked(), "[true]\n");
    assert_eq!(world.json(&["jobs", "--json=stale"])["jobs"][0]["stale"], true);
}

#[test]
fn tools_and_denials_are_counted() {
    let world = World::new();
    let job = world.json(&["consult", "--json", "--quiet", "FAKE:mode=tools"]);
    let used = job["tools_used"].as_object().expect("an object");
    assert!(used.values().all(|count| count.as_u64().is_some_and(|count| count > 0)));
    assert!(!used.is_empty(), "{job:#}");
    let shown = world.say(&["job", "@last"]).stdout;
    assert!(shown.contains("\ntools    ") && shown.contains("\ndenied   "), "{shown}");
    assert!(shown.contains("\nclaude   "), "{shown}");
}
