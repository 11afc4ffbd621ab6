//! Signals as bytes on a pipe, so that one `poll` waits for them and for everything else.
//!
//! Handlers, never `SIG_IGN`: an ignored signal stays ignored over exec, and Claude Code would be deaf.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use nix::sys::signal::SigSet;
use signal_hook::consts::{FORBIDDEN, SIGHUP, SIGINT, SIGPIPE, SIGTERM, SIGXFSZ};

use super::error::Error;

/// Counts how often some signals came.
#[derive(Debug)]
pub(crate) struct Heard {
    pipe: UnixStream,
}

impl Heard {
    /// Installs handlers for the rest of the process's life.
    pub(crate) fn listen(signals: &[i32]) -> Result<Self, Error> {
        let pipe = listen(signals)
            .map_err(|source| Error::Process { doing: "listen for signals", source })?;
        Ok(Self { pipe })
    }

    /// The same, but a signal that the caller has set to be ignored stays so: under nohup a hang-up
    /// is not for us, nor is Ctrl-C for what a script has put into the background.
    pub(crate) fn listen_unless_ignored(signals: &[i32]) -> Result<Self, Error> {
        let ignored = ignored();
        let heeded: Vec<i32> =
            signals.iter().copied().filter(|signal| !ignored.contains(signal)).collect();
        Self::listen(&heeded)
    }

    /// How many came since the last look.
    pub(crate) fn take(&mut self) -> usize {
        let mut bytes = [0; 64];
        self.pipe.read(&mut bytes).unwrap_or(0)
    }
}

impl AsFd for Heard {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

fn listen(signals: &[i32]) -> io::Result<UnixStream> {
    let (reader, writer) = UnixStream::pair()?;
    reader.set_nonblocking(true)?;
    for &signal in signals {
        signal_hook::low_level::pipe::register(signal, writer.try_clone()?)?;
    }
    Ok(reader)
}

/// The signals that a runner listens to.
pub(super) struct Signals {
    orders: Heard,
    /// One for every INT among the orders.
    hurries: Heard,
    /// HUP, heard and disregarded: a job outlives its terminal.
    _hangups: Heard,
}

impl Signals {
    pub(super) fn install() -> Result<Self, Error> {
        Ok(Self {
            orders: Heard::listen(&[SIGTERM, SIGINT])?,
            hurries: Heard::listen(&[SIGINT])?,
            _hangups: Heard::listen(&[SIGHUP])?,
        })
    }

    /// The order that has come since the last look, if any.
    pub(super) fn take(&mut self) -> Option<Order> {
        let ordered = self.orders.take() > 0;
        let hurried = self.hurries.take() > 0;
        match (ordered, hurried) {
            (_, true) => Some(Order::EndNow),
            (true, false) => Some(Order::End),
            (false, false) => None,
        }
    }
}

/// What a runner can be told. They differ by signal and not by count: a cancel is seen in the log and
/// heard as a signal, and must not cost the grace by coming twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// TERM: end, with the grace; again and again means the same.
    End,
    /// INT: end without any grace.
    EndNow,
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.orders.as_fd()
    }
}

/// Undoes what the caller did to its own signals: they are inherited over exec, by Claude Code too.
///
/// What was ignored is heard and disregarded (with SIGCHLD ignored the kernel would even hide the
/// ends of children); what was blocked is let through, or a TERM would wait for ever.
pub(super) fn listen_again() {
    for signal in ignored() {
        let _ = signal_hook::flag::register(signal, std::sync::Arc::default());
    }
    let _ = SigSet::empty().thread_set_mask();
}

/// The ignored signals that a handler can be set for. Not SIGPIPE: Rust's runtime ignores that one,
/// and gives it back to every child.
fn ignored() -> Vec<i32> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    (1..=LAST_STANDARD_SIGNAL)
        .filter(|signal| mask & (1 << (signal - 1)) != 0)
        .filter(|signal| *signal != SIGPIPE && !FORBIDDEN.contains(signal))
        .collect()
}

/// Those above are real-time signals, two of which the C library keeps to itself.
const LAST_STANDARD_SIGNAL: i32 = 31;

/// Makes a file-size limit an error like a full disk: the signal's default would kill a writer in
/// the middle of a line.
pub(crate) fn survive_file_size_limit() {
    // Where no handler can be had, the limit kills us, and the next writer seals the torn line.
    let _ = signal_hook::flag::register(SIGXFSZ, std::sync::Arc::default());
}
