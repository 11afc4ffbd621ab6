//! Runners and what lies beside the log: the dead are told from the living, and nothing of a living
//! job is ever taken.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use super::super::pruning::without_privileges;
use super::super::support::{World, is_alive, kill, until};
use super::{age, assert_says, examine, examined, healthy, mode};

const NOBODY: &str = "0b4e0a52-7f43-4f5e-9a2b-3c1d5e6f7a8b";

fn kill_runner(world: &World, id: &str) {
    let (guard, worker) = world.runners(id);
    for signal in ["STOP", "KILL"] {
        kill(guard, signal);
        kill(worker, signal);
    }
    until("guard and worker are gone", || (!is_alive(guard) && !is_alive(worker)).then_some(()));
}

fn gated(world: &World) -> (String, PathBuf) {
    let gate = world.path("gate");
    let id = world.submit(&format!("FAKE:mode=gate,gate={}", gate.display()));
    world.until_at_work(&id);
    (id, gate)
}

fn finished(world: &World) -> String {
    let id = world.submit("what is it?");
    world.finish(&id);
    world.assert_quiet();
    id
}

/// A directory as a submit leaves it that was killed before its event, two hours ago.
fn abandoned(world: &World) -> PathBuf {
    let directory = world.state().join("jobs").join(NOBODY);
    fs::create_dir_all(directory.join("tmp")).expect("made");
    fs::write(directory.join("lock"), "").expect("written");
    fs::write(directory.join("prompt"), "what?").expect("written");
    age(&directory);
    directory
}

#[test]
fn a_dead_runner_is_told_without_a_word_in_the_log_and_a_fix_records_its_end() {
    let world = healthy();
    let id = world.submit("FAKE:hang");
    world.until_status(&id, "running");
    kill_runner(&world, &id);
    let found = examine(&world, &[]);
    let one = found.one("runners", "dead_runner");
    let message = format!("the runner of job {id} died, and it left no answer");
    let advice = "`phone-opus job` records its end, and so does --fix.";
    assert_says(one, "warn", &message, Some(advice));
    assert_eq!((&one["job_id"], &one["fixable"]), (&id.as_str().into(), &true.into()));
    assert_eq!(world.history(&id), ["queued", "started"], "a look records nothing");

    let fixed = examine(&world, &["--fix"]);
    assert_eq!(fixed.done(), [format!("the end of job {id} is recorded")]);
    assert!(fixed.all("runners", "dead_runner").is_empty());
    assert_eq!(world.history(&id), ["queued", "started", "lost"]);
    assert!(examine(&world, &["--fix"]).done().is_empty());
}

#[test]
fn an_answer_that_a_dead_runner_left_is_told_and_recovered() {
    let mut world = healthy();
    world.set("PHONE_OPUS_TEST_PAUSE", "outcome");
    let id = world.submit("what is it?");
    until("the outcome is saved", || world.job_file(&id, "outcome").exists().then_some(()));
    kill_runner(&world, &id);
    let found = examine(&world, &[]);
    let message = format!("the runner of job {id} died, and its answer is there");
    assert_eq!(found.one("runners", "dead_runner")["message"], message);
    examine(&world, &["--fix"]).done();
    let job = world.job(&id);
    assert_eq!((&job["status"], &job["recovered"]), (&"succeeded".into(), &true.into()));
}

#[test]
fn the_end_of_a_dead_runners_job_that_cannot_be_recorded_is_said() {
    let world = healthy();
    let id = world.submit("FAKE:hang");
    world.until_status(&id, "running");
    kill_runner(&world, &id);
    let lock = File::open(world.state().join("events.lock")).expect("opened");
    lock.lock().expect("locked");
    let fixed = examine(&world, &["--fix"]);
    let error = format!("the end of job {id} could not be written to the log");
    assert_eq!(fixed.fixes(), [(format!("the end of job {id} is not recorded"), Some(error))]);
    assert_eq!(fixed.code, Some(75));
    lock.unlock().expect("unlocked");
    assert_eq!(examine(&world, &["--fix"]).done().len(), 1);
}

#[test]
fn a_directory_of_no_job_is_removed_once_it_is_old_and_free() {
    let world = healthy();
    finished(&world);
    let directory = abandoned(&world);
    let found = examine(&world, &[]);
    let one = found.one("files", "stale_directory");
    let message = format!("jobs/{NOBODY} has no event in the log: its submit was killed");
    assert_says(one, "warn", &message, Some("--fix removes it."));
    assert_eq!(one["path"], format!("ROOT/state/jobs/{NOBODY}"));
    assert!(directory.exists(), "a look removes nothing");

    // Somebody may be submitting: young, or held, it stays.
    File::open(&directory)
        .expect("opened")
        .set_modified(std::time::SystemTime::now())
        .expect("set");
    assert!(examine(&world, &["--fix"]).done().is_empty());
    age(&directory);
    let lock = File::open(directory.join("lock")).expect("opened");
    lock.lock().expect("locked");
    let held = examine(&world, &["--fix"]);
    assert!(held.done().is_empty());
    let message = held.one("files", "stuck_submit")["message"].as_str().expect("text").to_owned();
    assert!(message.contains(&format!("is held by process {}", std::process::id())), "{message}");
    lock.unlock().expect("unlocked");
    assert!(directory.exists());

    let fixed = examine(&world, &["--fix"]);
    assert_eq!(fixed.done(), [format!("jobs/{NOBODY} is removed")]);
    assert!(!directory.exists());
    assert_eq!(fixed.all("files", "tidy").len(), 1);
    assert!(examine(&world, &["--fix"]).done().is_empty());
}

#[test]
fn hundreds_of_directories_of_no_job_are_counted_and_all_removed() {
    let world = healthy();
    let id = finished(&world);
    for number in 0..300 {
        let name = format!("00000000-0000-4000-8000-{number:012}");
        let directory = world.state().join("jobs").join(name);
        fs::create_dir(&directory).expect("made");
        age(&directory);
    }
    let found = examine(&world, &[]);
    let told = found.all("files", "stale_directory");
    assert_eq!((told.len(), &told[10]["message"]), (11, &"and 290 more like these".into()));
    assert_eq!(examine(&world, &["--fix"]).done().len(), 300);
    let left = fs::read_dir(world.state().join("jobs")).expect("read").count();
    assert_eq!((left, &world.job(&id)["status"]), (1, &"succeeded".into()));
}

#[test]
fn what_an_ended_job_needs_no_more_is_removed_unless_somebody_holds_it() {
    let world = healthy();
    let id = finished(&world);
    let [tmp, prompt] = ["tmp", "prompt"].map(|name| world.job_file(&id, name));
    fs::create_dir(&tmp).expect("made");
    fs::write(tmp.join("settings.json"), "{}").expect("written");
    fs::write(&prompt, "what?").expect("written");
    let lock = File::open(world.job_file(&id, "lock")).expect("opened");
    lock.lock().expect("locked");
    let held = examine(&world, &["--fix"]);
    assert!(held.done().is_empty());
    let one = held.one("runners", "held_after_end");
    let begins =
        format!("job {id} has ended, and its lock is held by process {}", std::process::id());
    assert!(one["message"].as_str().expect("text").starts_with(&begins), "{one:#}");
    assert!(tmp.exists() && prompt.exists());
    lock.unlock().expect("unlocked");

    let message = format!("jobs/{id} still has files that only a running job needs");
    let found = examine(&world, &[]);
    assert_says(found.one("files", "leftovers"), "warn", &message, Some("--fix removes them."));
    let fixed = examine(&world, &["--fix"]);
    assert_eq!(fixed.done(), [format!("what only a running job needs is removed from jobs/{id}")]);
    assert!(!tmp.exists() && !prompt.exists() && world.job_file(&id, "transcript.jsonl").exists());
    assert!(examine(&world, &["--fix"]).done().is_empty());
}

#[test]
fn what_is_left_goes_whatever_its_modes_are_and_a_fix_that_fails_is_not_called_well() {
    let world = healthy();
    let id = finished(&world);
    let (job, tmp) = (world.job_file(&id, ""), world.job_file(&id, "tmp"));
    fs::create_dir_all(tmp.join("x@v1")).expect("made");
    fs::write(tmp.join("x@v1/x.go"), "").expect("written");
    mode(&tmp.join("x@v1"), 0o555);
    mode(&job, 0o500);
    let fix = |arguments: &[&str]| world.say_of(&mut without_privileges(&world, arguments));
    let failed = examined(&fix(&["doctor", "--fix", "--json"]));
    let [(message, Some(_))] = &failed.fixes()[..] else { panic!("{:#}", failed.document) };
    let expected = format!("what only a running job needs is not removed from jobs/{id}");
    assert_eq!((message, failed.code), (&expected, Some(74)));
    assert_eq!(failed.one("files", "leftovers")["fixable"], false, "it has just failed");
    let said = fix(&["doctor", "--fix"]);
    assert!(!said.stderr.contains("takes care of"), "{said:#?}");
    mode(&job, 0o700);
    let fixed = examined(&fix(&["doctor", "--fix", "--json"]));
    assert_eq!((fixed.done().len(), fixed.code), (1, Some(0)));
    assert!(!tmp.exists());
}

#[test]
fn tickets_and_session_locks_of_nobody_are_removed_and_what_is_remembered_stays() {
    let world = healthy();
    let id = finished(&world);
    let ticket = world.state().join("slots").join(format!("wait-{NOBODY}"));
    fs::write(&ticket, "").expect("written");
    let sessions = world.state().join("sessions");
    let session = sessions.join(format!("{NOBODY}.lock"));
    fs::write(&session, "").expect("written");
    for entry in fs::read_dir(&sessions).expect("read") {
        age(&entry.expect("read").path());
    }
    let found = examine(&world, &[]);
    assert_eq!(found.all("files", "stale_ticket").len(), 1);
    let message = format!("sessions/{NOBODY}.lock remembers nothing: its submit was killed");
    assert_says(found.one("files", "stale_session"), "warn", &message, Some("--fix removes it."));
    let lock = File::open(&session).expect("opened");
    lock.lock().expect("locked");
    assert_eq!(examine(&world, &["--fix"]).done(), [format!("slots/wait-{NOBODY} is removed")]);
    lock.unlock().expect("unlocked");
    assert_eq!(examine(&world, &["--fix"]).done(), [format!("sessions/{NOBODY}.lock is removed")]);
    assert!(!ticket.exists() && !session.exists());
    // The conversation of the finished job can still be gone on with.
    let of_job = world.job(&id)["session"]["id"].as_str().expect("an id").to_owned();
    assert!(sessions.join(format!("{of_job}.lock")).exists());
    assert!(examine(&world, &["--fix"]).done().is_empty());
}

#[test]
fn a_conversation_that_somebody_holds_on_to_is_told_with_who_does() {
    let world = healthy();
    let id = finished(&world);
    let session = world.job(&id)["session"]["id"].as_str().expect("an id").to_owned();
    let name = format!("{session}.lock");
    let lock = File::open(world.state().join("sessions").join(&name)).expect("opened");
    lock.lock().expect("locked");
    let held = examine(&world, &["--fix"]);
    assert!(held.done().is_empty(), "that is nobody's to take");
    let message = held.one("runners", "held_session")["message"].as_str().expect("text");
    let begins = format!("the session lock {name} is held by process {} (", std::process::id());
    assert!(message.starts_with(&begins), "{message}");
    lock.unlock().expect("unlocked");
    assert!(examine(&world, &[]).all("runners", "held_session").is_empty());
}

#[test]
fn a_lock_that_cannot_be_asked_leaves_the_word_of_the_log() {
    let world = healthy();
    let id = world.submit("FAKE:hang");
    world.until_status(&id, "running");
    kill_runner(&world, &id);
    let lock = world.job_file(&id, "lock");
    fs::rename(&lock, world.path("kept")).expect("moved");
    std::os::unix::fs::symlink(&lock, &lock).expect("linked");
    let found = examine(&world, &["--fix"]);
    let message = format!("the lock of job {id} cannot be asked, so the log's word stands");
    let advice = Some("Let this user read it.");
    assert_says(found.one("runners", "lock_unreadable"), "warn", &message, advice);
    assert_eq!(world.history(&id), ["queued", "started"]);
    fs::rename(world.path("kept"), &lock).expect("moved back");
    assert_eq!(examine(&world, &["--fix"]).done(), [format!("the end of job {id} is recorded")]);
}

#[test]
fn a_saved_end_that_the_log_does_not_have_is_told() {
    let world = healthy();
    let id = world.submit("FAKE:hang");
    world.until_status(&id, "running");
    kill_runner(&world, &id);
    world.until_status(&id, "lost");
    let saved = br#"{"event":"succeeded","data":{"reply":{"response":"late"}}}"#;
    fs::write(world.job_file(&id, "outcome"), saved).expect("written");
    let found = examine(&world, &["--fix"]);
    let message = format!("job {id} is recorded as lost, and its saved end says succeeded");
    let advice = "What it came to is in the file `outcome` there.";
    assert_says(found.one("files", "unrecorded_end"), "warn", &message, Some(advice));
    assert!(world.job_file(&id, "outcome").exists());
}

#[test]
fn strangers_are_told_and_left_alone() {
    let world = healthy();
    finished(&world);
    let stranger = world.state().join("jobs/notes");
    fs::create_dir(&stranger).expect("made");
    age(&stranger);
    let found = examine(&world, &["--fix"]);
    assert_eq!(found.one("files", "stranger")["message"], "jobs/notes is no job's");
    assert!(found.done().is_empty() && stranger.exists());
}

#[test]
fn a_living_job_is_called_alive_and_loses_nothing_to_fixes_however_often() {
    let world = healthy();
    let (id, gate) = gated(&world);
    let (guard, _) = world.runners(&id);
    let directory = world.state().join("jobs").join(&id);
    age(&directory);
    let found = examine(&world, &[]);
    let message = format!("1 running or queued: {id} by process {guard}");
    assert_says(found.one("runners", "alive"), "ok", &message, None);
    let doctors: Vec<Child> = (0..6)
        .map(|_| {
            let mut command = world.raw(["doctor", "--fix", "--json"]);
            command.stdout(Stdio::null()).spawn().expect("started")
        })
        .collect();
    for mut doctor in doctors {
        assert!(doctor.wait().expect("waited").success());
    }
    assert!(world.job_file(&id, "prompt").exists() && world.job_file(&id, "tmp").exists());
    fs::write(gate, "").expect("opened");
    assert_eq!(world.finish(&id)["result"]["response"], "fake answer: 42");
    assert_eq!(world.history(&id), ["queued", "started", "succeeded"]);
}

#[test]
fn consults_that_come_and_go_while_doctors_fix_are_all_answered() {
    let world = healthy();
    let mut doctors: Vec<Child> = Vec::new();
    let mut ids = Vec::new();
    for _ in 0..4 {
        let mut command = world.raw(["doctor", "--fix", "--json"]);
        doctors.push(command.stdout(Stdio::null()).spawn().expect("started"));
        ids.push(world.submit("what is it?"));
    }
    for id in &ids {
        assert_eq!(world.finish(id)["status"], "succeeded");
        assert_eq!(world.history(id), ["queued", "started", "succeeded"]);
    }
    for mut doctor in doctors {
        assert!(doctor.wait().expect("waited").success());
    }
    world.assert_quiet();
    let found = examine(&world, &["--fix"]);
    assert_eq!((found.code, found.done().len()), (Some(0), 0), "{:#}", found.document);
}

#[test]
fn a_runner_whose_directory_was_removed_is_not_called_dead() {
    let world = healthy();
    let (id, gate) = gated(&world);
    fs::rename(world.state().join("jobs").join(&id), world.path("kept")).expect("moved");
    let found = examine(&world, &["--fix"]);
    assert!(found.all("runners", "dead_runner").is_empty() && found.done().is_empty());
    let message = format!("1 running or queued: {id}");
    assert_eq!(found.one("runners", "alive")["message"], message);
    assert_eq!(world.history(&id), ["queued", "started"]);
    fs::rename(world.path("kept"), world.state().join("jobs").join(&id)).expect("moved back");
    fs::write(gate, "").expect("opened");
    assert_eq!(world.finish(&id)["status"], "succeeded");
}

#[test]
fn a_stopped_runner_is_told_with_what_wakes_it() {
    let world = healthy();
    let (id, gate) = gated(&world);
    let (guard, worker) = world.runners(&id);
    kill(worker, "STOP");
    until("it is stopped", || {
        let found = examine(&world, &[]);
        Some(()).filter(|()| found.all("runners", "runner_stopped").len() == 1)
    });
    let found = examine(&world, &[]);
    let message =
        found.one("runners", "runner_stopped")["message"].as_str().expect("text").to_owned();
    let begins = format!("the runner of job {id} is stopped (process {guard} (`");
    assert!(message.starts_with(&begins), "{message}");
    kill(worker, "CONT");
    fs::write(gate, "").expect("opened");
    world.finish(&id);
}
