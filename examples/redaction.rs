//! Counts what redaction would replace in real files, and how fast it looks: false positives are
//! measured, not guessed.
//!
//! ```text
//! cargo run --release --example redaction -- ~/.cargo/registry/src
//! ```
//!
//! Each text below the directories is read (at most 4 MiB of each, links not followed). For each kind
//! it prints the count and some lines, cut, in which the secret's own letters are masked.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a program of its own: the rooms are not here")]

#[path = "../src/redact/mod.rs"]
#[allow(dead_code, unused_imports, unreachable_pub, reason = "the program uses the rest of it")]
mod redact;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Most bytes of one file.
const FILE_MAX: u64 = 4 << 20;

/// Most lines shown for a kind.
const SHOWN: usize = 12;

#[derive(Default)]
struct Count {
    files: u64,
    bytes: u64,
    looking: Duration,
    /// By kind: how many, and where the first of them are.
    found: BTreeMap<String, (u64, Vec<String>)>,
}

fn main() -> io::Result<()> {
    let mut count = Count::default();
    let mut waiting: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    while let Some(path) = waiting.pop() {
        let Ok(meta) = path.symlink_metadata() else { continue };
        if meta.is_dir() {
            let entries = fs::read_dir(&path).into_iter().flatten().flatten();
            waiting.extend(entries.map(|entry| entry.path()));
        } else if meta.is_file() {
            look(&path, &mut count);
        }
    }
    print(&count)
}

fn look(path: &Path, count: &mut Count) {
    let mut bytes = Vec::new();
    let read = fs::File::open(path).map(|file| file.take(FILE_MAX).read_to_end(&mut bytes));
    if read.is_err() || bytes.iter().take(8192).any(|byte| *byte == 0) {
        return;
    }
    let begun = Instant::now();
    let shown = redact::bytes(&bytes).into_owned();
    count.looking += begun.elapsed();
    count.files += 1;
    count.bytes += bytes.len() as u64;
    let text = String::from_utf8_lossy(&shown);
    let had = String::from_utf8_lossy(&bytes);
    for line in text.lines().filter(|line| line.contains("[redacted: ") && !had.contains(*line)) {
        note(path, line, count);
    }
}

fn note(path: &Path, line: &str, count: &mut Count) {
    for piece in line.split("[redacted: ").skip(1) {
        let kind = piece.split(']').next().unwrap_or_default().to_owned();
        let (number, places) = count.found.entry(kind).or_default();
        *number += 1;
        if places.len() < SHOWN {
            let line: String = line.trim().chars().take(160).collect();
            places.push(format!("{}: {line}", path.display()));
        }
    }
}

fn print(count: &Count) -> io::Result<()> {
    let mut out = io::stdout().lock();
    #[expect(clippy::cast_precision_loss, reason = "megabytes are told, not bytes")]
    let megabytes = count.bytes as f64 / 1e6;
    let rate = megabytes / count.looking.as_secs_f64().max(1e-9);
    writeln!(out, "{} files, {megabytes:.0} MB, {rate:.0} MB/s", count.files)?;
    for (kind, (number, places)) in &count.found {
        writeln!(out, "{number:6} {kind}")?;
        for place in places {
            writeln!(out, "         {place}")?;
        }
    }
    Ok(())
}
