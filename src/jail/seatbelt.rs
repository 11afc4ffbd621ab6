//! macOS: the same policy in the language of `sandbox-exec`. UNTESTED: nobody has run it on a Mac.
//!
//! There the last rule that fits counts, as here the deepest mark does, so the marks go in in order.

use std::ffi::OsString;
use std::fmt::Write as _;

use super::policy::{Access, Policy};

/// The program, which macOS has had for long and calls deprecated.
#[cfg(target_os = "macos")]
pub(crate) const PROGRAM: &str = "/usr/bin/sandbox-exec";

/// Its arguments, up to the program that goes in.
pub(crate) fn arguments(policy: &Policy) -> Vec<OsString> {
    vec!["-p".into(), profile(policy).into()]
}

fn profile(policy: &Policy) -> String {
    let mut text = "(version 1)\n(allow default)\n(deny file-write*)\n(deny signal)\n\
                    (allow signal (target same-sandbox))\n"
        .to_owned();
    for mark in policy.marks() {
        let path = mark.path.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"");
        let rule = match mark.access {
            Access::Hidden => "(deny file-read* file-write*",
            Access::Readable => "(allow file-read*",
            Access::Writable => "(allow file-read* file-write*",
        };
        let _ = writeln!(text, "{rule} (subpath \"{path}\"))");
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
            Mark::new("/s", Access::Hidden),
        ]);
        let words = arguments(&policy);
        let text = words[1].to_str().expect("text");
        let hidden = text.find("(deny file-read* file-write* (subpath \"/s\"))").expect("hidden");
        let open = text.find(r#"(allow file-read* file-write* (subpath "/s/t \"x\""))"#);
        assert!(open.expect("open") > hidden, "{text}");
    }
}
