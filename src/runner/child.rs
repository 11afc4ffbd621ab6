//! Claude Code while it runs: its streams are read, its clocks are kept, and its end is brought about.
//!
//! One thread, one `poll`: standard output, standard error, the program's pidfd and our signals,
//! with the nearest deadline as the time-out. What can be read is read before a clock is judged, so
//! a machine that was busy or asleep does not cost an answer that has arrived.

use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::Child;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{PidfdFlags, pidfd_open};

use super::clock::Clock;
use super::identity;
use super::signals::Signals;
use super::stop;
use super::transcript::{self, Transcript};
use super::watch::{self, CancelWatch};
use crate::consult::claude::outcome::{Exit, Stop};
use crate::consult::claude::stream::{Line, Live, Stream};
use crate::consult::request::Request;
use crate::journal::place::State;

/// After Claude Code's exit its grandchildren may hold the streams open: never wait for end of file.
const LINGER_MS: u64 = 300;

/// After a result, how long Claude Code may stay without another line.
const AFTER_RESULT_MS: u64 = 30_000;

/// At most one progress event in this time.
const PROGRESS_EVERY_MS: u64 = 10_000;

/// How a run ended.
pub(super) struct Finished {
    pub(super) stream: Stream,
    pub(super) exit: Exit,
    pub(super) stop: Option<Stop>,
    pub(super) stderr_tail: String,
}

/// What the attendant needs of the rest of the room.
pub(super) struct Surroundings<'a> {
    pub(super) state: &'a State,
    pub(super) clock: Clock,
    pub(super) request: &'a Request,
    pub(super) transcript: Transcript,
    pub(super) stderr_log: StderrLog,
    pub(super) cancel: CancelWatch,
    /// Called with the live numbers, at most every ten seconds and only when they changed.
    pub(super) on_progress: &'a dyn Fn(&Live),
}

/// Attends to Claude Code until it and everything below it is gone.
pub(super) fn attend(
    mut child: Child,
    surroundings: Surroundings<'_>,
    signals: &mut Signals,
) -> io::Result<Finished> {
    let handle = pidfd_open(rustix::process::Pid::from_child(&child), PidfdFlags::empty())?;
    let stdout = child.stdout.take().map(OwnedFd::from).map(Pipe::new).transpose()?;
    let stderr = child.stderr.take().map(OwnedFd::from).map(Pipe::new).transpose()?;
    let now = (surroundings.clock.boot_ms)();
    let mut attendant = Attendant {
        clocks: Clocks::start(surroundings.request, now),
        child,
        handle,
        stdout,
        stderr,
        lines: Lines::default(),
        stream: Stream::default(),
        reported: Live::default(),
        exit: None,
        stop: None,
        surroundings,
    };
    attendant.run(signals);
    Ok(attendant.finish())
}

struct Attendant<'a> {
    child: Child,
    handle: OwnedFd,
    stdout: Option<Pipe>,
    stderr: Option<Pipe>,
    lines: Lines,
    stream: Stream,
    /// The numbers as they were last reported.
    reported: Live,
    exit: Option<Exit>,
    stop: Option<Stop>,
    clocks: Clocks,
    surroundings: Surroundings<'a>,
}

impl Attendant<'_> {
    fn run(&mut self, signals: &mut Signals) {
        while !self.is_over() {
            self.wait(signals);
            self.read_streams();
            self.hear(signals);
            self.note_exit();
            self.keep_clocks();
        }
        stop::kill_descendants();
        // What the dead wrote last may still stand in the pipes.
        self.read_streams();
    }

    fn now(&self) -> u64 {
        (self.surroundings.clock.boot_ms)()
    }

    fn is_over(&self) -> bool {
        let streams_closed = self.stdout.is_none() && self.stderr.is_none();
        self.exit.is_some() && (streams_closed || passed(self.clocks.linger_at, self.now()))
    }

    /// Sleeps until something happens or the nearest deadline comes. EINTR is a wake-up like any other.
    fn wait(&self, signals: &Signals) {
        let left = self.clocks.nearest().saturating_sub(self.now());
        let timeout = Timespec::try_from(Duration::from_millis(left)).ok();
        let mut fds = vec![PollFd::new(signals, PollFlags::IN)];
        if self.exit.is_none() {
            fds.push(PollFd::new(&self.handle, PollFlags::IN));
        }
        fds.extend(
            [&self.stdout, &self.stderr]
                .into_iter()
                .flatten()
                .map(|p| PollFd::new(p, PollFlags::IN)),
        );
        let _ = poll(&mut fds, timeout.as_ref());
    }

    fn read_streams(&mut self) {
        let now = self.now();
        let Self { stdout, stderr, lines, stream, clocks, surroundings, .. } = self;
        let transcript = &mut surroundings.transcript;
        read_pipe(stdout, |bytes| {
            lines.feed(bytes, |line| {
                let parsed = stream.line(line);
                transcript.note(line, &parsed);
                clocks.note_line(&parsed, now);
            });
        });
        read_pipe(stderr, |bytes| surroundings.stderr_log.note(bytes));
        if stdout.is_none() {
            // A result without a newline at the very end is a result all the same.
            lines.rest(|line| {
                let parsed = stream.line(line);
                transcript.note(line, &parsed);
            });
            clocks.note_closed(surroundings.request.grace_ms, now);
        }
    }

    /// TERM or INT: ends the run; the second one spares no grace.
    fn hear(&mut self, signals: &mut Signals) {
        for _ in 0..signals.take() {
            if self.clocks.kill_at.is_some() {
                self.clocks.kill_at = Some(self.now());
            } else {
                let asked = self.surroundings.cancel.requested(self.surroundings.state);
                self.end(if asked { Stop::Cancelled } else { Stop::Interrupted { signal: 15 } });
            }
        }
    }

    fn end(&mut self, reason: Stop) {
        self.stop.get_or_insert(reason);
        self.terminate();
    }

    /// Asks Claude Code to end, once; after the grace it is killed.
    fn terminate(&mut self) {
        if self.clocks.kill_at.is_none() {
            let _ = identity::terminate(&self.handle);
            self.clocks.kill_at = Some(self.now() + self.surroundings.request.grace_ms);
        }
    }

    fn note_exit(&mut self) {
        if self.exit.is_none()
            && let Ok(Some(status)) = self.child.try_wait()
        {
            self.exit = Some(match (status.code(), status.signal()) {
                (Some(code), _) => Exit::Code(code),
                (None, Some(signal)) => Exit::Signal(signal),
                (None, None) => Exit::Unknown,
            });
            self.clocks.linger_at = Some(self.now() + LINGER_MS);
        }
    }

    fn keep_clocks(&mut self) {
        let now = self.now();
        self.keep_limits(now);
        if passed(Some(self.clocks.flush_at), now) {
            self.clocks.flush_at = now + transcript::FLUSH_EVERY_MS;
            self.surroundings.transcript.flush();
        }
        if passed(Some(self.clocks.look_at), now) {
            self.clocks.look_at = now + watch::LOOK_EVERY_MS;
            if self.stop.is_none() && self.surroundings.cancel.requested(self.surroundings.state) {
                self.end(Stop::Cancelled);
            }
        }
        if passed(Some(self.clocks.progress_at), now) {
            self.clocks.progress_at = now + PROGRESS_EVERY_MS;
            if *self.stream.live() != self.reported {
                self.reported = self.stream.live().clone();
                (self.surroundings.on_progress)(&self.reported);
            }
        }
    }

    fn keep_limits(&mut self, now: u64) {
        if self.exit.is_some() {
            return;
        }
        let request = self.surroundings.request;
        if passed(self.clocks.kill_at, now) {
            stop::strike_descendants();
            self.clocks.kill_at = Some(now + KILL_AGAIN_MS);
        } else if self.clocks.kill_at.is_some() {
            // Already ending: no other clock matters.
        } else if passed(self.clocks.wall_at, now) {
            self.end(Stop::Timeout { limit_ms: request.timeout_ms.unwrap_or_default() });
        } else if passed(self.clocks.idle_at, now) {
            self.end(Stop::IdleTimeout { limit_ms: request.idle_timeout_ms.unwrap_or_default() });
        } else if passed(self.clocks.closing_at, now) {
            self.terminate();
        }
    }

    fn finish(mut self) -> Finished {
        self.surroundings.transcript.flush();
        Finished {
            stream: self.stream,
            exit: self.exit.unwrap_or(Exit::Unknown),
            stop: self.stop,
            stderr_tail: self.surroundings.stderr_log.tail(),
        }
    }
}

/// A process in an uninterruptible sleep dies late; it is struck again until it does.
const KILL_AGAIN_MS: u64 = 100;

fn passed(deadline: Option<u64>, now: u64) -> bool {
    deadline.is_some_and(|at| at <= now)
}

/// Deadlines, in milliseconds since boot.
struct Clocks {
    wall_at: Option<u64>,
    idle_at: Option<u64>,
    idle_ms: Option<u64>,
    /// Claude Code has said all it will say, and should be gone by then.
    closing_at: Option<u64>,
    kill_at: Option<u64>,
    linger_at: Option<u64>,
    flush_at: u64,
    look_at: u64,
    progress_at: u64,
}

impl Clocks {
    fn start(request: &Request, now: u64) -> Self {
        Self {
            wall_at: request.timeout_ms.map(|limit| now.saturating_add(limit)),
            idle_at: request.idle_timeout_ms.map(|limit| now.saturating_add(limit)),
            idle_ms: request.idle_timeout_ms,
            closing_at: None,
            kill_at: None,
            linger_at: None,
            flush_at: now + transcript::FLUSH_EVERY_MS,
            look_at: now + watch::LOOK_EVERY_MS,
            progress_at: now + PROGRESS_EVERY_MS,
        }
    }

    /// Only a valid line is a sign of life: noise and half lines are not.
    fn note_line(&mut self, line: &Line, now: u64) {
        if matches!(line, Line::Noise) {
            return;
        }
        self.idle_at = self.idle_ms.map(|limit| now.saturating_add(limit));
        if self.closing_at.is_some() || matches!(line, Line::Result) {
            self.closing_at = Some(now + AFTER_RESULT_MS);
        }
    }

    fn note_closed(&mut self, grace_ms: u64, now: u64) {
        let at = now + grace_ms;
        self.closing_at = Some(self.closing_at.map_or(at, |had| had.min(at)));
    }

    /// The next moment to wake at. A deadline that no longer matters must not keep us awake.
    fn nearest(&self) -> u64 {
        let matters = match (self.linger_at, self.kill_at) {
            (Some(linger), _) => Some(linger),
            (None, Some(kill)) => Some(kill),
            (None, None) => {
                [self.wall_at, self.idle_at, self.closing_at].into_iter().flatten().min()
            }
        };
        matters
            .into_iter()
            .chain([self.flush_at, self.look_at, self.progress_at])
            .min()
            .unwrap_or_default()
    }
}

/// Our end of a stream, non-blocking.
struct Pipe(std::fs::File);

impl Pipe {
    fn new(end: OwnedFd) -> io::Result<Self> {
        let flags = rustix::fs::fcntl_getfl(&end)?;
        rustix::fs::fcntl_setfl(&end, flags | rustix::fs::OFlags::NONBLOCK)?;
        Ok(Self(std::fs::File::from(end)))
    }
}

impl AsFd for Pipe {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Reads what is there, a bounded amount so that clocks are kept; closes the pipe at its end.
fn read_pipe(pipe: &mut Option<Pipe>, mut on_bytes: impl FnMut(&[u8])) {
    const READS: usize = 64;
    let mut buffer = [0; 64 << 10];
    for _ in 0..READS {
        let Some(open) = pipe else { return };
        match open.0.read(&mut buffer) {
            Ok(0) => *pipe = None,
            Ok(length) => on_bytes(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            Err(_) => *pipe = None,
        }
    }
}

/// Bytes into lines; empty ones are passed over.
#[derive(Default)]
struct Lines {
    buffer: Vec<u8>,
    /// The line was longer than any real one; the rest of it is dropped.
    overlong: bool,
}

impl Lines {
    /// Longest line that is kept, bytes; a 5 MiB answer came as lines of 5.3 MB.
    const LONGEST: usize = 64 << 20;

    fn feed(&mut self, bytes: &[u8], mut on_line: impl FnMut(&[u8])) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            let Some(end) = piece.strip_suffix(b"\n") else {
                self.keep(piece);
                continue;
            };
            if self.buffer.is_empty() && !self.overlong && !end.is_empty() {
                on_line(end);
            } else {
                self.keep(end);
                self.rest(&mut on_line);
            }
        }
    }

    fn keep(&mut self, piece: &[u8]) {
        self.overlong |= self.buffer.len() + piece.len() > Self::LONGEST;
        if self.overlong {
            self.buffer = Vec::new();
        } else {
            self.buffer.extend_from_slice(piece);
        }
    }

    /// Gives what is left as a line. A buffer that a huge line has grown is given back.
    fn rest(&mut self, mut on_line: impl FnMut(&[u8])) {
        let line = std::mem::take(&mut self.buffer);
        if !std::mem::take(&mut self.overlong) && !line.is_empty() {
            on_line(&line);
        }
    }
}

/// Standard error: its start goes to stderr.log, its end is kept for the failure's detail.
pub(super) struct StderrLog {
    file: Option<std::fs::File>,
    written: usize,
    tail: Vec<u8>,
}

impl StderrLog {
    /// Most bytes of stderr.log.
    const CAP: usize = 1 << 20;
    /// Most bytes kept for the detail.
    const TAIL: usize = 8 << 10;

    pub(super) fn new(file: Option<std::fs::File>) -> Self {
        Self { file, written: 0, tail: Vec::new() }
    }

    fn note(&mut self, bytes: &[u8]) {
        let room = &bytes[..bytes.len().min(Self::CAP - self.written)];
        if let Some(file) = &mut self.file {
            let _ = io::Write::write_all(file, room);
        }
        self.written += room.len();
        self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(Self::TAIL)..]);
        let extra = self.tail.len().saturating_sub(Self::TAIL);
        self.tail.drain(..extra);
    }

    fn tail(&self) -> String {
        String::from_utf8_lossy(&self.tail).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(chunks: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::default();
        let mut seen = Vec::new();
        for chunk in chunks {
            lines.feed(chunk, |line| seen.push(String::from_utf8_lossy(line).into_owned()));
        }
        lines.rest(|line| seen.push(String::from_utf8_lossy(line).into_owned()));
        seen
    }

    #[test]
    fn lines_are_the_same_however_they_were_cut() {
        let whole = lines_of(&[b"one\ntwo\n\nthree"]);
        assert_eq!(whole, ["one", "two", "three"]);
        assert_eq!(lines_of(&[b"o", b"ne\ntw", b"o\n", b"\nthr", b"ee"]), ["one", "two", "three"]);
    }

    #[test]
    fn an_overlong_line_is_dropped_and_the_next_one_read() {
        let mut lines = Lines::default();
        let mut seen = Vec::new();
        for _ in 0..=Lines::LONGEST / (1 << 20) {
            lines.feed(&vec![b'x'; 1 << 20], |_| panic!("no line yet"));
        }
        lines.feed(b"x\nnext\n", |line| seen.push(line.to_vec()));
        assert_eq!(seen, [b"next".to_vec()]);
    }
}
