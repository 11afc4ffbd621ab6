//! Prints the table of phone-opus's speed: what is promised, and what is measured on this machine.
//!
//! Each number is a ratio, or stands beside other designs, that were measured in the same run and in
//! turns. Times are of whole processes from start to end, p25 of the rounds, where nothing else is said.
#![allow(clippy::disallowed_methods, reason = "no room of the program: it stands outside of it")]

mod ids;
mod mcp;
mod measure;
mod memory;
mod programs;
mod reads;
mod starts;
mod table;
mod writes;

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser;

use programs::Programs;
use table::Table;

/// Prints the table of speed
#[derive(Debug, Parser)]
struct Options {
    /// Rounds of each measurement
    #[arg(long, default_value_t = 100)]
    rounds: usize,
    /// Jobs in the logs that are read, of 8.85 KB each; a million take 9 GB
    #[arg(long, value_delimiter = ',', default_values_t = [1000, 10_000, 100_000])]
    jobs: Vec<u64>,
    /// Parts of the table: starts, reads, writes, memory, mcp
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Keep the other designs out, whose stores take longer to make than ours
    #[arg(long)]
    alone: bool,
}

/// What all measurements share.
struct Bench {
    programs: Programs,
    /// On the disk that the program was built on: what is measured is not to be a file system in memory.
    work: tempfile::TempDir,
    rounds: usize,
    jobs: Vec<u64>,
    alone: bool,
    table: Table,
}

impl Bench {
    /// The program, in an environment of its own.
    fn own(&self, state: &Path) -> Command {
        let mut command = Command::new(&self.programs.own);
        command
            .env_clear()
            .env("HOME", self.work.path())
            .env("PATH", "/usr/bin:/bin")
            .env("PHONE_OPUS_STATE_DIR", state)
            .env("PHONE_OPUS_CLAUDE_BIN", &self.programs.claude)
            .current_dir(self.work.path());
        command
    }

    /// A command of the program.
    fn run(&self, state: &Path, arguments: &[&str]) -> Command {
        let mut command = self.own(state);
        command.args(arguments);
        command
    }

    /// A state directory with so many jobs that have ended.
    fn log(&self, name: &str, jobs: u64, prompt_bytes: u64, answer_bytes: u64) -> PathBuf {
        let state = self.work.path().join(name);
        self.extend_log(&state, jobs, 0, [prompt_bytes, answer_bytes]);
        state
    }

    /// Adds jobs to a state directory. Its index stays as it is.
    fn extend_log(&self, state: &Path, jobs: u64, from: u64, payload: [u64; 2]) {
        let numbers = [jobs, from, payload[0], payload[1]].map(|number| number.to_string());
        self.alternative("own-make", state, &numbers);
    }

    /// Runs an alternative to its end.
    fn alternative(&self, name: &str, store: &Path, arguments: &[String]) {
        measure::whole(&mut self.alternative_command(name, store, arguments));
    }

    fn alternative_command(&self, name: &str, store: &Path, arguments: &[String]) -> Command {
        let mut command = Command::new(&self.programs.alternatives);
        command.arg(name).arg(store).args(arguments);
        command
    }
}

/// A part of the table: its name, and what measures it.
type Part = (&'static str, fn(&mut Bench));

fn main() {
    let options = Options::parse();
    let here = std::env::current_exe().expect("a path");
    let work = tempfile::tempdir_in(here.parent().expect("a directory")).expect("made");
    let programs = Programs::build(work.path());
    let Options { rounds, jobs, alone, only } = options;
    let mut bench = Bench { programs, work, rounds, jobs, alone, table: Table::begin() };
    let parts: [Part; 5] = [
        ("starts", starts::rows),
        ("reads", reads::rows),
        ("writes", writes::rows),
        ("memory", memory::rows),
        ("mcp", mcp::rows),
    ];
    for (name, rows) in parts {
        if only.is_empty() || only.iter().any(|only| only == name) {
            rows(&mut bench);
        }
    }
    for what in bench.table.missed() {
        eprintln!("missed: {what}");
    }
}
