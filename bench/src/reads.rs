//! One job, the newest jobs, and everything, in logs of different sizes; beside one file a job, and
//! SQLite.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::fs::{Advice, fadvise, sync};

use super::Bench;
use crate::ids::id;
use crate::measure::{Times, in_turns, ratio, say, time, whole};
use crate::table::Row;

/// Bytes of a prompt and of an answer: 8.85 KB a job with all six events.
const PAYLOAD: [u64; 2] = [2000, 6000];

/// Of the few jobs that are large.
const LARGE: [u64; 2] = [1_000_000, 1_000_000];

pub(crate) fn rows(bench: &mut Bench) {
    let small = bench.log("small", 1000, PAYLOAD[0], PAYLOAD[1]);
    bench.alternative("own-index", &small, &[]);
    for jobs in bench.jobs.clone() {
        let others = if bench.alone { None } else { Some(Others::make(bench, jobs)) };
        let state = bench.log(&format!("log-{jobs}"), jobs, PAYLOAD[0], PAYLOAD[1]);
        full_scan(bench, &state, jobs);
        let index = time(|| bench.alternative("own-index", &state, &[]));
        one_job(bench, &state, jobs, &small, others.as_ref());
        newest(bench, &state, &format!("{jobs} jobs"), 1.10, others.as_ref());
        prune(bench, &state, jobs, index);
        std::fs::remove_dir_all(&state).expect("removed");
    }
    let large = bench.log("large", 50, LARGE[0], LARGE[1]);
    newest(bench, &large, "50 jobs with 1 MB prompts and answers", 2.0, None);
}

/// The same jobs in other designs.
struct Others {
    files: PathBuf,
    database: PathBuf,
}

impl Others {
    fn make(bench: &Bench, jobs: u64) -> Self {
        let place = |name: &str| bench.work.path().join(format!("{name}-{jobs}"));
        let others = Self { files: place("files"), database: place("database") };
        let numbers = [jobs, PAYLOAD[0], PAYLOAD[1]].map(|number| number.to_string());
        bench.alternative("files-make", &others.files, &numbers);
        bench.alternative("sqlite-make", &others.database, &numbers);
        others
    }
}

fn one_job(bench: &mut Bench, state: &Path, jobs: u64, small: &Path, others: Option<&Others>) {
    let wanted = id(jobs / 3);
    let rounds = |own: &mut dyn FnMut() -> Duration| {
        in_turns(
            bench.rounds,
            [own, &mut || whole(&mut bench.run(state, &["--version"])), &mut || {
                whole(&mut bench.run(small, &["job", &id(333)]))
            }],
        )
        .map(|times| times.p25())
    };
    let own = || whole(&mut bench.run(state, &["job", &wanted]));
    let [covered, version, at_1000] = rounds(&mut || own());
    let [cold, ..] = rounds(&mut || {
        forget(state);
        own()
    });
    // Less than what an index may lag behind.
    bench.extend_log(state, 50, jobs, PAYLOAD);
    let [lagging, version_then, _] = rounds(&mut || own());
    let beside = others.map(|others| {
        let one = |name: &str, store: &Path| {
            let run = || {
                whole(&mut bench.alternative_command(name, store, std::slice::from_ref(&wanted)))
            };
            in_turns(bench.rounds, [&mut { run }])[0].p25()
        };
        let files = say(one("files-job", &others.files));
        format!("; files {files}, SQLite {}", say(one("sqlite-job", &others.database)))
    });
    let beside = beside.unwrap_or_default();
    let what = format!("`job ID`, {jobs} jobs");
    let said = format!("{}; `--version` {}{beside}", say(covered), say(version));
    let table = &mut bench.table;
    table.ratio(&format!("{what}, over `--version`"), 1.25, ratio(covered, version), said);
    let said = format!("{}; 450 KB are not covered", say(lagging));
    let name = format!("{what}, over `--version`, index behind");
    table.ratio(&name, 1.5, ratio(lagging, version_then), said);
    let said = format!("{}; 1000 jobs {}", say(covered), say(at_1000));
    table.ratio(&format!("{what}, over 1000 jobs"), 1.10, ratio(covered, at_1000), said);
    table.row(Row {
        what: format!("{what}, cold cache"),
        target: "5 ms".to_owned(),
        measured: say(cold),
        is_met: Some(cold <= Duration::from_millis(5)),
        beside: "the log and its index are not in memory".to_owned(),
    });
}

/// Drops the files of a state directory from memory.
fn forget(state: &Path) {
    sync();
    for name in ["events.jsonl", "events.index"] {
        let file = File::open(state.join(name)).expect("opens");
        fadvise(&file, 0, None, Advice::DontNeed).expect("forgets");
    }
}

fn newest(bench: &mut Bench, state: &Path, of: &str, most: f64, others: Option<&Others>) {
    let [own, version] = in_turns(
        bench.rounds,
        [&mut || whole(&mut bench.run(state, &["jobs", "--limit", "10"])), &mut || {
            whole(&mut bench.run(state, &["--version"]))
        }],
    )
    .map(|times| times.p25());
    let mut said = format!("{}; `--version` {}", say(own), say(version));
    if let Some(others) = others {
        // One list of all files takes seconds where there are many.
        let list = |name: &str, store: &Path, rounds: usize| {
            let limit = ["10".to_owned()];
            let run = || whole(&mut bench.alternative_command(name, store, &limit));
            in_turns(rounds, [&mut { run }])[0].p25()
        };
        let files = say(list("files-list", &others.files, 3));
        let sqlite = say(list("sqlite-list", &others.database, bench.rounds));
        said.push_str(&format!("; files {files}, SQLite {sqlite}"));
    }
    let what = format!("`jobs --limit 10`, {of}, over `--version`");
    bench.table.ratio(&what, most, ratio(own, version), said);
}

/// A filter that nothing passes reads the head of every line, and no index helps.
fn full_scan(bench: &mut Bench, state: &Path, jobs: u64) {
    let log = state.join("events.jsonl");
    let nothing = ["jobs", "--label", "nobody's", "--json"];
    let [scan, count]: [Times; 2] = in_turns(
        (bench.rounds / 10).max(3),
        [&mut || whole(&mut bench.run(state, &nothing)), &mut || {
            whole(Command::new("wc").arg("-l").arg(&log))
        }],
    );
    let (scan, count) = (scan.p25(), count.p25());
    let said = format!("{}; `wc -l` {}", say(scan), say(count));
    let what = format!("full scan of {jobs} jobs, over `wc -l`");
    bench.table.ratio(&what, 1.3, ratio(scan, count), said);
}

/// Done once: it changes the log.
fn prune(bench: &mut Bench, state: &Path, jobs: u64, index: Duration) {
    let keep = (jobs / 2).to_string();
    let took = whole(&mut bench.run(state, &["prune", "--keep", &keep, "--yes"]));
    bench.table.row(Row {
        what: format!("prune of half of {jobs} jobs; index made anew"),
        target: String::new(),
        measured: format!("{}; {}", say(took), say(index)),
        is_met: None,
        beside: String::new(),
    });
}
