//! macOS: the way into sandbox-exec. UNTESTED: type-checked only, it never ran on a Mac.
//!
//! It takes no second step inside: what is enforced is around the program from its start.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::Order;
use crate::jail::policy::{Policy, Worn};
use crate::jail::seatbelt::{PROGRAM, arguments};

/// The program to go through.
pub(super) fn wrapper(policy: &Policy) -> Option<&Path> {
    policy.layers.seatbelt.then_some(Path::new(PROGRAM))
}

/// Becomes sandbox-exec around the call; around an echo of what is worn, for a rehearsal. Returns only
/// when that did not work.
pub(super) fn become_wrapper(wrapper: &Path, policy: &Policy, order: &Order) -> io::Error {
    let mut command = Command::new(wrapper);
    command.args(arguments(policy));
    if order.rehearse {
        let worn = Worn { seatbelt: true, ..Worn::default() };
        return match serde_json::to_string(&worn) {
            Ok(worn) => command.args(["/bin/echo", &worn]).exec(),
            Err(error) => error.into(),
        };
    }
    close_fds::set_fds_cloexec_threadsafe(super::FIRST_OTHER, &[]);
    command.args(&order.call).exec()
}
