//! What was seen of the consulted directory, and what two such looks say together.
//!
//! A difference is a fact and no accusation: the user may have been editing. Where a look was cut
//! short, or there was none, the answer is that it is not known.

use serde::{Deserialize, Serialize};

/// One look at the directory. It has names, sizes and times in it, and no content.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Snapshot {
    /// `git`: what the index names, and what is untracked and not ignored; `files`: every file.
    pub(crate) method: String,
    /// The commit that is checked out.
    pub(crate) commit: Option<String>,
    /// Whether there is anything that the commit has not, untracked files included.
    pub(crate) dirty: Option<bool>,
    /// SHA-256 over all that was looked at, in hexadecimal; `None` where not all could be.
    pub(crate) fingerprint: Option<String>,
    /// The same, shortened, of what can be looked at again quickly: commit, index and tracked files.
    pub(crate) stamp: Option<String>,
    /// Files that were looked at.
    pub(crate) files: u64,
    /// Whether all of it was looked at.
    pub(crate) complete: bool,
    /// Why not.
    pub(crate) reason: Option<String>,
    /// How long it took, milliseconds.
    pub(crate) took_ms: u64,
}

impl Snapshot {
    /// A look that came to nothing.
    pub(crate) fn failed(reason: impl Into<String>) -> Self {
        Self { method: "none".to_owned(), reason: Some(reason.into()), ..Self::default() }
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark { commit: self.commit.clone(), stamp: self.stamp.clone() }
    }
}

/// What of a look fits into a list row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Mark {
    pub(crate) commit: Option<String>,
    pub(crate) stamp: Option<String>,
}

/// Whether the directory is another after than before; `None` where that is not known.
pub(crate) fn changed(before: Option<&Snapshot>, after: Option<&Snapshot>) -> Option<bool> {
    let (before, after) = (before?, after?);
    let differs = |one: &Option<String>, other: &Option<String>| {
        one.as_ref().zip(other.as_ref()).map(|(one, other)| one != other)
    };
    // Nothing is nothing, however it was looked at.
    let comparable = before.method == after.method || (before.files == 0) != (after.files == 0);
    match differs(&before.commit, &after.commit) {
        Some(true) => Some(true),
        _ => differs(&before.fingerprint, &after.fingerprint).filter(|_| comparable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(commit: &str, fingerprint: Option<&str>) -> Snapshot {
        Snapshot {
            method: "git".to_owned(),
            commit: Some(commit.to_owned()),
            fingerprint: fingerprint.map(str::to_owned),
            ..Snapshot::default()
        }
    }

    #[test]
    fn two_looks_differ_where_commit_or_fingerprint_does() {
        let (first, second) = (look("a", Some("1")), look("a", Some("2")));
        assert_eq!(changed(Some(&first), Some(&first)), Some(false));
        assert_eq!(changed(Some(&first), Some(&second)), Some(true));
        assert_eq!(changed(Some(&look("a", None)), Some(&look("b", None))), Some(true));
    }

    #[test]
    fn what_came_into_an_empty_directory_is_a_change_however_it_was_looked_at() {
        let empty = Snapshot { method: "files".to_owned(), ..look("a", Some("1")) };
        let filled = Snapshot { files: 1, ..look("a", Some("2")) };
        assert_eq!(changed(Some(&empty), Some(&filled)), Some(true));
        assert_eq!(changed(Some(&filled), Some(&empty)), Some(true));
    }

    #[test]
    fn what_was_not_looked_at_whole_is_not_known() {
        let whole = look("a", Some("1"));
        let whole = Snapshot { files: 2, ..whole };
        let files = Snapshot { method: "files".to_owned(), files: 3, ..look("a", Some("2")) };
        for (before, after) in [
            (None, Some(&whole)),
            (Some(&whole), None),
            (Some(&whole), Some(&look("a", None))),
            (Some(&whole), Some(&files)),
        ] {
            assert_eq!(changed(before, after), None);
        }
    }
}
