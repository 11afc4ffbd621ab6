//! Any values, and what a line makes of them: read back as they were, in each of the ways to read.

use std::fs;

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::damage::{Piece, naive, pieces};
use super::support::*;
use crate::consult::request::Request;
use crate::job::brief::{self, BRIEF_MAX};
use crate::job::event::{Event, Queued, Recorded};
use crate::job::fold::fold;
use crate::job::id::JobId;
use crate::journal::record::{self, Head, TRAILER_LEN, Trailer};

/// Letters that are escaped, cut, mistaken for line ends, or take up to four bytes.
const ODD: &str =
    "[\\x00-\\x1f\"\\\\/\u{7f}\u{85}é\u{2028}\u{2029}\u{feff}\u{fffd}\u{1f98a}a,:{}]{0,40}";

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ODD.prop_map(Value::from),
        Just(Value::from("x".repeat(70_000))),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let members = prop::collection::vec((ODD, inner.clone()), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            members.prop_map(|members| Value::from(Map::from_iter(members))),
        ]
    })
}

/// The events of a job that a reader has to find, by a program that shares no code with the hop:
/// from the newest readable `queued` on, in the order of the log.
fn naive_history(log: &[u8], job: JobId) -> (Vec<Recorded>, u64) {
    let mut events = Vec::new();
    let mut damaged = 0;
    for seen in naive(log).into_iter().rev() {
        let Some((owner, name, unix_ms, _)) = seen.line else { continue };
        if owner != job {
            continue;
        }
        let from = usize::try_from(seen.offset).expect("small");
        let line = &log[from..from + usize::try_from(seen.len).expect("small")];
        let Some(event) = naive_event(line, &name) else {
            damaged += 1;
            continue;
        };
        let is_first = name == "queued";
        events.insert(0, Recorded { job, unix_ms, event });
        if is_first {
            break;
        }
    }
    (events, damaged)
}

fn naive_event(line: &[u8], name: &str) -> Option<Event> {
    let at = line.len() - TRAILER_LEN;
    let crc = std::str::from_utf8(&line[line.len() - 11..line.len() - 3]).expect("hex");
    if u32::from_str_radix(crc, 16) != Ok(crc32c::crc32c(&line[..at])) {
        return None;
    }
    let value: Value = serde_json::from_slice(line).ok()?;
    Event::from_parts(name, &value.get("data").unwrap_or(&Value::Null).to_string()).ok()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_encoded_is_read_back_in_each_way(
        number in any::<u128>(), event in ODD, unix_ms in any::<i64>(), brief in json(), data in json(),
    ) {
        let job = JobId::new(uuid::Uuid::from_u128(number));
        let (brief, data) = (brief.to_string(), data.to_string());
        let line = record::encode(job, &event, unix_ms, &brief, &data).expect("short");
        prop_assert_eq!(line.iter().position(|&byte| byte == b'\n'), Some(line.len() - 1));
        let trailer = Trailer::parse(&line[line.len() - TRAILER_LEN..]).expect("a trailer");
        let head = &line[..trailer.head_len as usize];
        prop_assert!(trailer.head_holds(head) && trailer.line_holds(&line));
        let by_serde = Head::by_serde(&line).expect("JSON");
        prop_assert_eq!((by_serde.job, &*by_serde.event), (job, &*event));
        // `null` is no list row to serde, and the four letters to whoever does not parse.
        let row = if brief == "null" { "" } else { &brief };
        prop_assert_eq!((by_serde.unix_ms, by_serde.brief), (unix_ms, row.as_bytes()));
        if let Some(fixed) = Head::at_fixed_offsets(head) {
            prop_assert_eq!((fixed.job, &*fixed.event), (job, &*event));
            prop_assert_eq!((fixed.unix_ms, fixed.brief), (unix_ms, brief.as_bytes()));
        } else {
            prop_assert!(event.chars().any(|c| c < ' ' || c == '"' || c == '\\'), "{}", event);
        }
        prop_assert_eq!(record::data_after(head.len(), &line), Some(&*data));
        let parsed = if data == "null" { None } else { Some(&*data) };
        prop_assert_eq!(record::data(&line), parsed);
    }

    #[test]
    fn a_list_row_is_small_and_stays_itself(
        prompt in ODD, cwd in ODD, label in prop::option::of(ODD), times in 0..400_usize,
        unix_ms in any::<i64>(),
    ) {
        let (prompt, cwd) = (prompt.repeat(times), cwd.repeat(times));
        let label = label.map(|label| label.repeat(times));
        let request = Request { prompt, cwd, label, ..Request::default() };
        let event = Event::Queued(Box::new(Queued { request, ..Queued::default() }));
        let row = brief::next(None, &event, unix_ms);
        let json = serde_json::to_string(&row).expect("JSON");
        prop_assert!(json.len() <= BRIEF_MAX && !json.contains('\n'));
        prop_assert_eq!(&serde_json::from_str::<brief::Brief>(&json).expect("a row"), &row);
        prop_assert_eq!(brief::next(Some(row.clone()), &event, unix_ms), row);
    }

    #[test]
    fn a_job_is_what_a_naive_reader_makes_of_it(pieces in prop::collection::vec(pieces(), 0..24)) {
        let (_home, state) = state();
        let bytes = pieces.iter().flat_map(Piece::bytes).collect::<Vec<_>>();
        fs::write(state.events(), &bytes).expect("writes");
        let log = log(&state);
        for number in 0..5 {
            let (events, damaged) = naive_history(&bytes, id(number));
            let history = log.history(id(number)).expect("reads");
            prop_assert_eq!((&history.events, history.damaged), (&events, damaged));
            prop_assert_eq!(history.job(), fold(&events));
        }
    }
}
