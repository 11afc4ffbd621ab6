//! A power cut at every moment: whatever the disk may hold then, nothing is missing that was called
//! durable before, and the next writer goes on.
//!
//! The journal's own code runs over a disk that keeps track of what is synced ([`disk`]). Before each
//! of its calls, and at the end, every state is tried that a power cut may leave. The controls take a
//! sync away, and the same search then finds the loss.

mod disk;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;

use crc32c::crc32c;
use rustix::io::Errno;

use self::disk::{Disk as Watched, State as Left};
use super::support::*;
use crate::job::event::Event;
use crate::job::id::JobId;
use crate::job::retention::Rule;
use crate::journal::append::{Appended, append_on};
use crate::journal::index::rebuild;
use crate::journal::layer::{Disk, Layer};
use crate::journal::place::State;
use crate::journal::prune::{plan, prune_on};

/// What is wrong with a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// The first so many syncs fail.
    Syncs(u32),
    /// The write with this number stops half-way, and cannot be taken back.
    ShortWrite(u32),
    /// Controls: a call that says it was done and was not.
    NoSync,
    NoSyncInPrune,
    NoDirectorySync,
    /// A sync that fails once, and is then simply called again.
    SyncCalledAgain,
}

/// An event that the journal called durable.
type Acknowledged = (JobId, &'static str);

/// A run of the journal over a disk that is watched.
struct Run {
    disk: Watched,
    fault: Fault,
    writes: u32,
    syncs: u32,
    failures: u32,
    /// How many failures each descriptor has been told of: the kernel tells each of them once.
    told: BTreeMap<i32, u32>,
    acknowledged: Vec<Acknowledged>,
    /// Where the states of a power cut are looked at.
    aftermath: Aftermath,
    /// What another process appends before the next sync.
    meanwhile: Vec<(u128, Event)>,
    prunes: bool,
}

/// The layer of one writer; writers share the disk.
struct Writer<'a> {
    run: &'a RefCell<Run>,
    state: &'a State,
}

impl Layer for Writer<'_> {
    fn write(&mut self, file: &File, bytes: &[u8]) -> io::Result<usize> {
        let mut run = self.run.borrow_mut();
        run.writes += 1;
        let failures = run.failures;
        run.told.insert(file.as_raw_fd(), failures);
        let stops = run.fault == Fault::ShortWrite(run.writes);
        let count = if stops { bytes.len() / 2 } else { bytes.len() };
        let written = Disk.write(file, &bytes[..count])?;
        run.look();
        Ok(written)
    }

    fn truncate(&mut self, file: &File, len: u64) -> io::Result<()> {
        if matches!(self.run.borrow().fault, Fault::ShortWrite(_)) {
            return Err(Errno::IO.into());
        }
        Disk.truncate(file, len)
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        // While this writer waits for its sync, another one appends.
        let meanwhile = std::mem::take(&mut self.run.borrow_mut().meanwhile);
        for (job, event) in meanwhile {
            put_durably(self.run, self.state, job, event);
        }
        let mut run = self.run.borrow_mut();
        run.syncs += 1;
        run.look();
        let failures = run.failures;
        if run.told.insert(file.as_raw_fd(), failures).is_some_and(|told| told < failures) {
            return Err(Errno::IO.into());
        }
        match run.fault {
            Fault::Syncs(count) if run.syncs <= count => {
                run.disk.sync_failed(file);
                run.failures += 1;
                run.told.insert(file.as_raw_fd(), failures + 1);
                return Err(Errno::IO.into());
            }
            Fault::SyncCalledAgain if run.syncs == 1 => {
                run.disk.sync_failed(file);
                run.disk.synced(file);
            }
            Fault::NoSync => {}
            Fault::NoSyncInPrune if run.prunes => {}
            _ => run.disk.synced(file),
        }
        Ok(())
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.run.borrow_mut().look();
        Disk.rename(from, to)?;
        self.run.borrow_mut().look();
        Ok(())
    }

    fn sync_names(&mut self, _: &Path) -> io::Result<()> {
        let mut run = self.run.borrow_mut();
        run.look();
        if run.fault != Fault::NoDirectorySync {
            run.disk.directory_synced();
        }
        Ok(())
    }
}

impl Run {
    /// The power is cut now, in every way that it can be.
    fn look(&mut self) {
        self.disk.look();
        let (aftermath, acknowledged) = (&mut self.aftermath, &self.acknowledged);
        self.disk.for_each_state(&mut |left| aftermath.judge(left, acknowledged));
    }
}

/// Losses that are told; more say no more.
const LOSSES_MAX: usize = 3;

/// A file by the lengths of its name and of itself, and checksums of its halves.
type Mark = (usize, usize, u32, u32);

fn mark(name: &str, bytes: &[u8]) -> Mark {
    let (first, second) = bytes.split_at(bytes.len() / 2);
    (name.len(), bytes.len(), crc32c(first), crc32c(second))
}

/// A state directory that is given the files that a power cut left.
struct Aftermath {
    _home: tempfile::TempDir,
    state: State,
    /// What was judged already, and how much had been promised then.
    tried: HashSet<(Vec<Mark>, usize)>,
    losses: Vec<String>,
}

impl Aftermath {
    fn judge(&mut self, left: &Left, acknowledged: &[Acknowledged]) {
        let marks = left.iter().map(|(name, bytes)| mark(name, bytes)).collect();
        if self.losses.len() == LOSSES_MAX || !self.tried.insert((marks, acknowledged.len())) {
            return;
        }
        self.fill(left);
        if let Err(loss) = found(&self.state, acknowledged) {
            self.losses.push(loss);
            return;
        }
        // Whoever comes next goes on, and hides nothing by it.
        let mut unsynced = Unsynced;
        let next = id(90);
        let appended = append_on(&mut unsynced, &self.state, LIMIT, 9, next, |_| Some(queued("n")));
        let went_on = appended
            .map_err(|error| error.to_string())
            .and_then(|_| found(&self.state, &[acknowledged, &[(next, "queued")]].concat()));
        self.losses.extend(went_on.err().map(|loss| format!("after the next append: {loss}")));
    }

    fn fill(&self, left: &Left) {
        for path in [self.state.events(), self.state.new_events(), self.state.index()] {
            let _ = fs::remove_file(path);
        }
        for (name, bytes) in left {
            fs::write(self.state.root().join(name), bytes).expect("writes");
        }
    }
}

/// Whether a reader finds all that was called durable.
fn found(state: &State, acknowledged: &[Acknowledged]) -> Result<(), String> {
    let mut histories: BTreeMap<JobId, Vec<String>> = BTreeMap::new();
    for (job, name) in acknowledged {
        let names = histories.entry(*job).or_insert_with(|| names_of(state, *job));
        if !names.iter().any(|found| found == name) {
            return Err(format!("{name} of {job} is not among {names:?}"));
        }
    }
    Ok(())
}

fn names_of(state: &State, job: JobId) -> Vec<String> {
    let Some(log) = crate::journal::read::Log::open(state).expect("opens") else {
        return Vec::new();
    };
    let history = log.history(job).expect("reads");
    history.events.iter().map(|recorded| recorded.event.name().to_owned()).collect()
}

/// For the aftermath, where the power stays on.
struct Unsynced;

impl Layer for Unsynced {
    fn write(&mut self, file: &File, bytes: &[u8]) -> io::Result<usize> {
        Disk.write(file, bytes)
    }

    fn truncate(&mut self, file: &File, len: u64) -> io::Result<()> {
        Disk.truncate(file, len)
    }

    fn sync(&mut self, _: &File) -> io::Result<()> {
        Ok(())
    }

    fn sync_names(&mut self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

fn put_durably(run: &RefCell<Run>, state: &State, job: u128, event: Event) {
    let name = match &event {
        Event::Queued(_) => "queued",
        Event::Started(_) => "started",
        Event::Succeeded(_) => "succeeded",
        _ => "progress",
    };
    let mut writer = Writer { run, state };
    let appended = append_on(&mut writer, state, LIMIT, 1, id(job), |_| Some(event));
    // What is not synced by itself is not promised; what failed was called so.
    if matches!(appended, Ok(Appended::Written(_))) && name != "progress" {
        run.borrow_mut().acknowledged.push((id(job), name));
    }
    run.borrow_mut().look();
}

/// The first job goes, while another one begins; its events are no longer promised from then on.
fn prune_first(run: &RefCell<Run>, state: &State) {
    {
        let mut run = run.borrow_mut();
        run.acknowledged.retain(|(job, _)| *job != id(0));
        run.meanwhile = vec![(2, queued("c"))];
        run.prunes = true;
    }
    let rule = Rule { older_than_ms: Some(0), keep: None };
    let plan = plan(state, rule, 1000).expect("reads");
    // A sync that fails leaves the old log, or says that the new one may not be durable.
    let _ = prune_on(&mut Writer { run, state }, state, &plan, LIMIT, 1000);
    let mut run = run.borrow_mut();
    run.prunes = false;
    run.look();
}

/// Jobs whose events cross, one of them while the other's first event is being synced; the index is
/// written on the way, and the first job is pruned.
fn run(fault: Fault) -> Aftermath {
    let (_home, state) = state();
    let (home, aftermath) = super::support::state();
    let aftermath =
        Aftermath { _home: home, state: aftermath, tried: HashSet::new(), losses: Vec::new() };
    let run = RefCell::new(Run {
        disk: Watched::new(state.root()),
        fault,
        writes: 0,
        syncs: 0,
        failures: 0,
        told: BTreeMap::new(),
        acknowledged: Vec::new(),
        aftermath,
        meanwhile: vec![(1, queued("b"))],
        prunes: false,
    });
    let put = |job, event| put_durably(&run, &state, job, event);
    put(0, queued("a"));
    put(0, started());
    put(0, progress(1));
    put(1, started());
    rebuild(&state).expect("builds");
    put(0, succeeded());
    prune_first(&run, &state);
    rebuild(&state).expect("builds");
    put(1, succeeded());
    let run = run.into_inner();
    let promised = run.acknowledged.len();
    assert!(fault != Fault::None || promised == 4, "{:?}", run.acknowledged);
    run.aftermath
}

#[test]
fn no_power_cut_takes_what_was_called_durable() {
    let faults = [Fault::None, Fault::Syncs(1), Fault::Syncs(4)];
    let short = [2, 4, 6].map(Fault::ShortWrite);
    for fault in faults.into_iter().chain(short) {
        let aftermath = run(fault);
        assert!(aftermath.tried.len() > 50, "{fault:?}: {} states", aftermath.tried.len());
        assert_eq!(aftermath.losses, [""; 0], "{fault:?}");
    }
}

#[test]
fn without_a_sync_the_same_search_finds_the_loss() {
    for fault in
        [Fault::NoSync, Fault::NoSyncInPrune, Fault::NoDirectorySync, Fault::SyncCalledAgain]
    {
        assert!(!run(fault).losses.is_empty(), "{fault:?} went unnoticed");
    }
}
