//! Building the index, a stretch of the log at a time, in bounded memory. Nobody waits for it: it is
//! done when everything that was asked is answered, and who finds another builder leaves.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, SeekFrom};
use std::iter::Peekable;
use std::os::unix::fs::FileExt;

use super::header::{Extent, FIRST_PAGE, Header, RUNS_MAX};
use super::page::PAGE;
use super::run::{Run, Writer};
use super::{Index, Spot, belongs, end_hash, has_pages};
use crate::job::id::JobId;
use crate::journal::claim::{claim, discard};
use crate::journal::error::Error;
use crate::journal::line::Item;
use crate::journal::place::State;
use crate::journal::read::{Log, newline_before};
use crate::journal::window::{self, Window};

/// How much of the log may be uncovered before an end of a job has it covered, bytes. Readers read
/// that much in a tenth of a millisecond.
const LAG: u64 = 512 * 1024;

/// Bytes of the log that are sorted in memory at once: with the shortest lines, some megabytes.
const STRETCH: u64 = 32 << 20;

/// A run is merged with the one before it unless that is larger by more than this.
const RATIO: u64 = 2;

/// Lets the index cover the log, if it lags behind. Whoever else builds it now is not waited for.
pub(crate) fn extend(state: &State) -> Result<(), Error> {
    build(state, LAG)
}

/// Makes the index anew, of the whole log.
pub(crate) fn rebuild(state: &State) -> Result<(), Error> {
    match fs::remove_file(state.index()) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::writing(&state.index(), e)),
        _ => build(state, 1),
    }
}

fn build(state: &State, lag: u64) -> Result<(), Error> {
    let Some(log) = Log::open(state)? else { return Ok(()) };
    let lags = |covered| log.end.saturating_sub(covered) >= lag;
    if !lags(Index::open(&log).map_or(0, |index| index.covered())) {
        return Ok(());
    }
    let path = state.index();
    let Some(file) = claim(&path)? else { return Ok(()) };
    let mut builder = Builder::begin(file, &log).map_err(|e| Error::writing(&path, e))?;
    while lags(builder.header.covered) || builder.header.covered > 0 && builder.is_behind() {
        builder.cover_a_stretch()?;
    }
    if builder.is_wasteful() {
        builder.compact(state)?;
    }
    Ok(())
}

/// The one who holds the lock on the index's file.
struct Builder<'a> {
    file: File,
    log: &'a Log,
    header: Header,
    /// Done once at most: a disk that loses what was just written is no place for an index.
    began_anew: bool,
}

impl<'a> Builder<'a> {
    /// Goes on with what the file has, if it is this log's.
    fn begin(file: File, log: &'a Log) -> io::Result<Self> {
        let header = Header::read(&file).filter(|header| belongs(header, log));
        if let Some(header) = header.filter(|header| has_pages(&file, header)) {
            return Ok(Self { file, log, header, began_anew: false });
        }
        let mut builder = Self { file, log, header: Header::default(), began_anew: false };
        builder.forget()?;
        Ok(builder)
    }

    /// Begins from the start of the log. Whoever reads the file meanwhile finds no page of it sound.
    fn forget(&mut self) -> io::Result<()> {
        self.began_anew = true;
        self.header = Header { inode: self.log.inode(), ..Header::default() };
        self.file.set_len(0)
    }

    fn is_behind(&self) -> bool {
        self.header.covered < self.log.end
    }

    fn cover_a_stretch(&mut self) -> Result<(), Error> {
        let log = self.log;
        let from = self.header.covered;
        let to = stretch_end(log, from).map_err(|e| Error::reading(&log.path, e))?;
        let lines = lines(log, from, to)?;
        let added = match self.add(from, to, &lines) {
            // A page that was to be merged is damaged, and so was never synced or is of a bad disk. What
            // is begun anew has no older pages.
            Err(e) if e.kind() == io::ErrorKind::InvalidData && !self.began_anew => self.forget(),
            added => added,
        };
        added.map_err(|e| Error::writing(&super::path(log), e))
    }

    /// Writes a run behind the others, merged with those that it would be too small beside.
    fn add(&mut self, from: u64, to: u64, lines: &[(JobId, Spot)]) -> io::Result<()> {
        let kept = self.kept_runs(lines.len());
        let (runs, merged) = self.header.runs.split_at(kept);
        let first_page = self.header.end_page();
        let from = merged.first().map_or(from, |run| run.from);
        self.file.set_len(first_page * PAGE as u64)?;
        let mut out = BufWriter::with_capacity(16 * PAGE, &self.file);
        out.seek(SeekFrom::Start(first_page * PAGE as u64))?;
        let mut writer = Writer::new(out, self.header.inode, from, to);
        let old = merged.iter().map(|&extent| Run::new(&self.file, self.header.inode, extent));
        merge(old.map(Run::read_all), lines, |job, spots| writer.push(job, spots))?;
        let leaves = writer.finish()?;
        let mut runs = runs.to_vec();
        runs.push(Extent { first_page, leaves, from, to });
        self.publish(to, runs)
    }

    /// How many runs stay as they are.
    fn kept_runs(&self, lines: usize) -> usize {
        /// About as many lines as fill a page.
        const LINES_OF_A_PAGE: u64 = 400;
        let runs = &self.header.runs;
        let mut size = 1 + lines as u64 / LINES_OF_A_PAGE;
        let mut kept = runs.len();
        while kept > 0 && (runs[kept - 1].pages() <= RATIO * size || kept >= RUNS_MAX) {
            kept -= 1;
            size += runs[kept].pages();
        }
        kept
    }

    fn publish(&mut self, covered: u64, runs: Vec<Extent>) -> io::Result<()> {
        let gone = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let end_hash = end_hash(self.log, covered).ok_or_else(gone)?;
        let sequence = self.header.sequence + 1;
        self.header = Header { sequence, inode: self.header.inode, covered, end_hash, runs };
        self.header.write(&self.file)
    }

    /// Whether most of the file is pages that no longer count.
    fn is_wasteful(&self) -> bool {
        const SMALL: u64 = 64;
        self.header.end_page() > 2 * self.header.live_pages() + SMALL
    }

    /// Copies the pages that count to a new file. Readers of the old one go on with it.
    fn compact(&self, state: &State) -> Result<(), Error> {
        let (path, new_path) = (state.index(), state.new_index());
        let Some(new) = claim(&new_path)? else { return Ok(()) };
        let copied = self.copy_to(&new).and_then(|()| fs::rename(&new_path, &path));
        copied.map_err(|e| {
            discard(&new, &new_path);
            Error::writing(&path, e)
        })
    }

    fn copy_to(&self, new: &File) -> io::Result<()> {
        const PAGES_AT_ONCE: u64 = 64;
        new.set_len(0)?;
        let mut at = FIRST_PAGE;
        let mut header = self.header.clone();
        for run in &mut header.runs {
            let end = run.first_page + run.pages();
            let mut page = std::mem::replace(&mut run.first_page, at);
            while page < end {
                let next = end.min(page + PAGES_AT_ONCE);
                let bytes = window::read(&self.file, page * PAGE as u64, next * PAGE as u64)?;
                new.write_all_at(&bytes, at * PAGE as u64)?;
                at += next - page;
                page = next;
            }
        }
        header.write(new)
    }
}

/// The last newline within a stretch, or the end of the one line that is longer than that.
fn stretch_end(log: &Log, from: u64) -> io::Result<u64> {
    let mut length = STRETCH;
    while from + length < log.end {
        let end = newline_before(&mut Window::default(), &log.file, from + length)?;
        if end > from {
            return Ok(end);
        }
        length *= 2;
    }
    Ok(log.end)
}

/// The sound lines of a stretch, sorted by job and then by place. Read from its end, like every
/// history, so that the index knows neither more nor fewer lines than a reader finds.
fn lines(log: &Log, from: u64, to: u64) -> Result<Vec<(JobId, Spot)>, Error> {
    let mut lines = Vec::new();
    for item in log.back_from(to) {
        match item? {
            item if item.offset() < from => break,
            Item::Damaged { .. } => {}
            Item::Line(line) => {
                let spot = Spot { offset: line.offset, len: line.trailer.len };
                lines.push((line.job, spot));
            }
        }
    }
    lines.sort_unstable();
    Ok(lines)
}

/// Hands over each job of older runs and of newer lines, in order, with its places in order.
fn merge<R: Iterator<Item = io::Result<(JobId, Vec<Spot>)>>>(
    runs: impl Iterator<Item = R>,
    lines: &[(JobId, Spot)],
    mut take: impl FnMut(JobId, &[Spot]) -> io::Result<()>,
) -> io::Result<()> {
    let mut runs: Vec<Peekable<R>> = runs.map(Iterator::peekable).collect();
    let mut rest = lines;
    let mut spots = Vec::new();
    loop {
        let mut next = rest.first().map(|(job, _)| *job);
        for run in &mut runs {
            match run.peek() {
                Some(Ok((job, _))) => next = Some(next.map_or(*job, |next| next.min(*job))),
                Some(Err(_)) => return run.next().map_or(Ok(()), |damaged| damaged.map(drop)),
                None => {}
            }
        }
        let Some(job) = next else { return Ok(()) };
        spots.clear();
        for run in &mut runs {
            while let Some(Ok((_, older))) =
                run.next_if(|record| record.as_ref().is_ok_and(|(of, _)| *of == job))
            {
                spots.extend(older);
            }
        }
        let own = rest.iter().take_while(|(of, _)| *of == job).count();
        spots.extend(rest[..own].iter().map(|(_, spot)| *spot));
        rest = &rest[own..];
        take(job, &spots)?;
    }
}
