//! Signals as bytes on a pipe, so that one `poll` waits for them and for everything else.
//!
//! Handlers, never SIG_IGN: an ignored signal stays ignored over exec, and Claude Code would be deaf.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};

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
    /// INT and TERM: an order to end.
    orders: Heard,
    /// HUP, heard and disregarded: a job outlives its terminal.
    _hangups: Heard,
}

impl Signals {
    pub(super) fn install() -> Result<Self, Error> {
        Ok(Self { orders: Heard::listen(&[SIGINT, SIGTERM])?, _hangups: Heard::listen(&[SIGHUP])? })
    }

    /// How many orders to end have come since the last look.
    pub(super) fn take(&mut self) -> usize {
        self.orders.take()
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.orders.as_fd()
    }
}

/// Makes a file-size limit an error like a full disk: the signal's default would kill a writer in
/// the middle of a line.
pub(crate) fn survive_file_size_limit() {
    // Where no handler can be had, the limit kills us, and the next writer seals the torn line.
    let _ = signal_hook::flag::register(SIGXFSZ, std::sync::Arc::default());
}
