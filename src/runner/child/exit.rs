//! How a process ended, told through bubblewrap where that is around it.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use crate::consult::claude::outcome::Exit;

pub(super) fn of(status: ExitStatus, in_bwrap: bool) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) if in_bwrap => inner_exit(code),
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Unknown,
    }
}

/// What bubblewrap's exit code says of the program inside: 128 and a signal for one that was killed (and
/// for one that says so itself, which comes to the same).
fn inner_exit(code: i32) -> Exit {
    match code - 128 {
        signal @ 1..=31 => Exit::Signal(signal),
        _ => Exit::Code(code),
    }
}
