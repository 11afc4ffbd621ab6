//! What of git's own directory could run, or change what is looked at: configuration, hooks, rules.
//! These are no files of the directory, and are not counted.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::Path;

use super::print::Print;
use super::repository::Repository;
use super::walk::{Walked, names};
use super::{Deadline, Late};

/// Notes it all; whether something could not be looked at.
pub(super) fn what_could_run(
    repository: &Repository,
    print: &mut Print,
    deadline: Deadline,
) -> Result<bool, Late> {
    deadline.check()?;
    let (files, common) = (print.files, &repository.common);
    let mut unreadable = false;
    let mut note = |name: &OsStr, path: &Path| {
        let seen = print.file(name, path);
        unreadable |= seen.is_err();
        seen.is_ok_and(|meta| meta.is_some())
    };
    for name in ["config", "info/attributes", "info/exclude"] {
        note(OsStr::new(name), &common.join(name));
    }
    note(OsStr::new("config.worktree"), &repository.git.join("config.worktree"));
    let hooks = common.join("hooks");
    if note(OsStr::new("hooks"), &hooks) {
        // A link to nothing, or a file in its place, has no hook in it.
        let listed = if hooks.is_dir() { names(&hooks, deadline)? } else { Some(Vec::new()) };
        for name in listed.iter().flatten() {
            note(name, &hooks.join(name));
        }
        unreadable |= listed.is_none();
    }
    print.files = files;
    Ok(unreadable)
}

/// Notes it of the repositories that were met; whether something in all of it could not be looked at.
pub(super) fn armed(walked: &Walked, print: &mut Print, deadline: Deadline) -> Result<bool, Late> {
    let mut unreadable = walked.unreadable;
    for repository in &walked.repositories {
        unreadable |= what_could_run(repository, print, deadline)?;
    }
    Ok(unreadable)
}

/// Looks for repositories in the directories of tracked files below `directory`, where git goes on to
/// see no other; whether something could not be looked at.
pub(super) fn planted<'a>(
    directory: &Path,
    tracked: impl Iterator<Item = &'a Path>,
    print: &mut Print,
    deadline: Deadline,
) -> Result<bool, Late> {
    let (mut seen, mut walked) = (HashSet::new(), Walked::default());
    for name in tracked {
        let above = name.ancestors().skip(1).filter(|above| *above != Path::new(""));
        for above in above.take_while(|above| seen.insert(*above)) {
            deadline.check()?;
            let top = directory.join(above);
            if top.join(".git").symlink_metadata().is_ok() {
                walked.meet(&top, above, print);
            }
        }
    }
    armed(&walked, print, deadline)
}
