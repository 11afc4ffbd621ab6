//! A writer in a storm: it lives jobs from beginning to end, some of them shared with all the other
//! writers, and notes what the journal has acknowledged.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use uuid::Uuid;

use super::chance::Chance;
use crate::job::event::{CancelRequested, Event, Lost};
use crate::job::id::JobId;
use crate::job::retention::Rule;
use crate::journal::append::{Appended, append};
use crate::journal::error::Error;
use crate::journal::index::{extend, rebuild};
use crate::journal::place::State;
use crate::journal::prune;
use crate::journal::tests::support::*;

/// Jobs that all writers try to end; those of one writer have larger numbers.
const SHARED: u128 = 1_000_000;

pub(super) fn is_shared(job: JobId) -> bool {
    job.to_string().starts_with("00000000-0000-0000")
}

/// How often a writer is refused before it gives up.
const REFUSALS: u32 = 100;

/// Writes until it is killed or was refused [`REFUSALS`] times. `limit`: bytes of its largest file.
pub(super) fn write_on(state: &State, notes: &Path, number: u64, limit: Option<u64>) {
    if let Some(bytes) = limit {
        crate::runner::signals::survive_file_size_limit();
        let maximum = getrlimit(Resource::Fsize).maximum;
        setrlimit(Resource::Fsize, Rlimit { current: Some(bytes), maximum }).expect("set");
    }
    let notes = OpenOptions::new().append(true).create(true).open(notes.join(number.to_string()));
    let mut writer = Writer {
        state,
        notes: notes.expect("opens"),
        chance: Chance::new(number),
        // The clock of a writer may be wrong, and may go backwards.
        clock: i64::try_from(number).expect("small") * 1000,
        refusals: 0,
    };
    for nth in 0.. {
        let own = JobId::new(Uuid::from_u128(u128::from(number) << 64 | (nth + 1)));
        writer.live(own);
        writer.end_shared(JobId::new(Uuid::from_u128(SHARED + nth)));
        if writer.refusals >= REFUSALS {
            return;
        }
    }
}

/// Prunes again and again, and lets the index be built anew or go on.
pub(super) fn prune_on(state: &State) {
    let rule = Rule { older_than_ms: None, keep: Some(30) };
    for round in 0_u64.. {
        let plan = prune::plan(state, rule, i64::MAX).expect("reads");
        match prune::prune(state, &plan, LIMIT, 1) {
            Ok(_) | Err(Error::Busy { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        let built = if round % 2 == 0 { rebuild(state) } else { extend(state) };
        built.expect("builds");
    }
}

/// Ends a job while another has decided to end it, and has not written yet. With the lock the second
/// is refused.
pub(super) fn race_on(state: &State) {
    const SHORT: Duration = Duration::from_millis(50);
    let job = JobId::new(Uuid::from_u128(SHARED));
    append(state, LIMIT, 1, job, |_| Some(queued("shared"))).expect("appends");
    let ended = append(state, LIMIT, 2, job, |_| {
        let _ = append(state, SHORT, 2, job, |_| Some(lost()));
        Some(succeeded())
    });
    ended.expect("appends");
}

struct Writer<'a> {
    state: &'a State,
    notes: File,
    chance: Chance,
    clock: i64,
    refusals: u32,
}

impl Writer<'_> {
    fn live(&mut self, job: JobId) {
        // From lines that share a block to such as fill many.
        const LENGTHS: [usize; 8] = [10, 10, 300, 300, 300, 5000, 5000, 100_000];
        let length = LENGTHS[usize::try_from(self.chance.below(8)).expect("small")];
        self.put(job, queued(&"é".repeat(length / 2)));
        self.put(job, started());
        for turns in 0..self.chance.below(4) {
            self.put(job, progress(turns));
        }
        if self.chance.below(4) == 0 {
            self.put(job, Event::CancelRequested(CancelRequested::default()));
        }
        self.put(job, succeeded());
    }

    /// Ends a job that others want to end too.
    fn end_shared(&mut self, job: JobId) {
        self.put(job, queued("shared"));
        let end = if self.chance.below(2) == 0 { succeeded() } else { lost() };
        self.put(job, end);
    }

    fn put(&mut self, job: JobId, event: Event) {
        self.clock += i64::try_from(self.chance.below(20)).expect("small") - 5;
        let name = event.name().to_owned();
        if event.terminal_status().is_some() {
            // From now on the job may be pruned, whether or not this writer learns of its end.
            self.note(job, "ending");
        }
        match append(self.state, LIMIT, self.clock, job, |_| Some(event)) {
            Ok(Appended::Written(_)) if name != "progress" => {
                self.note(job, &name);
            }
            Ok(_) => {}
            // A stopped writer may hold the lock for long.
            Err(Error::NoSpace { .. } | Error::NotDurable { .. } | Error::Busy { .. }) => {
                self.refusals += 1;
            }
            // What a test makes fail on purpose, call by call.
            Err(Error::Io { .. }) => self.refusals += 1,
            Err(error) => panic!("{error}"),
        }
    }

    fn note(&mut self, job: JobId, what: &str) {
        self.notes.write_all(format!("{job} {what}\n").as_bytes()).expect("noted");
    }
}

fn lost() -> Event {
    Event::Lost(Box::<Lost>::default())
}
