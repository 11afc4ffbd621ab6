//! What the runner asks of its kernel: Linux's answers. `macos.rs` has the same names, and
//! `super::kernel` is the one of the two that this was built for.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::process::Child;

use rustix::fs::{MemfdFlags, Mode, OFlags, SealFlags, chmod, fstat, openat};
use rustix::path::Arg;
use rustix::process::{
    Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal, set_child_subreaper,
    set_parent_process_death_signal,
};

/// A process, and none that has its pid later. Readable once it has ended.
#[derive(Debug)]
pub(crate) struct Handle(OwnedFd);

impl Handle {
    /// # Errors
    /// When there is no such process, or no descriptor left.
    pub(crate) fn open(pid: Pid) -> io::Result<Self> {
        Ok(Self(pidfd_open(pid, PidfdFlags::empty())?))
    }

    /// The same for a child of ours, which may have ended.
    pub(crate) fn of_child(child: &Child) -> io::Result<Self> {
        Self::open(Pid::from_child(child))
    }

    pub(crate) fn signal(&self, signal: Signal) -> rustix::io::Result<()> {
        pidfd_send_signal(&self.0, signal)
    }
}

impl AsFd for Handle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// What a process is doing, and since when it is there.
pub(super) struct Stat {
    pub(super) state: char,
    /// Clock ticks from boot to the start.
    pub(super) start_time: u64,
}

impl Stat {
    /// `/proc/PID/stat`: the state, and field 22. The command name stands in parentheses and may hold
    /// anything, so fields count from the last one.
    pub(super) fn read(pid: u32) -> Option<Self> {
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        let after_name = stat.iter().rposition(|&byte| byte == b')')? + 1;
        let text = std::str::from_utf8(&stat[after_name..]).ok()?;
        let mut fields = text.split_ascii_whitespace();
        let state = fields.next()?.chars().next()?;
        let start_time = fields.nth(18)?.parse().ok()?;
        Some(Self { state, start_time })
    }
}

/// The words that a process was started with; none where that cannot be read.
pub(super) fn command_line(pid: u32) -> Vec<String> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = line.split(|&byte| byte == 0);
    words.map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// The children of a process, its threads' among them.
pub(super) fn children(parent: Pid) -> Vec<Pid> {
    let Ok(threads) = fs::read_dir(format!("/proc/{}/task", parent.as_raw_nonzero())) else {
        return Vec::new();
    };
    threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|line| line.split_ascii_whitespace().filter_map(to_pid).collect::<Vec<_>>())
        .collect()
}

/// Processes of which some may have this variable, `NAME=value`: all there are.
pub(super) fn suspects(_variable: &str) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(|entry| to_pid(entry.file_name().to_str()?)).collect()
}

/// Whether a process was started with this variable, `NAME=value`.
pub(super) fn has_variable(pid: Pid, variable: &str) -> bool {
    fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).is_ok_and(|environment| {
        environment.split(|&byte| byte == 0).any(|found| found == variable.as_bytes())
    })
}

fn to_pid(text: &str) -> Option<Pid> {
    Pid::from_raw(text.parse().ok()?)
}

/// Orphans below this process become its children.
pub(super) fn become_subreaper() {
    // Fails on no kernel since 3.4; without it the walk finds less, which is no reason to refuse.
    let _ = set_child_subreaper(Some(getpid()));
}

/// When the thread that started this process ends, so does this process.
pub(super) fn die_with_parent() {
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
}

/// The pid namespace of this process, as the kernel names it; empty where that cannot be read.
pub(super) fn pid_namespace() -> String {
    fs::read_link("/proc/self/ns/pid")
        .map(|link| link.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The id of this boot; empty where that cannot be read.
pub(super) fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|id| id.trim().to_owned())
        .unwrap_or_default()
}

/// This very program: the path names it also after an upgrade has replaced the file, where
/// `current_exe` says "(deleted)".
pub(super) fn own_program() -> PathBuf {
    "/proc/self/exe".into()
}

/// A path that opens one of our descriptors.
pub(crate) fn descriptor(number: impl std::fmt::Display) -> PathBuf {
    format!("/proc/self/fd/{number}").into()
}

/// A file in memory that takes so many bytes and no more.
pub(super) fn bounded_memory(most: u64) -> io::Result<File> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let file = File::from(rustix::fs::memfd_create("probe", flags)?);
    file.set_len(most)?;
    rustix::fs::fcntl_add_seals(&file, SealFlags::GROW | SealFlags::SHRINK)?;
    Ok(file)
}

/// A file in memory that stays open over exec.
pub(crate) fn memory_over_exec() -> io::Result<File> {
    Ok(File::from(rustix::fs::memfd_create("phone-opus-mcp", MemfdFlags::empty())?))
}

/// Opens a real directory, its owner's rights restored.
pub(super) fn open_restored(above: impl AsFd, name: impl Arg) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    let handle = openat(above, name, flags | OFlags::NOFOLLOW | OFlags::PATH, Mode::empty())?;
    let mode = Mode::from_raw_mode(fstat(&handle)?.st_mode & 0o7777);
    if !mode.contains(Mode::RWXU) {
        // A handle cannot be given to fchmod; this link leads to the very thing that it holds.
        chmod(format!("/proc/self/fd/{}", handle.as_raw_fd()), mode | Mode::RWXU)?;
    }
    openat(&handle, c".", flags | OFlags::RDONLY, Mode::empty())
}
