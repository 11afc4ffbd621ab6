//! Every file below a directory, by name: for directories that git does not know. Of a repository that
//! lies there, its commit too, and where to look for what of it could run.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::print::Print;
use super::repository::Repository;
use super::{Deadline, Late};

/// What of a walk is to be told.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// A directory could not be listed, or what is in it not looked at.
    pub(super) unreadable: bool,
    /// Repositories whose working trees begin at `top` or below, in that order.
    pub(super) repositories: Vec<Repository>,
}

/// Notes every file below `top`, in the order of names, without following a link. What is in `.git` is
/// left out but for the commit that is checked out, and `skip` altogether.
pub(super) fn walk(
    top: &Path,
    skip: &Path,
    print: &mut Print,
    deadline: Deadline,
) -> Result<Walked, Late> {
    let mut walked = Walked::default();
    let mut waiting: Vec<PathBuf> = vec![PathBuf::new()];
    while let Some(relative) = waiting.pop() {
        deadline.check()?;
        let Some(names) = names(&top.join(&relative), deadline)? else {
            walked.unreadable = true;
            continue;
        };
        for name in names {
            let inner = relative.join(&name);
            let path = top.join(&inner);
            if path == skip {
                continue;
            }
            if name == OsStr::new(".git") {
                deadline.check()?;
                walked.meet(&top.join(&relative), &inner, print);
                continue;
            }
            if print.files.is_multiple_of(256) {
                deadline.check()?;
            }
            match print.file(inner.as_os_str(), &path) {
                Ok(Some(meta)) if meta.is_dir() => waiting.push(inner),
                Ok(_) => {}
                Err(_) => walked.unreadable = true,
            }
        }
    }
    Ok(walked)
}

impl Walked {
    /// Notes a `.git`, which is no file of the directory and is not counted.
    pub(super) fn meet(&mut self, top: &Path, name: &Path, print: &mut Print) {
        let files = print.files;
        self.unreadable |= print.file(name.as_os_str(), &top.join(".git")).is_err();
        print.files = files;
        let Some(repository) = Repository::at_top(top) else { return };
        print.bytes(repository.commit().unwrap_or_default().as_bytes());
        self.repositories.push(repository);
    }
}

/// The names in a directory, sorted; `None` where it cannot be listed.
pub(super) fn names(directory: &Path, deadline: Deadline) -> Result<Option<Vec<OsString>>, Late> {
    let Ok(entries) = directory.read_dir() else { return Ok(None) };
    let mut names = Vec::new();
    for entry in entries {
        let Ok(entry) = entry else { return Ok(None) };
        names.push(entry.file_name());
        if names.len().is_multiple_of(4096) {
            deadline.check()?;
        }
    }
    names.sort_unstable();
    Ok(Some(names))
}
