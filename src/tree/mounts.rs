//! Whether a directory is of file systems that answer at once: then nobody needs a process to look.
//!
//! What is mounted is asked of the kernel, and not of the directory, which might not answer.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// File systems of this machine's own disks and memory. One on a network, or of another process
/// (FUSE), may hang, and so may one that nobody has heard of.
const LOCAL: [&[u8]; 14] = [
    b"bcachefs",
    b"btrfs",
    b"devtmpfs",
    b"ext2",
    b"ext3",
    b"ext4",
    b"f2fs",
    b"overlay",
    b"proc",
    b"ramfs",
    b"sysfs",
    b"tmpfs",
    b"xfs",
    b"zfs",
];

/// What is mounted where this process sees it, and whether it is local; `None` where the kernel tells
/// nothing that can be read.
pub(crate) struct Mounts(Option<Vec<(PathBuf, bool)>>);

impl Mounts {
    /// Asks the kernel; where it does not tell, nothing is local.
    pub(crate) fn read() -> Self {
        Self::of(&fs::read("/proc/self/mountinfo").unwrap_or_default())
    }

    fn of(mountinfo: &[u8]) -> Self {
        let lines = mountinfo.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        Self(lines.map(mount).collect())
    }

    /// Whether all that lies above, at and below a directory is of a local file system. A link may still
    /// lead elsewhere.
    pub(crate) fn are_local(&self, directory: &Path) -> bool {
        let concerns = |(place, _): &&(PathBuf, bool)| {
            place.starts_with(directory) || directory.starts_with(place)
        };
        let mut mounts = self.0.iter().flatten().filter(concerns).peekable();
        directory.is_absolute() && mounts.peek().is_some() && mounts.all(|(_, local)| *local)
    }
}

/// Where a line of mountinfo says that something is mounted, and whether it is local.
fn mount(line: &[u8]) -> Option<(PathBuf, bool)> {
    const PLACE: usize = 4;
    let mut words = line.split(|byte| *byte == b' ');
    let place = words.nth(PLACE)?;
    words.find(|word| *word == b"-")?;
    Some((OsString::from_vec(unescaped(place)).into(), LOCAL.contains(&words.next()?)))
}

/// Blanks and backslashes stand there as three octal digits.
fn unescaped(spelt: &[u8]) -> Vec<u8> {
    let mut meant = Vec::with_capacity(spelt.len());
    let mut rest = spelt;
    while let [first, after @ ..] = rest {
        let octal = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        let (byte, length) = byte.filter(|_| *first == b'\\').map_or((*first, 0), |byte| (byte, 3));
        meant.push(byte);
        rest = &after[length..];
    }
    meant
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:21 / /proc rw - proc proc rw
24 22 0:40 / /home/u/far rw shared:9 master:1 - fuse.sshfs far: rw
25 22 0:41 / /net\\040work rw - nfs4 host:/x rw
26 22 0:42 / /data rw - tmpfs tmpfs rw
";

    #[test]
    fn what_is_above_at_or_below_a_directory_decides() {
        let mounts = Mounts::of(MOUNTS.as_bytes());
        for (directory, local) in [
            ("/home/u/near", true),
            ("/data/x", true),
            ("/home/u/farther", true),
            ("/home/u/far", false),
            ("/home/u/far/x", false),
            ("/home/u", false),
            ("/", false),
            ("/net work/x", false),
            ("relative", false),
        ] {
            assert_eq!(mounts.are_local(Path::new(directory)), local, "{directory}");
        }
    }

    #[test]
    fn where_the_kernel_does_not_tell_nothing_is_local() {
        for text in ["", "nonsense\n", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n22 1 8:1 / /x rw\n"] {
            assert!(!Mounts::of(text.as_bytes()).are_local(Path::new("/home/u")), "{text}");
        }
    }
}
