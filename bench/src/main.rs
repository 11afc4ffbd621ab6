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
mod table;

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
    /// Parts of the table: mcp
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

/// What all measurements share.
struct Bench {
    programs: Programs,
    /// On the disk that the program was built on: what is measured is not to be a file system in memory.
    work: tempfile::TempDir,
    rounds: usize,
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

    /// A state directory with so many jobs that have ended.
    fn log(&self, name: &str, jobs: u64, prompt_bytes: u64, answer_bytes: u64) -> PathBuf {
        let state = self.work.path().join(name);
        let numbers = [jobs, 0, prompt_bytes, answer_bytes].map(|number| number.to_string());
        let mut make = Command::new(&self.programs.alternatives);
        make.arg("own-make").arg(&state).args(numbers);
        assert!(make.status().expect("starts").success(), "{make:?}");
        state
    }
}

fn main() {
    let options = Options::parse();
    let here = std::env::current_exe().expect("a path");
    let work = tempfile::tempdir_in(here.parent().expect("a directory")).expect("made");
    let programs = Programs::build(work.path());
    let mut bench = Bench { programs, work, rounds: options.rounds, table: Table::begin() };
    let parts: [(&str, fn(&mut Bench)); 1] = [("mcp", mcp::rows)];
    for (name, rows) in parts {
        if options.only.is_empty() || options.only.iter().any(|only| only == name) {
            rows(&mut bench);
        }
    }
    for what in bench.table.missed() {
        eprintln!("missed: {what}");
    }
}
