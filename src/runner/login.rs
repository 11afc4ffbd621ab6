//! The files in which Claude Code keeps what it authenticates with: found, read, and told without
//! what is secret in them.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::program::claude_directory;
use crate::consult::claude::login::{Places, Source, sources};

/// The managed settings of a host, which nobody but its administrator can change.
const MANAGED: &str = "/etc/claude-code/managed-settings.json";

/// Bytes of such a file that are read at most; `.claude.json` holds a history of every project.
const MOST: u64 = 64 << 20;

/// What is known of the ways in.
#[derive(Debug, Default)]
pub(crate) struct Logins {
    pub(crate) sources: Vec<Source>,
    /// The login's file, where there is one.
    pub(crate) file: Option<PathBuf>,
    /// The login's file may be read by others: its mode.
    pub(crate) open_mode: Option<u32>,
    /// Files that are there and cannot be read, and why.
    pub(crate) unreadable: Vec<(PathBuf, io::Error)>,
}

/// Looks where a Claude Code with this environment would look. Starts nothing and asks nobody.
pub(crate) fn logins(environment: &[(String, String)], now_unix_ms: i64) -> Logins {
    let mut found = Logins::default();
    let directory = claude_directory(environment);
    let in_directory = |name: &str| directory.as_ref().map(|directory| directory.join(name));
    let credentials = in_directory(".credentials.json");
    let [settings, managed, login, global] = [
        in_directory("settings.json"),
        Some(PathBuf::from(MANAGED)),
        credentials.clone(),
        global_file(environment, directory.as_deref()),
    ]
    .map(|path| path.and_then(|path| found.read(&path)));
    let places = Places {
        environment,
        settings: settings.as_deref(),
        managed: managed.as_deref(),
        credentials: login.as_deref(),
        global: global.as_deref(),
    };
    found.sources = sources(&places, now_unix_ms);
    found.file = credentials.filter(|_| login.is_some());
    let mode = found.file.as_ref().and_then(|path| Some(fs::metadata(path).ok()?.mode() & 0o777));
    found.open_mode = mode.filter(|mode| mode & 0o077 != 0);
    found
}

/// `.claude.json` lies beside `~/.claude`, and inside a directory that `CLAUDE_CONFIG_DIR` names.
fn global_file(environment: &[(String, String)], directory: Option<&Path>) -> Option<PathBuf> {
    let is_named =
        environment.iter().any(|(name, value)| name == "CLAUDE_CONFIG_DIR" && !value.is_empty());
    let place = if is_named { directory? } else { directory?.parent()? };
    Some(place.join(".claude.json"))
}

impl Logins {
    fn read(&mut self, path: &Path) -> Option<String> {
        let mut text = String::new();
        // Only a file: whoever opens a pipe may wait for ever.
        if fs::metadata(path).is_ok_and(|meta| !meta.is_file()) {
            return None;
        }
        let read = fs::File::open(path).and_then(|file| file.take(MOST).read_to_string(&mut text));
        match read {
            Ok(_) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                self.unreadable.push((path.to_owned(), error));
                None
            }
        }
    }
}
