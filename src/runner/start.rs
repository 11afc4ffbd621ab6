//! Starting Claude Code: prompt, settings, environment and streams, put together and spawned.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::process::{Child, Stdio};

use super::call::{Setting, call};
use super::program::{self, Program};
use super::stage::Errand;
use super::trampoline;
use super::wall::Wall;
use crate::job::fold::Job;
use crate::journal::place::open_private;

/// Starts Claude Code through the trampoline; on failure says why in one sentence.
pub(super) fn spawn(
    errand: &Errand,
    job: &Job,
    program: &Program,
    wall: &Wall,
) -> Result<Child, String> {
    let prompt = open_prompt(errand, job)
        .map_err(|error| format!("The prompt could not be put on disk: {error}"))?;
    let tmp = errand.state.tmp(errand.job);
    let credential = wall.account.credential.as_ref().map(|(name, value)| (*name, value.as_str()));
    let settings = program::write_carried_settings(&errand.environment, &tmp, credential.is_some())
        .map_err(|error| format!("The settings could not be put on disk: {error}"))?;
    let setting = Setting {
        job: &errand.job.to_string(),
        caller_depth: job.queued.caller.depth,
        tmp: &tmp,
        settings: settings.as_deref(),
        inherited: &errand.environment,
        config_dir: wall.account.config_dir.as_deref(),
        credential,
        source: wall.account.source,
        families: wall.account.families,
        shell: wall.shell,
    };
    let call = call(&job.queued.request, &job.queued.session, program, &setting);
    let mut command = trampoline::command(&call, wall.policy.as_deref());
    command.stdin(prompt).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("The directory {} is not there any more.", call.cwd),
        _ => format!("Claude Code could not be started in {}: {error}", call.cwd),
    })
}

/// The prompt as a file; written again from the log if it is gone.
fn open_prompt(errand: &Errand, job: &Job) -> io::Result<File> {
    let path = errand.state.prompt(errand.job);
    let mut options = OpenOptions::new();
    options.read(true);
    match open_private(&path, &options) {
        Err(error) if error.is_not_found() => {}
        opened => return opened.map_err(io::Error::from),
    }
    if job.queued.prompt_redacted {
        // Another question than was asked is not worth its price.
        return Err(io::Error::other("it was removed, and the log has it redacted"));
    }
    let mut new = OpenOptions::new();
    new.write(true).create_new(true);
    open_private(&path, &new)?.write_all(job.queued.request.effective_prompt().as_bytes())?;
    open_private(&path, &options).map_err(io::Error::from)
}

/// The file that Claude Code's standard error goes to; without one, only the tail is kept.
pub(super) fn open_stderr_log(errand: &Errand) -> Option<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    open_private(&errand.state.stderr_log(errand.job), &options).ok()
}
