//! Logs that something happened to: every reader finds the same, and no one fails.

use std::fs;

use crc32c::crc32c;
use proptest::prelude::*;
use serde_json::Value;

use super::support::*;
use crate::job::brief::Brief;
use crate::job::id::{JobId, Selector};
use crate::journal::check::Fault;
use crate::journal::find::Found;
use crate::journal::line::Item;
use crate::journal::record;

const BRIEF: &str = r#"{"status":"running","prompt":"p"}"#;

/// Some bytes that end up in a log, and how they came about.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    Whole(Spec),
    /// Cut off after so many thousandths.
    Torn(Spec, usize),
    Nuls(usize),
    Foreign(String),
    Crlf(Spec),
    /// Sealed, with blanks, the keys in another order and new ones among them.
    Spaced(Spec),
    /// Sealed as agreed, but no event of ours.
    Sealed(String),
    /// One byte changed, at so many thousandths.
    Flipped(Spec, usize, u8),
    /// A payload that ends like a line.
    FakeTrailer(Spec, u32),
    Newline,
}

#[derive(Debug, Clone)]
pub(super) struct Spec {
    job: u128,
    event: String,
    unix_ms: i64,
    text: String,
    /// Payloads below and above the size of a block.
    times: usize,
}

impl Spec {
    fn data(&self) -> String {
        serde_json::json!({ "text": self.text.repeat(self.times) }).to_string()
    }

    fn line(&self) -> Vec<u8> {
        record::encode(id(self.job), &self.event, self.unix_ms, BRIEF, &self.data()).expect("short")
    }

    fn spaced(&self) -> Vec<u8> {
        let (job, event) = (id(self.job), Value::from(&*self.event));
        let head = format!(
            r#"{{ "unix_ms": {}, "new":[1, 2],"event" :{event}, "v": 1 ,"brief":{BRIEF}"#,
            self.unix_ms
        );
        let tail = format!(r#", "job":"{job}", "data": {}, "newer": null"#, self.data());
        seal(head.as_bytes(), tail.as_bytes())
    }

    fn fake(&self, len: u32) -> Vec<u8> {
        let line = self.line();
        let cut = line.len() - record::TRAILER_LEN;
        let fake = format!(",\"seal\":\"{len:08x}{:08x}{:08x}{:08x}\"}}\n", len / 2, 3, 4);
        [&line[..cut], fake.as_bytes()].concat()
    }
}

pub(super) fn seal(head: &[u8], tail: &[u8]) -> Vec<u8> {
    let mut line = [head, tail].concat();
    let (len, crc) = (line.len() + record::TRAILER_LEN, crc32c(&line));
    let seal = format!("{len:08x}{:08x}{:08x}{crc:08x}", head.len(), crc32c(head));
    line.extend(format!(",\"seal\":\"{seal}\"}}\n").bytes());
    line
}

impl Piece {
    pub(super) fn bytes(&self) -> Vec<u8> {
        match self {
            Piece::Whole(spec) => spec.line(),
            Piece::Torn(spec, at) => {
                let line = spec.line();
                line[..line.len() * at / 1000].to_vec()
            }
            Piece::Nuls(count) => vec![0; *count],
            Piece::Foreign(text) => text.as_bytes().to_vec(),
            Piece::Crlf(spec) => {
                let mut line = spec.line();
                line.pop();
                [&line[..], b"\r\n"].concat()
            }
            Piece::Spaced(spec) => spec.spaced(),
            Piece::Sealed(text) => seal(text.replace('\n', " ").as_bytes(), b""),
            Piece::Flipped(spec, at, with) => {
                let mut line = spec.line();
                let at = line.len() * at / 1000;
                // A newline in a payload is the one damage that both directions tell differently.
                if line[at] ^ with != b'\n' {
                    line[at] ^= with;
                }
                line
            }
            Piece::FakeTrailer(spec, len) => spec.fake(*len),
            Piece::Newline => b"\n".to_vec(),
        }
    }
}

fn specs() -> impl Strategy<Value = Spec> {
    let events = prop::sample::select(vec!["queued", "progress", "lost", "new\"er", "pruned"]);
    let sizes = prop::sample::select(vec![0, 1, 1, 1, 1, 5000]);
    (0..5_u128, events, any::<i64>(), "\\PC{0,8}|[\\x00-\\x7f\u{feff}\u{2028}]{0,8}", sizes)
        .prop_map(|(job, event, unix_ms, text, times)| {
            let event = event.to_owned();
            Spec { job, event, unix_ms, text, times }
        })
}

pub(super) fn pieces() -> impl Strategy<Value = Piece> {
    prop_oneof![
        6 => specs().prop_map(Piece::Whole),
        2 => (specs(), 0..1000_usize).prop_map(|(spec, at)| Piece::Torn(spec, at)),
        1 => prop::sample::select(vec![1, 500, 70_000]).prop_map(Piece::Nuls),
        1 => "[\\x00-\\x7f]{0,60}".prop_map(Piece::Foreign),
        1 => specs().prop_map(Piece::Crlf),
        2 => specs().prop_map(Piece::Spaced),
        1 => "\\PC{0,60}".prop_map(Piece::Sealed),
        2 => (specs(), 0..1000_usize, 1..=255_u8).prop_map(|(s, at, with)| Piece::Flipped(s, at, with)),
        1 => (specs(), 0..3000_u32).prop_map(|(spec, len)| Piece::FakeTrailer(spec, len)),
        1 => Just(Piece::Newline),
    ]
}

/// What a reader should find, told by a program that shares no code with it: split at newlines,
/// parse everything.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    pub(super) offset: u64,
    pub(super) len: u64,
    pub(super) line: Option<(JobId, String, i64, Option<Brief>)>,
}

pub(super) fn naive(log: &[u8]) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut offset = 0;
    for line in log.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n")) {
        seen.push(Seen { offset, len: line.len() as u64, line: naive_line(line) });
        offset += line.len() as u64;
    }
    seen
}

fn naive_line(line: &[u8]) -> Option<(JobId, String, i64, Option<Brief>)> {
    let at = line.len().checked_sub(44)?;
    let trailer = std::str::from_utf8(&line[at..]).ok()?;
    let digits = trailer.strip_prefix(",\"seal\":\"")?.strip_suffix("\"}\n")?;
    if !digits.bytes().all(|byte| b"0123456789abcdef".contains(&byte)) {
        return None;
    }
    let number = |nth: usize| u32::from_str_radix(&digits[nth * 8..nth * 8 + 8], 16).expect("hex");
    let (len, head_len) = (number(0) as usize, number(1) as usize);
    if len != line.len() || head_len > at || crc32c(&line[..head_len]) != number(2) {
        return None;
    }
    naive_fields(&[&line[..head_len], b"}"].concat())
        .or_else(|| naive_fields(line).filter(|_| crc32c(&line[..at]) == number(3)))
}

fn naive_fields(json: &[u8]) -> Option<(JobId, String, i64, Option<Brief>)> {
    let value: Value = serde_json::from_slice(json).ok()?;
    let job = JobId::parse(value["job"].as_str()?)?;
    let brief = serde_json::from_value(value["brief"].clone()).ok();
    let whole = (job, value["event"].as_str()?.to_owned(), value["unix_ms"].as_i64()?, brief);
    (value["v"] == 1).then_some(whole)
}

fn seen(item: Item) -> Seen {
    match item {
        Item::Damaged { offset, len } => Seen { offset, len, line: None },
        Item::Line(line) => {
            let brief = line.brief();
            let (offset, len) = (line.offset, line.len);
            Seen { offset, len, line: Some((line.job, line.event, line.unix_ms, brief)) }
        }
    }
}

/// Each job once, the one with the newest line first.
fn naive_rows(seen: &[Seen]) -> Vec<(JobId, Brief)> {
    let mut rows: Vec<(JobId, Brief)> = Vec::new();
    for (job, _, _, brief) in seen.iter().rev().filter_map(|seen| seen.line.clone()) {
        if let Some(brief) = brief.filter(|_| rows.iter().all(|row| row.0 != job)) {
            rows.push((job, brief));
        }
    }
    rows
}

fn naive_prefix(rows: &[(JobId, Brief)], prefix: &str) -> Found {
    let mut rows = rows.to_vec();
    rows.retain(|(job, _)| job.to_string().starts_with(prefix));
    match rows.len() {
        0 => Found::None,
        1 => Found::One(rows[0].0),
        _ => Found::Ambiguous(rows),
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 150,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_reader_finds_what_a_naive_one_finds(pieces in prop::collection::vec(pieces(), 0..24)) {
        let (_home, state) = state();
        let bytes = pieces.iter().flat_map(Piece::bytes).collect::<Vec<_>>();
        fs::write(state.events(), &bytes).expect("writes");
        let log = log(&state);
        let expected = naive(&bytes);

        let forward = log.forward(0).map(|item| seen(item.expect("reads"))).collect::<Vec<_>>();
        prop_assert_eq!(&forward, &expected);
        let mut back = log.back().map(|item| seen(item.expect("reads"))).collect::<Vec<_>>();
        back.reverse();
        prop_assert_eq!(&back, &expected);

        let rows = naive_rows(&expected);
        for limit in 0..4 {
            let (newest, truncated) = log.newest(limit, |_, _| true).expect("reads");
            prop_assert_eq!(&newest[..], &rows[..limit.min(rows.len())]);
            prop_assert_eq!(truncated, rows.len() > limit);
        }
        for prefix in ["00000000", "00000001", "00000002-0000", "ffffff"] {
            let found = log.find(&Selector::Prefix(prefix.to_owned())).expect("reads");
            prop_assert_eq!(found, naive_prefix(&rows, prefix));
        }
        let is_last = |seen: &&Seen| seen.line.as_ref().is_some_and(|line| line.1 == "queued");
        let last = expected.iter().rev().find(is_last).and_then(|seen| seen.line.as_ref());
        let last = last.map_or(Found::None, |line| Found::One(line.0));
        prop_assert_eq!(log.find(&Selector::Last).expect("reads"), last);

        let check = log.check().expect("reads");
        prop_assert_eq!(check.lines, expected.len() as u64);
        let is_damaged = |seen: &&Seen| seen.line.is_none();
        let damaged = expected.iter().filter(is_damaged).count() as u64;
        let kinds = [Fault::Torn, Fault::Seal, Fault::Nuls, Fault::Foreign];
        prop_assert_eq!(kinds.map(|kind| check.spots(kind).count).iter().sum::<u64>(), damaged);
        let told = kinds.iter().flat_map(|kind| &check.spots(*kind).first);
        for spot in told {
            let seen = &expected[usize::try_from(spot.line).expect("small") - 1];
            prop_assert_eq!((seen.offset, seen.len, seen.line.is_none()), (spot.offset, spot.len, true));
        }
    }

    #[test]
    fn an_append_after_any_damage_counts(pieces in prop::collection::vec(pieces(), 0..12)) {
        let (_home, state) = state();
        let before = pieces.iter().flat_map(Piece::bytes).collect::<Vec<_>>();
        fs::write(state.events(), &before).expect("writes");
        let written = put(&state, 1, id(77), queued("a"));
        prop_assert_eq!(log(&state).job(id(77)).expect("reads"), Some(written));
        prop_assert!(bytes(&state).starts_with(&before));
    }
}

#[test]
fn a_damaged_payload_is_listed_but_not_folded() {
    let (_home, state) = state();
    put(&state, 1, id(0), queued("a"));
    put(&state, 2, id(0), started());
    let mut all = bytes(&state);
    let at = all.len() - record::TRAILER_LEN - 3;
    for with in [b'x', b'\n'] {
        all[at] = with;
        fs::write(state.events(), &all).expect("writes");
        let log = log(&state);
        let history = log.history(id(0)).expect("reads");
        assert_eq!((history.events.len(), history.damaged), (1, 1));
        assert!(history.job().expect("is there").started.is_none());
        assert_eq!(log.newest(1, |_, _| true).expect("reads").0[0].1.started_unix_ms, Some(2));
        let newline = u64::from(with == b'\n');
        let counts = Counts { whole: 1, unknown: 0, damaged: 1 + newline };
        assert_eq!(scan(&log), counts);
    }
}

#[test]
fn newer_keys_and_events_do_not_hide_a_line() {
    let (_home, state) = state();
    let job = id(0);
    let line = |event: &str, brief: &str, data: &str| {
        let head = format!(
            r#"{{"v":1,"job":"{job}","event":"{event}","unix_ms":5,"brief":{brief},"x":[1]"#
        );
        seal(head.as_bytes(), format!(r#","data":{data},"y":2"#).as_bytes())
    };
    let lines = [
        line("queued", BRIEF, r#"{"request":{"prompt":"hello"},"z":0}"#),
        line("applauded", BRIEF, r#"{"by":"all"}"#),
    ];
    fs::write(state.events(), lines.concat()).expect("writes");
    let log = log(&state);
    assert_eq!(scan(&log), Counts { whole: 1, unknown: 1, damaged: 0 });
    let found = log.job(job).expect("reads").expect("is there");
    assert_eq!((found.queued.request.prompt.as_str(), found.odd), ("hello", 0));
    let newest = log.back().next().expect("some").expect("reads").into_line().expect("whole");
    assert_eq!(log.data(&newest).expect("reads").as_deref(), Some(r#"{"by":"all"}"#));
    assert_eq!(newest.brief().expect("reads").prompt, "p");
}

#[test]
fn lines_of_no_job_are_not_listed() {
    let (_home, state) = state();
    let nil = JobId::new(uuid::Uuid::nil());
    let pruned = record::encode(nil, "pruned", 1, "{}", r#"{"jobs":3}"#).expect("short");
    fs::write(state.events(), pruned).expect("writes");
    assert_eq!(log(&state).newest(10, |_, _| true).expect("reads"), (Vec::new(), false));
}

#[test]
fn a_head_larger_than_a_block_is_read_from_both_ends() {
    let (_home, state) = state();
    let brief = format!(r#"{{"status":"queued","new":"{}"}}"#, "x".repeat(200_000));
    let line = record::encode(id(0), "queued", 1, &brief, "{}").expect("short");
    fs::write(state.events(), [&line[..], &line].concat()).expect("writes");
    let log = log(&state);
    assert_eq!((names(&log).len(), log.back().filter_map(Result::ok).count()), (2, 2));
    assert!(log.back().all(|item| item.expect("reads").into_line().is_some()));
    assert_eq!(scan(&log), Counts { whole: 2, unknown: 0, damaged: 0 });
}
