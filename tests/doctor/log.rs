//! The log: every damage is told with its place, and no line is ever changed.

use std::fs;
use std::path::PathBuf;

use crc32c::crc32c;
use serde_json::{Value, json};

use super::super::support::{World, run_limited};
use super::{assert_says, examine, healthy};

fn log(world: &World) -> PathBuf {
    world.state().join("events.jsonl")
}

/// A log of one job, and its lines.
fn with_one_job() -> (World, Vec<Vec<u8>>) {
    let world = healthy();
    world.finish(&world.submit("what is it?"));
    world.assert_quiet();
    let bytes = fs::read(log(&world)).expect("read");
    let lines = bytes.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    (world, lines)
}

/// A line with something else in its head, and a seal that is right all the same.
fn resealed(line: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(line.to_vec()).expect("text");
    let (body, _) = text.rsplit_once(",\"seal\":").expect("sealed");
    let (head, data) = body.split_once(",\"data\":").expect("a payload");
    let head = head.replacen(from, to, 1);
    let body = format!("{head},\"data\":{data}");
    let sums = (body.len() + 44, head.len(), crc32c(head.as_bytes()), crc32c(body.as_bytes()));
    let seal = format!("{:08x}{:08x}{:08x}{:08x}", sums.0, sums.1, sums.2, sums.3);
    format!("{body},\"seal\":\"{seal}\"}}\n").into_bytes()
}

#[test]
fn a_sound_log_is_called_sound() {
    let (world, lines) = with_one_job();
    let bytes = lines.concat().len() as u64;
    let found = examine(&world, &[]);
    let message = found.one("log", "sound")["message"].as_str().expect("text").to_owned();
    assert!(message.starts_with("1 job, 3 lines, "), "{message}");
    assert!(message.ends_with(": every seal, payload and list row holds"), "{message}");
    assert_eq!((found.code, bytes > 1000), (Some(0), true));
}

const KEPT: &str = "Nothing: it is passed over, and stays as it is.";
const CHANGED: &str =
    "If it was not you, look at the disk; a copy of the file from before has the line.";

/// Damages of three lines: the code, the bytes, what is said and advised, and whether it is known
/// whose line it is.
fn damages(lines: &[Vec<u8>]) -> Vec<(&'static str, Vec<u8>, &'static str, &'static str, bool)> {
    let flipped = |line: &[u8], at: usize| {
        let mut line = line.to_vec();
        line[at] ^= 1;
        line
    };
    let payload = lines[2].len() - 50;
    let torn = [&lines[0][..200], b"\n"].concat();
    let unknown = resealed(&lines[1], "\"started\"", "\"praised\"");
    let row = resealed(&lines[1], "\"turns\":null", "\"turns\":7");
    vec![
        ("torn_line", torn, "ends before its seal: its writer died or had no room", KEPT, false),
        (
            "bad_seal",
            flipped(&lines[1], 20),
            "is not what was sealed: something changed it",
            CHANGED,
            false,
        ),
        ("foreign_line", b"no\n".to_vec(), "was not written by this program", KEPT, false),
        (
            "nuls",
            [&[0; 3000], &b"\n"[..]].concat(),
            "holds NULs, as a power cut leaves them",
            KEPT,
            false,
        ),
        (
            "bad_payload",
            flipped(&lines[2], payload),
            "has a payload that is not what was sealed",
            CHANGED,
            true,
        ),
        (
            "unknown_event",
            unknown,
            "is an event that this version does not know",
            "Update phone-opus: a newer version has written to this log.",
            true,
        ),
        (
            "wrong_row",
            row,
            "has a list row that is not what its job's events add up to",
            "Trust `phone-opus job ID`, not the list: the events are right.",
            true,
        ),
        (
            "torn_end",
            b"{\"v\":1,\"job\":".to_vec(),
            "has no end: its writer died or had no room",
            "The next event seals it off, and so does --fix.",
            false,
        ),
    ]
}

#[test]
fn each_damage_is_told_with_its_line_its_byte_and_what_to_do() {
    let (world, lines) = with_one_job();
    let job = world.events()[0]["job"].as_str().expect("an id").to_owned();
    let damages = damages(&lines);
    let mut all = lines.concat();
    let mut offset = all.len();
    for (_, bytes, ..) in &damages {
        all.extend(bytes);
    }
    fs::write(log(&world), &all).expect("written");
    let found = examine(&world, &[]);
    assert_eq!(found.code, Some(0), "{:#}", found.document);
    for (line, (code, bytes, what, advice, of_job)) in (4..).zip(damages) {
        let one = found.one("log", code);
        let (whose, length) =
            (if of_job { format!(" of job {job}") } else { String::new() }, bytes.len());
        let message = format!("line {line}{whose} (byte {offset}, {length} bytes) {what}");
        assert_says(one, "warn", &message, Some(advice));
        assert_eq!(one["place"], json!({"line": line, "offset": offset, "length": length}));
        assert_eq!(one["job_id"], if of_job { job.as_str().into() } else { Value::Null });
        assert_eq!(one["fixable"], code == "torn_end");
        offset += length;
    }
    assert_eq!(fs::read(log(&world)).expect("read"), all, "a look changes nothing");
}

#[test]
fn a_job_whose_first_line_is_gone_is_told_by_its_next_one() {
    let (world, lines) = with_one_job();
    let job = world.events()[0]["job"].as_str().expect("an id").to_owned();
    fs::write(log(&world), lines[1..].concat()).expect("written");
    let found = examine(&world, &[]);
    let one = found.one("log", "never_queued");
    let message = format!(
        "line 1 of job {job} (byte 0, {} bytes) is the first of its job and does not queue it: \
         the job cannot be shown",
        lines[1].len()
    );
    assert_says(one, "warn", &message, Some(CHANGED));
}

#[test]
fn a_fix_seals_off_a_torn_end_once_and_changes_no_line() {
    let (world, lines) = with_one_job();
    let torn = [&lines.concat()[..], b"{\"v\":1,\"job\":"].concat();
    fs::write(log(&world), &torn).expect("written");
    let fixed = examine(&world, &["--fix"]);
    assert_eq!(fixed.done(), ["the torn last line is sealed off"]);
    assert!(fixed.all("log", "torn_end").is_empty());
    assert_eq!(fixed.one("log", "torn_line")["place"]["line"], 4);
    let after = fs::read(log(&world)).expect("read");
    assert_eq!(after, [&torn[..], b"\n"].concat());
    assert!(examine(&world, &["--fix"]).done().is_empty());
    assert_eq!(fs::read(log(&world)).expect("read"), after);
}

#[test]
fn what_a_full_disk_does_not_let_it_fix_is_said_and_left() {
    let (world, lines) = with_one_job();
    let torn = [&lines.concat()[..], b"{\"v\":1"].concat();
    fs::write(log(&world), &torn).expect("written");
    let output = run_limited(&world, torn.len() as u64, &["doctor", "--fix", "--json"]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let error = document["fixes"][0]["error"].as_str().expect("an error");
    assert!(error.starts_with("no space to write to "), "{error}");
    let left = document["findings"].as_array().expect("a list").iter();
    assert_eq!(left.filter(|found| found["code"] == "torn_end").count(), 1);
    assert_eq!(fs::read(log(&world)).expect("read"), torn);
}

#[test]
fn many_damaged_lines_are_counted_and_the_first_ones_placed() {
    let (world, lines) = with_one_job();
    let all = [&lines.concat()[..], "x\n".repeat(500).as_bytes()].concat();
    fs::write(log(&world), all).expect("written");
    let found = examine(&world, &[]);
    let told = found.all("log", "foreign_line");
    assert_eq!(told.len(), 11);
    assert_says(told[10], "warn", "and 490 more like these", None);
}

#[test]
fn a_log_that_cannot_be_read_is_an_error_and_the_rest_is_looked_at() {
    let world = healthy();
    world.finish(&world.submit("x"));
    world.assert_quiet();
    fs::rename(log(&world), world.path("kept")).expect("moved");
    fs::create_dir(log(&world)).expect("made");
    let found = examine(&world, &[]);
    let error = found.document["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|found| found["check"] == "log" && found["level"] == "error");
    assert_eq!(error.expect("an error")["path"], "ROOT/state/events.jsonl");
    assert_eq!(found.code, Some(74));
    assert_eq!(found.all("claude", "found").len(), 1);
    assert_eq!(found.all("clients", "not_configured").len(), 1, "it is the last of all");
}

#[test]
fn an_old_log_is_sound_but_for_the_damage_that_was_planted_in_it() {
    let world = healthy();
    fs::create_dir(world.state()).expect("made");
    let old =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/logs/0.1.0/events.jsonl");
    fs::copy(old, log(&world)).expect("copied");
    let found = examine(&world, &[]);
    let told: Vec<&Value> = found.document["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|found| found["check"] == "log" && found["level"] != "ok")
        .map(|found| &found["code"])
        .collect();
    assert_eq!(told, ["torn_line", "foreign_line"]);
}

/// What is wrong with the index is told, and is mended from the log.
#[track_caller]
fn assert_index_is_mended(world: &World, code: &str) {
    let found = examine(world, &[]);
    assert_eq!((found.one("log", code)["fixable"].clone(), found.code), (json!(true), Some(0)));
    let fixed = examine(world, &["--fix"]);
    assert_eq!(fixed.done(), ["the index is built anew"]);
    assert!(fixed.all("log", code).is_empty());
}

#[test]
fn an_index_that_is_gone_from_a_large_log_is_told_and_built_anew() {
    let (world, _) = with_one_job();
    world.finish(&world.submit("FAKE:mode=bigresult,mb=5"));
    world.assert_quiet();
    let index = world.state().join("events.index");
    fs::remove_file(&index).expect("a runner had built it");
    assert_index_is_mended(&world, "index_behind");
    assert!(index.exists());
}

#[test]
fn a_damaged_index_is_told_and_built_anew() {
    let (world, _) = with_one_job();
    world.finish(&world.submit("FAKE:mode=bigresult,mb=5"));
    world.assert_quiet();
    let index = world.state().join("events.index");
    let sound = fs::read(&index).expect("a runner had built it");
    let mut damaged = sound.clone();
    *damaged.last_mut().expect("pages") ^= 1;
    for bytes in [&sound[..sound.len() - 4096], &damaged] {
        fs::write(&index, bytes).expect("written");
        assert_index_is_mended(&world, "index_damaged");
    }
}
