//! What a reader checks, at any moment of a storm and after it.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::read_notes;
use super::writer::is_shared;
use crate::job::id::{JobId, Selector};
use crate::journal::find::{Found, NO_JOB};
use crate::journal::line::Item;
use crate::journal::place::State;
use crate::journal::read::Log;

/// Jobs whose whole history is read at each look, besides the scan of everything.
const SAMPLE: usize = 20;

/// What came of it.
#[derive(Debug)]
pub(super) struct Audit {
    /// Events that were called durable before this look.
    pub(super) acknowledged: usize,
    pub(super) complaints: Vec<String>,
}

impl Audit {
    /// Compares the log with what the writers had noted before it was opened.
    pub(super) fn of(state: &State, place: &Path) -> Self {
        let text = read_notes(place);
        let (ending, noted): (Vec<_>, Vec<_>) =
            text.lines().map(parse).partition(|(_, name)| *name == "ending");
        let mut audit = Self { acknowledged: noted.len(), complaints: Vec::new() };
        let Some(log) = Log::open(state).expect("opens") else {
            audit.complaints.extend((!noted.is_empty()).then(|| "there is no log".to_owned()));
            return audit;
        };
        let found = audit.scan(&log);
        let there: HashSet<JobId> = found.iter().map(|(job, _)| *job).collect();
        let ending: HashSet<JobId> = ending.into_iter().map(|(job, _)| job).collect();
        let prunes = there.contains(&NO_JOB);
        // A job goes as a whole, once it has ended; one that is shared may begin again after that.
        let may_be_pruned = |job: &JobId| {
            prunes && ending.contains(job) && (is_shared(*job) || !there.contains(job))
        };
        for (job, name) in noted.iter().filter(|(job, _)| !may_be_pruned(job)) {
            if !found.contains(&(*job, (*name).to_owned())) {
                audit.complaints.push(format!("{name} of {job} is not in the log"));
            }
        }
        let newest = noted.iter().rev().map(|noted| noted.0).filter(|job| there.contains(job));
        let newest: HashSet<JobId> = newest.take(SAMPLE).collect();
        for job in newest {
            audit.look_up(&log, job);
        }
        audit
    }

    /// Every line, oldest first: whole or damaged, and in an order that a job can have.
    fn scan(&mut self, log: &Log) -> HashSet<(JobId, String)> {
        let mut found = HashSet::new();
        let mut at: HashMap<JobId, u8> = HashMap::new();
        // Where a sync failed, a line stands there again, byte for byte.
        let mut lines = HashSet::new();
        for item in log.forward(0) {
            let Item::Line(line) = item.expect("reads") else { continue };
            if line.job == NO_JOB {
                found.insert((NO_JOB, line.event));
                continue;
            }
            if log.event(&line).expect("reads").is_none() {
                self.complaints.push(format!("a line of {} has a damaged payload", line.job));
                continue;
            }
            if !lines.insert((line.job, line.trailer.line_crc)) {
                continue;
            }
            let before = at.get(&line.job).copied().unwrap_or(0);
            let place = place(&line.event);
            let complaint = match (before, place) {
                (0, 1) => None,
                (0, _) => Some("before it was queued"),
                (4, _) => Some("after its end"),
                (before, place) if place < before || place == 1 => Some("out of order"),
                _ => None,
            };
            let say = |what| format!("{} of {} came {what}", line.event, line.job);
            self.complaints.extend(complaint.map(say));
            at.insert(line.job, place.max(before));
            found.insert((line.job, line.event));
        }
        found
    }

    /// A job as the commands find it.
    fn look_up(&mut self, log: &Log, job: JobId) {
        if log.find(&Selector::Id(job)).expect("reads") != Found::One(job) {
            self.complaints.push(format!("{job} is not found"));
        }
        let history = log.history(job).expect("reads");
        match history.job() {
            Some(job) if history.damaged == 0 && job.odd == 0 => {}
            found => self.complaints.push(format!("{job} reads as {found:?}")),
        }
    }
}

fn parse(line: &str) -> (JobId, &str) {
    let (job, name) = line.split_once(' ').expect("a note");
    (JobId::parse(job).expect("an id"), name)
}

/// Where in a job's life an event stands.
fn place(event: &str) -> u8 {
    match event {
        "queued" => 1,
        "started" => 2,
        "progress" | "cancel_requested" => 3,
        _ => 4,
    }
}
