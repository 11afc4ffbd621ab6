//! Any bytes as a log: both directions find the same whole lines, nothing panics, and an append after them counts.
//!
//! A line of the input that begins with `S` is sealed, so that the fuzzer gets past the checksums; a
//! byte 0x1F in it says where its head ends.
#![no_main]
#![allow(clippy::disallowed_methods, reason = "no room of the program: it stands outside of it")]

#[allow(dead_code, reason = "the program uses all of it")]
#[path = "../src/consult/mod.rs"]
mod consult;
#[allow(dead_code, reason = "the program uses all of it")]
#[path = "../src/job/mod.rs"]
mod job;
#[allow(
    dead_code,
    unused_imports,
    unfulfilled_lint_expectations,
    reason = "the program uses all of it"
)]
#[path = "../src/journal/mod.rs"]
mod journal;
#[allow(dead_code, reason = "the program uses all of it")]
#[path = "../src/redact/mod.rs"]
mod redact;

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;

use job::event::{Event, Queued};
use job::id::{JobId, Selector};
use journal::append::{Appended, append};
use journal::line::Item;
use journal::place::State;
use journal::read::Log;

/// The job that is appended; a fuzzer that finds its id has found no fault.
const NEXT: &str = "6e657874-6e65-4874-ae65-78746e657874";

fuzz_target!(|bytes: &[u8]| {
    let bytes = log_of(bytes);
    let next = JobId::parse(NEXT).expect("an id");
    fs::write(state().events(), &bytes).expect("writes");
    let log = Log::open(state()).expect("opens").expect("is there");
    let forward = log.forward(0).map(|item| item.expect("reads")).collect::<Vec<_>>();
    let mut back = log.back().map(|item| item.expect("reads")).collect::<Vec<_>>();
    back.reverse();
    // A newline that damage put into a payload is told differently: who comes from the end still finds
    // the head, and the payload damaged.
    let damaged = |item: &Item| match item {
        Item::Line(line) => log.event(line).expect("reads").is_none(),
        Item::Damaged { .. } => true,
    };
    assert!(forward.iter().all(|item| damaged(item) || back.contains(item)));
    assert!(back.iter().all(|item| damaged(item) || forward.contains(item)));

    let mut at = 0;
    for item in &forward {
        assert_eq!(item.offset(), at);
        at += match item {
            Item::Line(line) => line.len,
            Item::Damaged { len, .. } => *len,
        };
    }
    assert_eq!(at, log.end());

    let lines = forward.into_iter().filter_map(Item::into_line);
    for line in lines.take(8) {
        let _ = (log.event(&line).expect("reads"), line.brief());
        let _ = log.job(line.job).expect("reads");
        let _ = log.find(&Selector::Prefix(line.job.to_string()[..6].to_owned())).expect("reads");
        if line.job == next {
            return;
        }
    }
    let _ = log.newest(3, |_, _| true).expect("reads");

    let queued = || Some(Event::Queued(Box::<Queued>::default()));
    let appended = append(state(), Duration::from_mins(1), 1, next, |_| queued()).expect("appends");
    let Appended::Written(written) = appended else { return };
    let log = Log::open(state()).expect("opens").expect("is there");
    assert_eq!(log.job(next).expect("reads"), Some(written));
    assert!(fs::read(state().events()).expect("reads").starts_with(&bytes));
});

/// Where the log is written: `FUZZ_STATE`, which fuzz/run makes and removes.
fn state() -> &'static State {
    static STATE: OnceLock<State> = OnceLock::new();
    STATE.get_or_init(|| {
        let place = std::env::var_os("FUZZ_STATE").map(PathBuf::from);
        State::create(&place.expect("FUZZ_STATE is set"), true).expect("a state directory")
    })
}

fn log_of(bytes: &[u8]) -> Vec<u8> {
    let mut log = Vec::new();
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        match line.strip_prefix(b"S").and_then(|rest| rest.strip_suffix(b"\n")) {
            Some(rest) => log.extend(sealed(rest)),
            None => log.extend(line),
        }
    }
    log
}

fn sealed(text: &[u8]) -> Vec<u8> {
    const SEAL_LEN: usize = 44;
    let head_len = text.iter().position(|&byte| byte == 0x1F).unwrap_or(text.len());
    let mut line = text.to_vec();
    line.retain(|&byte| byte != 0x1F);
    let (len, head_crc) = (line.len() + SEAL_LEN, crc32c::crc32c(&line[..head_len]));
    let line_crc = crc32c::crc32c(&line);
    let seal = format!("{len:08x}{head_len:08x}{head_crc:08x}{line_crc:08x}");
    line.extend(format!(",\"seal\":\"{seal}\"}}\n").bytes());
    line
}
