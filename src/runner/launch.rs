//! The first stage: starts the guard and exits, so that the guard has no living parent among the
//! caller's processes. And how a submitter starts it.
//!
//! Claude Code, when it is terminated, kills what its tools started by parent links, which setsid
//! does not break: a runner under a live submitter died 3 times of 3, a reparented one never.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

use signal_hook::consts::SIGHUP;

use super::error::Error;
use super::signals::Heard;
use super::stage::{Errand, Inherited, RUN_COMMAND, Stage};
use super::{kernel, mark, pause};
use crate::job::id::JobId;
use crate::journal::place::State;

/// The stage itself.
pub(super) fn run(errand: &Errand, mut inherited: Inherited) -> Result<(), Error> {
    // When the submitter dies, a process group of which a member is stopped gets a hang-up.
    let _heard_and_disregarded = Heard::listen(&[SIGHUP]);
    mark::put_on(errand.job, errand.depth());
    pause::at("launch");
    match inherited.spawn(errand, Stage::Guard) {
        Ok(_guard) => Ok(()),
        Err(source) => {
            inherited.report(&format!("failed cannot start the guard: {source}"));
            Err(Error::Process { doing: "start the guard", source })
        }
    }
}

/// This very program, as the first stage.
pub(super) fn direct(state: &State, job: JobId) -> Command {
    let mut command = Command::new(kernel::own_program());
    dress(&mut command, state, job);
    command
}

/// The same inside a systemd scope of its own, where we live in a service: stopping that service
/// would kill by control group, which no setsid escapes. `None` where we do not.
///
/// `systemd-run --scope` execs, so descriptors pass through; the path is resolved first, because
/// /proc/self would be systemd-run itself.
pub(super) fn scoped(state: &State, job: JobId) -> Option<Command> {
    if !lives_in_service(&fs::read_to_string("/proc/self/cgroup").ok()?) {
        return None;
    }
    let program = fs::read_link(kernel::own_program()).ok().filter(|path| path.exists())?;
    let mut command = Command::new("systemd-run");
    command.args(["--user", "--scope", "--quiet", "--collect", "--"]).arg(program);
    dress(&mut command, state, job);
    Some(command)
}

/// No directory is set, which the stage does by itself: with one, the standard library would fork
/// instead of spawning, and copy this process's memory map first.
fn dress(command: &mut Command, state: &State, job: JobId) {
    let id = job.to_string();
    command
        .args([RUN_COMMAND, &id, "--stage", Stage::Launch.name()])
        .env("PHONE_OPUS_STATE_DIR", state.root())
        .env("PHONE_OPUS_JOB", id)
        // Before the guard has a session of its own, a Ctrl-C at the terminal must not hit it.
        .process_group(0);
}

/// Whether the innermost systemd unit of these control groups is a service.
#[expect(
    clippy::case_sensitive_file_extension_comparisons,
    reason = "unit names are no file names, and systemd minds their case"
)]
fn lives_in_service(cgroups: &str) -> bool {
    cgroups
        .lines()
        .filter_map(|line| line.split_once("0::").or_else(|| line.split_once("name=systemd:")))
        .filter_map(|(_, path)| {
            path.rsplit('/').find(|part| part.ends_with(".service") || part.ends_with(".scope"))
        })
        .any(|unit| unit.ends_with(".service"))
}

#[cfg(test)]
mod tests {
    use super::lives_in_service;

    #[test]
    fn only_the_innermost_unit_counts() {
        let service = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/agent.service\n";
        let terminal = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/term.scope\n";
        let container = "1:name=systemd:/\n0::/\n";
        let below = "0::/system.slice/ci.service/worker/7\n";
        assert!(lives_in_service(service) && lives_in_service(below));
        assert!(!lives_in_service(terminal) && !lives_in_service(container));
    }
}
