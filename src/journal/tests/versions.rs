//! Two versions at work on one log: what a newer one writes is kept, carried on and counted by this
//! one, in whatever order they take turns.

use std::fs::OpenOptions;
use std::io::Write;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::damage::seal;
use super::support::*;
use crate::job::event::Event;
use crate::job::id::JobId;
use crate::journal::place::State;

/// Who writes next, and what.
#[derive(Debug, Clone, Copy)]
enum Turn {
    Own(usize),
    /// An event that this version knows, with fields, keys and a list row that it does not.
    Newer(usize),
    /// One that it does not know.
    Unknown,
}

fn turns() -> impl Strategy<Value = Turn> {
    prop_oneof![
        (0..3_usize).prop_map(Turn::Own),
        (0..3_usize).prop_map(Turn::Newer),
        Just(Turn::Unknown),
    ]
}

fn event(step: usize) -> Event {
    [started(), progress(1), succeeded()][step].clone()
}

/// A line as a newer version writes it: after the row that stands there, with new things everywhere.
fn newer_line(job: JobId, name: &str, row: &Value, data: &str) -> Vec<u8> {
    let mut row = row.clone();
    row["stars"] = 5.into();
    let head = format!(
        r#"{{"v":1,"job":"{job}","event":"{name}","unix_ms":7,"brief":{row},"host":{{"n":[1]}}"#
    );
    let mut data: Value = serde_json::from_str(data).expect("JSON");
    data["mood"] = json!(["good"]);
    seal(head.as_bytes(), format!(r#","data":{data},"sum":null"#).as_bytes())
}

fn append_newer(state: &State, name: &str, data: &str) {
    let newest = log(state).back().next().expect("some").expect("reads").into_line();
    let row = serde_json::from_str(
        newest.expect("whole").raw_brief.split(",\"host\"").next().expect("one"),
    );
    let line = newer_line(id(0), name, &row.expect("a row"), data);
    let file = OpenOptions::new().append(true).open(state.events());
    file.expect("opens").write_all(&line).expect("writes");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn two_versions_take_turns_and_neither_loses_what_the_other_wrote(
        turns in prop::collection::vec(turns(), 0..12),
    ) {
        let (_home, state) = state();
        put(&state, 1, id(0), queued("a"));
        let mut counts = Counts { whole: 1, unknown: 0, damaged: 0 };
        let mut seen_newer = false;
        for turn in turns {
            let before = bytes(&state);
            let is_over = log(&state).job(id(0)).expect("reads").expect("is there").status().is_terminal();
            match turn {
                Turn::Own(_) if is_over => continue,
                Turn::Own(step) => {
                    put(&state, 2, id(0), event(step));
                    counts.whole += 1;
                }
                Turn::Newer(step) => {
                    let event = event(step);
                    append_newer(&state, event.name(), &event.data_json().expect("JSON"));
                    counts.whole += 1;
                    seen_newer = true;
                }
                Turn::Unknown => {
                    append_newer(&state, "applauded", "{}");
                    counts.unknown += 1;
                    seen_newer = true;
                }
            }
            prop_assert!(bytes(&state).starts_with(&before));
            let log = log(&state);
            prop_assert_eq!(scan(&log), counts);
            let (rows, _) = log.newest(1, |_, _| true).expect("reads");
            prop_assert_eq!(rows[0].1.unknown.contains_key("stars"), seen_newer);
        }
    }
}
