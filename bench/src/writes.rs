//! Writing: durable events of many writers at once, and a consult that is sent to the background.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Bench;
use crate::measure::{in_turns, ratio, say, time, whole};
use crate::table::Row;

const WRITERS: u64 = 8;

/// Jobs of each writer; a job is three durable events.
const JOBS: u64 = 40;

pub(crate) fn rows(bench: &mut Bench) {
    events_per_second(bench);
    background(bench);
}

fn events_per_second(bench: &mut Bench) {
    let place = |name: &str| bench.work.path().join(name);
    let (own, database, files) = (place("writers"), place("writers.db"), place("writers-files"));
    std::fs::create_dir_all(&files).expect("made");
    bench.alternative("sqlite-make", &database, &["0", "0", "0"].map(str::to_owned));
    let mut next = 0;
    let mut all = |name: &str, store: &Path| {
        next += WRITERS * JOBS;
        let spawn = |writer: u64| {
            let from = next + writer * JOBS;
            let numbers = [JOBS, from].map(|number| number.to_string());
            bench.alternative_command(name, store, &numbers).spawn().expect("starts")
        };
        let begun = Instant::now();
        let writers: Vec<_> = (0..WRITERS).map(spawn).collect();
        for mut writer in writers {
            assert!(writer.wait().expect("waits").success());
        }
        begun.elapsed()
    };
    let all = std::cell::RefCell::new(&mut all);
    let one = |name: &str, store: &Path| (all.borrow_mut())(name, store);
    let [own, sqlite, files] = in_turns(
        (bench.rounds / 20).max(3),
        [&mut || one("own-write", &own), &mut || one("sqlite-write", &database), &mut || {
            one("files-write", &files)
        }],
    )
    .map(|times| times.p25());
    #[allow(clippy::cast_precision_loss, reason = "a small number")]
    let rate = |time: Duration| (WRITERS * JOBS * 3) as f64 / time.as_secs_f64();
    let factor = ratio(sqlite, own);
    bench.table.row(Row {
        what: "durable events per second, 8 writers, over SQLite".to_owned(),
        target: "3 × or more".to_owned(),
        measured: format!("{factor:.1} ×"),
        is_met: Some(factor >= 3.0),
        beside: format!(
            "{:.0}/s; SQLite WAL, FULL {:.0}/s; files, synced {:.0}/s",
            rate(own),
            rate(sqlite),
            rate(files)
        ),
    });
}

fn background(bench: &mut Bench) {
    let state = bench.work.path().join("background");
    let path = bench.work.path().join("appends");
    let mut log = OpenOptions::new().append(true).create(true).open(path).expect("opens");
    let mut append_twice = || {
        time(|| {
            for _ in 0..2 {
                log.write_all(&[b'x'; 1400]).expect("written");
                log.sync_data().expect("synced");
            }
        })
    };
    let [submit, version, appends, spawn] = in_turns(
        bench.rounds,
        [
            &mut || submit(bench, &state),
            &mut || whole(&mut bench.run(&state, &["--version"])),
            &mut append_twice,
            &mut || whole(&mut Command::new(&bench.programs.nothing)),
        ],
    )
    .map(|times| times.p25());
    let floor = version + appends + spawn;
    let said = format!(
        "{}; `--version` {} + two durable appends {} + a spawn {}",
        say(submit),
        say(version),
        say(appends),
        say(spawn)
    );
    bench.table.ratio("`consult --bg` until the id is printed", 1.5, ratio(submit, floor), said);
}

/// From the start until the id is printed and the command has ended; the job's own end is awaited, so
/// that it disturbs nobody.
fn submit(bench: &Bench, state: &Path) -> Duration {
    let mut command = bench.run(state, &["consult", "--bg", "Is the lock held too long?"]);
    command.stdin(Stdio::null());
    let begun = Instant::now();
    let output = command.output().expect("starts");
    let took = begun.elapsed();
    assert!(output.status.success(), "{output:?}");
    let id = String::from_utf8(output.stdout).expect("UTF-8");
    whole(&mut bench.run(state, &["wait", id.trim(), "--timeout", "60s"]));
    took
}
