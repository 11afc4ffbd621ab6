//! What the runner asks of its kernel: macOS's answers, under the names of `linux.rs`.
//!
//! UNTESTED: type-checked only, it never ran on a Mac. It is a plain subset. Orphans do not come to the
//! runner, nothing ends with its parent by itself, no limit marks a job's processes, and what the
//! caller ignored of signals is not known. So what has left a dead runner's tree is found by its
//! environment alone, where the system shows that.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::event::{EvFlags, EventFilter, FilterFlag, KEvent, Kqueue};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{AtFlags, Mode, OFlags, chmodat, openat, statat};
use rustix::io::{Errno, FdFlags};
use rustix::path::Arg;
use rustix::process::{Pid, Signal, kill_process};

use super::ps::{self, Row};

/// A process, and none that has its pid later: a queue of the kernel's that tells its end. Readable
/// once it has ended. UNTESTED.
#[derive(Debug)]
pub(crate) struct Handle {
    pid: Pid,
    end: OwnedFd,
}

impl Handle {
    /// # Errors
    /// When there is no such process, or no descriptor left.
    pub(crate) fn open(pid: Pid) -> io::Result<Self> {
        let number = usize::try_from(pid.as_raw_nonzero().get()).map_err(io::Error::other)?;
        let (what, how) = (EventFilter::EVFILT_PROC, EvFlags::EV_ADD);
        let end = KEvent::new(number, what, how, FilterFlag::NOTE_EXIT, 0, 0);
        let queue = Kqueue::new()?;
        queue.kevent(&[end], &mut [], None)?;
        Ok(Self { pid, end: queue.into() })
    }

    /// The same for a child of ours. One that has ended cannot be watched any more; a pipe that nobody
    /// writes to is as readable.
    pub(crate) fn of_child(child: &Child) -> io::Result<Self> {
        let pid = Pid::from_child(child);
        match Self::open(pid) {
            Err(error) if error.raw_os_error() == Some(Errno::SRCH.raw_os_error()) => {
                let (end, _) = io::pipe()?;
                Ok(Self { pid, end: end.into() })
            }
            opened => opened,
        }
    }

    /// Between the look and the signal the process could end, be reaped, and another get its pid:
    /// macOS has no call that closes this gap.
    pub(crate) fn signal(&self, signal: Signal) -> rustix::io::Result<()> {
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        match poll(&mut [PollFd::new(&self.end, PollFlags::IN)], Some(&at_once)) {
            Ok(0) => kill_process(self.pid, signal),
            _ => Err(Errno::SRCH),
        }
    }
}

impl AsFd for Handle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.end.as_fd()
    }
}

/// What a process is doing, and since when it is there.
pub(super) struct Stat {
    pub(super) state: char,
    /// The second of the start (see [`Row`]).
    pub(super) start_time: u64,
}

impl Stat {
    /// UNTESTED.
    pub(super) fn read(pid: u32) -> Option<Self> {
        let row = rows(&["-p", &pid.to_string()]).pop()?;
        Some(Self { state: row.state, start_time: row.start_time })
    }
}

/// The words that a process was started with; none where that cannot be read. UNTESTED: words with
/// blanks in them come apart.
pub(super) fn command_line(pid: u32) -> Vec<String> {
    let row = rows(&["-p", &pid.to_string()]).pop();
    row.map(|row| row.words).unwrap_or_default()
}

/// The children of a process. UNTESTED.
pub(super) fn children(parent: Pid) -> Vec<Pid> {
    let parent = parent.as_raw_nonzero().get();
    let below = rows(&["-ax"]).into_iter().filter(|row| row.parent == parent);
    below.filter_map(|row| Pid::from_raw(row.pid)).collect()
}

/// Processes of which some may have this variable, `NAME=value`. UNTESTED.
pub(super) fn suspects(variable: &str) -> Vec<Pid> {
    let rows = rows(&["-axE"]).into_iter().filter(|row| row.has_word(variable));
    rows.filter_map(|row| Pid::from_raw(row.pid)).collect()
}

/// Whether a process was started with this variable, `NAME=value`. UNTESTED: of programs of the system
/// it is not told, and a word of the command line looks the same.
pub(super) fn has_variable(pid: Pid, variable: &str) -> bool {
    let pid = pid.as_raw_nonzero().to_string();
    rows(&["-E", "-p", &pid]).iter().any(|row| row.has_word(variable))
}

/// What `ps` says, without its own row. UNTESTED.
fn rows(which: &[&str]) -> Vec<Row> {
    let mut command = Command::new("/bin/ps");
    command.args(which).args(ps::FORMAT).env("LC_ALL", "C").env("TZ", "UTC0");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let Ok(child) = command.spawn() else { return Vec::new() };
    let own = i64::from(child.id());
    let Ok(output) = child.wait_with_output() else { return Vec::new() };
    let rows = ps::rows(&String::from_utf8_lossy(&output.stdout));
    rows.into_iter().filter(|row| i64::from(row.pid) != own).collect()
}

/// There is nothing like it: orphans go to the first process.
pub(super) fn become_subreaper() {}

/// There is nothing like it: the guard ends what it finds.
pub(super) fn die_with_parent() {}

/// All processes are in the same one.
pub(super) fn pid_namespace() -> String {
    "macos".to_owned()
}

/// Unknown. A start time names its second of the calendar, so another boot is told all the same.
pub(super) fn boot_id() -> String {
    String::new()
}

/// This very program, by its path: after an upgrade that is the new one. Where it cannot be told, what
/// starts it fails. UNTESTED.
pub(super) fn own_program() -> PathBuf {
    std::env::current_exe().unwrap_or_default()
}

/// A path that opens one of our descriptors. UNTESTED.
pub(crate) fn descriptor(number: impl std::fmt::Display) -> PathBuf {
    format!("/dev/fd/{number}").into()
}

/// A file without a name. UNTESTED: nothing bounds how much is written to it.
pub(super) fn bounded_memory(_most: u64) -> io::Result<File> {
    unlinked()
}

/// A file without a name that stays open over exec. UNTESTED.
pub(crate) fn memory_over_exec() -> io::Result<File> {
    let file = unlinked()?;
    rustix::io::fcntl_setfd(&file, FdFlags::empty())?;
    Ok(file)
}

fn unlinked() -> io::Result<File> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("phone-opus-{}-{number}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let file =
        OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// In the place of `mark.rs`: no limit can be a mark here.
pub(super) mod mark {
    use rustix::process::Pid;

    use crate::job::id::JobId;

    pub(in crate::runner) fn put_on(_job: JobId, _depth: u64) {}

    pub(in crate::runner) fn is_on(_pid: Pid, _job: JobId) -> bool {
        false
    }
}

/// Opens a real directory, its owner's rights restored. Between the look and the change another one may
/// come into its place. UNTESTED.
pub(super) fn open_restored(above: impl AsFd, name: impl Arg) -> rustix::io::Result<OwnedFd> {
    let name = name.into_c_str()?;
    let name = name.as_ref();
    let stat = statat(&above, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let mode = Mode::from_raw_mode(stat.st_mode & 0o7777);
    if !mode.contains(Mode::RWXU) {
        chmodat(&above, name, mode | Mode::RWXU, AtFlags::SYMLINK_NOFOLLOW)?;
    }
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::RDONLY;
    openat(&above, name, flags, Mode::empty())
}
