//! What the kernel offers to build a jail of. A probe of its own, in this one file, for as long as
//! the program has no jail: then the jail's own probe takes its place.

use std::fs;
use std::path::Path;

use rustix::fs::{Access, access};

use super::finding::{Found, ok, warn};

const CHECK: &str = "kernel";

pub(super) fn look(search_path: &str) -> Vec<Found> {
    let modules = fs::read_to_string("/sys/kernel/security/lsm").ok();
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    vec![judge(modules.as_deref(), &status, bubblewrap(search_path).as_deref())]
}

/// `modules` is the kernel's list of its security modules, where it can be read.
fn judge(modules: Option<&str>, status: &str, bubblewrap: Option<&str>) -> Found {
    let has_landlock =
        modules.map(|modules| modules.trim().split(',').any(|module| module == "landlock"));
    let has_seccomp = status.lines().any(|line| line.starts_with("Seccomp:"));
    let message = format!(
        "Landlock: {}; seccomp: {}; bubblewrap: {}",
        has_landlock.map_or("not told", yes_or_no),
        yes_or_no(has_seccomp),
        bubblewrap.unwrap_or("no")
    );
    if has_landlock == Some(false) || !has_seccomp {
        return warn(CHECK, "features", message)
            .advise("A jail for the adviser needs both: update the kernel, or let it have them.");
    }
    ok(CHECK, "features", message)
}

fn yes_or_no(there: bool) -> &'static str {
    if there { "yes" } else { "no" }
}

fn bubblewrap(search_path: &str) -> Option<String> {
    let places = search_path.split(':').filter(|place| place.starts_with('/'));
    let runs = |file: &Path| file.is_file() && access(file, Access::EXEC_OK).is_ok();
    let found = places.map(|place| Path::new(place).join("bwrap")).find(|file| runs(file))?;
    Some(found.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::doctor::Level;

    #[test]
    fn what_is_missing_is_said_and_what_is_not_told_is_not_guessed() {
        let status = "Name:\tx\nSeccomp:\t0\n";
        for (modules, status, level, message) in [
            (Some("capability,landlock\n"), status, Level::Ok, "Landlock: yes; seccomp: yes"),
            (None, status, Level::Ok, "Landlock: not told; seccomp: yes"),
            (Some("capability,landlockish"), status, Level::Warn, "Landlock: no; seccomp: yes"),
            (None, "", Level::Warn, "Landlock: not told; seccomp: no"),
        ] {
            let found = judge(modules, status, Some("/b/bwrap"));
            assert_eq!(found.finding.message, format!("{message}; bubblewrap: /b/bwrap"));
            assert_eq!(found.finding.level, level);
        }
        assert!(judge(None, status, None).finding.message.ends_with("bubblewrap: no"));
    }
}
