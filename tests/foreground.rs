//! A foreground consult: what it says while it waits, and what each signal means to it.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

use super::support::{World, exit_code, kill, until};

/// A foreground consult that is being watched.
struct Watched {
    child: Child,
    id: String,
    stderr: BufReader<std::process::ChildStderr>,
}

impl Watched {
    /// Starts one and waits until it runs.
    fn start(world: &World, arguments: &[&str]) -> Self {
        let mut command = world.raw([&["consult"], arguments].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("started");
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        let id = until("the job runs", || {
            let document = world.say(&["jobs", "--status", "running", "--json=job_id"]).json();
            Some(document["jobs"][0]["job_id"].as_str()?.to_owned())
        });
        Self { child, id, stderr }
    }

    fn signal(&self, name: &str) {
        kill(self.child.id(), name);
    }

    /// Reads what is said until a line has come.
    fn hear(&mut self, wanted: &str) {
        let mut line = String::new();
        while line.trim_end() != wanted {
            line.clear();
            assert_ne!(self.stderr.read_line(&mut line).expect("text"), 0, "never said: {wanted}");
        }
    }

    /// Waits for the end; gives the exit code and both streams.
    fn end(mut self) -> (Option<i32>, String, String) {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.child.stdout.take().expect("piped").read_to_string(&mut stdout).expect("text");
        self.stderr.read_to_string(&mut stderr).expect("text");
        (exit_code(&mut self.child), stdout, stderr)
    }
}

fn gated(world: &World) -> String {
    format!("FAKE:mode=gate,gate={}", world.path("gate").display())
}

#[test]
fn off_a_terminal_each_change_is_one_plain_line() {
    let mut world = World::new();
    world.set("PHONE_OPUS_MAX_RUNNING", "1");
    let first = world.submit(&gated(&world));
    world.until_status(&first, "running");
    let mut command = world.raw(["consult", &gated(&world)]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    stderr.read_line(&mut line).expect("text");
    assert_eq!(line, "queued: waiting for its turn\n");
    fs::write(world.path("gate"), "").expect("opened");
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).expect("text");
    assert_eq!(exit_code(&mut child), Some(0));
    assert!(!rest.contains(['\r', '\u{1b}']), "{rest:?}");
    let lines: Vec<&str> = rest.lines().collect();
    let (closing, changes) = lines.split_last().expect("the last line");
    assert!(closing.starts_with("job ") && closing.contains(" · to go on: --session "), "{rest}");
    let distinct: std::collections::BTreeSet<&&str> = changes.iter().collect();
    assert_eq!(distinct.len(), changes.len(), "a line without a change: {rest}");
    world.finish(&first);
}

#[test]
fn an_interrupt_cancels_and_keeps_what_was_said() {
    let world = World::new();
    let mut consult = Watched::start(&world, &[&gated(&world)]);
    consult.signal("INT");
    consult.hear("Cancelling; Ctrl-C again kills.");
    let id = consult.id.clone();
    let (code, stdout, stderr) = consult.end();
    assert_eq!((code, stdout.as_str()), (Some(130), ""), "{stderr}");
    assert!(stderr.contains(&format!("job {id} cancelled\n")), "{stderr}");
    assert_eq!(world.job(&id)["status"], "cancelled");
}

#[test]
fn a_second_interrupt_does_not_wait_for_the_grace() {
    let mut world = World::new();
    world.set("PHONE_OPUS_GRACE", "1h");
    let mut consult = Watched::start(&world, &["FAKE:mode=hang"]);
    let transcript = world.job_file(&consult.id, "transcript.jsonl");
    until("it is deaf", || {
        std::fs::read_to_string(&transcript).ok()?.contains("init").then_some(())
    });
    consult.signal("INT");
    consult.hear("Cancelling; Ctrl-C again kills.");
    consult.signal("INT");
    consult.hear("Killing.");
    let id = consult.id.clone();
    let (code, _, stderr) = consult.end();
    assert_eq!(code, Some(130), "{stderr}");
    assert_eq!(world.job(&id)["status"], "cancelled");
}

#[test]
fn termination_and_hang_up_let_the_job_go_on_and_say_its_id() {
    for (signal, code, quiet) in [("TERM", 143, false), ("HUP", 129, false), ("TERM", 143, true)] {
        let world = World::new();
        let prompt = gated(&world);
        let arguments = if quiet { vec!["--quiet", &prompt] } else { vec![prompt.as_str()] };
        let consult = Watched::start(&world, &arguments);
        consult.signal(signal);
        let id = consult.id.clone();
        let (ended, stdout, stderr) = consult.end();
        assert_eq!((ended, stdout.as_str()), (Some(code), ""), "{stderr}");
        let sentence = format!(
            "The job goes on; `phone-opus wait {id}` waits for it, `phone-opus cancel {id}` ends \
             it.\n"
        );
        assert!(stderr.ends_with(&sentence), "{stderr}");
        fs::write(world.path("gate"), "").expect("opened");
        assert_eq!(world.finish(&id)["status"], "succeeded");
    }
}

#[test]
fn an_interrupted_json_consult_still_prints_its_job() {
    let world = World::new();
    let consult = Watched::start(&world, &["--json", "--quiet", &gated(&world)]);
    consult.signal("INT");
    let (code, stdout, stderr) = consult.end();
    let job: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!((code, &job["status"]), (Some(130), &"cancelled".into()), "{stderr}");
    assert_eq!(stderr, "");
}
