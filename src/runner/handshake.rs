//! The submitter's side of the handshake: starts the launch stage with the locks in its hands, and
//! hears whether a runner has taken over.

use std::fs::File;
use std::io::{self, PipeReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How long a runner may take to say that it has taken over; the usual is about 2 ms.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// What came through the handshake pipe.
pub(super) enum Answer {
    Accepted,
    Failed(String),
    /// End of file without a word.
    Silent,
    /// The same, from a first process that itself says it failed: no runner was started.
    NeverRan,
    TimedOut,
}

/// A launch stage that was started, and the pipe it answers through.
pub(super) struct Launched {
    child: Child,
    answers: PipeReader,
}

impl Launched {
    pub(super) fn spawn(
        mut command: Command,
        job_lock: &File,
        session_lock: &File,
    ) -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        let child = command
            .stdin(job_lock.try_clone()?)
            .stdout(Stdio::from(writer))
            .stderr(session_lock.try_clone()?)
            .spawn()?;
        Ok(Self { child, answers: reader })
    }

    /// Waits for the answer and reaps the launch stage, which ends at once by itself.
    pub(super) fn answer(mut self) -> Answer {
        let answer = self.read_answer();
        if matches!(answer, Answer::TimedOut) {
            let _ = self.child.kill();
        }
        let failed =
            self.child.wait().is_ok_and(|status| status.code().is_some_and(|code| code != 0));
        match answer {
            Answer::Silent if failed => Answer::NeverRan,
            answer => answer,
        }
    }

    fn read_answer(&mut self) -> Answer {
        let deadline = Instant::now() + LIMIT;
        let mut text = Vec::new();
        while !text.ends_with(b"\n") {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(timeout) = Timespec::try_from(left) else { return Answer::TimedOut };
            let mut fds = [PollFd::new(&self.answers, PollFlags::IN)];
            match poll(&mut fds, Some(&timeout)) {
                Ok(0) => return Answer::TimedOut,
                Err(rustix::io::Errno::INTR) => continue,
                Err(_) => return Answer::Silent,
                Ok(_) => {}
            }
            let mut bytes = [0; 512];
            match self.answers.read(&mut bytes) {
                Ok(0) => return Answer::Silent,
                Ok(length) => text.extend_from_slice(&bytes[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Answer::Silent,
            }
        }
        let text = String::from_utf8_lossy(&text);
        match text.trim_end().strip_prefix("failed ") {
            Some(reason) => Answer::Failed(reason.to_owned()),
            None => Answer::Accepted,
        }
    }
}
