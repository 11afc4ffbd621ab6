//! A log that 0.1.0 wrote, cut off after each of its bytes.

use std::fs::OpenOptions;
use std::io::Write;

use serde_json::Value;

use super::support::*;
use crate::job::id::JobId;

const REAL: &[u8] = include_bytes!("../../../tests/logs/0.1.0/events.jsonl");

/// The last whole line as a reader finds it who shares no code with the journal. The log has no
/// damage but a torn line and a foreign one.
struct Last {
    job: JobId,
    event: String,
    /// How many events its job has.
    events: usize,
}

fn last_line(log: &[u8]) -> Option<Last> {
    let lines: Vec<Value> = log
        .split_inclusive(|&byte| byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    let last = lines.last()?;
    let text = |name: &str| last[name].as_str().expect("text").to_owned();
    let events = lines.iter().filter(|line| line["job"] == last["job"]).count();
    Some(Last { job: JobId::parse(&text("job")).expect("an id"), event: text("event"), events })
}

#[test]
fn every_byte_prefix_of_a_real_log_is_the_history_of_its_whole_lines() {
    let (_home, state) = state();
    let mut file =
        OpenOptions::new().append(true).create(true).open(state.events()).expect("opens");
    let (mut end, mut last) = (0, None);
    for cut in 0..=REAL.len() {
        if cut > 0 {
            file.write_all(&REAL[cut - 1..cut]).expect("writes");
        }
        if REAL[..cut].ends_with(b"\n") {
            (end, last) = (cut, last_line(&REAL[..cut]));
        }
        let log = log(&state);
        assert_eq!(log.end(), end as u64, "cut at {cut}");
        let found = log.back().find_map(|item| item.expect("reads").into_line());
        let found = found.as_ref().map(|line| (line.job, &*line.event));
        assert_eq!(found, last.as_ref().map(|last| (last.job, &*last.event)), "cut at {cut}");
        if let Some(last) = last.as_ref().filter(|_| cut.abs_diff(end) < 2) {
            let history = log.history(last.job).expect("reads");
            assert_eq!((history.events.len(), history.damaged), (last.events, 0), "cut at {cut}");
        }
    }
}
