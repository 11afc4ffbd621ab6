//! Reading the log: no lock, no write, no permission to write.
//!
//! A log is seen as it was when it was opened, up to the last newline of that moment. What is not a
//! whole line is passed over and told, never an error and never changed.

use std::cell::OnceCell;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::SystemTime;

use super::error::Error;
use super::index::{Index, Spot};
use super::line::Line;
use super::place::{State, open_private};
use super::record::{Head, TRAILER_LEN, Trailer};
use super::window::{self, Window};
use crate::job::event::Event;
use crate::job::id::JobId;

/// What tells a file from every other one.
pub(super) type Identity = (u64, Option<SystemTime>);

/// The log as it was when it was opened.
#[derive(Debug)]
pub(crate) struct Log {
    pub(super) file: File,
    pub(super) path: PathBuf,
    /// Just after the last newline.
    pub(super) end: u64,
    len: u64,
    inode: u64,
    /// When the file was made, where the file system tells.
    born: Option<SystemTime>,
    /// Looked for once, when it is needed.
    index: OnceCell<Option<Index>>,
}

impl Log {
    /// `None` where nothing was ever logged.
    pub(crate) fn open(state: &State) -> Result<Option<Self>, Error> {
        let path = state.events();
        match open_private(&path, OpenOptions::new().read(true)) {
            Ok(file) => Self::of(file, path).map(Some),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The log in an open file.
    pub(super) fn of(file: File, path: PathBuf) -> Result<Self, Error> {
        let metadata = file.metadata().map_err(|e| Error::reading(&path, e))?;
        let (len, inode) = (metadata.len(), metadata.ino());
        let end = last_newline(&file, len).map_err(|e| Error::reading(&path, e))?;
        let born = metadata.created().ok();
        Ok(Self { file, path, end, len, inode, born, index: OnceCell::new() })
    }

    /// Just after the last whole line: where [`Log::forward`] goes on next time.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Changes when the log is pruned; offsets of the old one mean nothing then.
    pub(crate) fn inode(&self) -> u64 {
        self.inode
    }

    /// Which file it is, for good: an inode's number is used again.
    pub(super) fn identity(&self) -> Identity {
        (self.inode, self.born)
    }

    /// The index, where there is one to be believed.
    pub(super) fn index(&self) -> Option<&Index> {
        self.index.get_or_init(|| Index::open(self)).as_ref()
    }

    /// Bytes that no index covers: what a look at one job may have to read.
    pub(crate) fn unindexed(&self) -> u64 {
        self.end.saturating_sub(self.index().map_or(0, Index::covered))
    }

    /// Whether there is an index of this log that is damaged: jobs are then found slowly. Reads all of
    /// it.
    pub(crate) fn has_damaged_index(&self) -> bool {
        Index::is_damaged(self)
    }

    /// Bytes of the file, those of a torn last line included.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Whether a line without its newline is at the end.
    pub(super) fn is_torn(&self) -> bool {
        self.len != self.end
    }

    /// The payload of a line as it stands there; `None` where it is damaged.
    #[cfg(test)]
    pub(crate) fn data(&self, line: &Line) -> Result<Option<String>, Error> {
        Ok(self.raw(line)?.and_then(|bytes| super::record::data(&bytes).map(str::to_owned)))
    }

    /// The event of a line, payload included; `None` where it is damaged.
    pub(crate) fn event(&self, line: &Line) -> Result<Option<Event>, Error> {
        Ok(self.raw(line)?.and_then(|bytes| line.event_in(&bytes)))
    }

    /// A line that the index says is there, with its bytes; `None` where it is not.
    pub(super) fn line_at(&self, spot: Spot) -> Result<Option<(Line, Vec<u8>)>, Error> {
        let bytes = self.bytes(spot.offset, spot.end())?;
        let trailer =
            bytes.len().checked_sub(TRAILER_LEN).and_then(|at| Trailer::parse(&bytes[at..]));
        let Some(trailer) = trailer.filter(|trailer| trailer.len == spot.len) else {
            return Ok(None);
        };
        let head = &bytes[..trailer.head_len as usize];
        let line = self.judge(spot.offset, trailer, head, |_, _| true)?.into_line();
        Ok(line.map(|line| (line, bytes)))
    }

    /// All bytes of a line whose checksum holds.
    pub(super) fn raw(&self, line: &Line) -> Result<Option<Vec<u8>>, Error> {
        let bytes = self.bytes(line.offset, line.offset + line.len)?;
        Ok(Some(bytes).filter(|bytes| line.trailer.line_holds(bytes)))
    }

    /// Decides whether a sealed line counts. The payload of one that has our layout is not read, and
    /// nothing is copied of one that is not `wanted`, by its job and its raw brief.
    pub(super) fn judge(
        &self,
        offset: u64,
        trailer: Trailer,
        head: &[u8],
        wanted: impl FnOnce(JobId, &[u8]) -> bool,
    ) -> Result<Judged, Error> {
        if !trailer.head_holds(head) {
            return Ok(Judged::Damaged);
        }
        let choose = |head: Head<'_>| {
            if !wanted(head.job, head.brief) {
                return Judged::Unwanted;
            }
            Line::new(offset, trailer, head).map_or(Judged::Damaged, Judged::Line)
        };
        if let Some(head) = Head::at_fixed_offsets(head) {
            return Ok(choose(head));
        }
        if let Some(head) = Head::by_serde(&[head, b"}"].concat()) {
            return Ok(choose(head));
        }
        let bytes = self.bytes(offset, offset + u64::from(trailer.len))?;
        let head = Head::by_serde(&bytes).filter(|_| trailer.line_holds(&bytes));
        Ok(head.map_or(Judged::Damaged, choose))
    }

    pub(super) fn bytes(&self, from: u64, to: u64) -> Result<Vec<u8>, Error> {
        window::read(&self.file, from, to).map_err(|e| Error::reading(&self.path, e))
    }
}

/// What a sealed line turned out to be.
#[derive(Debug)]
pub(super) enum Judged {
    Line(Line),
    /// It counts, and is another one than was asked for.
    Unwanted,
    Damaged,
}

impl Judged {
    pub(super) fn into_line(self) -> Option<Line> {
        match self {
            Judged::Line(line) => Some(line),
            Judged::Unwanted | Judged::Damaged => None,
        }
    }
}

/// One byte tells, unless the last line is torn.
fn last_newline(file: &File, len: u64) -> io::Result<u64> {
    if len > 0 && window::read(file, len - 1, len)? == b"\n" {
        return Ok(len);
    }
    newline_before(&mut Window::default(), file, len)
}

/// Just after the last newline before `end`, or 0.
pub(super) fn newline_before(window: &mut Window, file: &File, mut end: u64) -> io::Result<u64> {
    while end > 0 {
        window.ending(file, end - 1, end)?;
        let block = window.before(end);
        match memchr::memrchr(b'\n', block) {
            Some(at) => return Ok(end - (block.len() - at) as u64 + 1),
            None => end -= block.len() as u64,
        }
    }
    Ok(0)
}
