//! The skill: what tells a coding agent when and how to ask, put where its client looks for skills.
//!
//! An installed copy ends with a line that holds the checksum of what stands above it. So a copy that
//! nobody has touched is replaced by a newer one, and one that somebody has edited is never overwritten
//! without being asked for, and then kept beside it.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the room that writes into the directories of other programs"
)]

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The skill as it is checked in.
pub(crate) const TEXT: &str = include_str!("../../skills/phone-opus/SKILL.md");

/// A client that reads skills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Client {
    Claude,
    Codex,
}

/// What stands where the skill belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    /// This very version.
    Current,
    /// A copy of another version that nobody has touched.
    Untouched,
    /// Somebody's own text.
    Edited,
    /// The skill itself is a symbolic link: whoever made the link keeps it up to date.
    Link,
    /// The client's directory, or that of its skills, is a link that leads to no directory of the user's.
    Astray,
}

/// Where a client looks for this skill of the user's. `claude_home` is `CLAUDE_CONFIG_DIR`.
pub(crate) fn place(client: Client, home: &Path, claude_home: Option<&Path>) -> PathBuf {
    let root = match (client, claude_home) {
        (Client::Claude, Some(directory)) => directory.to_owned(),
        (Client::Claude, None) => home.join(".claude"),
        // Codex reads what all agents share, not its own directory.
        (Client::Codex, _) => home.join(".agents"),
    };
    root.join("skills/phone-opus/SKILL.md")
}

/// Looks at the place, and changes nothing.
pub(crate) fn look(place: &Path) -> io::Result<Found> {
    // The skill's own directory, that of all skills, the client's.
    let mut above = place.ancestors().skip(1).take(3);
    let directory = above.next().unwrap_or(place);
    for shared in above {
        if is_link(shared)? && !is_own(shared)? {
            return Ok(Found::Astray);
        }
    }
    if is_link(directory)? || is_link(place)? {
        return Ok(Found::Link);
    }
    match fs::symlink_metadata(place) {
        // What is no file is not ours, and reading a FIFO would wait for a writer.
        Ok(metadata) if !metadata.is_file() => return Ok(Found::Edited),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(error),
    }
    let found = fs::read(place)?;
    Ok(match String::from_utf8(found) {
        Ok(text) if text == installed() => Found::Current,
        Ok(text) if is_untouched(&text) => Found::Untouched,
        _ => Found::Edited,
    })
}

/// Puts the skill there, whole or not at all.
pub(crate) fn install(place: &Path) -> io::Result<()> {
    let directory = place.parent().unwrap_or(place);
    fs::create_dir_all(directory)?;
    let new = directory.join(format!(".SKILL.md.{}", std::process::id()));
    let written = fs::write(&new, installed()).and_then(|()| fs::rename(&new, place));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

/// Moves somebody's own text aside, to the first of SKILL.md.bak, SKILL.md.bak2 … that is free.
pub(crate) fn set_aside(place: &Path) -> io::Result<PathBuf> {
    let names = std::iter::once("md.bak".to_owned()).chain((2..).map(|n| format!("md.bak{n}")));
    for name in names {
        let aside = place.with_extension(name);
        // A hard link fails where a file is, so that no earlier copy is lost to a race.
        match fs::hard_link(place, &aside) {
            Ok(()) => return Ok(aside),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    unreachable!("there is always a further number")
}

fn is_link(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(metadata.is_symlink()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether a link is one as keepers of dot files make it: to a directory that is the user's to write.
fn is_own(link: &Path) -> io::Result<bool> {
    match fs::metadata(link) {
        Ok(metadata) => Ok(metadata.is_dir()
            && metadata.uid() == rustix::process::geteuid().as_raw()
            && metadata.mode() & 0o200 != 0),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The copy that is written: the skill with its last line.
fn installed() -> String {
    with_mark(TEXT, env!("CARGO_PKG_VERSION"))
}

fn with_mark(text: &str, version: &str) -> String {
    let sum = crc32c::crc32c(text.as_bytes());
    format!(
        "{text}\n<!-- Installed by phone-opus {version} ({sum:08x}). An edited copy is not overwritten. -->\n"
    )
}

/// Whether the last line tells the checksum of what stands above it.
fn is_untouched(text: &str) -> bool {
    let Some((above, mark)) = text.rsplit_once("\n<!-- Installed by phone-opus ") else {
        return false;
    };
    let version = mark.split(' ').next().unwrap_or_default();
    text == with_mark(above, version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_its_place() {
        let (home, own) = (Path::new("/h"), Path::new("/c"));
        let found = [
            place(Client::Claude, home, None),
            place(Client::Claude, home, Some(own)),
            place(Client::Codex, home, Some(own)),
        ];
        let wanted = ["/h/.claude", "/c", "/h/.agents"]
            .map(|root| format!("{root}/skills/phone-opus/SKILL.md"));
        assert_eq!(found.map(|path| path.display().to_string()), wanted);
    }

    #[test]
    fn a_copy_is_untouched_until_a_byte_of_it_changes() {
        let old = with_mark("An older text.\n", "0.0.9");
        assert!(is_untouched(&old) && is_untouched(&installed()));
        for edited in [
            old.replace("older", "other"),
            old.replace("0.0.9", "0.0.9 beta"),
            format!("{old}And more.\n"),
            TEXT.to_owned(),
        ] {
            assert!(!is_untouched(&edited), "{edited}");
        }
    }
}
