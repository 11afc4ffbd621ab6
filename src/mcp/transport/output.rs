//! The writer: a thread that writes lines to standard output, and the queue in front of it. A short
//! line that the peer has room for is written at once, which saves waking a thread.
//!
//! The queue takes everything, and whoever reads requests looks at [`Output::room`] first: so a peer
//! that does not read its answers is not read either, and memory stays bounded.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::Notify;

/// From how many lines or bytes on nothing more is read.
const LINES_MAX: usize = 64;
const BYTES_MAX: usize = 4 << 20;

/// What a pipe that is ready for writing takes whole, without blocking (POSIX: at least 512; Linux).
const PIPE_BUF: usize = 4096;

/// How long the end waits for a peer to take what is left.
pub(super) const FLUSH_LIMIT: Duration = Duration::from_secs(1);

/// The queue.
pub(crate) struct Output {
    queue: Mutex<Queue>,
    filled: Condvar,
    drained: Notify,
}

#[derive(Default)]
struct Queue {
    lines: VecDeque<Vec<u8>>,
    /// Bytes queued, those being written included.
    bytes: usize,
    /// Lines queued, the one being written included.
    count: usize,
    /// The peer reads no more.
    broken: bool,
    /// Nothing more comes: the writer may go.
    closed: bool,
}

impl Output {
    /// Starts the writer. `on_broken` is called once, when the peer has closed its end.
    pub(crate) fn start(on_broken: impl FnOnce() + Send + 'static) -> io::Result<Arc<Self>> {
        let output = Arc::new(Self {
            queue: Mutex::default(),
            filled: Condvar::new(),
            drained: Notify::new(),
        });
        let writer = Arc::clone(&output);
        thread::Builder::new().name("mcp-output".to_owned()).spawn(move || {
            if writer.write_all().is_err() {
                on_broken();
            }
        })?;
        Ok(output)
    }

    /// Writes a line, newline included, or queues it. Never blocks.
    pub(crate) fn push(&self, mut line: Vec<u8>) {
        let mut queue = self.lock();
        if queue.broken {
            return;
        }
        // Under the lock, so that nothing can come between: with nothing queued the writer sleeps.
        if queue.count == 0 {
            line.drain(..written_at_once(&line));
        }
        if !line.is_empty() {
            queue.bytes += line.len();
            queue.count += 1;
            queue.lines.push_back(line);
            self.filled.notify_one();
        }
    }

    /// Whether everything was written.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().count == 0
    }

    /// Lets the writer go once it has written what is queued.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_one();
    }

    /// Waits until the peer has taken enough.
    pub(crate) async fn room(&self) {
        self.until(|queue| queue.count < LINES_MAX && queue.bytes < BYTES_MAX).await;
    }

    /// Waits until everything is written, for a while.
    pub(super) async fn flush(&self) {
        let _ = tokio::time::timeout(FLUSH_LIMIT, self.until(|queue| queue.count == 0)).await;
    }

    async fn until(&self, holds: impl Fn(&Queue) -> bool) {
        loop {
            let drained = self.drained.notified();
            {
                let queue = self.lock();
                if queue.broken || holds(&queue) {
                    return;
                }
            }
            drained.await;
        }
    }

    /// Until the queue is closed; an error when the peer has closed its end.
    fn write_all(&self) -> io::Result<()> {
        while let Some(line) = self.next() {
            let mut stdout = io::stdout().lock();
            let written = stdout.write_all(&line).and_then(|()| stdout.flush());
            drop(stdout);
            let mut queue = self.lock();
            queue.bytes -= line.len();
            queue.count -= 1;
            if written.is_err() {
                *queue = Queue { broken: true, ..Queue::default() };
            }
            drop(queue);
            self.drained.notify_waiters();
            written?;
        }
        Ok(())
    }

    fn next(&self) -> Option<Vec<u8>> {
        let mut queue = self.lock();
        loop {
            if queue.closed || !queue.lines.is_empty() {
                return queue.lines.pop_front();
            }
            queue = self.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many bytes of a short line went out without waiting. An error counts as none: the writer
/// meets it again, and tells.
fn written_at_once(line: &[u8]) -> usize {
    let stdout = io::stdout();
    let mut fds = [PollFd::new(&stdout, PollFlags::OUT)];
    let now = Timespec::default();
    let is_ready = line.len() <= PIPE_BUF
        && poll(&mut fds, Some(&now)).is_ok()
        && fds[0].revents() == PollFlags::OUT;
    if is_ready { rustix::io::write(&stdout, line).unwrap_or_default() } else { 0 }
}
