//! What is open, what is closed and what may be written: a policy as a value. Nothing here looks at a
//! disk; `survey` brings the paths that are there, with symbolic links resolved.
//!
//! The rule is one: a path is what the deepest mark above it says, and readable where there is none.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What may be done with a path and all below it, as far as no deeper mark says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Access {
    Hidden,
    Readable,
    Writable,
}

/// One path and what may be done with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    #[serde(with = "super::raw_path")]
    pub(crate) path: PathBuf,
    pub(crate) access: Access,
}

/// Everything that a jail is built from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Policy {
    /// Parents before what is below them, each path once.
    marks: Vec<Mark>,
    /// The directory that is advised on, where it is known.
    pub(crate) cwd: Option<PathBuf>,
    /// TCP ports that may be connected to; `None` leaves all of them.
    pub(crate) ports: Option<Vec<u16>>,
    /// Sockets of the Unix domain may be connected to, for a helper that fetches a key.
    pub(crate) unix_sockets: bool,
    /// Claude Code renews a login of its own in there, and needs the calls that change a file's mode
    /// and times; without bubblewrap they are open for what is only readable too.
    pub(crate) renews_login: bool,
    /// Mounts alone can do it: without bubblewrap they are passed over.
    pub(crate) covers: Vec<Cover>,
    pub(crate) layers: Layers,
}

/// What is seen, and written, in the place of something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cover {
    #[serde(with = "super::raw_path")]
    pub(crate) place: PathBuf,
    #[serde(with = "super::raw_path")]
    pub(crate) with: PathBuf,
}

/// The layers to put on. What is asked for here and cannot be had is an error, never passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Layers {
    pub(crate) landlock: bool,
    pub(crate) seccomp: bool,
    /// The bubblewrap program.
    pub(crate) bwrap: Option<PathBuf>,
    /// macOS's sandbox-exec.
    pub(crate) seatbelt: bool,
}

/// What was put on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Worn {
    pub(crate) landlock_abi: Option<u32>,
    pub(crate) seccomp: bool,
    pub(crate) seatbelt: bool,
}

impl Policy {
    /// A policy from marks in the order of their weight: of two for the same path the later one counts.
    /// `/` itself cannot be hidden, and what is no absolute path is no mark.
    pub(crate) fn new(marks: impl IntoIterator<Item = Mark>) -> Self {
        let mut kept: Vec<Mark> = Vec::new();
        for mark in marks {
            kept.retain(|had| had.path != mark.path);
            let is_root = mark.path == Path::new("/");
            if mark.path.is_absolute() && !(is_root && mark.access == Access::Hidden) {
                kept.push(mark);
            }
        }
        kept.sort_by(|a, b| a.path.cmp(&b.path));
        Self { marks: kept, ..Self::default() }
    }

    /// What may be done with a path.
    pub(crate) fn access(&self, path: &Path) -> Access {
        let mut above = self.marks.iter().rev().filter(|mark| path.starts_with(&mark.path));
        above.next().map_or(Access::Readable, |mark| mark.access)
    }

    /// The marks that change something: those that say what stands above them anyway are left out.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &Mark> {
        self.marks.iter().filter(|mark| {
            let parent = mark.path.parent();
            parent.is_some_and(|parent| self.access(parent) != mark.access)
        })
    }

    /// The same with layers.
    pub(crate) fn with(mut self, layers: Layers) -> Self {
        self.layers = layers;
        self
    }
}

/// What Landlock asks, which knows no "but not".
#[cfg(any(target_os = "linux", test))]
impl Policy {
    /// All marks, parents first.
    pub(crate) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// Whether something below `path` is hidden.
    pub(crate) fn hides_below(&self, path: &Path) -> bool {
        let mut hidden = self.marks.iter().filter(|mark| mark.access == Access::Hidden);
        hidden.any(|mark| mark.path != path && mark.path.starts_with(path))
    }

    /// Whether the names in a directory that hides something are to be listed, although that lists hidden ones too:
    /// only in the directory that was asked about.
    pub(crate) fn lists(&self, path: &Path) -> bool {
        self.cwd.as_ref().is_some_and(|cwd| cwd == path)
    }
}

impl Mark {
    pub(crate) fn new(path: impl Into<PathBuf>, access: Access) -> Self {
        Self { path: path.into(), access }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(marks: &[(&str, Access)]) -> Policy {
        Policy::new(marks.iter().map(|(path, access)| Mark::new(*path, *access)))
    }

    #[test]
    fn the_deepest_mark_counts_and_without_one_all_is_readable() {
        let policy = policy(&[
            ("/h/u/.state", Access::Hidden),
            ("/h/u/.state/jobs/1/tmp", Access::Writable),
            ("/h", Access::Hidden),
            ("/h/u", Access::Readable),
        ]);
        for (path, want) in [
            ("/etc/passwd", Access::Readable),
            ("/h/other", Access::Hidden),
            ("/h/u/src", Access::Readable),
            ("/h/u/.state/events.jsonl", Access::Hidden),
            ("/h/u/.state/jobs/2/tmp/x", Access::Hidden),
            ("/h/u/.state/jobs/1/tmp/x", Access::Writable),
            ("/h/u/.statement", Access::Readable),
        ] {
            assert_eq!(policy.access(Path::new(path)), want, "{path}");
        }
        assert!(policy.hides_below(Path::new("/")) && policy.hides_below(Path::new("/h/u")));
        assert!(
            !policy.hides_below(Path::new("/etc")) && !policy.hides_below(Path::new("/h/u/.state"))
        );
    }

    #[test]
    fn of_two_marks_for_one_path_the_later_counts_and_the_root_is_never_hidden() {
        let policy = policy(&[
            ("/s", Access::Readable),
            ("/s", Access::Hidden),
            ("/", Access::Hidden),
            ("relative", Access::Writable),
        ]);
        assert_eq!(policy.marks(), [Mark::new("/s", Access::Hidden)]);
    }

    #[test]
    fn a_mark_that_says_what_is_said_above_is_no_step() {
        let policy = policy(&[
            ("/a", Access::Readable),
            ("/a/b", Access::Hidden),
            ("/a/b/c", Access::Hidden),
            ("/a/b/c/d", Access::Readable),
        ]);
        let steps: Vec<_> = policy.steps().map(|mark| mark.path.to_str().expect("text")).collect();
        assert_eq!(steps, ["/a/b", "/a/b/c/d"]);
    }
}
