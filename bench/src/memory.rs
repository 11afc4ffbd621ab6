//! Memory of processes, as their proportional share: what is shared counts once among its users.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::Bench;
use crate::table::Row;

/// What the runner of a consult holds while Claude Code is silent.
pub(crate) fn rows(bench: &mut Bench) {
    let state = bench.work.path().join("running");
    let mut consult = bench.run(&state, &["consult", "--bg", "Take your time."]);
    consult.env("PHONE_OPUS_CLAUDE_BIN", &bench.programs.claude_that_stays);
    let output = consult.output().expect("starts");
    assert!(output.status.success(), "{output:?}");
    let id = String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned();
    let job = state.join("jobs").join(&id);
    until(|| fs::metadata(job.join("transcript.jsonl")).is_ok_and(|file| file.len() > 0));
    let holders: Value =
        serde_json::from_slice(&fs::read(job.join("lock")).expect("reads")).expect("JSON");
    let share = |name: &str| {
        let pid = holders[name]["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
        pss(pid.expect("a pid"))
    };
    let (guard, worker) = (share("guard"), share("worker"));
    let cancel = |arguments: &[&str]| {
        let mut command: Command = bench.run(&state, arguments);
        // The exit code says that the job was cancelled.
        command.output().expect("starts");
    };
    cancel(&["cancel", &id]);
    cancel(&["wait", &id, "--timeout", "60s"]);
    bench.table.row(Row {
        what: "memory (PSS) of guard and worker".to_owned(),
        target: "5 MB".to_owned(),
        measured: format!("{:.2} MB", mb(guard + worker)),
        is_met: Some(mb(guard + worker) <= 5.0),
        beside: format!("guard {:.2} MB, worker {:.2} MB", mb(guard), mb(worker)),
    });
}

/// The share of a process, in KiB.
pub(crate) fn pss(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("alive");
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).expect("told");
    line.trim().trim_end_matches("kB").trim().parse().expect("a number")
}

pub(crate) fn mb(kib: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
    let kib = kib as f64;
    kib / 1024.0
}

fn until(mut condition: impl FnMut() -> bool) {
    while !condition() {
        std::thread::sleep(Duration::from_millis(5));
    }
}
