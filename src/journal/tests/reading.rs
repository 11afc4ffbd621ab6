//! Reading on: a reader that comes back misses nothing, whatever happened to the log meanwhile.

use std::fs;

use super::support::*;
use crate::job::search::Needle;
use crate::journal::error::Error;
use crate::journal::place::State;
use crate::journal::tail::{Cursor, Tail};

/// The names of the events that are new to a reader.
fn new(tail: &mut Tail) -> Vec<String> {
    let mut names = Vec::new();
    tail.look::<Error>(|line| {
        assert!(line.bytes.ends_with(b"\"}\n"));
        names.push(line.event.to_owned());
        Ok(())
    })
    .expect("reads");
    names
}

/// The cursor of the n-th line.
fn cursor(state: &State, line: usize) -> Cursor {
    let bytes = bytes(state);
    let line = bytes.split_inclusive(|&byte| byte == b'\n').nth(line).expect("there");
    let seal = &line[line.len() - 35..line.len() - 3];
    std::str::from_utf8(seal).expect("text").parse().expect("a seal")
}

/// Puts another file in the log's place, as a prune does.
fn replace(state: &State, lines: &[u8]) {
    let beside = state.events().with_extension("new");
    fs::write(&beside, lines).expect("writes");
    fs::rename(beside, state.events()).expect("renames");
}

#[test]
fn each_line_is_handed_on_once_and_damage_is_counted() {
    let (_home, state) = state();
    let mut tail = Tail::from_start(&state);
    assert_eq!(new(&mut tail), [""; 0], "there is no log yet");
    put(&state, 1, id(0), queued("a"));
    assert_eq!(new(&mut tail), ["queued"]);
    assert_eq!(new(&mut tail), [""; 0]);
    fs::write(state.events(), [bytes(&state), b"{\"v\":1".to_vec()].concat()).expect("writes");
    assert_eq!(new(&mut tail), [""; 0], "it may become a line");
    put(&state, 2, id(0), started());
    put(&state, 3, id(0), succeeded());
    assert_eq!(new(&mut tail), ["started", "succeeded"]);
    assert_eq!(tail.damaged(), 1);
}

#[test]
fn a_cursor_is_gone_on_from_and_an_unknown_one_is_none() {
    let (_home, state) = state();
    put(&state, 1, id(0), queued("a"));
    put(&state, 2, id(0), started());
    put(&state, 3, id(0), succeeded());
    let mut tail = Tail::after(&state, cursor(&state, 0)).expect("reads").expect("is there");
    assert_eq!(new(&mut tail), ["started", "succeeded"]);
    let mut tail = Tail::after(&state, cursor(&state, 2)).expect("reads").expect("is there");
    assert_eq!(new(&mut tail), [""; 0]);
    let unknown = "00000100000000800000000000000000".parse().expect("a seal");
    assert!(Tail::after(&state, unknown).expect("reads").is_none());
    for wrong in ["", "xyz", "0123456789abcdef0123456789ABCDEF"] {
        assert!(wrong.parse::<Cursor>().is_err(), "{wrong}");
    }
}

#[test]
fn a_reader_goes_on_after_a_prune_even_where_its_last_line_went() {
    let (_home, state) = state();
    put(&state, 1, id(0), queued("a"));
    put(&state, 2, id(1), queued("b"));
    put(&state, 3, id(0), succeeded());
    let mut tail = Tail::from_start(&state);
    assert_eq!(new(&mut tail).len(), 3);
    let kept = bytes(&state);
    let kept = kept.split_inclusive(|&byte| byte == b'\n').nth(1).expect("there").to_vec();
    replace(&state, &kept);
    put(&state, 4, id(1), started());
    assert_eq!(new(&mut tail), ["started"]);
}

#[test]
fn what_lies_between_a_line_and_its_copy_is_not_missed() {
    let (_home, state) = state();
    put(&state, 1, id(0), queued("a"));
    let first = bytes(&state);
    put(&state, 2, id(1), queued("b"));
    fs::write(state.events(), [bytes(&state), first].concat()).expect("writes");
    let mut tail = Tail::after(&state, cursor(&state, 0)).expect("reads").expect("is there");
    assert_eq!(new(&mut tail), ["queued", "queued"]);
}

#[test]
fn words_are_found_newest_first_and_a_repeated_line_once() {
    let (_home, state) = state();
    for (job, prompt) in [(0, "the lock"), (1, "no"), (2, "a LOCK")] {
        put(&state, 1, id(job), queued(prompt));
        put(&state, 2, id(job), progress(1));
    }
    let newest =
        bytes(&state).split_inclusive(|&byte| byte == b'\n').nth(4).expect("there").to_vec();
    fs::write(state.events(), [bytes(&state), newest, b"lock\n".to_vec()].concat())
        .expect("writes");
    let needle = Needle::new("lock").expect("words");
    let (found, more) = log(&state).search(&needle, 10).expect("reads");
    let told: Vec<_> = found.iter().map(|found| (found.job, found.hit.found.as_str())).collect();
    assert_eq!((told, more), (vec![(id(2), "LOCK"), (id(0), "lock")], false));
    let (found, more) = log(&state).search(&needle, 1).expect("reads");
    assert_eq!((found.len(), more), (1, true));
}
