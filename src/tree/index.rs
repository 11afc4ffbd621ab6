//! git's index, read as bytes: which files it names, and how they looked when it last looked.
//!
//! Versions 2 to 4. Pure but for the deadline; what does not fit is no index, and then nothing is claimed
//! of it.

use super::{Deadline, Late};

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) name: Vec<u8>,
    /// Kind and permissions, as git has them: 0o100644 and so on; 0o160000 is a submodule.
    pub(super) mode: u32,
    pub(super) id: &'a [u8],
    /// Seconds and nanoseconds; 0 nanoseconds where git was built without them.
    pub(super) modified: (u32, u32),
    /// The same of the last status change.
    pub(super) changed: (u32, u32),
    /// The lower 32 bits.
    pub(super) size: u32,
    /// 1 to 3 while a merge is not resolved.
    pub(super) stage: u16,
    /// Left out of the working tree on purpose.
    pub(super) skipped: bool,
    /// Announced (`git add -N`), its content not added yet.
    pub(super) announced: bool,
}

/// The entries, in their order; `id` is the length of an object's id, 20 or 32 bytes.
pub(super) fn entries(
    bytes: &[u8],
    id: usize,
    deadline: Deadline,
) -> Result<Option<Vec<Entry<'_>>>, Late> {
    // A small file can spell long names that share their beginnings; no path is longer than Linux takes.
    const NAME_MAX: usize = 4096;
    const NAMES_MAX: usize = 256 << 20;
    let mut rest = Reader(bytes);
    let Some((version, count)) = head(&mut rest) else { return Ok(None) };
    let mut found: Vec<Entry<'_>> = Vec::new();
    let mut names = 0;
    for number in 0..count {
        if number.is_multiple_of(1024) {
            deadline.check()?;
        }
        let before = found.last().map(|entry| &entry.name[..]).unwrap_or_default();
        let Some(entry) = entry(&mut rest, version, id, before) else { return Ok(None) };
        names += entry.name.len();
        if entry.name.len() > NAME_MAX || names > NAMES_MAX || !stays_within(&entry.name) {
            return Ok(None);
        }
        found.push(entry);
    }
    // A split index has the rest of its entries in another file.
    Ok((!has_extension(rest, *b"link", id)).then_some(found))
}

/// Version and number of entries.
fn head(rest: &mut Reader<'_>) -> Option<(u32, u32)> {
    let (magic, version, count) = (rest.take(4)?, rest.number()?, rest.number()?);
    (magic == b"DIRC" && (2..=4).contains(&version)).then_some((version, count))
}

/// Whether a name leads nowhere but below the top, and not into git's own directory: git writes no other.
fn stays_within(name: &[u8]) -> bool {
    let name = name.strip_suffix(b"/").unwrap_or(name);
    !name.split(|byte| *byte == b'/').any(|part| matches!(part, b"" | b"." | b".." | b".git"))
}

fn entry<'a>(rest: &mut Reader<'a>, version: u32, id: usize, before: &[u8]) -> Option<Entry<'a>> {
    const FIXED: usize = 40;
    let begun = rest.0.len();
    let stat = rest.take(FIXED)?;
    let field = |at: usize| Some(u32::from_be_bytes(stat.get(at..at + 4)?.try_into().ok()?));
    let id = rest.take(id)?;
    let flags = rest.short()?;
    let extended = if flags & 0x4000 != 0 { rest.short()? } else { 0 };
    let name = if version == 4 {
        let kept = before.len().checked_sub(rest.offset()?)?;
        [&before[..kept], rest.until_zero()?].concat()
    } else {
        let name = rest.until_zero()?.to_vec();
        let length = begun - rest.0.len();
        // Its zero is taken; up to seven more fill the last eight bytes.
        rest.take(length.next_multiple_of(8) - length)?;
        name
    };
    Some(Entry {
        name,
        mode: field(24)?,
        id,
        modified: (field(8)?, field(12)?),
        changed: (field(0)?, field(4)?),
        size: field(36)?,
        stage: flags >> 12 & 3,
        skipped: extended & 0x4000 != 0,
        announced: extended & 0x2000 != 0,
    })
}

fn has_extension(mut rest: Reader<'_>, wanted: [u8; 4], checksum: usize) -> bool {
    while rest.0.len() > checksum + 8 {
        let (Some(name), Some(length)) = (rest.take(4), rest.number()) else { return false };
        if name == wanted {
            return true;
        }
        if rest.take(length as usize).is_none() {
            return false;
        }
    }
    false
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn until_zero(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let taken = self.take(end + 1)?;
        Some(&taken[..end])
    }

    /// A number in the form that packs use for offsets.
    fn offset(&mut self) -> Option<usize> {
        let mut byte = self.take(1)?[0];
        let mut number = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            byte = self.take(1)?[0];
            number = number.checked_add(1)?.checked_mul(128)? | usize::from(byte & 0x7f);
        }
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    /// An index of version 2 that names files.
    fn index(names: &[&str]) -> Vec<u8> {
        let count = u32::try_from(names.len()).expect("small");
        let mut bytes = [&b"DIRC\0\0\0\x02"[..], &count.to_be_bytes()].concat();
        for name in names {
            let length = 62 + name.len();
            bytes.extend_from_slice(&[0; 62]);
            bytes.extend_from_slice(name.as_bytes());
            bytes.resize(bytes.len() + (length + 1).next_multiple_of(8) - length, 0);
        }
        bytes
    }

    #[test]
    fn past_its_deadline_it_reads_no_further() {
        let (past, later) = (Deadline::within(Duration::ZERO), Deadline::within(HOUR));
        let bytes = index(&["a", "b/c"]);
        assert_eq!(entries(&bytes, 20, past), Err(Late));
        let found = entries(&bytes, 20, later).expect("time enough").expect("an index");
        let names: Vec<&[u8]> = found.iter().map(|entry| &entry.name[..]).collect();
        assert_eq!(names, [&b"a"[..], b"b/c"]);
    }

    #[test]
    fn a_name_that_leads_out_of_the_directory_makes_it_no_index() {
        for name in ["../x", "a/../../x", "/etc", "a//b", "./a", "a/.git/config", ".git", ".."] {
            let bytes = index(&["a", name]);
            assert_eq!(entries(&bytes, 20, Deadline::within(HOUR)), Ok(None), "{name}");
        }
        assert!(stays_within(b"a/..b/.gitignore") && stays_within(b"sparse/"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes in prop::collection::vec(any::<u8>(), 0..300), version in 0u8..6) {
            let later = Deadline::within(HOUR);
            let _ = entries(&bytes, 20, later);
            let head = [&b"DIRC\0\0\0"[..], &[version], &b"\0\0\0\x02"[..], &bytes].concat();
            let _ = entries(&head, 20, later);
            let _ = entries(&head, 32, later);
        }
    }
}
