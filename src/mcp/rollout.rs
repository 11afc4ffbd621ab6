//! Becoming the new version: the program behind the launch path is watched, and once it was replaced
//! and nothing is in flight, this process executes it, with the connection and the counters kept.
//!
//! The path is followed at every look, because a package manager changes a link and not the file.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use rmcp::model::InitializeRequestParams;
use rustix::fs::MemfdFlags;
use serde::{Deserialize, Serialize};

use super::telemetry::Row;
use super::transport::Finder;

/// The program that this process was started as.
pub(super) struct Launched {
    path: Option<PathBuf>,
    own: Option<Stamp>,
    /// What was seen at the last look; what is still being written changes from look to look.
    last: Mutex<Option<Stamp>>,
}

/// Which program stands behind a path.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    target: PathBuf,
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Launched {
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        let own = path.as_deref().and_then(Stamp::of);
        Self { path, own, last: Mutex::default() }
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Whether another program stands there now.
    pub(super) fn is_replaced(&self) -> bool {
        let now = self.path.as_deref().and_then(Stamp::of);
        now.is_some() && self.own.is_some() && now != self.own
    }

    /// Whether another program stands there, the same as at the last call.
    pub(super) fn is_ready(&self) -> bool {
        let now = self.path.as_deref().and_then(Stamp::of);
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let settled = now.is_some() && *last == now;
        *last = now;
        settled && self.is_replaced()
    }

    /// Whether the program that stands there runs at all.
    pub(super) fn runs(&self) -> bool {
        let Some(path) = &self.path else { return false };
        let probe = Command::new(path)
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        probe.is_ok_and(|status| status.success())
    }
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let (target, meta) = (fs::canonicalize(path).ok()?, fs::metadata(path).ok()?);
        Some(Self {
            target,
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
        })
    }
}

/// What one generation hands to the next. Fields are only added, each with a default: the versions
/// on the two sides differ.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Carried {
    /// How many programs this process was before.
    pub(super) generations: u64,
    pub(super) started_unix_ms: i64,
    pub(super) telemetry: BTreeMap<String, Row>,
    /// The client of a session that was opened with `initialize`.
    pub(super) client: Option<InitializeRequestParams>,
    pub(super) last_fault: Option<serde_json::Value>,
    /// What is known of a giant line that is being passed over.
    pub(super) giant: Option<Finder>,
    /// The bytes of an unfinished line.
    #[serde(skip)]
    pub(super) rest: Vec<u8>,
}

/// Becomes the program at `path`. Returns only when that did not work.
pub(super) fn become_successor(path: &Path, carried: &Carried) -> io::Error {
    match hand_over(carried) {
        Ok(parcel) => {
            let resume = parcel.as_raw_fd().to_string();
            Command::new(path).args(["mcp", "serve", "--resume", &resume]).exec()
        }
        Err(error) => error,
    }
}

/// A file in memory that stays open over exec, and is the only one that does.
fn hand_over(carried: &Carried) -> io::Result<File> {
    const FIRST: i32 = 3;
    let mut parcel = File::from(rustix::fs::memfd_create("phone-opus-mcp", MemfdFlags::empty())?);
    serde_json::to_writer(&mut parcel, carried)?;
    parcel.write_all(b"\n")?;
    parcel.write_all(&carried.rest)?;
    close_fds::set_fds_cloexec_threadsafe(FIRST, &[parcel.as_raw_fd()]);
    Ok(parcel)
}

/// What an earlier generation handed over, by the number of its descriptor.
pub(super) fn receive(descriptor: u32) -> io::Result<Carried> {
    let mut parcel = BufReader::new(File::open(format!("/proc/self/fd/{descriptor}"))?);
    parcel.seek(SeekFrom::Start(0))?;
    let mut line = Vec::new();
    parcel.read_until(b'\n', &mut line)?;
    let mut carried: Carried = serde_json::from_slice(&line)?;
    parcel.read_to_end(&mut carried.rest)?;
    Ok(carried)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_counts_as_replaced_when_its_link_or_its_file_changes_and_rests() {
        let home = tempfile::tempdir().expect("made");
        let (one, two, link) =
            (home.path().join("1"), home.path().join("2"), home.path().join("l"));
        fs::write(&one, "one").expect("written");
        fs::write(&two, "two").expect("written");
        std::os::unix::fs::symlink(&one, &link).expect("linked");
        let launched = Launched::new(Some(link.clone()));
        assert!(!launched.is_replaced() && !launched.is_ready());
        fs::remove_file(&link).expect("removed");
        assert!(!launched.is_replaced(), "nothing is no successor");
        std::os::unix::fs::symlink(&two, &link).expect("linked");
        assert!(launched.is_replaced());
        assert!(!launched.is_ready(), "seen once only");
        assert!(launched.is_ready());
    }

    #[test]
    fn what_is_handed_over_arrives_with_every_byte() {
        let carried = Carried {
            generations: 3,
            started_unix_ms: 7,
            rest: b"{\"a\":\n\0\xff".to_vec(),
            ..Carried::default()
        };
        let parcel = hand_over(&carried).expect("written");
        let descriptor = u32::try_from(parcel.as_raw_fd()).expect("a descriptor");
        let arrived = receive(descriptor).expect("read");
        assert_eq!(arrived, carried);
    }
}
