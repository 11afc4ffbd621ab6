//! One run: reading some jobs of it, or all in order, and writing a new one.

use std::fs::File;
use std::io::{self, Write};

use super::Spot;
use super::header::Extent;
use super::page::{FANOUT, Filling, Name, PAGE, Page, Record};
use super::tree;
use crate::job::id::JobId;
use crate::journal::window;

/// A run in a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a> {
    file: &'a File,
    inode: u64,
    extent: Extent,
}

impl<'a> Run<'a> {
    pub(super) fn new(file: &'a File, inode: u64, extent: Extent) -> Self {
        Self { file, inode, extent }
    }

    /// Shows each record of the jobs from `low` to `high`, in order. `None` where the run is damaged
    /// or `show` says so.
    pub(super) fn visit(
        &self,
        low: JobId,
        high: JobId,
        mut show: impl FnMut(JobId, Record<'_>) -> Option<()>,
    ) -> Option<()> {
        if self.extent.leaves == 0 {
            return Some(());
        }
        for leaf in self.leaf_before(low)?..self.extent.leaves {
            let bytes = self.page(leaf.into())?;
            for record in Page::open(&bytes, self.name(leaf.into()))?.records() {
                if record.job > high {
                    return Some(());
                }
                if record.job >= low {
                    show(record.job, record)?;
                }
            }
        }
        Some(())
    }

    /// The last leaf that begins with a smaller job: the first that may have this one.
    fn leaf_before(&self, job: JobId) -> Option<u32> {
        let levels = tree::levels(self.extent.leaves);
        let mut first = tree::pages(self.extent.leaves);
        let mut at = 0;
        for (&pages, &below) in levels.iter().rev().zip(levels.iter().rev().skip(1)) {
            first -= u64::from(pages);
            let number = first + u64::from(at);
            let bytes = self.page(number)?;
            let smaller = Page::open(&bytes, self.name(number))?.fences();
            let smaller = smaller.take_while(|fence| *fence < job).count();
            let child = u32::try_from(smaller).ok()?.saturating_sub(1);
            at = (at * FANOUT + child).min(below - 1);
        }
        Some(at)
    }

    fn page(&self, number: u64) -> Option<Vec<u8>> {
        let at = (self.extent.first_page + number) * PAGE as u64;
        window::read(self.file, at, at + PAGE as u64).ok()
    }

    fn name(&self, number: u64) -> Name {
        let Extent { from, to, .. } = self.extent;
        Name { inode: self.inode, from, to, number }
    }

    /// Whether every page of it holds.
    pub(super) fn is_sound(&self) -> bool {
        let is_page = |number| {
            let bytes = self.page(number);
            bytes.is_some_and(|bytes| Page::open(&bytes, self.name(number)).is_some())
        };
        (0..self.extent.pages()).all(is_page)
    }

    /// All records in order, a leaf at a time. A damaged leaf is an error.
    pub(super) fn read_all(self) -> impl Iterator<Item = io::Result<(JobId, Vec<Spot>)>> + use<'a> {
        (0..self.extent.leaves).flat_map(move |leaf| match self.leaf(leaf.into()) {
            Some(records) => records.into_iter().map(Ok).collect::<Vec<_>>(),
            None => vec![Err(io::ErrorKind::InvalidData.into())],
        })
    }

    fn leaf(&self, number: u64) -> Option<Vec<(JobId, Vec<Spot>)>> {
        let bytes = self.page(number)?;
        let records = Page::open(&bytes, self.name(number))?.records().map(|record| {
            let mut spots = Vec::new();
            record.append_to(&mut spots)?;
            Some((record.job, spots))
        });
        records.collect()
    }
}

/// Writes a run page by page: leaves as they fill, then the tree above them.
pub(super) struct Writer<W> {
    out: W,
    name: Name,
    leaf: Filling,
    /// The first job of each leaf, 16 bytes each.
    fences: Vec<JobId>,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(out: W, inode: u64, from: u64, to: u64) -> Self {
        let name = Name { inode, from, to, number: 0 };
        Self { out, name, leaf: Filling::new(), fences: Vec::new() }
    }

    /// Adds lines of a job that is not smaller than the one before.
    pub(super) fn push(&mut self, job: JobId, mut spots: &[Spot]) -> io::Result<()> {
        while !spots.is_empty() {
            let taken = self.leaf.add(job, spots);
            if taken == 0 {
                self.end_leaf()?;
            }
            spots = &spots[taken..];
        }
        Ok(())
    }

    /// Writes what is left. Returns the number of leaves.
    pub(super) fn finish(mut self) -> io::Result<u32> {
        self.end_leaf()?;
        let leaves = u32::try_from(self.fences.len()).map_err(io::Error::other)?;
        while self.fences.len() > 1 {
            let below = std::mem::take(&mut self.fences);
            for jobs in below.chunks(FANOUT as usize) {
                let mut page = Filling::new();
                let fits = jobs.iter().all(|job| page.add_fence(*job));
                debug_assert!(fits, "a page has room for its fences");
                self.write(page)?;
            }
        }
        self.out.flush()?;
        Ok(leaves)
    }

    fn end_leaf(&mut self) -> io::Result<()> {
        let leaf = std::mem::replace(&mut self.leaf, Filling::new());
        self.write(leaf)
    }

    fn write(&mut self, page: Filling) -> io::Result<()> {
        let Some(first) = page.first else { return Ok(()) };
        self.fences.push(first);
        self.out.write_all(&page.seal(self.name))?;
        self.name.number += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> JobId {
        JobId::from_bytes(u128::from(number).to_be_bytes())
    }

    fn spots(of: u32) -> Vec<Spot> {
        let count = if of.is_multiple_of(97) { 2000 } else { 3 };
        (0..count).map(|n| Spot { offset: u64::from(of) * 100_000 + n, len: of + 1 }).collect()
    }

    #[test]
    fn every_job_is_found_in_a_run_of_any_size_and_no_other() {
        for jobs in [0_u32, 1, 150, 400, 30_000] {
            let mut bytes = Vec::new();
            let mut writer = Writer::new(&mut bytes, 7, 0, 9);
            (0..jobs).for_each(|n| writer.push(id(2 * n + 1), &spots(n)).expect("writes"));
            let leaves = writer.finish().expect("writes");
            let mut file = tempfile::tempfile().expect("a file");
            file.write_all(&bytes).expect("writes");
            let extent = Extent { first_page: 0, leaves, from: 0, to: 9 };
            assert_eq!(extent.pages() * PAGE as u64, bytes.len() as u64);
            let run = Run::new(&file, 7, extent);
            for n in (0..jobs).step_by(37).chain(jobs.saturating_sub(3)..jobs) {
                let mut found = Vec::new();
                let wanted = id(2 * n + 1);
                run.visit(wanted, wanted, |_, record| record.append_to(&mut found)).expect("sound");
                assert_eq!(found, spots(n), "{n} of {jobs}");
                run.visit(id(2 * n), id(2 * n), |job, _| panic!("{job}")).expect("sound");
            }
            let all = run.read_all().map(|record| record.expect("sound").1.len()).sum::<usize>();
            assert_eq!(all, (0..jobs).map(|n| spots(n).len()).sum::<usize>());
            let run = Run::new(&file, 8, extent);
            let another = run.visit(id(1), id(1), |_, _| Some(()));
            assert_eq!(another.is_some(), jobs == 0, "pages of another log are damaged ones");
        }
    }
}
