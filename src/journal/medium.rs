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

/// Elsewhere there are no such numbers; nothing is refused.
#[cfg(not(target_os = "linux"))]
pub(super) fn check(_path: &Path) -> Result<(), Error> {
    Ok(())
}

/// The numbers are those of Linux's `include/uapi/linux/magic.h`, named in statfs(2).
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
