//! One look at a directory: all of it before and after a consult, and the quick part of it later.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::could_run::{armed, planted, what_could_run};
use super::git::Git;
use super::index::{self, Entry};
use super::print::Print;
use super::repository::Repository;
use super::tracked::{any, names_below, tracked};
use super::walk::walk;
use super::{Deadline, Late};
use crate::job::tree::{Mark, Snapshot};

/// What every part of a look goes by.
#[derive(Clone, Copy)]
struct Means<'a> {
    skip: &'a Path,
    git: Option<&'a Git>,
    deadline: Deadline,
}

/// Looks at all of `directory`, `skip` left out. Takes `within` at most, and a git that hangs longer.
pub(crate) fn look(directory: &Path, skip: &Path, git: Option<&Git>, within: Duration) -> Snapshot {
    let begun = Instant::now();
    let means = Means { skip, git, deadline: Deadline::within(within) };
    let repository = Repository::around(directory);
    let commit = repository.as_ref().and_then(Repository::commit);
    let looked = means.look(directory, repository.as_ref(), commit.as_deref());
    let mut snapshot = looked.unwrap_or_else(|Late| {
        Snapshot::failed(format!("there was more to look at than {} ms allow", within.as_millis()))
    });
    snapshot.commit = commit;
    snapshot.took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    snapshot
}

/// Whether the directory is another than it was when `then` was taken; `None` where that is not known.
pub(crate) fn glance(directory: &Path, skip: &Path, then: &Mark, within: Duration) -> Option<bool> {
    let means = Means { skip, git: None, deadline: Deadline::within(within) };
    let repository = Repository::around(directory);
    let commit = repository.as_ref().and_then(Repository::commit);
    if let (Some(then), Some(now)) = (&then.commit, &commit)
        && then != now
    {
        return Some(true);
    }
    let stamp = then.stamp.as_ref()?;
    if let Some(repository) = repository.as_ref().filter(|found| found.is_indexed())
        && let Some(tracked) = means.stamp(directory, repository, commit.as_deref()).ok()?
    {
        if tracked.stamp == *stamp {
            return Some(false);
        }
        // Where the index names nothing, the look was at names, sizes and times.
        if tracked.files > 0 {
            return Some(true);
        }
    }
    Some(means.by_files(directory, repository.as_ref()).ok()?.stamp? != *stamp)
}

/// What the index says, and how many files it names.
struct Tracked {
    stamp: String,
    files: u64,
}

impl Means<'_> {
    fn look(
        &self,
        directory: &Path,
        repository: Option<&Repository>,
        commit: Option<&str>,
    ) -> Result<Snapshot, Late> {
        if let Some(repository) = repository.filter(|found| found.is_indexed())
            && let Some(Some(snapshot)) = self.with_entries(repository, commit, |entries| {
                self.by_entries(directory, repository, commit, entries)
            })?
        {
            return Ok(snapshot);
        }
        self.by_files(directory, repository)
    }

    /// Hands over what the index names; `None` where it is of a kind that only git reads.
    fn with_entries<T>(
        &self,
        repository: &Repository,
        commit: Option<&str>,
        work: impl FnOnce(&[Entry<'_>]) -> Result<T, Late>,
    ) -> Result<Option<T>, Late> {
        let Some(index) = repository.index() else { return Ok(None) };
        let entries = index::entries(&index, id_length(commit), self.deadline)?;
        entries.map(|entries| work(&entries)).transpose()
    }

    /// `None` where the index is of a kind that only git reads.
    fn stamp(
        &self,
        directory: &Path,
        repository: &Repository,
        commit: Option<&str>,
    ) -> Result<Option<Tracked>, Late> {
        self.with_entries(repository, commit, |entries| {
            let print = tracked(directory, repository, commit, entries, self.deadline)?.print;
            Ok(Tracked { stamp: print.stamp(), files: print.files })
        })
    }

    /// By every file, also where git ignores them all.
    fn by_files(
        &self,
        directory: &Path,
        repository: Option<&Repository>,
    ) -> Result<Snapshot, Late> {
        let mut print = Print::default();
        let walked = walk(directory, self.skip, &mut print, self.deadline)?;
        let stamp = print.stamp();
        let mut unreadable = armed(&walked, &mut print, self.deadline)?;
        if let Some(around) = repository.filter(|found| found.top.as_deref() != Some(directory)) {
            unreadable |= what_could_run(around, &mut print, self.deadline)?;
        }
        Ok(snapshot("files", None, print, Some(stamp).filter(|_| !unreadable), unreadable))
    }

    /// `None` where git has nothing to tell: what it ignores would be called unchanged, and nobody had
    /// looked.
    fn by_entries(
        &self,
        directory: &Path,
        repository: &Repository,
        commit: Option<&str>,
        entries: &[Entry<'_>],
    ) -> Result<Option<Snapshot>, Late> {
        let tracked = tracked(directory, repository, commit, entries, self.deadline)?;
        let mut print = Print::default();
        print.files = tracked.print.files;
        let others = self.others(directory, &mut print)?;
        if print.files == 0 && others.dirty == Some(false) && !others.unreadable {
            return Ok(None);
        }
        let within = self.within(directory, &tracked.within, &mut print)?;
        let names = names_below(directory, repository, entries);
        let closed = planted(directory, names, &mut print, self.deadline)?
            | what_could_run(repository, &mut print, self.deadline)?;
        let staged = match commit {
            Some(_) => self.git.and_then(|git| git.staged(directory)),
            None => Some(!entries.is_empty()),
        };
        let modified = tracked.modified(directory, self.git);
        let stamp = tracked.print.stamp();
        print.bytes(stamp.as_bytes());
        let dirty = any([modified, staged, others.dirty, within.dirty]);
        let unreadable = tracked.unreadable || others.unreadable || within.unreadable || closed;
        Ok(Some(snapshot("git", dirty, print, Some(stamp), unreadable)))
    }

    /// Looks at what the index does not name; whether there is any, where git says what is ignored.
    fn others(&self, directory: &Path, print: &mut Print) -> Result<Part, Late> {
        let Some(untracked) = self.git.and_then(|git| git.untracked(directory)) else {
            // Nobody says what is ignored, so all of it counts.
            let unreadable = self.below(directory, print)?;
            return Ok(Part { dirty: None, unreadable });
        };
        let mut part = Part { dirty: Some(false), unreadable: untracked.unreadable };
        let names = untracked.names.iter();
        for name in names.filter(|name| !directory.join(name).starts_with(self.skip)) {
            part.dirty = Some(true);
            self.deadline.check()?;
            let path = directory.join(name);
            part.unreadable |= print.file(name.as_os_str(), &path).is_err();
            if name.as_os_str().as_bytes().ends_with(b"/") {
                part.unreadable |= self.below(&path, print)?;
            }
        }
        Ok(part)
    }

    /// Looks at every file below a directory, and at what could run of the repositories there; whether
    /// something could not be looked at.
    fn below(&self, directory: &Path, print: &mut Print) -> Result<bool, Late> {
        let walked = walk(directory, self.skip, print, self.deadline)?;
        armed(&walked, print, self.deadline)
    }

    /// Looks at the directories that have an answer of their own. Each lies below the one that names
    /// it, so this comes to an end.
    fn within(&self, directory: &Path, names: &[Vec<u8>], print: &mut Print) -> Result<Part, Late> {
        let mut part = Part { dirty: Some(false), unreadable: false };
        for name in names {
            self.deadline.check()?;
            let path = directory.join(OsStr::from_bytes(name));
            let repository = Repository::at_top(&path);
            let commit = repository.as_ref().and_then(Repository::commit);
            let seen = self.look(&path, repository.as_ref(), commit.as_deref())?;
            print.files += seen.files;
            print.bytes(seen.fingerprint.unwrap_or_default().as_bytes());
            part.unreadable |= !seen.complete;
            let empty = seen.files == 0 && seen.complete;
            part.dirty = any([part.dirty, if empty { Some(false) } else { seen.dirty }]);
        }
        Ok(part)
    }
}

/// What a part of the look says.
struct Part {
    dirty: Option<bool>,
    unreadable: bool,
}

fn snapshot(
    method: &str,
    dirty: Option<bool>,
    print: Print,
    stamp: Option<String>,
    unreadable: bool,
) -> Snapshot {
    let reason = "something in it could not be looked at";
    Snapshot {
        method: method.to_owned(),
        dirty,
        stamp,
        files: print.files,
        fingerprint: (!unreadable).then(|| print.hex()),
        complete: !unreadable,
        reason: unreadable.then(|| reason.to_owned()),
        ..Snapshot::default()
    }
}

fn id_length(commit: Option<&str>) -> usize {
    const SHA1: usize = 20;
    commit.map_or(SHA1, |commit| commit.len() / 2)
}
