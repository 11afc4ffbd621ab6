//! The watch over what ends a server while everything else is busy: signals, and a client that has
//! closed its end while what it sent is still waiting to be taken.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::end::End;
use super::transport::Input;
use crate::runner::signals::Heard;

/// A running watch. It stops when it is dropped.
pub(super) struct Alarm {
    _stop: UnixStream,
}

/// What has happened.
enum Event {
    Signal,
    HungUp,
    Stopped,
}

impl Alarm {
    /// Starts to watch.
    pub(super) fn set(end: &End, input: &Arc<Input>) -> io::Result<Self> {
        let heard = Heard::listen(&[SIGINT, SIGTERM, SIGHUP]).map_err(io::Error::other)?;
        let (stop, stopped) = UnixStream::pair()?;
        let (end, input) = (end.clone(), Arc::clone(input));
        thread::Builder::new().name("mcp-alarm".to_owned()).spawn(move || {
            let mut is_open = true;
            loop {
                match next(&heard, &stopped, is_open) {
                    Event::Stopped => return,
                    Event::HungUp => {
                        is_open = false;
                        end.leave();
                    }
                    Event::Signal => {
                        end.now();
                        input.stop();
                        return;
                    }
                }
            }
        })?;
        Ok(Self { _stop: stop })
    }
}

/// What tells that the other end was closed. macOS has no such event: HUP comes when it has, which is
/// told without being asked for; UNTESTED.
#[cfg(target_os = "linux")]
const CLOSED: PollFlags = PollFlags::RDHUP;
#[cfg(target_os = "macos")]
const CLOSED: PollFlags = PollFlags::empty();

/// Waits for the next event. A hang-up is told by the kernel also while there is something to read;
/// it would be told again and again, so after the first time nobody asks for it.
fn next(heard: &Heard, stopped: &UnixStream, is_open: bool) -> Event {
    let stdin = io::stdin();
    let mut fds = vec![PollFd::new(heard, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
    if is_open {
        fds.push(PollFd::new(&stdin, CLOSED));
    }
    loop {
        if poll(&mut fds, None).is_err() {
            continue;
        }
        let happened = |fd: &PollFd<'_>| !fd.revents().is_empty();
        match fds.iter().position(happened) {
            Some(0) => return Event::Signal,
            Some(1) => return Event::Stopped,
            Some(_) => return Event::HungUp,
            None => {}
        }
    }
}
