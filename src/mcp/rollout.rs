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
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rmcp::model::InitializeRequestParams;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::telemetry::Row;
use super::transport::Finder;
use crate::runner::kernel::{self, Handle};

/// The program that this process was started as.
pub(super) struct Launched {
    path: Option<PathBuf>,
    own: Option<Stamp>,
    /// What was seen at the last look; what is still being written changes from look to look.
    last: Mutex<Option<Stamp>>,
    /// The last that cannot take over, and why.
    refused: Mutex<Option<(Option<Stamp>, String)>>,
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
        Self { path, own, last: Mutex::default(), refused: Mutex::default() }
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
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let settled = now.is_some() && *last == now;
        *last = now;
        settled && self.is_replaced()
    }

    /// Has the program that stands there read what it would be handed, and says why it cannot take
    /// over. One that was refused is not tried again.
    pub(super) fn try_out(&self, carried: &Carried, limit: Duration) -> Result<(), String> {
        let path = self.path.as_deref().ok_or("this program has no launch path")?;
        let stamp = Stamp::of(path);
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, reason)) = refused.as_ref().filter(|(tried, _)| *tried == stamp) {
            return Err(reason.clone());
        }
        let tried = rehearse(path, carried, limit)
            .map_err(|error| format!("{} cannot take over: {error}", path.display()));
        *refused = tried.as_ref().err().map(|reason| (stamp, reason.clone()));
        tried
    }
}

/// Runs a program as a successor that only reads what it is handed.
fn rehearse(path: &Path, carried: &Carried, limit: Duration) -> io::Result<()> {
    let mut child = Command::new(path)
        .args(["mcp", "serve", "--resume", "0", "--trial"])
        .stdin(hand_over(carried)?)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let ended = wait_for(&child, limit);
    // Of one that has ended this does nothing.
    let _ = child.kill();
    let status = child.wait()?;
    match ended {
        Ok(true) if status.success() => Ok(()),
        Ok(true) => Err(io::Error::other(format!("it ended with {status}"))),
        Ok(false) => Err(io::Error::other(format!("it said nothing for {} s", limit.as_secs()))),
        Err(error) => Err(error),
    }
}

/// Whether a process has ended within the limit.
fn wait_for(child: &Child, limit: Duration) -> io::Result<bool> {
    let handle = Handle::of_child(child)?;
    let limit = Timespec::try_from(limit).map_err(io::Error::other)?;
    loop {
        match poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&limit)) {
            Err(Errno::INTR) => {}
            ended => return Ok(ended? > 0),
        }
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

/// What one generation hands to the next. The versions on the two sides differ: fields are only
/// added, and one that cannot be read counts as not there.
#[derive(Debug, Default, PartialEq, Serialize)]
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
    let mut parcel = kernel::memory_over_exec()?;
    serde_json::to_writer(&mut parcel, carried)?;
    parcel.write_all(b"\n")?;
    parcel.write_all(&carried.rest)?;
    close_fds::set_fds_cloexec_threadsafe(FIRST, &[parcel.as_raw_fd()]);
    Ok(parcel)
}

/// What an earlier generation handed over, by the number of its descriptor.
pub(super) fn receive(descriptor: u32) -> io::Result<Carried> {
    let mut parcel = BufReader::new(File::open(kernel::descriptor(descriptor))?);
    parcel.seek(SeekFrom::Start(0))?;
    let mut line = Vec::new();
    parcel.read_until(b'\n', &mut line)?;
    let mut carried = Carried::read(serde_json::from_slice(&line)?);
    parcel.read_to_end(&mut carried.rest)?;
    Ok(carried)
}

impl Carried {
    fn read(mut fields: Map<String, Value>) -> Self {
        Self {
            generations: field(&mut fields, "generations"),
            started_unix_ms: field(&mut fields, "started_unix_ms"),
            telemetry: field(&mut fields, "telemetry"),
            client: field(&mut fields, "client"),
            last_fault: field(&mut fields, "last_fault"),
            giant: field(&mut fields, "giant"),
            rest: Vec::new(),
        }
    }
}

fn field<T: DeserializeOwned + Default>(fields: &mut Map<String, Value>, name: &str) -> T {
    let value = fields.remove(name).unwrap_or_default();
    serde_json::from_value(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

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

    /// Why a script cannot take over. Another test's fork may hold it open for a moment, and then it
    /// cannot be executed.
    fn refusal(launched: &Launched, script: &str) -> String {
        let path = launched.path().expect("known");
        loop {
            let beside = path.with_extension("beside");
            fs::write(&beside, script).expect("written");
            fs::set_permissions(&beside, fs::Permissions::from_mode(0o755)).expect("set");
            fs::rename(&beside, path).expect("replaced");
            let limit = Duration::from_millis(100);
            let reason = launched.try_out(&Carried::default(), limit).expect_err("refused");
            if !reason.contains("busy") {
                return reason;
            }
        }
    }

    #[test]
    fn a_program_that_cannot_take_over_is_refused_with_its_reason_and_not_tried_again() {
        let home = tempfile::tempdir().expect("made");
        let (path, runs) = (home.path().join("program"), home.path().join("runs"));
        let launched = Launched::new(Some(path));
        assert!(refusal(&launched, "no program").contains("cannot take over"));
        assert!(refusal(&launched, "#!/bin/sh\nexec sleep 600\n").contains("it said nothing"));
        let script = format!("#!/bin/sh\necho >>{}\n[ \"$1\" = --version ]\n", runs.display());
        let reason = refusal(&launched, &script);
        assert!(reason.contains("it ended with"), "{reason}");
        let again = launched.try_out(&Carried::default(), Duration::ZERO);
        assert_eq!(again, Err(reason));
        assert_eq!(fs::read_to_string(runs).expect("it ran"), "\n");
    }

    #[test]
    fn what_a_later_version_wrote_otherwise_counts_as_not_there() {
        let later = serde_json::json!({
            "generations": 3, "telemetry": { "ping": { "requests": "many" } }, "more": {},
        });
        let Value::Object(fields) = later else { unreachable!("it is one") };
        let carried = Carried::read(fields);
        assert_eq!((carried.generations, carried.telemetry.len()), (3, 0));
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
