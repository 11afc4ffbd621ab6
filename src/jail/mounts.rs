//! The view that bubblewrap gives of the file system: all of it, read-only, with empty places over
//! what is hidden, and holes in both for what may be written. Pure: paths into arguments.

use std::ffi::OsString;
use std::path::Path;

use super::policy::{Access, Policy};
use super::secrets;

/// Namespaces of its own: nothing inside outlives the one who started it, and no number of a process
/// or of shared memory outside means anything.
pub(super) const NAMESPACES: [&str; 3] = ["--die-with-parent", "--unshare-pid", "--unshare-ipc"];

/// Fresh devices and processes, after the root was bound.
pub(super) const DEVICES: [&str; 4] = ["--dev", "/dev", "--proc", "/proc"];

/// bubblewrap's arguments up to the `--`. `is_directory` tells a directory from a file.
pub(super) fn arguments(policy: &Policy, is_directory: impl Fn(&Path) -> bool) -> Vec<OsString> {
    let mut words: Vec<OsString> = NAMESPACES.iter().map(OsString::from).collect();
    words.extend(["--ro-bind", "/", "/"].iter().map(OsString::from));
    words.extend(DEVICES.iter().map(OsString::from));
    for mark in policy.steps().filter(|mark| !is_fresh(&mark.path)) {
        let path = mark.path.as_os_str();
        let step: Vec<&std::ffi::OsStr> = match (mark.access, is_directory(&mark.path)) {
            (Access::Hidden, true) => vec!["--tmpfs".as_ref(), path],
            (Access::Hidden, false) => vec!["--ro-bind".as_ref(), "/dev/null".as_ref(), path],
            (Access::Readable, _) => vec!["--ro-bind".as_ref(), path, path],
            (Access::Writable, _) => vec!["--bind".as_ref(), path, path],
        };
        words.extend(step.into_iter().map(OsString::from));
    }
    for cover in &policy.covers {
        words.extend(["--bind".into(), cover.with.clone().into(), cover.place.clone().into()]);
    }
    // Only now: the places that are put back in them had to be made.
    let empty =
        policy.steps().filter(|mark| mark.access == Access::Hidden && is_directory(&mark.path));
    for mark in empty.filter(|mark| !is_fresh(&mark.path)) {
        words.extend(["--remount-ro".into(), mark.path.clone().into_os_string()]);
    }
    if let Some(cwd) = &policy.cwd {
        words.extend(["--chdir".into(), cwd.into()]);
    }
    words
}

/// What `--dev` has made anew. Directories of the host below `/dev`, such as shared memory, are not in
/// it, and are put there where a mark opens them.
fn is_fresh(path: &Path) -> bool {
    path == Path::new("/dev") || secrets::DEVICES.iter().any(|device| Path::new(device) == path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jail::policy::{Cover, Mark};

    #[test]
    fn hidden_places_are_covered_and_what_is_open_in_them_is_put_back() {
        let mut policy = Policy::new([
            Mark::new("/s/jobs/1/tmp", Access::Writable),
            Mark::new("/s", Access::Hidden),
            Mark::new("/etc/shadow", Access::Hidden),
            Mark::new("/dev", Access::Hidden),
            Mark::new("/dev/null", Access::Writable),
            Mark::new("/dev/shm/advised", Access::Readable),
            Mark::new("/dev/shm/advised/state", Access::Hidden),
        ]);
        policy.covers = vec![Cover { place: "/s/home/x".into(), with: "/s/other/x".into() }];
        let words = arguments(&policy, |path| path != Path::new("/etc/shadow"));
        let words: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
        assert_eq!(
            words.join(" "),
            "--die-with-parent --unshare-pid --unshare-ipc --ro-bind / / --dev /dev --proc /proc \
             --ro-bind /dev/shm/advised /dev/shm/advised --tmpfs /dev/shm/advised/state \
             --ro-bind /dev/null /etc/shadow --tmpfs /s --bind /s/jobs/1/tmp /s/jobs/1/tmp \
             --bind /s/other/x /s/home/x \
             --remount-ro /dev/shm/advised/state --remount-ro /s"
        );
    }
}
