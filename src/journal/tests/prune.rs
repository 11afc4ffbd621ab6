//! Pruning: what goes is gone, all else is as it was, whoever writes, reads or fails meanwhile.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use rustix::io::Errno;

use super::damage::{Piece, pieces};
use super::support::*;
use crate::job::event::{Event, Pruned};
use crate::job::id::{JobId, Selector};
use crate::job::retention::{Plan, Rule};
use crate::job::status::Status;
use crate::journal::claim::claim;
use crate::journal::error::Error;
use crate::journal::find::{Found, NO_JOB};
use crate::journal::history;
use crate::journal::index::{extend, rebuild};
use crate::journal::layer::{Disk, Layer};
use crate::journal::line::Item;
use crate::journal::place::State;
use crate::journal::prune::discard_left;
use crate::journal::prune::{Outcome, last, oldest, plan, prune, prune_on};

const ALL_ENDED: Rule = Rule { older_than_ms: Some(0), keep: None };

const NOW: i64 = 1000;

fn planned(state: &State) -> Plan {
    plan(state, ALL_ENDED, NOW).expect("reads")
}

fn pruned(state: &State) -> Outcome {
    prune(state, &planned(state), LIMIT, NOW).expect("prunes").expect("something to prune")
}

fn end(state: &State, job: JobId) {
    put(state, 1, job, queued("a"));
    put(state, 2, job, started());
    put(state, 3, job, succeeded());
}

/// Bytes of the log without the lines of some jobs.
fn without(state: &State, jobs: &[JobId]) -> Vec<u8> {
    let (log, all) = (log(state), bytes(state));
    let at = |offset: u64| usize::try_from(offset).expect("small");
    let mut kept: Vec<u8> = log
        .forward(0)
        .map(|item| item.expect("reads"))
        .flat_map(|item| match item {
            Item::Line(line) if jobs.contains(&line.job) => Vec::new(),
            Item::Line(line) => all[at(line.offset)..at(line.offset + line.len)].to_vec(),
            Item::Damaged { offset, len } => all[at(offset)..at(offset + len)].to_vec(),
        })
        .collect();
    kept.extend(&all[at(log.end())..]);
    kept
}

#[test]
fn ended_jobs_go_and_all_else_stays_byte_for_byte() {
    let (_home, state) = state();
    end(&state, id(0));
    put(&state, 1, id(1), queued("still waits"));
    end(&state, id(2));
    let mut all = bytes(&state);
    all.extend(b"not json\n\0\0\n{\"v\":9}\n");
    fs::write(state.events(), &all).expect("writes");
    put(&state, 4, id(1), started());
    let kept = without(&state, &[id(0), id(2)]);
    let before = bytes(&state).len() as u64;

    let outcome = pruned(&state);
    assert!(bytes(&state).starts_with(&kept));
    let (jobs, lines) = (outcome.event.jobs, outcome.event.lines);
    assert_eq!((jobs, lines, outcome.event.older_than_ms), (2, 6, Some(0)));
    assert_eq!((outcome.bytes_before, outcome.event.bytes), (before, before - kept.len() as u64));
    assert_eq!(outcome.bytes_after, bytes(&state).len() as u64);
    assert_eq!(names(&log(&state)), ["queued", "-", "-", "-", "started", "pruned"]);
    assert!(!state.new_events().exists());
    for (job, is_there) in [(0, false), (1, true), (2, false)] {
        assert_eq!(history::job(&state, id(job)).expect("reads").is_some(), is_there);
    }
}

#[test]
fn the_event_of_a_prune_disturbs_no_list_and_no_selector_and_is_found_again() {
    let (_home, state) = state();
    assert_eq!((last(&state).expect("reads"), oldest(&state).expect("reads")), (None, None));
    end(&state, id(0));
    put(&state, 7, id(1), queued("a"));
    pruned(&state);
    let log = log(&state);
    let (rows, more) = log.newest(10, |_, _| true).expect("reads");
    assert_eq!((rows.len(), rows[0].0, more), (1, id(1), false));
    assert_eq!(log.find(&Selector::Last).expect("reads"), Found::One(id(1)));
    assert_eq!(log.find(&Selector::Prefix("000000".into())).expect("reads"), Found::One(id(1)));
    assert_eq!(log.job(NO_JOB).expect("reads"), None);
    assert_eq!((scan(&log).whole, scan(&log).unknown), (2, 0));
    assert_eq!(
        (last(&state).expect("reads"), oldest(&state).expect("reads")),
        (Some(NOW), Some(7))
    );
}

#[test]
fn nothing_to_prune_changes_nothing() {
    let (_home, state) = state();
    assert_eq!(prune(&state, &planned(&state), LIMIT, NOW).expect("runs"), None);
    put(&state, 1, id(0), queued("a"));
    let before = bytes(&state);
    assert_eq!(prune(&state, &planned(&state), LIMIT, NOW).expect("runs"), None);
    assert_eq!((bytes(&state), state.new_events().exists()), (before, false));
}

#[test]
fn a_plan_that_somebody_else_has_carried_out_changes_nothing() {
    let (_home, state) = state();
    end(&state, id(0));
    let plan = planned(&state);
    pruned(&state);
    let before = bytes(&state);
    assert_eq!(prune(&state, &plan, LIMIT, NOW).expect("runs"), None);
    assert_eq!((bytes(&state), state.new_events().exists()), (before, false));
}

#[test]
fn what_an_earlier_prune_left_behind_is_overwritten() {
    let (_home, state) = state();
    end(&state, id(0));
    fs::write(state.new_events(), "half a log ".repeat(1000)).expect("writes");
    pruned(&state);
    assert_eq!(names(&log(&state)), ["pruned"]);
}

#[test]
fn one_prunes_at_a_time() {
    let (_home, state) = state();
    end(&state, id(0));
    let before = bytes(&state);
    let other = claim(&state.new_events()).expect("opens").expect("free");
    let error = prune(&state, &planned(&state), LIMIT, NOW).expect_err("is busy");
    assert!(matches!(error, Error::Pruning { .. }), "{error}");
    assert_eq!(bytes(&state), before);
    drop(other);
    pruned(&state);
}

#[test]
fn a_torn_end_is_sealed_off_and_not_lost() {
    let (_home, state) = state();
    end(&state, id(0));
    put(&state, 1, id(1), queued("a"));
    let torn = [&bytes(&state)[..], b"{\"v\":1,\"job\":\"torn"].concat();
    fs::write(state.events(), torn).expect("writes");
    pruned(&state);
    assert_eq!(names(&log(&state)), ["queued", "-", "pruned"]);
}

#[test]
fn a_reader_of_the_old_log_and_its_index_goes_on() {
    let (_home, state) = state();
    end(&state, id(0));
    rebuild(&state).expect("builds");
    let old = log(&state);
    assert!(old.index().is_some());
    pruned(&state);
    assert!(log(&state).index().is_none(), "it is of another log");
    rebuild(&state).expect("builds");
    assert_eq!(old.job(id(0)).expect("reads").expect("is there").status(), Status::Succeeded);
    assert_eq!(log(&state).job(id(0)).expect("reads"), None);
    assert_ne!(old.inode(), log(&state).inode());
}

/// A disk on which something happens before, or instead of, one of its calls.
struct Eventful<F: FnMut(&str) -> io::Result<()>>(F);

impl<F: FnMut(&str) -> io::Result<()>> Layer for Eventful<F> {
    fn write(&mut self, file: &File, bytes: &[u8]) -> io::Result<usize> {
        Disk.write(file, bytes)
    }

    fn truncate(&mut self, file: &File, len: u64) -> io::Result<()> {
        Disk.truncate(file, len)
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        (self.0)("sync")?;
        Disk.sync(file)
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        (self.0)("rename")?;
        Disk.rename(from, to)
    }

    fn sync_names(&mut self, directory: &Path) -> io::Result<()> {
        (self.0)("sync_names")?;
        Disk.sync_names(directory)
    }
}

#[test]
fn what_is_appended_while_most_is_copied_is_in_the_new_log() {
    let (_home, state) = state();
    end(&state, id(0));
    let plan = planned(&state);
    let mut calls = Vec::new();
    let mut layer = Eventful(|call| {
        if calls.is_empty() {
            end(&state, id(1));
            put(&state, 9, id(2), queued("meanwhile"));
        }
        calls.push(call.to_owned());
        Ok(())
    });
    prune_on(&mut layer, &state, &plan, LIMIT, NOW).expect("prunes").expect("something");
    assert_eq!(calls, ["sync", "sync", "rename", "sync_names"]);
    let wanted = ["queued", "started", "succeeded", "queued", "pruned"];
    assert_eq!(names(&log(&state)), wanted, "a job that ended after the plan stays");
    assert!(history::job(&state, id(1)).expect("reads").is_some());
}

#[test]
fn a_failure_at_any_call_before_the_rename_leaves_the_old_log() {
    for failing in 0..3 {
        let (_home, state) = state();
        end(&state, id(0));
        put(&state, 1, id(1), queued("a"));
        let (before, mut calls) = (bytes(&state), 0);
        let mut layer = Eventful(|_| {
            calls += 1;
            if calls == failing + 1 { Err(Errno::NOSPC.into()) } else { Ok(()) }
        });
        let error = prune_on(&mut layer, &state, &planned(&state), LIMIT, NOW).expect_err("fails");
        assert!(matches!(error, Error::NoSpace { .. }), "{error}");
        assert_eq!((bytes(&state), state.new_events().exists()), (before, false));
        pruned(&state);
        assert_eq!(names(&log(&state)), ["queued", "pruned"]);
    }
}

#[test]
fn a_prune_whose_new_name_may_not_last_says_so() {
    let (_home, state) = state();
    end(&state, id(0));
    let mut layer =
        Eventful(|call| if call == "sync_names" { Err(Errno::IO.into()) } else { Ok(()) });
    let error = prune_on(&mut layer, &state, &planned(&state), LIMIT, NOW).expect_err("fails");
    assert!(matches!(error, Error::NotDurable { .. }), "{error}");
}

#[test]
fn another_log_in_its_place_is_not_overwritten() {
    let (_home, state) = state();
    end(&state, id(0));
    let plan = planned(&state);
    let mut layer = Eventful(|_| {
        fs::remove_file(state.events()).expect("removes");
        fs::write(state.events(), "mine\n")
    });
    prune_on(&mut layer, &state, &plan, LIMIT, NOW).expect_err("refuses");
    assert_eq!(bytes(&state), b"mine\n");
}

#[test]
fn writers_readers_and_builders_lose_nothing_to_prunes_among_them() {
    const WRITERS: u128 = 4;
    const JOBS: u128 = 30;
    let (_home, state) = state();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let state = &state;
                scope.spawn(move || {
                    for number in 0..JOBS {
                        let job = id(writer * JOBS + number);
                        put(state, 1, job, queued("a"));
                        put(state, 2, job, started());
                        put(state, 3, job, progress(1));
                        let found = history::job(state, job).expect("reads").expect("is there");
                        assert_eq!(found.progress.expect("came").turns, 1);
                        // Every other job ends, and may be gone at once.
                        if number % 2 == 0 {
                            put(state, 4, job, succeeded());
                        }
                    }
                })
            })
            .collect();
        let (state, done) = (&state, &done);
        scope.spawn(move || {
            while !done.load(Ordering::Relaxed) {
                prune(state, &planned(state), LIMIT, NOW).expect("prunes");
                rebuild(state).expect("builds");
            }
        });
        scope.spawn(move || {
            while !done.load(Ordering::Relaxed) {
                let rows = log_or_none(state);
                assert!(rows.iter().all(|(_, status)| *status != Status::Lost));
                extend(state).expect("builds or leaves");
            }
        });
        for writer in writers {
            writer.join().expect("joins");
        }
        done.store(true, Ordering::Relaxed);
    });
    prune(&state, &planned(&state), LIMIT, NOW).expect("prunes");
    let (rows, _) = log(&state).newest(1000, |_, _| true).expect("reads");
    let left: HashSet<JobId> = rows.into_iter().map(|(job, _)| job).collect();
    let wanted = (0..WRITERS * JOBS).filter(|job| job % JOBS % 2 == 1).map(id);
    assert_eq!(left, wanted.collect());
    for job in left {
        let found = history::job(&state, job).expect("reads").expect("is there");
        assert_eq!((found.status(), found.odd), (Status::Running, 0));
    }
    assert_eq!(scan(&log(&state)).damaged, 0);
    assert_eq!(last(&state).expect("reads"), Some(NOW));
}

fn log_or_none(state: &State) -> Vec<(JobId, Status)> {
    let Some(log) = crate::journal::read::Log::open(state).expect("opens") else {
        return Vec::new();
    };
    let rows = log.newest(1000, |_, _| true).expect("reads").0;
    rows.into_iter().map(|(job, row)| (job, row.status)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_log_keeps_all_but_the_pruned_lines(
        pieces in prop::collection::vec(pieces(), 0..20),
        ended in prop::collection::vec(0..4_u128, 1..4),
    ) {
        let (_home, state) = state();
        let any = pieces.iter().flat_map(Piece::bytes).collect::<Vec<_>>();
        fs::write(state.events(), any).expect("writes");
        for &number in &ended {
            // Ids that the random lines do not use.
            let job = id(100 + number);
            if history::job(&state, job).expect("reads").is_none() {
                end(&state, job);
            }
        }
        let mut plan = planned(&state);
        plan.doomed.retain(|doomed| doomed.job >= id(100));
        let doomed: Vec<JobId> = plan.doomed.iter().map(|doomed| doomed.job).collect();
        prop_assert!(!doomed.is_empty());
        let kept = without(&state, &doomed);
        prune(&state, &plan, LIMIT, NOW).expect("prunes").expect("something");
        prop_assert!(bytes(&state).starts_with(&kept));
        let newest = log(&state).back().next().expect("some").expect("reads").into_line();
        let newest = newest.expect("whole");
        let event = log(&state).event(&newest).expect("reads").expect("whole");
        let Event::Pruned(Pruned { jobs, .. }) = event else { panic!("{event:?}") };
        prop_assert_eq!(jobs, doomed.len() as u64);
    }
}

#[test]
fn what_a_killed_prune_left_is_discarded_and_what_is_in_use_is_not() {
    let (_home, state) = state();
    discard_left(&state).expect("nothing to do");
    let running = claim(&state.new_events()).expect("opens").expect("free");
    std::fs::write(state.new_index(), "left").expect("written");
    discard_left(&state).expect("leaves it");
    assert!(state.new_events().exists() && !state.new_index().exists());
    drop(running);
    discard_left(&state).expect("discards");
    assert!(!state.new_events().exists());
}
