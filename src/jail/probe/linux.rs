//! Linux: Landlock and seccomp bind one thread for good, so a thread of its own tries them on and ends.
//! bubblewrap is run with the very namespaces that a jail needs; its version is what it then prints.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use landlock::{ABI, Access, AccessFs, LandlockStatus, Ruleset, RulesetAttr};

use super::{Bwrap, Offer};
use crate::jail::calls::{self, Strictness};
use crate::jail::mounts;
use crate::jail::withheld::withheld;

/// Asks kernel and bubblewrap. `path` is where programs are looked for. It takes a few milliseconds.
pub(crate) fn probe(path: &str) -> Offer {
    let (landlock_abi, seccomp) = (landlock_abi(), seccomp());
    Offer { landlock_abi, seccomp, bwrap: bwrap(path), seatbelt: false }
}

fn landlock_abi() -> Option<u32> {
    if withheld("landlock") {
        return None;
    }
    let status = on_a_thread(|| {
        let rules = Ruleset::default().handle_access(AccessFs::from_all(ABI::V1)).ok()?;
        Some(rules.create().ok()?.restrict_self().ok()?.landlock)
    })?;
    abi_number(status)
}

/// The ABI as a number.
pub(in crate::jail) fn abi_number(status: LandlockStatus) -> Option<u32> {
    match status {
        LandlockStatus::Available { effective_abi, .. } => Some(effective_abi as u32),
        _ => None,
    }
}

fn seccomp() -> bool {
    let all = Strictness { metadata: true, unix_sockets: true };
    on_a_thread(move || calls::refuse(all).ok()).is_some()
}

/// What binds a thread binds this one alone.
fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> Option<T> + Send + 'static) -> Option<T> {
    std::thread::spawn(work).join().ok().flatten()
}

fn bwrap(path: &str) -> Bwrap {
    let Some(program) = find_bwrap(path) else { return Bwrap::Missing };
    let output = Command::new(&program)
        .args(mounts::NAMESPACES)
        .args(["--ro-bind", "/", "/"])
        .args(mounts::DEVICES)
        .arg("--")
        .arg(&program)
        .arg("--version")
        .stdin(Stdio::null())
        .output();
    let why = match output {
        Ok(output) if output.status.success() => {
            let said = String::from_utf8_lossy(&output.stdout);
            let version = said.split_whitespace().last().unwrap_or("unknown").to_owned();
            return Bwrap::Works { program, version };
        }
        Ok(output) => first_line(&output.stderr),
        Err(error) => error.to_string(),
    };
    Bwrap::Fails { program, why }
}

fn first_line(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    said.lines()
        .next()
        .unwrap_or("it ended without a word")
        .trim_start_matches("bwrap: ")
        .to_owned()
}

/// A package compiles the path in; everywhere else it is looked for.
fn find_bwrap(path: &str) -> Option<PathBuf> {
    if withheld("bwrap") {
        return None;
    }
    let compiled = option_env!("PHONE_OPUS_BWRAP").map(PathBuf::from);
    let searched = path.split(':').filter(|directory| directory.starts_with('/'));
    let mut places = compiled.into_iter().chain(searched.map(|at| Path::new(at).join("bwrap")));
    places.find(|file| rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok())
}
