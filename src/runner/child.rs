//! Claude Code while it runs: its streams are read, its clocks are kept, and its end is brought about.
//!
//! One thread, one `poll`: standard output, standard error, the program's pidfd and our signals,
//! with the nearest deadline as the time-out. What can be read is read before a clock is judged, so
//! a machine that was busy or asleep does not cost an answer that has arrived.

mod clocks;
mod exit;
mod stderr;
mod streams;

use std::io;
use std::os::fd::OwnedFd;
use std::process::Child;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::SIGTERM;

use clocks::{Clocks, KILL_AGAIN_MS, LINGER_MS, PROGRESS_EVERY_MS, passed};
pub(super) use stderr::StderrLog;
use streams::{Lines, Pipe, read_pipe};

use super::clock::Clock;
use super::identity;
use super::kernel::Handle;
use super::signals::{Order, Signals};
use super::stop;
use super::transcript::{self, Transcript};
use super::watch::{self, CancelWatch};
use crate::consult::claude::outcome::{Exit, Stop};
use crate::consult::claude::stream::{Live, Stream};
use crate::consult::request::Request;
use crate::journal::place::State;

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
    /// The child is bubblewrap, and Claude Code is inside of it.
    pub(super) in_bwrap: bool,
    /// Called with the live numbers, at most every ten seconds and only when they changed.
    pub(super) on_progress: &'a dyn Fn(&Live),
}

/// Attends to Claude Code until it and everything below it is gone.
pub(super) fn attend(
    mut child: Child,
    surroundings: Surroundings<'_>,
    signals: &mut Signals,
) -> io::Result<Finished> {
    let handle = Handle::of_child(&child)?;
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
    handle: Handle,
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
        let streams = [&self.stdout, &self.stderr].into_iter().flatten();
        fds.extend(streams.map(|stream| PollFd::new(stream, PollFlags::IN)));
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

    fn hear(&mut self, signals: &mut Signals) {
        let Some(order) = signals.take() else { return };
        if self.stop.is_none() {
            let asked = self.surroundings.cancel.requested(self.surroundings.state);
            self.end(if asked { Stop::Cancelled } else { Stop::Interrupted { signal: SIGTERM } });
        }
        if order == Order::EndNow {
            self.clocks.kill_at = Some(self.now());
        }
    }

    fn end(&mut self, reason: Stop) {
        self.stop.get_or_insert(reason);
        self.terminate();
    }

    /// Asks Claude Code to end, once; after the grace it is killed.
    fn terminate(&mut self) {
        if self.clocks.kill_at.is_none() {
            // While nobody is inside yet, bubblewrap itself may go.
            if !self.surroundings.in_bwrap || stop::terminate_inside(&self.child) == 0 {
                identity::terminate_group(&self.child);
            }
            self.clocks.kill_at = Some(self.now() + self.surroundings.request.grace_ms);
        }
    }

    fn note_exit(&mut self) {
        if self.exit.is_none()
            && let Ok(Some(status)) = self.child.try_wait()
        {
            let dismissed = self.stop.is_none() && self.clocks.kill_at.is_some();
            let exit = exit::of(status, self.surroundings.in_bwrap);
            self.exit = Some(if dismissed { Exit::Dismissed } else { exit });
            // Below a wrapper that was told to end, Claude Code may still be saying its last.
            let linger_at = self.now() + LINGER_MS;
            self.clocks.linger_at =
                Some(self.clocks.kill_at.map_or(linger_at, |at| at.max(linger_at)));
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
        self.surroundings.transcript.finish();
        self.surroundings.stderr_log.finish();
        Finished {
            stream: self.stream,
            exit: self.exit.unwrap_or(Exit::Unknown),
            stop: self.stop,
            stderr_tail: self.surroundings.stderr_log.tail(),
        }
    }
}
