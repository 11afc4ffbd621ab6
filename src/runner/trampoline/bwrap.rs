//! Linux: the way into bubblewrap, and of this program behind it.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use rustix::fs::{Mode, OFlags};

use super::{EXEC_COMMAND, Order};
use crate::jail::enter::bwrap_arguments;
use crate::jail::policy::Policy;

/// The program to go through.
pub(super) fn wrapper(policy: &Policy) -> Option<&Path> {
    policy.layers.bwrap.as_deref()
}

/// Becomes bubblewrap around this program. Returns only when that did not work.
pub(super) fn become_wrapper(bwrap: &Path, policy: &Policy, order: &Order) -> io::Error {
    let opened = open_for_exec(Path::new("/proc/self/exe"), OFlags::PATH).and_then(|own| {
        let jail = order.jail.as_deref().unwrap_or(Path::new("/"));
        Ok((own, open_for_exec(jail, OFlags::RDONLY)?))
    });
    let (own, jail) = match opened {
        Ok(opened) => opened,
        Err(error) => return error,
    };
    let by_number = |file: &OwnedFd| format!("/proc/self/fd/{}", file.as_raw_fd());
    let mut command = Command::new(bwrap);
    command.args(bwrap_arguments(policy)).arg("--").arg(by_number(&own));
    command.args([EXEC_COMMAND, "--jail", &by_number(&jail)]);
    if order.rehearse {
        command.arg("--rehearse");
        return command.exec();
    }
    match hide_stdout() {
        Err(error) => error,
        Ok(stdout) => {
            command.args(["--stdout", &by_number(&stdout), "--"]).args(&order.call).exec()
        }
    }
}

/// Our standard output under another number; in its own place is nothing then.
fn hide_stdout() -> io::Result<OwnedFd> {
    let hidden = open_for_exec(Path::new("/proc/self/fd/1"), OFlags::WRONLY)?;
    let null = rustix::fs::open("/dev/null", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdout(&null)?;
    Ok(hidden)
}

/// A descriptor that stays open over exec.
fn open_for_exec(path: &Path, how: OFlags) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, how, Mode::empty())?)
}
