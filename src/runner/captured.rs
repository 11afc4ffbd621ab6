//! A short run of a program, and what it said: bounded in time and in size.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, kill_process_group};

use super::kernel::{self, Handle};

/// What a program said that was run to its end.
pub(super) struct Output {
    pub(super) succeeded: bool,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Runs a command, which leads a process group of its own, within a time limit. The output goes to
/// memory and not through pipes, so nothing can block.
pub(super) fn output_in_time(command: &mut Command) -> Option<Output> {
    let (stdout, stderr) = (memory()?, memory()?);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(stdout.try_clone().ok()?)
        .stderr(stderr.try_clone().ok()?)
        .spawn()
        .ok()?;
    let ended = ends_in_time(&child);
    // What it has started goes too. Until it is reaped its group cannot be anybody else's.
    let _ = kill_process_group(rustix::process::Pid::from_child(&child), Signal::KILL);
    let status = child.wait().ok()?;
    if !ended {
        return None;
    }
    let (stdout, stderr) = (written(stdout)?, written(stderr)?);
    Some(Output { succeeded: status.success(), stdout, stderr })
}

/// The position is shared with the program: it stands where the output ends.
fn written(mut output: File) -> Option<String> {
    let length = output.stream_position().ok()?;
    output.seek(SeekFrom::Start(0)).ok()?;
    let mut text = Vec::new();
    output.take(length).read_to_end(&mut text).ok()?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// A file in memory that takes so much and no more.
fn memory() -> Option<File> {
    const MOST: u64 = 1 << 20;
    kernel::bounded_memory(MOST).ok()
}

fn ends_in_time(child: &Child) -> bool {
    const LIMIT: Duration = Duration::from_secs(10);
    let deadline = Instant::now() + LIMIT;
    let Ok(handle) = Handle::of_child(child) else { return false };
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).ok();
        match poll(&mut [PollFd::new(&handle, PollFlags::IN)], timeout.as_ref()) {
            Err(rustix::io::Errno::INTR) => {}
            ended => return ended == Ok(1),
        }
    }
}
