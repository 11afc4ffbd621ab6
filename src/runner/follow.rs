//! Following a live job by its transcript: the numbers that a person wants to see while waiting.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::time::{Duration, SystemTime};

use crate::consult::claude::stream::{Live, Stream};
use crate::job::id::JobId;
use crate::journal::place::{State, open_private};

/// A view of a running consult that catches up at every look.
pub(crate) struct Follower {
    state: State,
    job: JobId,
    file: Option<File>,
    offset: u64,
    rest: Vec<u8>,
    stream: Stream,
}

impl Follower {
    pub(crate) fn new(state: &State, job: JobId) -> Self {
        let (state, stream) = (state.clone(), Stream::default());
        Self { state, job, file: None, offset: 0, rest: Vec::new(), stream }
    }

    /// Reads what was written since the last look.
    pub(crate) fn look(&mut self) -> &Live {
        if self.file.is_none() {
            let mut options = OpenOptions::new();
            options.read(true);
            self.file = open_private(&self.state.transcript(self.job), &options).ok();
        }
        let mut buffer = vec![0; 64 << 10];
        while let Some(length) = self.read(&mut buffer) {
            self.offset += length as u64;
            self.rest.extend_from_slice(&buffer[..length]);
        }
        if let Some(end) = self.rest.iter().rposition(|&byte| byte == b'\n') {
            let rest = self.rest.split_off(end + 1);
            for line in std::mem::replace(&mut self.rest, rest).split(|&byte| byte == b'\n') {
                self.stream.line(line);
            }
        }
        self.stream.live()
    }

    fn read(&self, buffer: &mut [u8]) -> Option<usize> {
        let length = self.file.as_ref()?.read_at(buffer, self.offset).ok()?;
        (length > 0).then_some(length)
    }

    /// How long the runner has heard nothing; the transcript's time is its sign of life.
    pub(crate) fn silent_for(&self, now: SystemTime) -> Option<Duration> {
        let heard = self.file.as_ref()?.metadata().ok()?.modified().ok()?;
        now.duration_since(heard).ok()
    }
}
