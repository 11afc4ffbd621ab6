//! The index: where the lines of each job lie, so that one job is read without a look at the others.
//!
//! It is disposable. It says nothing that the log does not say, it is never synced, and deleting it
//! at any moment costs time and nothing else. So it is believed only as far as it can be checked:
//! it names the log's inode, the length that it covers and a hash of that length's end; every page
//! of it has a checksum; and a line that is fetched by it must be a line of that very job. Where one
//! of these fails, the log is read as if there were no index.
//!
//! # On disk
//!
//! ```text
//! events.index      two headers (of which the newer sound one counts), then pages
//! events.index.new  the next file, while it is written
//! ```
//!
//! Pages are 4 KiB. They form *runs*, each for one stretch of the log: the stretches follow each
//! other from the log's start. A run is sorted by job and has a small tree above its leaves, so a
//! job is found in it with one to three reads. A new run is merged with those before it that are
//! not much larger: there are never more than a dozen or so, and a line's entry is rewritten some
//! twenty times between the first megabyte and the ten thousandth.
//!
//! # Building
//!
//! One builder at a time, who holds a lock on the file itself; who does not get it leaves. Pages are
//! only added behind those that a header names, then the older header is overwritten: a reader
//! always finds one header whose pages are whole. When most of the file is no longer named, the
//! rest is copied to a new file, which is renamed over it.

mod build;
mod header;
mod page;
mod run;
mod tree;

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::path::PathBuf;

use super::place::open_private;
use super::read::Log;
use super::window;
use crate::job::id::JobId;
use header::Header;
use run::Run;

pub(crate) use build::{extend, rebuild};

/// Where a line lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    pub(super) offset: u64,
    /// Bytes, newline included.
    pub(super) len: u32,
}

impl Spot {
    pub(super) fn end(self) -> u64 {
        self.offset + u64::from(self.len)
    }
}

/// An index that belongs to a log.
#[derive(Debug)]
pub(super) struct Index {
    file: File,
    header: Header,
}

impl Index {
    /// The index of a log; `None` where there is none that can be believed.
    pub(super) fn open(log: &Log) -> Option<Self> {
        Self::claimed(log).filter(|index| has_pages(&index.file, &index.header))
    }

    /// The same by its header alone.
    fn claimed(log: &Log) -> Option<Self> {
        let file = open_private(&path(log), OpenOptions::new().read(true)).ok()?;
        let header = Header::read(&file).filter(|header| belongs(header, log))?;
        Some(Self { file, header })
    }

    /// Whether there is an index of this log of which a page is missing or damaged. Reads all of it.
    pub(super) fn is_damaged(log: &Log) -> bool {
        let is_sound = |index: &Self| index.runs().all(|run| run.is_sound());
        Self::claimed(log)
            .is_some_and(|index| !has_pages(&index.file, &index.header) || !is_sound(&index))
    }

    /// How much of the log it knows. What lies behind has to be read.
    pub(super) fn covered(&self) -> u64 {
        self.header.covered
    }

    /// The lines of a job, oldest first; `None` where the index turns out to be damaged.
    pub(super) fn spots(&self, job: JobId) -> Option<Vec<Spot>> {
        let mut spots = Vec::new();
        for run in self.runs() {
            run.visit(job, job, |_, found| found.append_to(&mut spots))?;
        }
        Some(spots)
    }

    /// The jobs from `low` to `high`, both included; `None` where the index is damaged.
    pub(super) fn jobs(&self, low: JobId, high: JobId) -> Option<BTreeSet<JobId>> {
        let mut jobs = BTreeSet::new();
        for run in self.runs() {
            run.visit(low, high, |job, _| {
                jobs.insert(job);
                Some(())
            })?;
        }
        Some(jobs)
    }

    fn runs(&self) -> impl Iterator<Item = Run<'_>> {
        let inode = self.header.inode;
        self.header.runs.iter().map(move |&extent| Run::new(&self.file, inode, extent))
    }
}

fn path(log: &Log) -> PathBuf {
    log.path.with_file_name("events.index")
}

/// Whether a header is of this log, and not of one that was here before.
fn belongs(header: &Header, log: &Log) -> bool {
    header.inode == log.inode() && end_hash(log, header.covered) == Some(header.end_hash)
}

/// Whether the file goes on to the last page that the header names. A power cut may leave it shorter.
fn has_pages(file: &File, header: &Header) -> bool {
    let length = header.end_page().checked_mul(page::PAGE as u64);
    length.is_some_and(|length| file.metadata().is_ok_and(|meta| meta.len() >= length))
}

/// A hash of the last bytes before `covered`, the seal of the last line among them. What lies past
/// the log's end reads as NULs, and has another hash.
fn end_hash(log: &Log, covered: u64) -> Option<u32> {
    const BYTES: u64 = 1024;
    let bytes = window::read(&log.file, covered.saturating_sub(BYTES), covered).ok()?;
    Some(crc32c::crc32c(&bytes))
}
