//! A consult outlives its terminal, its shell's process group and its parent.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::Stdio;

use super::support::{World, exit_code, kill, program, until};

/// Waits for the world's only job to run, and returns its id.
fn running(world: &World) -> String {
    let id = until("a job is queued", || Some(world.events().first()?["job"].as_str()?.to_owned()));
    world.until_status(&id, "running");
    id
}

fn gated(world: &World) -> String {
    format!("FAKE:mode=gate,gate={}", world.path("gate").display())
}

fn open_the_gate(world: &World) {
    std::fs::write(world.path("gate"), "").expect("the gate opens");
}

#[test]
fn a_foreground_consult_survives_a_kill_of_its_process_group() {
    let world = World::new();
    let mut consult = world.raw(["consult", &gated(&world)]);
    let mut consult = consult
        .process_group(0)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    let id = running(&world);
    let group = rustix::process::Pid::from_raw(consult.id().cast_signed()).expect("a pid");
    rustix::process::kill_process_group(group, rustix::process::Signal::KILL).expect("killed");
    assert_eq!(exit_code(&mut consult), None);
    open_the_gate(&world);
    assert_eq!(world.finish(&id)["status"], "succeeded");
}

#[test]
fn a_background_consult_survives_the_kill_of_its_parent() {
    let world = World::new();
    let script =
        format!("{} consult --bg '{}'; exec sleep 600", program().display(), gated(&world));
    let mut shell = std::process::Command::new("sh");
    world.dress(&mut shell);
    let mut shell = shell.args(["-c", &script]).stdout(Stdio::null()).spawn().expect("started");
    let id = running(&world);
    kill(shell.id(), "KILL");
    assert_eq!(exit_code(&mut shell), None);
    open_the_gate(&world);
    assert_eq!(world.finish(&id)["status"], "succeeded");
}

#[test]
fn a_foreground_consult_survives_the_hang_up_of_its_terminal() {
    let world = World::new();
    let (terminal, keyboard) = terminal();
    let mut consult = std::process::Command::new("setsid");
    world.dress(&mut consult);
    let mut consult = consult
        .args(["--ctty", "--wait"])
        .arg(program())
        .args(["consult", &gated(&world)])
        .stdin(File::from(keyboard.try_clone().expect("copied")))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("setsid is part of util-linux");
    drop(keyboard);
    let id = running(&world);
    drop(terminal);
    assert_eq!(exit_code(&mut consult), Some(129), "hung up");
    open_the_gate(&world);
    assert_eq!(world.finish(&id)["status"], "succeeded");
}

/// A new pseudo-terminal: its master, and its slave side.
fn terminal() -> (OwnedFd, OwnedFd) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let master =
        openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
    grantpt(&master).expect("granted");
    unlockpt(&master).expect("unlocked");
    let name = ptsname(&master, Vec::new()).expect("a name");
    let slave = File::options().read(true).write(true).open(name.to_str().expect("a path"));
    (master, OwnedFd::from(slave.expect("opened")))
}

#[test]
fn a_person_at_a_terminal_sees_how_it_goes_and_the_answer_alone_at_the_end() {
    use std::io::Read;
    let world = World::new();
    let (terminal, screen) = terminal();
    // The command goes at the end of this line, and with it our last hold on the screen.
    let mut consult = world
        .raw(["consult", "FAKE:mode=slow,secs=0.2,lines=5"])
        .env("TERM", "xterm")
        .stderr(File::from(screen))
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let reader = std::thread::spawn(move || {
        let (mut terminal, mut seen) = (File::from(terminal), Vec::new());
        let mut bytes = [0; 4096];
        // Reading ends with an error when the last writer is gone.
        while let Ok(length @ 1..) = terminal.read(&mut bytes) {
            seen.extend_from_slice(&bytes[..length]);
        }
        String::from_utf8_lossy(&seen).into_owned()
    });
    assert_eq!(exit_code(&mut consult), Some(0));
    let mut answer = String::new();
    consult.stdout.take().expect("piped").read_to_string(&mut answer).expect("read");
    assert_eq!(answer, "fake answer: 42\n");
    drop(consult);
    let seen = reader.join().expect("read");
    assert!(seen.contains("\r\x1b[2K"), "one line is drawn over and over: {seen:?}");
    assert!(seen.contains("written"), "it says how much was written: {seen:?}");
    assert!(seen.contains("--session"), "it ends with the way to go on: {seen:?}");
}
