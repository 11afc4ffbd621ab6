//! Disks that fail, at every call an append makes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};

use rustix::io::Errno;

use super::support::*;
use crate::job::event::{CancelRequested, Event};
use crate::journal::append::{Appended, append_on};
use crate::journal::check::Fault;
use crate::journal::error::Error;
use crate::journal::layer::{Disk, Layer};
use crate::journal::place::State;

/// A disk with faults; what is not set works.
#[derive(Default)]
struct Faulty<'a> {
    /// The next write stops after so many bytes.
    short_write: Option<usize>,
    write_error: Option<Errno>,
    truncate_fails: bool,
    sync_failures: u32,
    syncs: u32,
    /// What another process does before the first sync.
    meanwhile: Option<Box<dyn FnOnce() + 'a>>,
}

impl Layer for Faulty<'_> {
    fn write(&mut self, file: &File, bytes: &[u8]) -> io::Result<usize> {
        if let Some(errno) = self.write_error.take() {
            return Err(errno.into());
        }
        let count = self.short_write.take().unwrap_or(bytes.len());
        Disk.write(file, &bytes[..count])
    }

    fn truncate(&mut self, file: &File, len: u64) -> io::Result<()> {
        if self.truncate_fails { Err(Errno::IO.into()) } else { Disk.truncate(file, len) }
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        self.syncs += 1;
        if let Some(act) = self.meanwhile.take() {
            act();
        }
        if self.syncs <= self.sync_failures { Err(Errno::IO.into()) } else { Disk.sync(file) }
    }
}

fn try_put(layer: &mut Faulty<'_>, state: &State, event: Event) -> Result<Appended, Error> {
    append_on(layer, state, LIMIT, 2, id(0), |_| Some(event))
}

fn tear(state: &State, bytes: &[u8]) {
    let file = OpenOptions::new().append(true).open(state.events());
    file.expect("opens").write_all(bytes).expect("writes");
}

#[test]
fn a_torn_line_is_sealed_off_and_never_deleted() {
    let (_home, state) = state();
    put(&state, 1, id(0), queued("a"));
    let whole = bytes(&state);
    let torn = &whole[..whole.len() - 5];
    tear(&state, torn);
    put(&state, 2, id(0), started());
    assert!(bytes(&state).starts_with(&[&whole[..], torn, b"\n"].concat()));
    assert_eq!(names(&log(&state)), ["queued", "-", "started"]);
    assert!(log(&state).job(id(0)).expect("reads").expect("is there").started.is_some());
}

#[test]
fn a_short_write_is_taken_back() {
    let (_home, state) = state();
    put(&state, 1, id(0), queued("a"));
    let before = bytes(&state);
    let mut layer = Faulty { short_write: Some(30), ..Faulty::default() };
    let error = try_put(&mut layer, &state, started()).expect_err("fails");
    assert!(matches!(error, Error::NoSpace { .. }), "{error}");
    assert_eq!((bytes(&state), layer.syncs), (before, 0));
    put(&state, 3, id(0), started());
    assert_eq!(names(&log(&state)), ["queued", "started"]);
}

#[test]
fn a_torn_line_outlives_a_short_write_after_it() {
    let (_home, state) = state();
    put(&state, 1, id(0), queued("a"));
    tear(&state, b"torn");
    let before = bytes(&state);
    let mut layer = Faulty { short_write: Some(1), ..Faulty::default() };
    try_put(&mut layer, &state, started()).expect_err("fails");
    assert_eq!(bytes(&state), before);
}

#[test]
fn what_cannot_be_taken_back_is_sealed_by_the_next_writer() {
    let (_home, state) = state();
    put(&state, 1, id(0), queued("a"));
    let before = bytes(&state);
    let mut layer = Faulty { short_write: Some(30), truncate_fails: true, ..Faulty::default() };
    try_put(&mut layer, &state, started()).expect_err("fails");
    assert_eq!(bytes(&state).len(), before.len() + 30);
    put(&state, 3, id(0), started());
    assert_eq!(names(&log(&state)), ["queued", "-", "started"]);
}

#[test]
fn a_full_disk_and_a_file_size_limit_are_told_as_no_space() {
    let (_home, state) = state();
    for errno in [Errno::NOSPC, Errno::FBIG, Errno::DQUOT] {
        let mut layer = Faulty { write_error: Some(errno), ..Faulty::default() };
        let error = try_put(&mut layer, &state, queued("a")).expect_err("fails");
        assert!(matches!(error, Error::NoSpace { .. }), "{error}");
        assert!(bytes(&state).is_empty());
    }
}

#[test]
fn an_interrupted_write_is_tried_again() {
    let (_home, state) = state();
    let mut layer = Faulty { write_error: Some(Errno::INTR), ..Faulty::default() };
    try_put(&mut layer, &state, queued("a")).expect("appends");
    assert_eq!(names(&log(&state)), ["queued"]);
}

#[test]
fn a_failed_sync_is_not_repeated_but_the_line_is_and_it_is_not_odd() {
    let (_home, state) = state();
    put(&state, 1, id(0), queued("a"));
    let mut layer = Faulty { sync_failures: 2, ..Faulty::default() };
    try_put(&mut layer, &state, started()).expect("appends");
    let log = log(&state);
    assert_eq!(names(&log), ["queued", "started", "-", "started", "-", "started"]);
    assert_eq!((layer.syncs, log.job(id(0)).expect("reads").expect("is there").odd), (3, 0));
    assert_eq!(log.check().expect("reads").spots(Fault::Row).count, 0);
}

#[test]
fn an_event_that_is_never_synced_is_never_called_durable() {
    let (_home, state) = state();
    let mut layer = Faulty { sync_failures: u32::MAX, ..Faulty::default() };
    let error = try_put(&mut layer, &state, queued("a")).expect_err("fails");
    assert!(matches!(error, Error::NotDurable { .. }), "{error}");
    let again = ["queued", "-", "queued", "-", "queued"];
    assert_eq!((&names(&log(&state))[..], layer.syncs), (&again.map(str::to_owned)[..], 3));
}

#[test]
fn progress_rides_along_unsynced() {
    let (_home, state) = state();
    put(&state, 1, id(0), queued("a"));
    put(&state, 1, id(0), started());
    let mut layer = Faulty::default();
    try_put(&mut layer, &state, progress(1)).expect("appends");
    assert_eq!(layer.syncs, 0);
}

#[test]
fn what_came_between_a_line_and_its_repeat_is_not_lost() {
    let (_home, state) = state();
    let cancel = || Event::CancelRequested(CancelRequested::default());
    let meanwhile = || {
        put(&state, 1, id(1), queued("other"));
        put(&state, 5, id(0), cancel());
    };
    let meanwhile: Option<Box<dyn FnOnce() + '_>> = Some(Box::new(meanwhile));
    let mut layer = Faulty { sync_failures: 1, meanwhile, ..Faulty::default() };
    try_put(&mut layer, &state, queued("a")).expect("appends");
    let log = log(&state);
    let again = ["queued", "queued", "cancel_requested", "-", "queued", "cancel_requested"];
    assert_eq!(names(&log), again);
    let job = log.job(id(0)).expect("reads").expect("is there");
    assert_eq!((job.cancel_requested.is_some(), job.odd), (true, 0));
    let (rows, _) = log.newest(10, |_, _| true).expect("reads");
    assert_eq!((rows[0].0, rows[0].1.updated_unix_ms), (id(0), 5));
    assert_eq!(log.check().expect("reads").spots(Fault::Row).count, 0);
}

#[test]
fn a_line_whose_bytes_were_dropped_is_written_again() {
    let (_home, state) = state();
    put(&state, 1, id(0), queued("a"));
    let kept = bytes(&state);
    let drop_last = || {
        let len = bytes(&state).len();
        let nuls = [&kept[..], &vec![0; len - kept.len()]].concat();
        fs::write(state.events(), nuls).expect("writes");
    };
    let meanwhile: Option<Box<dyn FnOnce() + '_>> = Some(Box::new(drop_last));
    let mut layer = Faulty { sync_failures: 1, meanwhile, ..Faulty::default() };
    try_put(&mut layer, &state, started()).expect("appends");
    assert_eq!(names(&log(&state)), ["queued", "-", "started"]);
}
