//! The lock of the log: exclusive, for writers only, and never waited for without end.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use fd_lock::RwLock;

use super::error::Error;
use super::place::{State, open_private};

/// Who holds a lock, as far as the kernel tells: a process of another pid namespace has no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) pid: Option<u32>,
}

/// A holder writes one line, which takes some 10 µs.
const SHORTEST_PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(5);

/// What part of the time waited so far the next pause is: nobody waits much longer than the lock was
/// held, and many who wait long leave the processor to the holder.
const PART_OF_WAIT: u32 = 8;

/// Runs `work` while holding the lock, or says who has held it for all of `limit`.
///
/// Polled, because `flock` knows no time limit, and a stopped holder must not hang everyone.
pub(super) fn exclusively<T>(
    state: &State,
    limit: Duration,
    work: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    #[cfg(test)]
    if super::tests::goes_without("lock") {
        return work();
    }
    let path = state.events_lock();
    let file = open_private(&path, OpenOptions::new().read(true).write(true).create(true))?;
    let mut lock = RwLock::new(&file);
    let begun = Instant::now();
    let _held = loop {
        match lock.try_write() {
            Ok(held) => break held,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) if e.kind() != io::ErrorKind::WouldBlock => {
                return Err(Error::writing(&path, e));
            }
            Err(_) if begun.elapsed() >= limit => {
                return Err(Error::Busy { path, holder_pid: holder(&file) });
            }
            Err(_) => {
                let pause = (begun.elapsed() / PART_OF_WAIT).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
                thread::sleep(pause.min(limit.saturating_sub(begun.elapsed())));
            }
        }
    };
    work()
}

/// Who holds a lock file at every look for all of `patience`; `None` where it is free or not there.
/// The look itself holds the lock, shared, for a moment.
pub(super) fn held_throughout(path: &Path, patience: Duration) -> Result<Option<Holder>, Error> {
    let file = match open_private(path, OpenOptions::new().read(true)) {
        Ok(file) => file,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error),
    };
    let begun = Instant::now();
    loop {
        match file.try_lock_shared() {
            Ok(()) => return Ok(None),
            Err(TryLockError::Error(e)) => return Err(Error::reading(path, e)),
            Err(TryLockError::WouldBlock) if begun.elapsed() >= patience => {
                return Ok(Some(Holder { pid: holder(&file) }));
            }
            Err(TryLockError::WouldBlock) => thread::sleep(LONGEST_PAUSE.min(patience)),
        }
    }
}

/// The process that took the lock, where the kernel tells. One read of `/proc/locks` takes
/// milliseconds on a busy host, so only a failure pays for it.
pub(crate) fn holder(file: &File) -> Option<u32> {
    let inode = file.metadata().ok()?.ino();
    parse_locks(&fs::read_to_string("/proc/locks").ok()?, inode)
}

/// `1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF`, see `proc_locks(5)`. The device is not
/// compared: on btrfs and overlayfs it is not the one that stat gives.
fn parse_locks(locks: &str, inode: u64) -> Option<u32> {
    locks.lines().find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        if fields.next() != Some("FLOCK") {
            return None;
        }
        let pid = fields.nth(2)?;
        let at = fields.next()?.rsplit(':').next()?;
        (at.parse() == Ok(inode)).then(|| pid.parse().ok().filter(|&pid| pid > 0))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_is_found_by_inode_and_kind() {
        let locks = "\
1: POSIX  ADVISORY  WRITE 11 08:01:5678 0 EOF
2: FLOCK  ADVISORY  WRITE 12 08:01:56 0 EOF
3: FLOCK  ADVISORY  WRITE 13 08:01:5678 0 EOF
3: -> FLOCK  ADVISORY  WRITE 14 08:01:5678 0 EOF
4: FLOCK  ADVISORY  WRITE 0 08:01:99 0 EOF
";
        assert_eq!(parse_locks(locks, 5678), Some(13));
        assert_eq!(parse_locks(locks, 99), None, "a process of another pid namespace");
        assert_eq!(parse_locks(locks, 1), None);
        assert_eq!(parse_locks("nonsense\n", 1), None);
    }
}
