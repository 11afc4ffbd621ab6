//! macOS: the same policy in the language of `sandbox-exec`. UNTESTED: type-checked only, nobody has
//! run it on a Mac. So it counts for nothing: with it alone there is no shell, and a sandbox that is
//! required is refused.
//!
//! There the last rule that fits counts, as here the deepest mark does, so the marks go in in order.
//! It lacks what a policy says of ports, of sockets and of covers.

use std::ffi::OsString;
use std::fmt::Write as _;

#[cfg(target_os = "macos")]
use super::policy::Worn;
use super::policy::{Access, Policy};
#[cfg(target_os = "macos")]
use super::probe::{Bwrap, Offer};

/// The program, which macOS has had for long and calls deprecated.
#[cfg(target_os = "macos")]
pub(crate) const PROGRAM: &str = "/usr/bin/sandbox-exec";

/// Whether the program is there; whether it works, a rehearsal shows.
#[cfg(target_os = "macos")]
pub(crate) fn probe(_path: &str) -> Offer {
    let seatbelt = rustix::fs::access(PROGRAM, rustix::fs::Access::EXEC_OK).is_ok();
    Offer { landlock_abi: None, seccomp: false, bwrap: Bwrap::Missing, seatbelt }
}

/// Nothing is put on from within: sandbox-exec is around a program from its start.
///
/// # Errors
/// When the policy asks for a layer: whoever comes here with one has not gone through sandbox-exec.
#[cfg(target_os = "macos")]
pub(crate) fn enter(policy: &Policy) -> Result<Worn, String> {
    if policy.layers == super::policy::Layers::default() {
        return Ok(Worn::default());
    }
    Err("this system does not have it".to_owned())
}

/// Its arguments, up to the program that goes in.
pub(crate) fn arguments(policy: &Policy) -> Vec<OsString> {
    vec!["-p".into(), profile(policy).into()]
}

fn profile(policy: &Policy) -> String {
    let mut text = "(version 1)\n(allow default)\n(deny file-write*)\n(deny signal)\n\
                    (allow signal (target same-sandbox))\n"
        .to_owned();
    for mark in policy.steps() {
        let path = mark.path.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"");
        let rules: &[&str] = match mark.access {
            Access::Hidden => &["deny file-read* file-write*"],
            // Above it may be something that is written.
            Access::Readable => &["allow file-read*", "deny file-write*"],
            Access::Writable => &["allow file-read* file-write*"],
        };
        for rule in rules {
            let _ = writeln!(text, "({rule} (subpath \"{path}\"))");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jail::policy::Mark;

    #[test]
    fn marks_become_rules_of_which_the_last_counts() {
        let policy = Policy::new([
            Mark::new("/s/t \"x\"", Access::Writable),
            Mark::new("/s/t \"x\"/y", Access::Readable),
            Mark::new("/s", Access::Hidden),
        ]);
        let words = arguments(&policy);
        let text = words[1].to_str().expect("text");
        let rules: Vec<&str> = text.lines().skip(5).collect();
        assert_eq!(
            rules,
            [
                r#"(deny file-read* file-write* (subpath "/s"))"#,
                r#"(allow file-read* file-write* (subpath "/s/t \"x\""))"#,
                r#"(allow file-read* (subpath "/s/t \"x\"/y"))"#,
                r#"(deny file-write* (subpath "/s/t \"x\"/y"))"#,
            ]
        );
    }
}
