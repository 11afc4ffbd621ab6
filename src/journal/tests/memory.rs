//! Looking again: what is remembered is never told in place of what the log has now.

use std::fs;

use proptest::prelude::*;

use super::damage::{Piece, pieces};
use super::support::*;
use crate::job::event::{CancelRequested, Event};
use crate::job::retention::Rule;
use crate::journal::history;
use crate::journal::memory::Memory;
use crate::journal::prune::{plan, prune};

#[test]
fn every_look_tells_what_the_log_has_now() {
    let (_home, state) = state();
    let mut memory = Memory::default();
    assert_eq!(memory.job(&state, id(0)).expect("no log"), None);
    let cancel = Event::CancelRequested(CancelRequested::default());
    for event in [queued("a"), started(), progress(1), cancel, progress(2), succeeded()] {
        put(&state, 1, id(7), queued("other")).status();
        let now = put(&state, 2, id(0), event);
        for _ in 0..2 {
            assert_eq!(memory.job(&state, id(0)).expect("reads"), Some(now.clone()));
            let ended = Some(now.clone()).filter(|job| job.ending.is_some());
            assert_eq!(memory.ended(&state, id(0)), ended);
        }
        prune_all(&state);
    }
    assert_eq!(memory.ended(&state, id(0)), None, "it was pruned");
    assert_eq!(memory.job(&state, id(0)).expect("reads"), None);
}

/// Ends the other job and prunes what has ended.
fn prune_all(state: &crate::journal::place::State) {
    put(state, 3, id(7), succeeded());
    let rule = Rule { older_than_ms: Some(0), keep: None };
    let plan = plan(state, rule, 1000).expect("reads");
    prune(state, &plan, LIMIT, 1000).expect("prunes").expect("something");
}

#[test]
fn more_jobs_and_larger_ones_than_are_kept_are_told_too() {
    let (_home, state) = state();
    let mut memory = Memory::default();
    for number in 0..40 {
        put(
            &state,
            1,
            id(number),
            queued(&"p".repeat(usize::try_from(number).expect("small") * 9000)),
        );
    }
    for number in (0..40).chain(0..40) {
        let job = memory.job(&state, id(number)).expect("reads");
        assert_eq!(job, history::job(&state, id(number)).expect("reads"));
    }
}

#[test]
fn a_log_that_was_cut_off_is_read_anew() {
    let (_home, state) = state();
    let mut memory = Memory::default();
    put(&state, 1, id(0), queued("a"));
    let before = bytes(&state);
    put(&state, 2, id(0), started());
    memory.job(&state, id(0)).expect("reads");
    fs::write(state.events(), before).expect("writes");
    assert!(memory.job(&state, id(0)).expect("reads").expect("is there").started.is_none());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_memory_of_any_growing_log_tells_what_the_log_does(
        pieces in prop::collection::vec(pieces(), 0..16),
    ) {
        let (_home, state) = state();
        let mut memory = Memory::default();
        let mut bytes = Vec::new();
        let mut ended = false;
        fs::write(state.events(), &bytes).expect("writes");
        for piece in pieces.iter().map(Piece::bytes) {
            bytes.extend(piece);
            fs::write(state.events(), &bytes).expect("writes");
            let (with, without) = (memory.job(&state, id(1)), history::job(&state, id(1)));
            let (with, without) = (with.expect("reads"), without.expect("reads"));
            // What follows an end can only be a repeat, and is not looked for.
            if ended {
                prop_assert!(with.is_some_and(|job| job.ending.is_some()));
            } else {
                prop_assert_eq!(&with, &without);
                ended = without.is_some_and(|job| job.ending.is_some());
            }
        }
    }
}
