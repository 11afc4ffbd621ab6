//! The last step before Claude Code: a small program that ties it to the worker's life, then becomes it.
//!
//! It is what `pre_exec` would be, without unsafe code: `phone-opus __exec` sets the parent-death
//! signal, the core limit and the process group, then execs. The jail is applied here too, once there
//! is one. PDEATHSIG follows the parent *thread*: the worker has only one.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{
    Resource, Rlimit, Signal, getppid, set_parent_process_death_signal, setrlimit,
};

use super::call::Call;
use crate::consult::claude::outcome::Exit;

/// The hidden subcommand.
pub(crate) const EXEC_COMMAND: &str = "__exec";

/// Exit code when the program could not become Claude Code, as shells use it.
const CANNOT_EXEC: i32 = 127;

/// First words of what it then says.
const COMPLAINT: &str = "phone-opus: cannot start ";

/// The command that becomes a call, in a process group of its own.
pub(super) fn command(call: &Call) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command
        .args([EXEC_COMMAND, "--parent", &std::process::id().to_string(), "--"])
        .arg(&call.program)
        .args(&call.arguments)
        .current_dir(&call.cwd)
        .process_group(0);
    for name in &call.environment.remove {
        command.env_remove(name);
    }
    command.envs(call.environment.set.iter().map(|(name, value)| (name, value)));
    command
}

/// Becomes the program. Returns only on failure, after saying why; the caller exits with 127.
pub(crate) fn become_program(parent: u32, call: &[std::ffi::OsString]) {
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    // The parent may have died before the line above: then there is nobody to answer to.
    let alive = getppid().is_some_and(|pid| pid.as_raw_nonzero().get().unsigned_abs() == parent);
    let ([program, arguments @ ..], true) = (call, alive) else { return };
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let _ = setrlimit(Resource::Core, none);
    let error = Command::new(program).args(arguments).exec();
    complain(program, &error);
}

fn complain(program: &std::ffi::OsStr, error: &io::Error) {
    use io::Write;
    let _ = writeln!(io::stderr(), "{COMPLAINT}{}: {error}", program.to_string_lossy());
}

/// What the trampoline said if it was the one that ended.
pub(super) fn complaint(exit: Exit, stderr: &str) -> Option<String> {
    let ours = matches!(exit, Exit::Code(CANNOT_EXEC));
    let line = stderr.lines().find_map(|line| line.strip_prefix(COMPLAINT)).filter(|_| ours)?;
    Some(format!("Claude Code could not be started: {line}"))
}
