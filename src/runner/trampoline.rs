//! The last step before Claude Code: a small program that ties it to the worker's life, then becomes it.
//!
//! It is what `pre_exec` would be, without unsafe code: `phone-opus __exec` sets the parent-death
//! signal, the core limit and the process group, goes into the jail, then execs. PDEATHSIG follows the
//! parent *thread*: the worker has only one.
//!
//! With bubblewrap it runs twice. The first time it looks for its parent (within a pid namespace
//! nobody has one) and becomes bubblewrap, which ends with the worker; the second time, inside, it
//! puts on the rest. It gets there as an open descriptor, because /proc/self/exe would be bubblewrap.
//! So does the program's standard output: bubblewrap holds on to the standard streams, and the end of
//! what is said would not be seen before the end of all.

#[cfg(target_os = "linux")]
mod bwrap;
#[cfg(target_os = "macos")]
mod seatbelt;

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{Mode, OFlags};
use rustix::process::{Resource, Rlimit, getppid, setrlimit};

#[cfg(target_os = "linux")]
use bwrap as wrapping;
#[cfg(target_os = "macos")]
use seatbelt as wrapping;

use super::call::Call;
use super::kernel;
use crate::consult::claude::outcome::Exit;
use crate::jail::enter::enter;
use crate::jail::policy::Policy;

/// The hidden subcommand.
pub(crate) const EXEC_COMMAND: &str = "__exec";

/// Exit code when the program could not become Claude Code, as shells use it.
const CANNOT_EXEC: i32 = 127;

/// First words of what it then says.
const COMPLAINT: &str = "phone-opus: cannot start ";

/// The command that becomes a call, in a process group of its own; behind the policy in the file, if
/// one is named.
pub(super) fn command(call: &Call, jail: Option<&Path>) -> Command {
    let mut command = start(&call.cwd, jail);
    command.arg("--").arg(&call.program).args(&call.arguments);
    for name in &call.environment.remove {
        command.env_remove(name);
    }
    command.envs(call.environment.set.iter().map(|(name, value)| (name, value)));
    command
}

/// The same, which goes in, says what it wears, and ends.
pub(super) fn rehearsal(cwd: &str, jail: &Path) -> Command {
    let mut command = start(cwd, Some(jail));
    command.arg("--rehearse");
    command
}

fn start(cwd: &str, jail: Option<&Path>) -> Command {
    let mut command = Command::new(kernel::own_program());
    command.args([EXEC_COMMAND, "--parent", &std::process::id().to_string()]);
    command.current_dir(cwd).process_group(0);
    if let Some(jail) = jail {
        command.arg("--jail").arg(jail);
    }
    command
}

/// What the hidden command was told.
pub(crate) struct Order {
    /// Pid of the worker, whose life the program shares; `None` inside of bubblewrap.
    pub(crate) parent: Option<u32>,
    /// File with the policy.
    pub(crate) jail: Option<PathBuf>,
    /// What becomes the program's standard output, where that is not ours.
    pub(crate) stdout: Option<PathBuf>,
    /// Only say what is worn.
    pub(crate) rehearse: bool,
    /// The program and its arguments.
    pub(crate) call: Vec<OsString>,
}

/// Becomes the program. Returns whether the order was to rehearse and that went well; after any other
/// return the reason was said, and the caller exits with 127.
pub(crate) fn become_program(order: &Order) -> bool {
    if let Some(parent) = order.parent {
        kernel::die_with_parent();
        // The parent may have died before the line above: then there is nobody to answer to.
        let now = getppid().map(|pid| pid.as_raw_nonzero().get().unsigned_abs());
        if now != Some(parent) {
            return false;
        }
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        let _ = setrlimit(Resource::Core, none);
    } else {
        // A group and a session that exist within the namespace; the worker signals the group.
        let _ = rustix::process::setsid();
    }
    let program = order.call.first().map_or(OsStr::new("nothing"), OsString::as_os_str);
    match go_in(order) {
        Ok(rehearsed) => rehearsed,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{COMPLAINT}{}: {error}", program.to_string_lossy());
            false
        }
    }
}

fn go_in(order: &Order) -> Result<bool, String> {
    let policy = order.jail.as_deref().map(read_policy).transpose()?;
    if let (Some(policy), Some(_)) = (&policy, order.parent)
        && let Some(wrapper) = wrapping::wrapper(policy)
    {
        let error = wrapping::become_wrapper(wrapper, policy, order);
        return Err(format!("{}: {error}", wrapper.display()));
    }
    if let Some(stdout) = &order.stdout {
        let opened = rustix::fs::open(stdout, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty());
        opened.and_then(|opened| rustix::stdio::dup2_stdout(&opened)).map_err(told)?;
    }
    let worn = policy.as_ref().map(enter).transpose()?;
    if order.rehearse {
        let text = serde_json::to_string(&worn).map_err(told)?;
        return writeln!(io::stdout(), "{text}").map(|()| true).map_err(told);
    }
    let [program, arguments @ ..] = order.call.as_slice() else { return Ok(false) };
    // What bubblewrap needed open on the way in.
    close_fds::set_fds_cloexec_threadsafe(FIRST_OTHER, &[]);
    Err(told(Command::new(program).args(arguments).exec()))
}

/// The first descriptor after the standard streams.
const FIRST_OTHER: i32 = 3;

fn read_policy(path: &Path) -> Result<Policy, String> {
    let text = std::fs::read(path).map_err(|error| format!("the jail's policy: {error}"))?;
    serde_json::from_slice(&text).map_err(|error| format!("the jail's policy: {error}"))
}

fn told(error: impl Display) -> String {
    error.to_string()
}

/// What the trampoline said if it was the one that ended.
pub(super) fn complaint(exit: Exit, stderr: &str) -> Option<String> {
    let ours = matches!(exit, Exit::Code(CANNOT_EXEC));
    let line = stderr.lines().find_map(|line| line.strip_prefix(COMPLAINT)).filter(|_| ours)?;
    Some(format!("Claude Code could not be started: {line}"))
}
