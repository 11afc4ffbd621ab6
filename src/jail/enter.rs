//! Going in: the layers are put on the one who calls, for good, and nothing is passed over. Whoever
//! cannot be jailed as the policy says does not go on.

use std::ffi::OsString;
use std::path::Path;

use rustix::thread::{CapabilitySet, CapabilitySets};

use super::calls::{self, Strictness};
use super::policy::{Policy, Worn};
use super::{files, mounts};

/// Puts Landlock and the filter on this thread, which must be the only one. Within bubblewrap the
/// mounts keep the metadata of files, and the filter leaves those calls alone.
pub(crate) fn enter(policy: &Policy) -> Result<Worn, String> {
    let layers = &policy.layers;
    give_up_privileges();
    let landlock_abi = layers.landlock.then(|| files::restrict(policy)).transpose();
    let landlock_abi = landlock_abi.map_err(|error| format!("Landlock: {error}"))?;
    if layers.seccomp {
        let metadata = layers.bwrap.is_none() && !policy.renews_login;
        let strictness = Strictness { metadata, unix_sockets: !policy.unix_sockets };
        calls::refuse(strictness).map_err(|error| format!("seccomp: {error}"))?;
    }
    if layers.seatbelt {
        return Err("sandbox-exec is not Linux's".to_owned());
    }
    Ok(Worn { landlock_abi, seccomp: layers.seccomp, seatbelt: false })
}

/// Root keeps what lets it read and write as root, and nothing by which it rules the host. A user has
/// nothing to give up.
fn give_up_privileges() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let kept = CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
    for capability in CapabilitySet::all() - kept {
        // Fails for what this kernel does not know.
        let _ = rustix::thread::remove_capability_from_bounding_set(capability);
    }
    let empty = CapabilitySet::empty();
    let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: empty };
    let _ = rustix::thread::set_capabilities(None, sets);
}

/// bubblewrap's arguments for this policy, up to the `--`.
pub(crate) fn bwrap_arguments(policy: &Policy) -> Vec<OsString> {
    mounts::arguments(policy, Path::is_dir)
}
