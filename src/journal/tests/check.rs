//! The log against itself: what is sound is called sound, and what was planted is found where it is.

use std::fs;

use crc32c::crc32c;
use proptest::prelude::*;

use super::support::*;
use crate::job::brief;
use crate::job::event::{CancelRequested, Event};
use crate::job::id::JobId;
use crate::journal::append::append;
use crate::journal::check::{Check, Fault, Known, Spot};
use crate::journal::place::State;
use crate::journal::record;
use crate::journal::repair::seal_torn_end;

fn check(state: &State) -> Check {
    log(state).check().expect("reads")
}

/// The faults that a log has, with the numbers of their lines.
fn faults(state: &State) -> Vec<(Fault, Vec<u64>)> {
    let check = check(state);
    let lines = |fault| check.spots(fault).first.iter().map(|spot: &Spot| spot.line).collect();
    let all = Fault::ALL.into_iter().map(|fault| (fault, lines(fault)));
    all.filter(|(_, lines): &(Fault, Vec<u64>)| !lines.is_empty()).collect()
}

fn event(kind: u8) -> Event {
    match kind {
        0 => queued("a"),
        1 => started(),
        2 => progress(3),
        3 => Event::CancelRequested(CancelRequested::default()),
        _ => succeeded(),
    }
}

/// Three lines of one job, as they are written.
fn lines(state: &State) -> Vec<Vec<u8>> {
    put(state, 1, id(0), queued("a"));
    put(state, 2, id(0), started());
    put(state, 3, id(0), succeeded());
    bytes(state).split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect()
}

/// A line with another head, sealed as if it were right.
fn with_row(line: &[u8], from: &str, to: &str) -> Vec<u8> {
    let trailer = record::Trailer::parse(&line[line.len() - record::TRAILER_LEN..]).expect("one");
    let (head, rest) = line.split_at(trailer.head_len as usize);
    let head = String::from_utf8(head.to_vec()).expect("text").replace(from, to).into_bytes();
    let mut whole = [&head[..], &rest[..rest.len() - record::TRAILER_LEN]].concat();
    let (len, crc) = (whole.len() + record::TRAILER_LEN, crc32c(&whole));
    let seal = format!("{len:08x}{:08x}{:08x}{crc:08x}", head.len(), crc32c(&head));
    whole.extend(format!(",\"seal\":\"{seal}\"}}\n").bytes());
    whole
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_log_that_was_appended_to_and_nothing_else_is_sound(
        steps in prop::collection::vec((0..4_u128, 0..5_u8), 1..40)
    ) {
        let (_home, state) = state();
        for (at, (job, kind)) in steps.into_iter().enumerate() {
            let at = i64::try_from(at).expect("small");
            append(&state, LIMIT, at, id(job), |_| Some(event(kind))).expect("appends");
        }
        prop_assert_eq!(faults(&state), []);
        let check = check(&state);
        prop_assert_eq!((check.whole, check.not_compared), (check.lines, 0));
        for job in (0..5).map(id) {
            let log = log(&state);
            let known = match log.job(job).expect("reads") {
                None => Known::No,
                Some(job) if job.ending.is_some() => Known::Ended,
                Some(_) => Known::Unfinished,
            };
            prop_assert_eq!(check.knows(job), known);
        }
    }

    /// Repeats in every place, as failed syncs make them: the tail of the job from any of its lines on.
    #[test]
    fn a_repeat_is_no_wrong_row(from in 0..4_usize, again in 0..4_usize) {
        let (_home, state) = state();
        for kind in [0, 1, 2, 3] {
            put(&state, i64::from(kind), id(0), event(kind));
        }
        for from in [from, again] {
            let lines = bytes(&state);
            let lines: Vec<&[u8]> = lines.split_inclusive(|&byte| byte == b'\n').take(4).collect();
            fs::write(state.events(), [bytes(&state), lines[from..].concat()].concat()).expect("writes");
        }
        prop_assert_eq!(faults(&state), []);
        put(&state, 9, id(0), succeeded());
        prop_assert_eq!(faults(&state), []);
    }
}

#[test]
fn each_damage_is_told_by_its_kind_and_its_place() {
    let (_home, state) = state();
    let mut all = lines(&state);
    let mut flipped = all[1].clone();
    flipped[20] ^= 1;
    let mut payload = all[2].clone();
    let at = payload.len() - record::TRAILER_LEN - 2;
    payload[at] ^= 1;
    let newer = String::from_utf8(all[0].clone()).expect("text").replace("\"v\":1", "\"v\":2");
    let newer = with_row(newer.as_bytes(), "-", "-");
    let unknown = record::encode(id(1), "applauded", 9, "{}", "{}").expect("short");
    let pruned = record::encode(JobId::new(uuid::Uuid::nil()), "pruned", 9, "{}", "{}");
    all.extend([
        [&all[0][..100], b"\n"].concat(),
        flipped,
        vec![0; 70_000],
        b"\n".to_vec(),
        b"hello\n".to_vec(),
        newer,
        payload,
        unknown,
        pruned.expect("short"),
        b"{\"v\":1,\"j".to_vec(),
    ]);
    fs::write(state.events(), all.concat()).expect("writes");
    let expected = [
        (Fault::Torn, vec![4]),
        (Fault::Seal, vec![5]),
        (Fault::Payload, vec![9]),
        (Fault::Nuls, vec![6]),
        (Fault::Foreign, vec![7, 8]),
        (Fault::Unknown, vec![10]),
        (Fault::NeverQueued, vec![10]),
    ];
    assert_eq!(faults(&state), expected);
    let check = check(&state);
    let offset = all[..all.len() - 1].concat().len() as u64;
    assert_eq!(check.torn_end, Some(Spot { line: 12, offset, len: 9, job: None }));
    assert_eq!((check.lines, check.whole, check.jobs()), (11, 4, 2));
    assert_eq!(check.spots(Fault::Payload).first[0].job, Some(id(0)));
}

#[test]
fn a_row_that_does_not_follow_is_told_once_and_where() {
    let (_home, state) = state();
    let mut all = lines(&state);
    all[1] = with_row(&all[1], "\"runner_pid\":7", "\"runner_pid\":8");
    fs::write(state.events(), all.concat()).expect("writes");
    // The end was written by somebody who had seen the right row, so it does not follow either.
    assert_eq!(faults(&state), [(Fault::Row, vec![2, 3])]);
    all[2] = with_row(&all[2], "\"runner_pid\":7", "\"runner_pid\":8");
    fs::write(state.events(), all.concat()).expect("writes");
    assert_eq!(faults(&state), [(Fault::Row, vec![2])], "what was carried on is the same mistake");
}

#[test]
fn rows_of_older_and_newer_versions_are_compared_by_what_both_know() {
    let (_home, state) = state();
    let mut all = lines(&state);
    let older: Vec<Vec<u8>> =
        all.iter().map(|line| with_row(line, "\"cost_usd\":null,", "")).collect();
    fs::write(state.events(), older.concat()).expect("writes");
    assert_eq!(faults(&state), []);
    all[2] = with_row(&all[2], "\"cut\":false", "\"cut\":false,\"stars\":5");
    fs::write(state.events(), all.concat()).expect("writes");
    assert_eq!(faults(&state), []);
}

#[test]
fn a_job_whose_beginning_is_gone_is_told() {
    let (_home, state) = state();
    let all = lines(&state);
    fs::write(state.events(), all[1..].concat()).expect("writes");
    assert_eq!(faults(&state), [(Fault::NeverQueued, vec![1])]);
}

#[test]
fn more_jobs_than_rows_at_hand_are_compared_all_the_same() {
    let (_home, state) = state();
    let mut all = Vec::new();
    let mut rows = Vec::new();
    for (at, event) in [queued("a"), started(), succeeded()].iter().enumerate() {
        let at = i64::try_from(at).expect("small");
        for job in 0..1500_u128 {
            let before = rows.get(usize::try_from(job).expect("small")).cloned();
            let row = brief::next(before, event, at);
            let json = serde_json::to_string(&row).expect("JSON");
            let data = event.data_json().expect("JSON");
            all.extend(record::encode(id(job), event.name(), at, &json, &data).expect("short"));
            if at == 0 {
                rows.push(row);
            } else {
                rows[usize::try_from(job).expect("small")] = row;
            }
        }
    }
    fs::write(state.events(), all).expect("writes");
    assert_eq!(faults(&state), []);
    let check = check(&state);
    assert_eq!((check.jobs(), check.not_compared, check.unfinished().count()), (1500, 0, 0));
}

#[test]
fn of_many_faults_all_are_counted_and_the_first_are_placed() {
    let (_home, state) = state();
    fs::write(state.events(), "x\n".repeat(1000)).expect("writes");
    let spots = check(&state).spots(Fault::Foreign).clone();
    assert_eq!((spots.count, spots.first.len(), spots.first[9].line), (1000, 10, 10));
}

#[test]
fn a_torn_end_is_sealed_off_once_and_nothing_else_is_touched() {
    let (_home, state) = state();
    assert_eq!(seal_torn_end(&state, LIMIT).expect("seals"), None, "there is no log yet");
    assert!(!state.events().exists());
    lines(&state);
    let whole = bytes(&state);
    assert_eq!(seal_torn_end(&state, LIMIT).expect("seals"), None);
    let torn = [&whole[..], b"{\"v\":1"].concat();
    fs::write(state.events(), &torn).expect("writes");
    assert_eq!(seal_torn_end(&state, LIMIT).expect("seals"), Some(whole.len() as u64));
    assert_eq!(seal_torn_end(&state, LIMIT).expect("seals"), None);
    assert_eq!(bytes(&state), [&torn[..], b"\n"].concat());
    assert_eq!(faults(&state), [(Fault::Torn, vec![4])]);
}
