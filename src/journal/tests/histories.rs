//! Sound logs: what is appended is read back, in order, by everybody.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::Duration;

use super::support::*;
use crate::consult::failure::{Code, Failure};
use crate::consult::reply::{Account, Partial};
use crate::job::event::{Event, Failed, Recorded};
use crate::job::fold::fold;
use crate::job::id::Selector;
use crate::job::status::Status;
use crate::journal::append::{Appended, Once, append, append_once};
use crate::journal::error::Error;
use crate::journal::find::Found;
use crate::journal::read::Log;

#[test]
fn a_job_is_read_back_as_it_was_left() {
    let (_home, state) = state();
    put(&state, 1, id(0), queued("a"));
    put(&state, 2, id(1), queued("b"));
    put(&state, 3, id(0), started());
    let left = put(&state, 4, id(0), succeeded());
    let log = log(&state);
    assert_eq!(log.job(id(0)).expect("reads"), Some(left));
    assert_eq!(log.job(id(9)).expect("reads"), None);
    assert_eq!(log.end(), bytes(&state).len() as u64);
    assert_eq!(scan(&log), Counts { whole: 4, unknown: 0, damaged: 0 });
    let mode = fs::metadata(state.events()).expect("stat").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn the_first_event_is_written_like_any_other() {
    let (_one, one) = state();
    let (_other, other) = state();
    let Event::Queued(data) = queued("a") else { unreachable!() };
    let written = append_once(&one, LIMIT, 1, 0, id(0), *data, || true).expect("appends");
    let Once::Written(first) = written else { panic!("written") };
    assert_eq!(put(&other, 1, id(0), queued("a")), *first);
    assert_eq!(bytes(&one), bytes(&other));
}

#[test]
fn a_key_means_one_job_until_it_is_too_old() {
    let (_home, state) = state();
    let once = |job, now, since| {
        let Event::Queued(mut data) = queued("a") else { unreachable!() };
        data.idempotency_key = Some("k".to_owned());
        append_once(&state, LIMIT, now, since, id(job), *data, || true).expect("appends")
    };
    assert!(matches!(once(0, 10, 0), Once::Written(_)));
    put(&state, 11, id(7), queued("without a key"));
    assert!(matches!(once(1, 20, 10), Once::Known(known) if known == id(0)));
    put(&state, 30, id(0), started());
    assert!(matches!(once(2, 40, 15), Once::Written(_)), "too old, though it still runs");
    assert!(matches!(once(3, 41, 15), Once::Known(known) if known == id(2)));
}

#[test]
fn a_failure_that_cost_nothing_gives_its_key_back() {
    let (_home, state) = state();
    let once = |job, now| {
        let Event::Queued(mut data) = queued("a") else { unreachable!() };
        data.idempotency_key = Some("k".to_owned());
        append_once(&state, LIMIT, now, 0, id(job), *data, || true).expect("appends")
    };
    let failed = |cost_usd| {
        let account = Account { cost_usd: Some(cost_usd), ..Account::default() };
        Event::Failed(Box::new(Failed {
            failure: Failure::new(Code::Overloaded, "529"),
            partial: Partial { partial_text: None, account },
            recovered: false,
            tree_after: None,
        }))
    };
    assert!(matches!(once(0, 1), Once::Written(_)));
    put(&state, 2, id(0), started());
    put(&state, 3, id(0), failed(0.0));
    assert!(matches!(once(1, 4), Once::Written(_)), "nothing was paid for the first");
    assert!(matches!(once(2, 5), Once::Known(known) if known == id(1)), "the second still runs");
    put(&state, 6, id(1), started());
    put(&state, 7, id(1), failed(0.5));
    assert!(matches!(once(3, 8), Once::Known(known) if known == id(1)), "that one was paid for");
}

#[test]
fn nothing_is_appended_to_a_job_that_has_ended_or_never_was() {
    let (_home, state) = state();
    put(&state, 1, id(0), queued("a"));
    put(&state, 2, id(0), started());
    let ended = put(&state, 3, id(0), succeeded());
    let before = bytes(&state);
    for event in [succeeded(), started(), progress(1), queued("a")] {
        let appended = append(&state, LIMIT, 4, id(0), |_| Some(event)).expect("runs");
        assert!(matches!(appended, Appended::Declined(Some(job)) if job == ended));
    }
    let appended = append(&state, LIMIT, 4, id(1), |_| Some(started())).expect("runs");
    assert!(matches!(appended, Appended::Declined(None)));
    let appended = append(&state, LIMIT, 4, id(1), |_| None).expect("runs");
    assert!(matches!(appended, Appended::Declined(None)));
    assert_eq!(bytes(&state), before);
}

#[test]
fn every_byte_prefix_is_a_valid_history() {
    let (_home, state) = state();
    let events = [queued("é\u{1F98A}\n\0"), started(), progress(1), succeeded()];
    let mut recorded = Vec::new();
    let mut ends = Vec::new();
    for (unix_ms, event) in (1..).zip(events) {
        recorded.push(Recorded { job: id(0), unix_ms, event: event.clone() });
        put(&state, unix_ms, id(0), event);
        ends.push(bytes(&state).len());
    }
    let all = bytes(&state);
    for cut in 0..=all.len() {
        fs::write(state.events(), &all[..cut]).expect("writes");
        let whole = ends.iter().filter(|&&end| end <= cut).count();
        assert_eq!(log(&state).job(id(0)).expect("reads"), fold(&recorded[..whole]), "{cut}");
    }
}

#[test]
fn order_is_position_and_not_time() {
    let (_home, state) = state();
    put(&state, 9000, id(0), queued("a"));
    put(&state, 50, id(1), queued("b"));
    put(&state, -3, id(0), started());
    let log = log(&state);
    let (rows, truncated) = log.newest(10, |_, _| true).expect("reads");
    assert_eq!(
        (rows[0].0, rows[0].1.status, rows[0].1.updated_unix_ms),
        (id(0), Status::Running, -3)
    );
    assert_eq!((rows[1].0, rows.len(), truncated), (id(1), 2, false));
    assert_eq!(log.find(&Selector::Last).expect("reads"), Found::One(id(1)));
}

#[test]
fn a_list_says_whether_there_is_more() {
    let (_home, state) = state();
    for number in 0..4 {
        put(&state, 1, id(number), queued("a"));
    }
    let log = log(&state);
    for (limit, more) in [(0, true), (3, true), (4, false), (5, false)] {
        let (rows, truncated) = log.newest(limit, |_, _| true).expect("reads");
        assert_eq!((rows.len(), truncated), (limit.min(4), more), "{limit}");
    }
    let (rows, truncated) = log.newest(1, |job, _| job == id(2)).expect("reads");
    assert_eq!((rows[0].0, truncated), (id(2), false));
}

#[test]
fn an_ambiguous_prefix_lists_its_candidates_newest_first() {
    let (_home, state) = state();
    for number in 0..3 {
        put(&state, 1, id(number), queued("a"));
    }
    let log = log(&state);
    let prefix = |text: &str| log.find(&Selector::Prefix(text.to_owned())).expect("reads");
    let Found::Ambiguous(candidates) = prefix("00000000") else { panic!("ambiguous") };
    assert_eq!(candidates.iter().map(|(job, _)| *job).collect::<Vec<_>>(), [id(1), id(0)]);
    assert_eq!(prefix("00000001"), Found::One(id(2)));
    assert_eq!(prefix("ffffff"), Found::None);
    assert_eq!(log.find(&Selector::Id(id(0))).expect("reads"), Found::One(id(0)));
    assert_eq!(log.find(&Selector::Id(id(9))).expect("reads"), Found::None);
}

#[test]
fn a_watcher_goes_on_where_it_stopped() {
    let (_home, state) = state();
    put(&state, 1, id(0), queued("a"));
    let seen = log(&state);
    put(&state, 2, id(0), started());
    let now = log(&state);
    assert_eq!(seen.forward(seen.end()).count(), 0);
    let new = now.forward(seen.end()).map(|item| item.expect("reads").into_line());
    assert_eq!(new.map(|line| line.expect("whole").event).collect::<Vec<_>>(), ["started"]);
    assert_eq!(seen.inode(), now.inode());
}

#[test]
fn large_payloads_are_hopped_over_and_read_when_asked_for() {
    let (_home, state) = state();
    let prompt = "x".repeat(1 << 20);
    for number in 0..3 {
        put(&state, 1, id(number), queued(&prompt));
        put(&state, 2, id(number), started());
    }
    let log = log(&state);
    assert_eq!(log.newest(2, |_, _| true).expect("reads").0.len(), 2);
    let job = log.job(id(0)).expect("reads").expect("is there");
    assert_eq!(job.queued.request.prompt, prompt);
    assert_eq!(scan(&log), Counts { whole: 6, unknown: 0, damaged: 0 });
}

#[test]
fn writers_at_once_lose_and_mix_nothing() {
    const WRITERS: u128 = 8;
    const JOBS: u128 = 40;
    let (_home, state) = state();
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let state = &state;
            scope.spawn(move || {
                for job in 0..JOBS {
                    let job = id(writer * JOBS + job);
                    put(state, 1, job, queued("a"));
                    put(state, 2, job, started());
                    put(state, 3, job, progress(1));
                    put(state, 4, job, progress(2));
                    put(state, 5, job, succeeded());
                }
            });
        }
    });
    let log = log(&state);
    assert_eq!(scan(&log), Counts { whole: 1600, unknown: 0, damaged: 0 });
    let (rows, _) = log.newest(1000, |_, brief| brief.status == Status::Succeeded).expect("reads");
    assert_eq!(rows.iter().map(|row| row.0).collect::<BTreeSet<_>>().len(), 320);
}

#[test]
fn one_of_many_who_end_a_job_at_once_does() {
    let (_home, state) = state();
    put(&state, 1, id(0), queued("a"));
    let written = std::thread::scope(|scope| {
        let end = || append(&state, LIMIT, 2, id(0), |_| Some(succeeded())).expect("runs");
        let ends = (0..8).map(|_| scope.spawn(end)).collect::<Vec<_>>();
        let ends = ends.into_iter().map(|end| end.join().expect("joins"));
        ends.filter(|end| matches!(end, Appended::Written(_))).count()
    });
    assert_eq!((written, names(&log(&state)).len()), (1, 2));
}

#[test]
fn a_busy_lock_names_its_holder() {
    let (_home, state) = state();
    put(&state, 1, id(0), queued("a"));
    let held = fs::File::open(state.events_lock()).expect("opens");
    held.lock().expect("locks");
    let limit = Duration::from_millis(1);
    let error = append(&state, limit, 2, id(0), |_| Some(started())).expect_err("is busy");
    let Error::Busy { path, holder_pid } = error else { panic!("{error}") };
    assert_eq!((path, holder_pid), (state.events_lock(), Some(std::process::id())));
    assert_eq!(scan(&log(&state)).whole, 1);
}

#[test]
fn a_linked_log_is_refused_and_its_target_left_alone() {
    let (home, state) = state();
    let target = home.path().join("target");
    symlink(&target, state.events()).expect("symlink");
    let error = append(&state, LIMIT, 1, id(0), |_| Some(queued("a"))).expect_err("refuses");
    assert!(matches!(error, Error::Symlink { path } if path == state.events()));
    assert!(matches!(Log::open(&state), Err(Error::Symlink { .. })));
    assert!(!target.exists());
}

#[test]
fn no_log_is_no_error() {
    let (_home, state) = state();
    assert!(Log::open(&state).expect("opens").is_none());
    fs::write(state.events(), "").expect("writes");
    let log = log(&state);
    assert_eq!((log.end(), log.back().count(), log.forward(0).count()), (0, 0, 0));
    assert_eq!(log.find(&Selector::Last).expect("reads"), Found::None);
}
