//! One look at a directory: all of it before and after a consult, and the quick part of it later.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::git::Git;
use super::index;
use super::print::Print;
use super::repository::Repository;
use super::tracked::tracked;
use super::walk::{Walked, walk};
use super::{Deadline, Late};
use crate::job::tree::{Mark, Snapshot};

/// A stamp is this much of a fingerprint.
const STAMP: usize = 16;

/// Looks at all of `directory`, `skip` left out. Takes `within` at most, and a git that hangs longer.
pub(crate) fn look(directory: &Path, skip: &Path, git: Option<&Git>, within: Duration) -> Snapshot {
    let begun = Instant::now();
    let deadline = Deadline::within(within);
    let repository = Repository::around(directory);
    let commit = repository.as_ref().and_then(Repository::commit);
    let looked = match repository.filter(|found| found.top.is_some()) {
        Some(repository) => {
            by_index(directory, skip, git, &repository, commit.as_deref(), deadline)
        }
        None => Ok(None),
    };
    let looked = match looked {
        Ok(Some(snapshot)) => Ok(snapshot),
        Ok(None) => by_files(directory, skip, deadline),
        Err(Late) => Err(Late),
    };
    let mut snapshot = looked.unwrap_or_else(|Late| {
        Snapshot::failed(format!("there was more to look at than {} ms allow", within.as_millis()))
    });
    snapshot.commit = commit;
    snapshot.took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    snapshot
}

/// Whether the directory is another than it was when `then` was taken; `None` where that is not known.
pub(crate) fn glance(directory: &Path, skip: &Path, then: &Mark, within: Duration) -> Option<bool> {
    let deadline = Deadline::within(within);
    let repository = Repository::around(directory);
    let commit = repository.as_ref().and_then(Repository::commit);
    if let (Some(then), Some(now)) = (&then.commit, &commit)
        && then != now
    {
        return Some(true);
    }
    let stamp = match repository.filter(|found| found.top.is_some()) {
        Some(repository) => {
            let index = repository.index()?;
            let entries = index::entries(&index, id_length(commit.as_deref()))?;
            stamp(
                tracked(directory, &repository, commit.as_deref(), &entries, deadline).ok()?.print,
            )
        }
        None => by_files(directory, skip, deadline).ok()?.stamp?,
    };
    then.stamp.as_ref().map(|then| *then != stamp)
}

fn by_files(directory: &Path, skip: &Path, deadline: Deadline) -> Result<Snapshot, Late> {
    let mut print = Print::default();
    let walked = walk(directory, skip, &mut print, deadline)?;
    Ok(snapshot("files", None, print, None, walked))
}

fn snapshot(
    method: &str,
    dirty: Option<bool>,
    print: Print,
    stamp: Option<String>,
    walked: Walked,
) -> Snapshot {
    let files = print.files;
    let fingerprint = Some(print.hex()).filter(|_| !walked.unreadable);
    let short = fingerprint.as_ref().map(|whole| whole[..STAMP].to_owned());
    let reason = "a directory could not be listed";
    Snapshot {
        method: method.to_owned(),
        dirty,
        stamp: stamp.or(short),
        fingerprint,
        files,
        complete: !walked.unreadable,
        reason: walked.unreadable.then(|| reason.to_owned()),
        ..Snapshot::default()
    }
}

/// `None` where the index is of a kind that only git reads.
fn by_index(
    directory: &Path,
    skip: &Path,
    git: Option<&Git>,
    repository: &Repository,
    commit: Option<&str>,
    deadline: Deadline,
) -> Result<Option<Snapshot>, Late> {
    let Some(index) = repository.index() else { return Ok(None) };
    let Some(entries) = index::entries(&index, id_length(commit)) else { return Ok(None) };
    let tracked = tracked(directory, repository, commit, &entries, deadline)?;
    let modified = tracked.modified(directory, git);
    let mut print = Print::default();
    print.files = tracked.print.files;
    let mut walked = Walked::default();
    for module in &tracked.modules {
        let inner = walk(&directory.join(OsStr::from_bytes(module)), skip, &mut print, deadline)?;
        walked.unreadable |= inner.unreadable;
    }
    what_could_run(repository, &mut print);
    let untracked = others(directory, skip, git, &mut print, &mut walked, deadline)?;
    let staged = match commit {
        Some(_) => git.and_then(|git| git.staged(directory)),
        None => Some(!entries.is_empty()),
    };
    let stamp = stamp(tracked.print);
    print.bytes(stamp.as_bytes());
    let dirty = any([modified, staged, untracked]);
    Ok(Some(snapshot("git", dirty, print, Some(stamp), walked)))
}

/// Looks at what the index does not name; whether there is any, where git says what is ignored.
fn others(
    directory: &Path,
    skip: &Path,
    git: Option<&Git>,
    print: &mut Print,
    walked: &mut Walked,
    deadline: Deadline,
) -> Result<Option<bool>, Late> {
    let Some(names) = git.and_then(|git| git.untracked(directory)) else {
        // Nobody says what is ignored, so all of it counts.
        walked.unreadable |= walk(directory, skip, print, deadline)?.unreadable;
        return Ok(None);
    };
    let mut any = false;
    for name in names.iter().filter(|name| !directory.join(name).starts_with(skip)) {
        any = true;
        deadline.check()?;
        let path = directory.join(name);
        print.file(name.as_os_str(), &path);
        if name.as_os_str().as_bytes().ends_with(b"/") {
            walked.unreadable |= walk(&path, skip, print, deadline)?.unreadable;
        }
    }
    Ok(Some(any))
}

/// True where one is; else not known where one is not known.
fn any(facts: [Option<bool>; 3]) -> Option<bool> {
    if facts.contains(&Some(true)) {
        return Some(true);
    }
    facts.into_iter().collect::<Option<Vec<bool>>>().map(|_| false)
}

fn id_length(commit: Option<&str>) -> usize {
    const SHA1: usize = 20;
    commit.map_or(SHA1, |commit| commit.len() / 2)
}

fn stamp(print: Print) -> String {
    let mut hex = print.hex();
    hex.truncate(STAMP);
    hex
}

/// What of git's own directory could run, or change what is looked at: configuration, hooks, rules.
fn what_could_run(repository: &Repository, print: &mut Print) {
    let common = &repository.common;
    for name in ["config", "hooks", "info/attributes", "info/exclude"] {
        print.file(OsStr::new(name), &common.join(name));
    }
    print.file(OsStr::new("config.worktree"), &repository.git.join("config.worktree"));
    let hooks = common.join("hooks").read_dir().into_iter().flatten().flatten();
    let mut hooks: Vec<_> = hooks.map(|entry| entry.path()).collect();
    hooks.sort_unstable();
    for hook in hooks {
        print.file(hook.as_os_str(), &hook);
    }
}
