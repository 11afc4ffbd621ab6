//! What the kernel enforces on an adviser, as it is recorded in `started` and shown.
//!
//! Recorded as JSON of this shape and read leniently: what a newer version writes differently costs
//! a line of `job`, never the job.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One consult's jail. Fields are only added, each with a default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Enforcement {
    /// What was asked for: auto, require or off.
    pub(crate) sandbox: String,
    pub(crate) landlock_abi: Option<u32>,
    pub(crate) seccomp: bool,
    /// The bubblewrap program that is around the adviser.
    pub(crate) bwrap: Option<String>,
    /// macOS's sandbox-exec is around the adviser, which nobody has tried: it counts for nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) seatbelt: bool,
    /// What could not be had, each with its reason; empty when nothing was wanted.
    pub(crate) missing: Vec<String>,
    /// Whose home Claude Code runs in: `own` is the jail's, `user` the user's.
    pub(crate) home: String,
    /// Where the credentials come from.
    pub(crate) credentials: String,
    /// `allowed`, `asked` (Claude Code decides about each command) or `none`.
    pub(crate) bash: String,
    /// Why there is no shell, or not every command.
    pub(crate) bash_reason: Option<String>,
}

/// The first ABI of Landlock that keeps signals inside.
const KEEPS_SIGNALS: u32 = 6;

impl Enforcement {
    /// What of a jail that deserves the name is not there: nothing, when it holds. Files need Landlock;
    /// the calls that Landlock does not know need the filter; other processes need a namespace or a
    /// Landlock that keeps signals inside.
    pub(crate) fn lacks(&self) -> Vec<&'static str> {
        if self.seatbelt {
            return vec!["a test: on macOS nobody has tried whether sandbox-exec holds"];
        }
        let processes = self.bwrap.is_some() || self.landlock_abi >= Some(KEEPS_SIGNALS);
        [
            (self.landlock_abi.is_none(), "Landlock (Linux 5.13 or newer, switched on at boot)"),
            (!self.seccomp, "seccomp filters"),
            (
                !processes,
                "a bubblewrap that works, or Landlock ABI 6 (Linux 6.12), to keep signals inside",
            ),
        ]
        .into_iter()
        .filter_map(|(lacks, what)| lacks.then_some(what))
        .collect()
    }

    pub(crate) fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Reads what was recorded, as far as it is understood.
    pub(crate) fn of_json(value: &Value) -> Option<Self> {
        Self::deserialize(value).ok()
    }

    /// The layers in a few words, outermost first.
    pub(crate) fn layers(&self) -> String {
        let landlock = self.landlock_abi.map(|abi| format!("Landlock ABI {abi}"));
        let bwrap = self.bwrap.as_ref().map(|_| "bubblewrap".to_owned());
        let seccomp = self.seccomp.then(|| "seccomp".to_owned());
        let seatbelt = self.seatbelt.then(|| "sandbox-exec (untested)".to_owned());
        let layers: Vec<String> =
            [bwrap, landlock, seccomp, seatbelt].into_iter().flatten().collect();
        if layers.is_empty() { "none".to_owned() } else { layers.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(landlock_abi: Option<u32>, seccomp: bool, bwrap: bool) -> Enforcement {
        let bwrap = bwrap.then(|| "/usr/bin/bwrap".to_owned());
        Enforcement { landlock_abi, seccomp, bwrap, ..Enforcement::default() }
    }

    #[test]
    fn a_jail_needs_files_calls_and_processes_closed() {
        for (jail, want) in [
            (of(Some(7), true, true), 0),
            (of(Some(6), true, false), 0),
            (of(Some(5), true, false), 1),
            (of(Some(2), true, true), 0),
            (of(Some(7), false, true), 1),
            (of(None, true, true), 1),
            (of(None, false, false), 3),
        ] {
            assert_eq!(jail.lacks().len(), want, "{jail:?}");
        }
    }

    #[test]
    fn what_nobody_has_tried_is_named_and_does_not_count() {
        let jail = Enforcement { seatbelt: true, ..Enforcement::default() };
        assert_eq!(jail.layers(), "sandbox-exec (untested)");
        assert_eq!(jail.lacks().len(), 1);
        assert_eq!(Enforcement::of_json(&jail.to_json()), Some(jail));
    }

    #[test]
    fn what_was_recorded_reads_back_and_what_is_strange_does_no_harm() {
        let jail = of(Some(7), true, true);
        assert_eq!(Enforcement::of_json(&jail.to_json()), Some(jail.clone()));
        assert_eq!(jail.layers(), "bubblewrap, Landlock ABI 7, seccomp");
        assert_eq!(of(None, false, false).layers(), "none");
        assert!(jail.to_json().get("seatbelt").is_none(), "of macOS only");
        assert_eq!(
            Enforcement::of_json(&serde_json::json!({ "newer": 1 })),
            Some(Enforcement::default())
        );
        assert_eq!(Enforcement::of_json(&serde_json::json!([1])), None);
    }
}
