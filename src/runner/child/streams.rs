//! A stream's bytes, without blocking, and the lines in them. What a line means is not known here.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Our end of a stream, non-blocking.
pub(super) struct Pipe(File);

impl Pipe {
    pub(super) fn new(end: OwnedFd) -> io::Result<Self> {
        let flags = rustix::fs::fcntl_getfl(&end)?;
        rustix::fs::fcntl_setfl(&end, flags | rustix::fs::OFlags::NONBLOCK)?;
        Ok(Self(File::from(end)))
    }
}

impl AsFd for Pipe {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Reads what is there, a bounded amount so that clocks are kept; closes the pipe at its end.
pub(super) fn read_pipe(pipe: &mut Option<Pipe>, mut on_bytes: impl FnMut(&[u8])) {
    const READS: usize = 256;
    let mut buffer = [0; 16 << 10];
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
pub(super) struct Lines {
    buffer: Vec<u8>,
    /// The line was longer than any real one; the rest of it is dropped.
    overlong: bool,
}

impl Lines {
    /// Longest line that is kept, bytes; a 5 MiB answer came as lines of 5.3 MB.
    const LONGEST: usize = 64 << 20;

    pub(super) fn feed(&mut self, bytes: &[u8], mut on_line: impl FnMut(&[u8])) {
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
    pub(super) fn rest(&mut self, mut on_line: impl FnMut(&[u8])) {
        let line = std::mem::take(&mut self.buffer);
        if !std::mem::take(&mut self.overlong) && !line.is_empty() {
            on_line(&line);
        }
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
