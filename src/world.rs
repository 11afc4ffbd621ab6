//! The world as values: environment, clock, chance, places, terminals. Read here, once, and handed in.
//!
//! Nothing else in the program asks for any of it, but for the deadlines of rooms that wait; so a test
//! that controls these controls everything.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the room that reads the environment and the clock"
)]

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};
use uuid::Uuid;

/// What surrounds one run of the program.
#[derive(Clone)]
pub(crate) struct World {
    variables: Vec<(OsString, OsString)>,
}

impl World {
    /// Reads the environment.
    pub(crate) fn read() -> Self {
        Self { variables: std::env::vars_os().collect() }
    }

    /// A variable that is set and not empty; one that is not UTF-8 counts as absent.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        let found = self.variables.iter().find(|(key, _)| key.as_os_str() == name);
        found.and_then(|(_, value)| value.to_str()).filter(|value| !value.is_empty())
    }

    /// A variable as a path, whatever its encoding.
    fn path_variable(&self, name: &str) -> Option<PathBuf> {
        let found = self.variables.iter().find(|(key, _)| key.as_os_str() == name);
        found.map(|(_, value)| PathBuf::from(value)).filter(|path| !path.as_os_str().is_empty())
    }

    /// All variables; what is not UTF-8 in one is replaced, so that its name is still known.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let lossy = |text: &OsString| text.to_string_lossy().into_owned();
        self.variables.iter().map(|(name, value)| (lossy(name), lossy(value))).collect()
    }

    /// The names of those that are ours.
    pub(crate) fn own_variables(&self) -> Vec<String> {
        let names = self.variables.iter().map(|(name, _)| name.to_string_lossy());
        names.filter(|name| name.starts_with("PHONE_OPUS_")).map(Cow::into_owned).collect()
    }

    /// PATH, also where a part of it is not UTF-8.
    pub(crate) fn search_path(&self) -> String {
        let found = self.variables.iter().find(|(name, _)| name == "PATH");
        found.map(|(_, value)| value.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// A variable of ours whose value is not UTF-8, and so cannot be used.
    pub(crate) fn unreadable_variable(&self) -> Option<String> {
        let ours = |name: &OsString| name.to_string_lossy().starts_with("PHONE_OPUS_");
        let mut variables = self.variables.iter();
        let found = variables.find(|(name, value)| ours(name) && value.to_str().is_none());
        found.map(|(name, _)| name.to_string_lossy().into_owned())
    }

    /// State and not cache, because an answer cannot be made again: the XDG specification keeps
    /// there what "should persist between (application) restarts".
    pub(crate) fn state_root(&self) -> Option<PathBuf> {
        let own = self.path_variable("PHONE_OPUS_STATE_DIR");
        own.or_else(|| self.xdg_home("XDG_STATE_HOME", ".local/state"))
    }

    /// The user's configuration file, whether or not it is there.
    pub(crate) fn config_file(&self) -> Option<PathBuf> {
        Some(self.xdg_home("XDG_CONFIG_HOME", ".config")?.join("config.toml"))
    }

    /// Our directory in one of the XDG base directories. The specification has a relative path
    /// ignored; without HOME nobody is asked for it, because the password database may be behind a
    /// library that a static program must not load.
    fn xdg_home(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        let given = self.path_variable(variable).filter(|path| path.is_absolute());
        let base = given.or_else(|| Some(self.home()?.join(below_home)))?;
        Some(base.join("phone-opus"))
    }

    /// The path by which this program was started, symbolic links and all; `None` where it cannot be
    /// told. What stands there later may be a newer version of it.
    pub(crate) fn launch_path(&self) -> Option<PathBuf> {
        let name = PathBuf::from(std::env::args_os().next()?);
        if name.components().count() > 1 {
            return Some(working_directory().ok()?.join(name));
        }
        let search = self.variables.iter().find(|(key, _)| key == "PATH")?;
        let found = std::env::split_paths(&search.1).map(|directory| directory.join(&name));
        found.into_iter().find(|path| path.is_absolute() && path.is_file())
    }

    pub(crate) fn temporary_directory(&self) -> PathBuf {
        self.path_variable("TMPDIR").unwrap_or_else(|| PathBuf::from("/tmp"))
    }

    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.path_variable("HOME")
    }
}

/// The working directory; an error when it was deleted under us.
pub(crate) fn working_directory() -> io::Result<PathBuf> {
    std::env::current_dir()
}

/// The path without symbolic links, which names a directory in one way only.
pub(crate) fn canonical(path: &Path) -> io::Result<PathBuf> {
    std::fs::canonicalize(path)
}

/// Whether there is a directory, behind symbolic links too.
pub(crate) fn is_directory(path: &Path) -> bool {
    path.is_dir()
}

/// Whether this user may list a directory and enter it.
pub(crate) fn may_enter(directory: &Path) -> io::Result<()> {
    use rustix::fs::{Access, access};
    Ok(access(directory, Access::READ_OK | Access::EXEC_OK)?)
}

/// A whole file as text.
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    std::fs::read_to_string(path)
}

/// The command line, the program's name first.
pub(crate) fn arguments() -> Vec<OsString> {
    std::env::args_os().collect()
}

/// Whether the command line asks for JSON, also where it does not parse.
pub(crate) fn arguments_ask_for_json() -> bool {
    std::env::args_os()
        .filter_map(|argument| argument.into_string().ok())
        .take_while(|argument| argument != "--")
        .any(|argument| argument == "--json" || argument.starts_with("--json="))
}

/// The wall clock, for comparing with a file's times.
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

/// A reading for this process's own short waits.
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// Whatever the caller's mask is: what this program makes is for its user, and usable by them.
pub(crate) fn make_private_files() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

/// Milliseconds since 1970.
pub(crate) fn unix_ms() -> i64 {
    let since = now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The clock that goes on while the machine sleeps. On macOS its monotonic clock does, by its manual;
/// UNTESTED.
#[cfg(target_os = "linux")]
const SINCE_BOOT: ClockId = ClockId::Boottime;
#[cfg(target_os = "macos")]
const SINCE_BOOT: ClockId = ClockId::Monotonic;

/// Milliseconds since boot, time asleep included.
pub(crate) fn boot_ms() -> u64 {
    let now = clock_gettime(SINCE_BOOT);
    u64::try_from(now.tv_sec).unwrap_or(0) * 1000
        + u64::try_from(now.tv_nsec).unwrap_or(0) / 1_000_000
}

/// A new random id.
pub(crate) fn new_id() -> Uuid {
    Uuid::new_v4()
}

/// Whether standard error is a terminal.
pub(crate) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Columns of the terminal behind `stream`, where it is one.
pub(crate) fn columns(stream: impl std::os::fd::AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}
