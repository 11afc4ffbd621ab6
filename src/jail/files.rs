//! Landlock: the policy as rules of the kernel, for this thread and all that comes from it.
//!
//! Landlock knows no "but not": what lies above something hidden is opened name by name, links left
//! out (what they lead to is opened or closed where it is). A name that appears later beside something
//! hidden is not opened any more. Of a kernel with an older ABI what it has is used.

use std::collections::HashSet;
use std::fs;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, NetPort, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use rustix::fs::{FileType, fstat};

use super::policy::{Access, Policy};
use super::probe::abi_number;
use super::withheld::withheld;

/// The newest rights that this program was made for. `ResolveUnix` of ABI 9 is left to seccomp, which
/// closes the same on every kernel.
const NEWEST: ABI = ABI::V7;

/// Restricts this thread. Returns the ABI that was enforced.
pub(super) fn restrict(policy: &Policy) -> Result<u32, String> {
    if withheld("landlock") || withheld("landlock-in-runner") {
        return Err("withheld by a test".to_owned());
    }
    let rules = ruleset(policy).map_err(|error| error.to_string())?;
    let status = rules.restrict_self().map_err(|error| error.to_string())?;
    match (abi_number(status.landlock), status.ruleset) {
        (Some(abi), RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced) => Ok(abi),
        _ => Err("the kernel does not have it".to_owned()),
    }
}

fn ruleset(policy: &Policy) -> Result<RulesetCreated, RulesetError> {
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .handle_access(AccessNet::BindTcp)?;
    if policy.ports.is_some() {
        rules = rules.handle_access(AccessNet::ConnectTcp)?;
    }
    let mut rules = rules.create()?;
    for port in policy.ports.iter().flatten() {
        rules = rules.add_rule(NetPort::new(*port, AccessNet::ConnectTcp))?;
    }
    let closed = Closed::of(policy);
    for (path, rights) in openings(policy) {
        // What went away meanwhile needs no rule. What is judged is what was opened.
        let Ok(opened) = PathFd::new(&path) else { continue };
        let directory = identity(&opened);
        if rights != AccessFs::ReadDir && directory.is_some_and(|it| closed.contains(it)) {
            continue;
        }
        let rights =
            if directory.is_some() { rights } else { rights & AccessFs::from_file(NEWEST) };
        rules = rules.add_rule(PathBeneath::new(opened, rights))?;
    }
    Ok(rules)
}

type Opening = (PathBuf, BitFlags<AccessFs>);

/// What is opened, with the rights there and below.
fn openings(policy: &Policy) -> Vec<Opening> {
    let mut found = Vec::new();
    open(policy, Path::new("/"), &mut found);
    // Below something hidden nothing is listed: there only what is marked is opened.
    for mark in policy.steps().filter(|mark| mark.access != Access::Hidden) {
        if mark.path.parent().is_some_and(|above| policy.access(above) == Access::Hidden) {
            open(policy, &mark.path, &mut found);
        }
    }
    found
}

fn open(policy: &Policy, path: &Path, found: &mut Vec<Opening>) {
    let rights = match policy.access(path) {
        Access::Hidden => return,
        Access::Readable => AccessFs::from_read(NEWEST),
        Access::Writable => writing(),
    };
    if !policy.hides_below(path) {
        found.push((path.to_owned(), rights));
        let below = policy.marks().iter().filter(|mark| mark.path.starts_with(path));
        let writable = below.filter(|mark| mark.access == Access::Writable);
        found.extend(writable.map(|mark| (mark.path.clone(), writing())));
        return;
    }
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| !kind.is_symlink()) {
            open(policy, &entry.path(), found);
        }
    }
    if policy.lists(path) {
        found.push((path.to_owned(), AccessFs::ReadDir.into()));
    }
}

/// The directories that are never opened whole, because something hidden is in them, by what they are:
/// a rule is about a directory and not about its name, and one may have a second name that hides
/// nothing. In a chroot the root itself may be among the names in /tmp.
struct Closed(HashSet<Identity>);

/// Device and inode.
type Identity = (u64, u64);

impl Closed {
    fn of(policy: &Policy) -> Self {
        let hidden = policy.marks().iter().filter(|mark| mark.access == Access::Hidden);
        let opened = hidden.flat_map(|mark| mark.path.ancestors()).flat_map(PathFd::new);
        Self(opened.filter_map(identity).collect())
    }

    fn contains(&self, directory: Identity) -> bool {
        self.0.contains(&directory)
    }
}

/// Directories only: behind mounts every closed file is `/dev/null`.
fn identity(opened: impl AsFd) -> Option<Identity> {
    let stat = fstat(opened).ok()?;
    let is_directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
    is_directory.then_some((stat.st_dev, stat.st_ino))
}

/// No devices are made, not even by root.
fn writing() -> BitFlags<AccessFs> {
    AccessFs::from_all(NEWEST) & !(AccessFs::MakeChar | AccessFs::MakeBlock)
}

#[cfg(test)]
mod tests {
    use super::super::policy::Mark;
    use super::*;

    #[test]
    fn what_hides_something_is_closed_under_every_name() {
        let home = tempfile::tempdir().expect("made");
        let secret = home.path().join("secret");
        fs::create_dir(&secret).expect("made");
        fs::create_dir(home.path().join("open")).expect("made");
        let closed = Closed::of(&Policy::new(vec![Mark::new(secret, Access::Hidden)]));
        // Another name of the root, as a chroot's may have one below /tmp.
        let contains = |path: &Path| {
            identity(PathFd::new(path).expect("opens")).is_some_and(|it| closed.contains(it))
        };
        for name in ["/", "/proc/self/root", "/proc/self/root/tmp/.."] {
            assert!(contains(Path::new(name)), "{name}");
        }
        assert!(contains(home.path()) && contains(&home.path().join("secret/")));
        assert!(!contains(&home.path().join("open")));
    }
}
