//! The reader: a thread that reads standard input, because nothing else can wait for it everywhere
//! (epoll takes no regular file, and a client may hand down one).

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rustix::event::{PollFd, PollFlags, poll};
use tokio::sync::mpsc;

use super::lines::{Line, Lines};

/// Lines that wait to be taken; the rest waits in the pipe.
const LINES_WAITING_MAX: usize = 16;

/// The running reader.
pub(crate) struct Input {
    thread: Mutex<Option<JoinHandle<Rest>>>,
    stop: UnixStream,
}

/// What a reader leaves behind.
pub(crate) enum Rest {
    /// The peer has closed its end.
    Ended,
    /// It was stopped, perhaps within a line.
    Stopped(Lines),
}

impl Input {
    /// Starts to read, on from what an earlier reader left. `on_end` is called once at the end of
    /// input.
    pub(crate) fn start(
        lines: Lines,
        on_end: impl FnOnce() + Send + 'static,
    ) -> io::Result<(Self, mpsc::Receiver<Line>)> {
        let (sender, receiver) = mpsc::channel(LINES_WAITING_MAX);
        let (stop, stopped) = UnixStream::pair()?;
        let thread = thread::Builder::new().name("mcp-input".to_owned()).spawn(move || {
            let rest = read(lines, &sender, &stopped);
            if matches!(rest, Rest::Ended) {
                on_end();
            }
            rest
        })?;
        Ok((Self { thread: Mutex::new(Some(thread)), stop }, receiver))
    }

    /// Asks the reader to stop between two reads: the lines it has read come still, then the end.
    pub(crate) fn stop(&self) {
        let _ = self.stop.shutdown(std::net::Shutdown::Both);
    }

    /// What it left, told once. Only for a reader that was stopped or is at its end: waits for it.
    pub(crate) fn rest(&self) -> Rest {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        thread.and_then(|thread| thread.join().ok()).unwrap_or(Rest::Ended)
    }
}

fn read(mut lines: Lines, sender: &mpsc::Sender<Line>, stopped: &UnixStream) -> Rest {
    // Straight from the descriptor: what a buffer of the standard library holds could not be handed
    // on to another process.
    let stdin = io::stdin();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match wait(stopped) {
            Ready::Input => {}
            Ready::Stop => return Rest::Stopped(lines),
        }
        let length = match rustix::io::read(&stdin, &mut *buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => continue,
            Err(_) => break,
        };
        lines.feed(&buffer[..length], |line| {
            let _ = sender.blocking_send(line);
        });
    }
    if let Some(line) = lines.end() {
        let _ = sender.blocking_send(line);
    }
    Rest::Ended
}

enum Ready {
    Input,
    Stop,
}

fn wait(stopped: &UnixStream) -> Ready {
    let stdin = io::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
    loop {
        match poll(&mut fds, None) {
            Err(rustix::io::Errno::INTR) => {}
            _ if !fds[1].revents().is_empty() => return Ready::Stop,
            _ => return Ready::Input,
        }
    }
}
