//! A fingerprint as it grows: names, and what the file system says of them.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::io::{Error, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::io::Errno;
use sha2::{Digest, Sha256};

/// SHA-256 over parts that cannot run into each other.
#[derive(Clone, Default)]
pub(super) struct Print {
    hash: Sha256,
    pub(super) files: u64,
}

impl Print {
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.hash.update((bytes.len() as u64).to_le_bytes());
        self.hash.update(bytes);
    }

    /// A file by the name that is given to it: kind and mode, size, times, inode. The time of the last
    /// status change is among them, which nobody can set. `None` where there is none; an error where
    /// that cannot be told.
    pub(super) fn file(&mut self, name: &OsStr, path: &Path) -> Result<Option<Metadata>, Error> {
        let looked = path.symlink_metadata();
        self.entry(name, looked.as_ref().ok());
        match looked {
            Ok(meta) => Ok(Some(meta)),
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn entry(&mut self, name: &OsStr, meta: Option<&Metadata>) {
        self.files += 1;
        self.bytes(name.as_bytes());
        let Some(meta) = meta else { return self.bytes(b"absent") };
        self.hash.update(u64::from(meta.mode()).to_le_bytes());
        // The times of a directory move with what is made in it, which is listed or ignored by itself.
        if !meta.is_dir() {
            for number in [meta.size(), meta.ino()] {
                self.hash.update(number.to_le_bytes());
            }
            for number in [meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()] {
                self.hash.update(number.to_le_bytes());
            }
        }
    }

    /// What it is so far, shortened.
    pub(super) fn stamp(&self) -> String {
        const LENGTH: usize = 16;
        let mut hex = self.clone().hex();
        hex.truncate(LENGTH);
        hex
    }

    pub(super) fn hex(self) -> String {
        use std::fmt::Write as _;
        let digest = self.hash.finalize();
        digest.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// Whether an error says that there is no such file, and not that one may not look.
fn is_absence(error: &Error) -> bool {
    let kind = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
    kind || error.raw_os_error() == Some(Errno::LOOP.raw_os_error())
}
