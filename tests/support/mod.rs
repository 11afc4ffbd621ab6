//! A world of its own for every test: home, state directory, working directory, environment, and the
//! fake Claude Code. Nothing of the machine's user is seen or touched.
//!
//! When a [`World`] goes, it looks for processes that still carry its name in their environment: one
//! that is left behind fails the test.

pub(crate) mod mcp;
pub(crate) mod said;
pub(crate) mod schema;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::Command;
use serde_json::Value;

/// Longest wait for anything; only a failing test comes near it.
const PATIENCE: Duration = Duration::from_mins(1);

/// One test's world.
pub(crate) struct World {
    root: tempfile::TempDir,
    /// Extra variables of every command.
    variables: Vec<(String, String)>,
}

impl World {
    pub(crate) fn new() -> Self {
        heed_signals();
        let root = tempfile::Builder::new().prefix("phone-opus-test-").tempdir().expect("made");
        // Whoever runs the tests may have them all run without a layer of the jail.
        let without = std::env::var("PHONE_OPUS_TEST_WITHOUT").ok();
        let without = without.map(|layers| ("PHONE_OPUS_TEST_WITHOUT".to_owned(), layers));
        let world = Self { root, variables: without.into_iter().collect() };
        for directory in ["home", "cwd", "tmp"] {
            fs::create_dir(world.path(directory)).expect("made");
        }
        world
    }

    /// Sets a variable for every command of this world.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// The fake Claude Code writes down how it is started: here, in the user's home of Claude Code, which
    /// alone it may write.
    pub(crate) fn trace(&mut self) -> PathBuf {
        let home = self.path("home/.claude");
        fs::create_dir_all(&home).expect("made");
        let trace = home.join("trace");
        self.set("FAKE_CLAUDE_TRACE", &trace.to_string_lossy());
        trace
    }

    /// Waits until Claude Code has said its first word about a job: until then it is still starting.
    pub(crate) fn until_at_work(&self, id: &str) {
        until("Claude Code says something", || {
            let said = fs::read_to_string(self.job_file(id, "transcript.jsonl")).ok()?;
            said.contains("\"init\"").then_some(())
        });
    }

    /// A path below the world's own directory, without symbolic links.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().canonicalize().expect("there").join(name)
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.path("state")
    }

    pub(crate) fn cwd(&self) -> PathBuf {
        self.path("cwd")
    }

    /// The program with arguments, in this world; standard input is empty.
    pub(crate) fn command<S: AsRef<str>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        Command::from_std(self.raw(arguments))
    }

    /// The same, to be spawned and held.
    pub(crate) fn raw<S: AsRef<str>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> std::process::Command {
        let mut command = std::process::Command::new(program());
        self.dress(&mut command);
        command.args(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        command
    }

    /// Puts any command into this world.
    pub(crate) fn dress(&self, command: &mut std::process::Command) {
        command
            .env_clear()
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"))
            // Programs are where the machine has them: not every one has a /usr/bin.
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("PHONE_OPUS_STATE_DIR", self.state())
            .env("PHONE_OPUS_CLAUDE_BIN", fake_claude())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.cwd())
            .stdin(Stdio::null());
    }

    /// Starts a consult that goes on by itself, and returns its id.
    pub(crate) fn submit(&self, prompt: &str) -> String {
        self.submit_with(&[prompt])
    }

    /// The same with more arguments.
    pub(crate) fn submit_with(&self, arguments: &[&str]) -> String {
        let all = ["consult", "--bg"].iter().chain(arguments);
        let output = self.command(all).assert().success().get_output().stdout.clone();
        String::from_utf8(output).expect("text").trim().to_owned()
    }

    /// Waits for a job's end and returns its document.
    pub(crate) fn finish(&self, id: &str) -> Value {
        self.command(["wait", id, "--timeout", "60s"]).ok().ok();
        let job = self.job(id);
        assert_eq!(job["done"], true, "{job:#}");
        job
    }

    /// A job's document as it stands.
    pub(crate) fn job(&self, id: &str) -> Value {
        self.json(&["job", id, "--json"])
    }

    /// Waits until a job is in a state, and returns its document.
    pub(crate) fn until_status(&self, id: &str, status: &str) -> Value {
        until(&format!("{id} is {status}"), || {
            Some(self.job(id)).filter(|job| job["status"] == status)
        })
    }

    /// What a command printed, as JSON; it must have succeeded.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.command(arguments).assert().success().get_output().stdout.clone();
        serde_json::from_slice(&output).expect("JSON")
    }

    /// The log's lines, oldest first.
    pub(crate) fn events(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.state().join("events.jsonl")).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The names of a job's events, oldest first.
    pub(crate) fn history(&self, id: &str) -> Vec<String> {
        let events = self.events();
        let own = events.iter().filter(|event| event["job"] == id);
        own.map(|event| event["event"].as_str().expect("a name").to_owned()).collect()
    }

    /// A file of a job's directory.
    pub(crate) fn job_file(&self, id: &str, name: &str) -> PathBuf {
        self.state().join("jobs").join(id).join(name)
    }

    /// Who holds a job's lock: (guard, worker).
    pub(crate) fn runners(&self, id: &str) -> (u32, u32) {
        until("the runner has written itself down", || {
            let text = fs::read(self.job_file(id, "lock")).ok()?;
            let holders: Value = serde_json::from_slice(&text).ok()?;
            let pid = |name: &str| u32::try_from(holders[name]["pid"].as_u64()?).ok();
            Some((pid("guard")?, pid("worker")?))
        })
    }

    /// Pids of all processes that belong to this world.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let mark = self.root.path().to_string_lossy().into_owned();
        let marked = |pid: &u32| {
            // The variables of a stopped or dying process may be unreadable: then it is not ours to judge.
            fs::read(format!("/proc/{pid}/environ"))
                .is_ok_and(|variables| contains(&variables, mark.as_bytes()))
        };
        pids().into_iter().filter(|pid| *pid != std::process::id()).filter(marked).collect()
    }

    /// Fails unless every process of this world ends by itself, and soon.
    pub(crate) fn assert_quiet(&self) {
        until("no process is left behind", || self.processes().is_empty().then_some(()));
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.assert_quiet();
        }
        for pid in self.processes() {
            kill(pid, "KILL");
        }
    }
}

/// Signals that whoever runs the tests ignores (nohup, a script in the background) would be ignored by
/// every program under test. What we handle, they meet with the default.
fn heed_signals() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let status = fs::read_to_string("/proc/self/status").expect("proc is there");
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("a mask");
        let mask = u64::from_str_radix(mask.trim(), 16).expect("hexadecimal");
        for signal in [rustix::process::Signal::HUP, rustix::process::Signal::INT] {
            if mask & (1 << (signal.as_raw() - 1)) != 0 {
                let flag = std::sync::Arc::<std::sync::atomic::AtomicBool>::default();
                signal_hook::flag::register(signal.as_raw(), flag).expect("heard");
            }
        }
    });
}

/// Polls a condition until it holds; fails with its name when it never does.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "never came true: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The program under test.
pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_phone-opus"))
}

/// The fake Claude Code, which `cargo test` builds beside the program.
pub(crate) fn fake_claude() -> PathBuf {
    example("fake-claude")
}

/// Writes a script, by another process: a file that we hold open for writing cannot be run.
pub(crate) fn write_program(path: &Path, script: &str) {
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "printf %s \"$1\" >\"$0\" && chmod +x \"$0\""]).arg(path).arg(script);
    assert!(shell.status().expect("ran").success());
}

/// An example program of this package.
pub(crate) fn example(name: &str) -> PathBuf {
    let path = program().parent().expect("a directory").join("examples").join(name);
    assert!(path.exists(), "{} is not built: run `cargo build --examples` first", path.display());
    path
}

/// Runs a command of a world that may make no file longer than so many bytes: to a program that is
/// an error like a full disk. What it prints goes to pipes, which have no such limit.
pub(crate) fn run_limited(world: &World, bytes: u64, arguments: &[&str]) -> std::process::Output {
    let mut shell = std::process::Command::new("sh");
    world.dress(&mut shell);
    shell.args(["-c", "read go && exec \"$0\" \"$@\" </dev/null"]).arg(program()).args(arguments);
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = shell.spawn().expect("started");
    limit_file_size(child.id(), Some(bytes));
    std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), b"go\n").expect("written");
    child.wait_with_output().expect("waited")
}

/// Sets how long a file a living process may make; `None` takes the limit off again.
pub(crate) fn limit_file_size(pid: u32, bytes: Option<u64>) {
    use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
    let maximum = getrlimit(Resource::Fsize).maximum;
    let pid = Pid::from_raw(i32::try_from(pid).expect("a pid"));
    let limit = Rlimit { current: bytes.or(maximum), maximum };
    prlimit(pid, Resource::Fsize, limit).expect("a process of ours");
}

/// Sends a signal by name, such as "KILL". A process that is gone already needs none.
pub(crate) fn kill(pid: u32, signal: &str) {
    use rustix::process::{Pid, Signal, kill_process};
    let signal = match signal {
        "KILL" => Signal::KILL,
        "TERM" => Signal::TERM,
        "INT" => Signal::INT,
        "HUP" => Signal::HUP,
        "STOP" => Signal::STOP,
        "CONT" => Signal::CONT,
        other => panic!("no signal {other} here"),
    };
    let pid = Pid::from_raw(i32::try_from(pid).expect("a pid")).expect("a pid");
    let _ = kill_process(pid, signal);
}

/// The state letter of a process (`S`, `T`, `Z` …), or `None` when there is none.
pub(crate) fn process_state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

/// Whether a process is there and not a zombie.
pub(crate) fn is_alive(pid: u32) -> bool {
    process_state(pid).is_some_and(|state| state != 'Z')
}

/// Whether a process is the fake Claude Code at its work, and not only asked for its version. While a
/// process execs, its arguments are empty for a moment.
pub(crate) fn is_claude_at_work(pid: u32) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe.ends_with("fake-claude"))
        && line.split(|&byte| byte == 0).any(|word| word == b"--output-format")
}

/// The pid, as we see it, of a process below `above` that calls itself `inner`: in a namespace of its own
/// it has another number.
pub(crate) fn outside(above: u32, inner: u32) -> Option<u32> {
    let own_number = |pid: u32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
        line.split_whitespace().last()?.parse::<u32>().ok()
    };
    below(above).into_iter().find(|&pid| own_number(pid) == Some(inner))
}

/// All processes below one.
fn below(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists =
        threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let children: Vec<u32> = lists.flat_map(|list| numbers(&list)).collect();
    children.into_iter().flat_map(|child| [vec![child], below(child)].concat()).collect()
}

/// The numbers among the words of a text.
pub(crate) fn numbers(text: &str) -> Vec<u32> {
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

/// Which of these processes of an ended job still live. What was said inside of a pid namespace means
/// nothing outside, and all in there has ended with its first process.
pub(crate) fn living(job: &Value, pids: &[u32]) -> Vec<u32> {
    let had_namespace = job["enforcement"]["bwrap"].is_string();
    pids.iter().copied().filter(|&pid| !had_namespace && is_alive(pid)).collect()
}

/// Waits for a child with a limit, and returns its exit code; `None` when a signal ended it.
pub(crate) fn exit_code(child: &mut Child) -> Option<i32> {
    until("the command ends", || child.try_wait().expect("waited")).code()
}

fn pids() -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("proc is there").flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

pub(crate) fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
