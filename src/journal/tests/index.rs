//! The index: what is found with it is what is found without it, whatever has happened to it.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use proptest::prelude::*;

use super::damage::{Piece, pieces};
use super::support::*;
use crate::job::id::{JobId, Selector};
use crate::journal::find::Found;
use crate::journal::history::History;
use crate::journal::index::{Index, extend, rebuild};
use crate::journal::place::State;
use crate::journal::read::Log;
use crate::journal::record;

/// Ids that the random logs use, and one that they do not.
const IDS: std::ops::Range<u128> = 0..6;

const PREFIXES: [&str; 5] = ["00000000", "00000001", "00000002-0000", "0000-0000", "ffffff"];

fn unindexed(state: &State) -> Log {
    let index = state.index();
    let aside = index.with_extension("aside");
    let moved = fs::rename(&index, &aside).is_ok();
    let log = log(state);
    assert!(log.index().is_none());
    if moved {
        fs::rename(&aside, &index).expect("renames");
    }
    log
}

fn has_index(state: &State) -> bool {
    log(state).index().is_some()
}

/// What follows an end that the index knows is not looked for: it can only be a repeat. A random log
/// also repeats `queued` with another end, which no writer does; there the first end counts.
fn assert_same_history(with: &History, without: &History, covered: &History, is_repeated: bool) {
    let first = covered.job().and_then(|job| job.ending);
    if first.is_none() {
        assert_eq!(with, without);
        return;
    }
    assert_eq!(with.job().expect("queued").ending, first);
    if !is_repeated {
        assert_eq!(without.job().expect("queued").ending, first);
    }
}

fn assert_same_answers(state: &State) {
    let (with, without) = (log(state), unindexed(state));
    for number in IDS {
        let job = id(number);
        let (with, without) =
            (with.history(job).expect("reads"), without.history(job).expect("reads"));
        assert_eq!(with, without, "{job}");
    }
    assert_same_prefixes(&with, &without);
}

fn assert_same_prefixes(with: &Log, without: &Log) {
    for prefix in PREFIXES {
        let selector = Selector::Prefix(prefix.to_owned());
        let (with, without) = (with.find(&selector), without.find(&selector));
        assert_eq!(with.expect("reads"), without.expect("reads"), "{prefix}");
    }
}

fn write(state: &State, pieces: &[Piece]) {
    let bytes = pieces.iter().flat_map(Piece::bytes).collect::<Vec<_>>();
    fs::write(state.events(), bytes).expect("writes");
}

fn append_bytes(path: &Path, bytes: &[u8]) {
    let file = OpenOptions::new().append(true).open(path).expect("opens");
    std::io::Write::write_all(&mut &file, bytes).expect("writes");
}

/// A log of many small lines, `jobs` of them ended.
fn fill(state: &State, first: u128, jobs: u128) {
    let mut lines = Vec::new();
    for number in first..first + jobs {
        let padding = "x".repeat(usize::try_from(number % 7).expect("small") * 300);
        let data = format!(r#"{{"request":{{"prompt":"{number} {padding}"}}}}"#);
        let line = |event: &str, data: &str| {
            let brief = format!(r#"{{"status":"queued","prompt":"{number}"}}"#);
            record::encode(id(number), event, 1, &brief, data).expect("short")
        };
        lines.extend(line("queued", &data));
        lines.extend(line("started", "{}"));
        lines.extend(line("succeeded", "{}"));
    }
    let file = OpenOptions::new().append(true).create(true).open(state.events()).expect("opens");
    std::io::Write::write_all(&mut &file, &lines).expect("writes");
}

fn prompt(log: &Log, number: u128) -> Option<String> {
    let job = log.job(id(number)).expect("reads")?;
    assert!(job.ending.is_some());
    Some(job.queued.request.prompt.split(' ').next().expect("a number").to_owned())
}

fn assert_finds(log: &Log, jobs: u128) {
    for number in (0..jobs).step_by(usize::try_from(jobs / 50 + 1).expect("small")) {
        assert_eq!(prompt(log, number).as_deref(), Some(&*number.to_string()));
    }
    assert_eq!(prompt(log, jobs + 5), None);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 150,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn an_index_of_any_log_answers_like_the_log(pieces in prop::collection::vec(pieces(), 0..24)) {
        let (_home, state) = state();
        write(&state, &pieces);
        rebuild(&state).expect("builds");
        prop_assert_eq!(has_index(&state), log(&state).end() > 0);
        assert_same_answers(&state);
    }

    #[test]
    fn an_index_that_lags_behind_answers_like_the_log(
        pieces in prop::collection::vec(pieces(), 0..24),
        at in 0..24_usize,
    ) {
        let (_home, state) = state();
        let (before, after) = pieces.split_at(at.min(pieces.len()));
        write(&state, before);
        rebuild(&state).expect("builds");
        let covered = log(&state);
        append_bytes(&state.events(), &after.iter().flat_map(Piece::bytes).collect::<Vec<_>>());
        let (_other_home, later) = super::support::state();
        write(&later, after);
        let later = log(&later);
        let (with, without) = (log(&state), unindexed(&state));
        for number in IDS {
            let read = |log: &Log| log.history(id(number)).expect("reads");
            let is_repeated = read(&later).job().is_some();
            assert_same_history(&read(&with), &read(&without), &read(&covered), is_repeated);
        }
        assert_same_prefixes(&with, &without);
    }

    #[test]
    fn a_damaged_index_is_as_good_as_none(
        pieces in prop::collection::vec(pieces(), 1..24),
        flips in prop::collection::vec((0..20_000_u64, 1..=255_u8), 1..6),
        len in prop::option::of(0..20_000_u64),
    ) {
        let (_home, state) = state();
        write(&state, &pieces);
        rebuild(&state).expect("builds");
        if let Ok(file) = OpenOptions::new().read(true).write(true).open(state.index()) {
            for (at, with) in flips {
                let mut byte = [0];
                if file.read_at(&mut byte, at).expect("reads") == 1 {
                    file.write_all_at(&[byte[0] ^ with], at).expect("writes");
                }
            }
            if let Some(len) = len {
                file.set_len(len).expect("cuts");
            }
        }
        assert_same_answers(&state);
    }

    #[test]
    fn an_index_of_another_log_is_not_believed(
        one in prop::collection::vec(pieces(), 1..16),
        other in prop::collection::vec(pieces(), 1..16),
    ) {
        let (_home, state) = state();
        write(&state, &one);
        rebuild(&state).expect("builds");
        // The same file, so also the same inode, with other contents.
        write(&state, &other);
        assert_same_answers(&state);
    }
}

#[test]
fn a_log_that_grows_is_covered_in_stretches_and_every_job_is_found() {
    let (_home, state) = state();
    let mut jobs = 0;
    for more in [1000, 900, 1100, 300, 5000, 1200, 1300, 900, 1000, 1400] {
        fill(&state, jobs, more);
        jobs += more;
        extend(&state).expect("builds");
        let log = log(&state);
        let covered = log.index().map_or(0, Index::covered);
        assert!(log.end() - covered < 1 << 20, "{covered} of {}", log.end());
        assert_finds(&log, jobs);
    }
    assert!(fs::metadata(state.index()).expect("is there").len() < jobs_bytes(jobs));
    rebuild(&state).expect("builds");
    assert_eq!(log(&state).index().expect("is there").covered(), log(&state).end());
    assert_finds(&log(&state), jobs);
}

/// More than an index of so many jobs takes, pages that no longer count included.
fn jobs_bytes(jobs: u128) -> u64 {
    u64::try_from(jobs).expect("few") * 44 * 3
}

#[test]
fn a_small_log_has_no_index_and_needs_none() {
    let (_home, state) = state();
    extend(&state).expect("nothing to do");
    put(&state, 1, id(0), queued("a"));
    extend(&state).expect("nothing to do");
    assert!(!state.index().exists());
    rebuild(&state).expect("builds");
    assert!(has_index(&state));
}

#[test]
fn an_index_that_vanishes_changes_no_answer_and_comes_back() {
    let (_home, state) = state();
    fill(&state, 0, 3000);
    extend(&state).expect("builds");
    let open = log(&state);
    assert!(open.index().is_some());
    fs::remove_file(state.index()).expect("removes");
    assert_finds(&open, 3000);
    assert_finds(&log(&state), 3000);
    extend(&state).expect("builds");
    assert!(has_index(&state));
}

#[test]
fn an_index_of_another_version_is_replaced() {
    let (_home, state) = state();
    fill(&state, 0, 3000);
    extend(&state).expect("builds");
    let file = OpenOptions::new().write(true).open(state.index()).expect("opens");
    for slot in [0, 4096] {
        file.write_all_at(b"phopidx9", slot).expect("writes");
    }
    assert!(!has_index(&state));
    assert_finds(&log(&state), 3000);
    extend(&state).expect("builds");
    assert!(has_index(&state));
}

#[test]
fn an_index_that_was_cut_short_is_none_and_is_built_anew() {
    let (_home, state) = state();
    fill(&state, 0, 3000);
    extend(&state).expect("builds");
    assert!(!log(&state).has_damaged_index());
    let file = OpenOptions::new().write(true).open(state.index()).expect("opens");
    file.set_len(file.metadata().expect("stat").len() / 2).expect("cuts");
    assert!(!has_index(&state) && log(&state).has_damaged_index());
    assert_finds(&log(&state), 3000);
    extend(&state).expect("builds");
    assert!(has_index(&state) && !log(&state).has_damaged_index());
    assert_finds(&log(&state), 3000);
}

#[test]
fn a_damaged_page_is_met_when_it_is_merged_and_the_index_is_built_anew() {
    let (_home, state) = state();
    fill(&state, 0, 3000);
    extend(&state).expect("builds");
    let file = OpenOptions::new().read(true).write(true).open(state.index()).expect("opens");
    let mut byte = [0];
    file.read_at(&mut byte, 3 * 4096 + 100).expect("reads");
    file.write_all_at(&[byte[0] ^ 1], 3 * 4096 + 100).expect("writes");
    assert!(log(&state).has_damaged_index());
    fill(&state, 3000, 3000);
    extend(&state).expect("builds");
    assert!(has_index(&state) && !log(&state).has_damaged_index());
    assert_finds(&log(&state), 6000);
}

#[test]
fn who_finds_another_builder_leaves_at_once() {
    let (_home, state) = state();
    fill(&state, 0, 3000);
    let builder = OpenOptions::new().write(true).create(true).truncate(false).open(state.index());
    let builder = builder.expect("opens");
    builder.lock().expect("locks");
    extend(&state).expect("leaves");
    assert_eq!(builder.metadata().expect("stat").len(), 0);
    drop(builder);
    extend(&state).expect("builds");
    assert!(has_index(&state));
}

#[test]
fn builders_writers_and_readers_at_once_agree() {
    const JOBS: u128 = 40;
    let (_home, state) = state();
    fill(&state, 1000, 2000);
    std::thread::scope(|scope| {
        for writer in 0..3 {
            let state = &state;
            scope.spawn(move || {
                for job in 0..JOBS {
                    let job = id(writer * JOBS + job);
                    put(state, 1, job, queued(&"p".repeat(9000)));
                    put(state, 2, job, started());
                    let ended = put(state, 3, job, succeeded());
                    assert_eq!(log(state).job(job).expect("reads"), Some(ended));
                }
            });
        }
        for builder in 0..3 {
            let state = &state;
            scope.spawn(move || {
                for round in 0..20 {
                    if (builder, round % 5) == (0, 4) {
                        let _ = fs::remove_file(state.index());
                    }
                    extend(state).expect("builds or leaves");
                    assert_eq!(prompt(&log(state), 1234).as_deref(), Some("1234"));
                }
            });
        }
    });
    rebuild(&state).expect("builds");
    let (with, without) = (log(&state), unindexed(&state));
    for job in (0..3 * JOBS).map(id) {
        assert_eq!(with.history(job).expect("reads"), without.history(job).expect("reads"));
    }
}

#[test]
fn an_index_that_knows_more_than_an_older_look_at_the_log_tells_no_more() {
    let (_home, state) = state();
    fill(&state, 0, 3000);
    let older = log(&state);
    fill(&state, 5000, 10);
    rebuild(&state).expect("builds");
    assert!(older.index().is_some());
    assert_eq!(prompt(&older, 5000), None);
    assert_eq!(prompt(&log(&state), 5000).as_deref(), Some("5000"));
}

#[test]
fn a_line_that_is_damaged_after_it_was_indexed_is_not_told_as_whole() {
    let (_home, state) = state();
    put(&state, 1, id(0), queued("a"));
    put(&state, 2, id(0), started());
    let before = bytes(&state).len() as u64;
    put(&state, 3, id(0), succeeded());
    put(&state, 4, id(1), queued("b"));
    rebuild(&state).expect("builds");
    let file = OpenOptions::new().write(true).open(state.events()).expect("opens");
    file.write_all_at(b"?", before + 20).expect("writes");
    let job = log(&state).job(id(0)).expect("reads").expect("is there");
    assert!(job.ending.is_none() && job.started.is_some());
    assert_same_answers(&state);
}

#[test]
fn the_index_is_private() {
    let (_home, state) = state();
    put(&state, 1, id(0), queued("a"));
    rebuild(&state).expect("builds");
    assert_eq!(fs::metadata(state.index()).expect("stat").mode() & 0o777, 0o600);
    let found = log(&state).find(&Selector::Prefix("00000000".to_owned())).expect("reads");
    assert_eq!(found, Found::One(id(0)));
    assert_eq!(log(&state).job(JobId::from_bytes([9; 16])).expect("reads"), None);
}
