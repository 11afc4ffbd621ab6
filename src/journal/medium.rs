//! Which file systems the state directory may lie on.
//!
//! Locks that hold only on one host, and syncs that a server may forget, would break the promises
//! in silence. So the kinds known for that are refused unless the configuration allows them.

use std::path::Path;

use super::error::Error;

/// Refuses NFS, SMB and FUSE.
#[cfg(target_os = "linux")]
pub(super) fn check(path: &Path) -> Result<(), Error> {
    let found = rustix::fs::statfs(path).map_err(|e| Error::reading(path, e.into()))?;
    // The field's type differs by platform; the numbers have 32 bits on all of them.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    match network_kind(found.f_type as u32) {
        Some(kind) => Err(Error::NetworkFs { path: path.to_owned(), kind }),
        None => Ok(()),
    }
}

/// On macOS a file system tells its name. UNTESTED: it never ran on a Mac.
#[cfg(target_os = "macos")]
pub(super) fn check(path: &Path) -> Result<(), Error> {
    let found = rustix::fs::statfs(path).map_err(|e| Error::reading(path, e.into()))?;
    let name = found.f_fstypename.iter().take_while(|byte| **byte != 0);
    let name: String = name.map(|byte| char::from(byte.cast_unsigned())).collect();
    let kind = match name.as_str() {
        "nfs" => "NFS",
        "smbfs" => "SMB",
        "macfuse" | "osxfuse" => "FUSE",
        _ => return Ok(()),
    };
    Err(Error::NetworkFs { path: path.to_owned(), kind })
}

/// What a directory lies on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Medium {
    /// By its usual name; by the kernel's number where that is all there is.
    pub(crate) kind: String,
    /// All of it is gone after a reboot.
    pub(crate) is_memory: bool,
    /// Bytes that this user may still write.
    pub(crate) free_bytes: u64,
    /// Files that may still be made; `None` where there is no such limit.
    pub(crate) free_files: Option<u64>,
}

/// What a path lies on; `None` where the kernel does not tell.
#[cfg(target_os = "linux")]
pub(super) fn of(path: &Path) -> Option<Medium> {
    let space = rustix::fs::statvfs(path).ok()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let magic = rustix::fs::statfs(path).ok()?.f_type as u32;
    let kind = network_kind(magic).or_else(|| local_kind(magic));
    Some(Medium {
        kind: kind.map_or_else(|| format!("file system {magic:#x}"), str::to_owned),
        is_memory: matches!(magic, TMPFS | RAMFS),
        free_bytes: space.f_bavail.saturating_mul(space.f_frsize),
        free_files: (space.f_files > 0).then_some(space.f_favail),
    })
}

/// Elsewhere the numbers mean other things.
#[cfg(not(target_os = "linux"))]
pub(super) fn of(path: &Path) -> Option<Medium> {
    let space = rustix::fs::statvfs(path).ok()?;
    let free_bytes = space.f_bavail.saturating_mul(space.f_frsize);
    Some(Medium { kind: "disk".to_owned(), is_memory: false, free_bytes, free_files: None })
}

#[cfg(target_os = "linux")]
const TMPFS: u32 = 0x0102_1994;
#[cfg(target_os = "linux")]
const RAMFS: u32 = 0x8584_58F6;

/// Names for people; nothing is decided by them.
#[cfg(target_os = "linux")]
fn local_kind(magic: u32) -> Option<&'static str> {
    Some(match magic {
        0xEF53 => "ext4",
        TMPFS => "tmpfs",
        RAMFS => "ramfs",
        0x9123_683E => "btrfs",
        0x5846_5342 => "xfs",
        0x794C_7630 => "overlayfs",
        0x2FC1_2FC1 => "zfs",
        0xF2F5_2010 => "f2fs",
        0xCA45_1A4E => "bcachefs",
        _ => return None,
    })
}

/// The numbers are those of Linux's `include/uapi/linux/magic.h`, named in statfs(2).
#[cfg(any(target_os = "linux", test))]
fn network_kind(magic: u32) -> Option<&'static str> {
    match magic {
        0x6969 => Some("NFS"),
        0x517B | 0xFF53_4D42 | 0xFE53_4D42 => Some("SMB"),
        0x6573_5546 => Some("FUSE"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known_by_their_numbers() {
        const EXT4: u32 = 0xEF53;
        const TMPFS: u32 = 0x0102_1994;
        const CIFS: u32 = 0xFF53_4D42;
        assert_eq!(network_kind(0x6969), Some("NFS"));
        assert_eq!(network_kind(CIFS), Some("SMB"));
        assert_eq!(network_kind(0x6573_5546), Some("FUSE"));
        assert_eq!((network_kind(EXT4), network_kind(TMPFS)), (None, None));
    }
}
