//! The Claude Code program: where it is, which version, which flags it takes, which of the user's
//! settings it needs.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::captured::output_in_time;
use super::error::Error;
use crate::consult::claude::argv::Flags;
use crate::consult::claude::credentials::without_credentials;
use crate::consult::claude::settings::carried_settings;
use crate::consult::claude::version::version;
use crate::journal::place::{State, open_private};

/// The program, found and asked.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) version: Option<String>,
    pub(crate) flags: Flags,
}

/// Finds the program: the configured one, or `claude` on `path`. Relative names are refused here,
/// because the runner lives in `/`; the door resolves them first.
pub(crate) fn find(configured: Option<&str>, path: &str) -> Result<PathBuf, Error> {
    const NAME: &str = "claude";
    let name = configured.unwrap_or(NAME);
    if name.contains('/') {
        let file = PathBuf::from(name);
        let found = is_executable(&file).then_some(file);
        return found
            .ok_or_else(|| Error::ProgramMissing { name: name.to_owned(), searched: false });
    }
    path.split(':')
        .filter(|directory| directory.starts_with('/'))
        .map(|directory| Path::new(directory).join(name))
        .find(|file| is_executable(file))
        .ok_or_else(|| Error::ProgramMissing { name: name.to_owned(), searched: true })
}

fn is_executable(file: &Path) -> bool {
    let runs = rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok();
    runs && fs::metadata(file).is_ok_and(|meta| meta.is_file())
}

/// Finds the program and learns what it is, from the cache where its file is unchanged.
pub(super) fn prepare(
    state: &State,
    configured: Option<&str>,
    path: &str,
) -> Result<Program, Error> {
    let file = find(configured, path)?;
    let Some(stamp) = Stamp::of(&file) else {
        let name = file.to_string_lossy().into_owned();
        return Err(Error::ProgramMissing { name, searched: false });
    };
    let mut cache = read_cache(state);
    let key = file.to_string_lossy().into_owned();
    if let Some(known) = cache.get(&key).filter(|known| known.stamp == stamp) {
        return Ok(Program {
            path: file,
            version: known.version.clone(),
            flags: known.flags.clone(),
        });
    }
    let program = probe(&file)?;
    // A program that did not answer is asked again next time.
    if let Some(version) = &program.version {
        let known = Known { stamp, version: Some(version.clone()), flags: program.flags.clone() };
        cache.insert(key, known);
        write_cache(state, &cache);
    }
    Ok(program)
}

/// Asks the program itself, without any cache: for a look that leaves nothing behind.
pub(crate) fn probe(file: &Path) -> Result<Program, Error> {
    let help = ask(file, "--help").or_else(|| ask(file, "--help"));
    let help = help.ok_or_else(|| Error::ProgramSilent { path: file.to_owned() })?;
    Ok(Program {
        path: file.to_owned(),
        version: ask(file, "--version").as_deref().and_then(version),
        flags: Flags::from_help(&help),
    })
}

/// What was learnt of a program file, and how to tell that it is still the same.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Known {
    stamp: Stamp,
    version: Option<String>,
    flags: Flags,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn of(file: &Path) -> Option<Self> {
        let meta = fs::metadata(file).ok()?;
        Some(Self {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
        })
    }
}

/// Disposable: unreadable means empty, and half a write is unreadable.
fn read_cache(state: &State) -> BTreeMap<String, Known> {
    let mut options = OpenOptions::new();
    options.read(true);
    open_private(&state.probe(), &options)
        .ok()
        .and_then(|file| serde_json::from_reader(io::BufReader::new(file)).ok())
        .unwrap_or_default()
}

fn write_cache(state: &State, cache: &BTreeMap<String, Known>) {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    if let (Ok(mut file), Ok(text)) =
        (open_private(&state.probe(), &options), serde_json::to_vec(cache))
    {
        let _ = file.write_all(&text);
    }
}

/// Forgets what was learnt, when a flag that was promised is refused.
pub(super) fn forget_probe(state: &State) {
    let _ = fs::remove_file(state.probe());
}

/// Runs the program with one flag and returns what it printed, within a time limit.
fn ask(file: &Path, flag: &str) -> Option<String> {
    let mut command = Command::new(file);
    command
        .arg(flag)
        .env("DISABLE_AUTOUPDATER", "1")
        .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
        .current_dir("/")
        .process_group(0);
    output_in_time(&mut command).filter(|output| output.succeeded).map(|output| output.stdout)
}

/// The user's own settings lose their effect with the setting sources; what authentication needs of
/// them is carried over in a file, because secrets do not belong into an argument list.
pub(super) fn write_carried_settings(
    environment: &[(String, String)],
    directory: &Path,
    credential_is_configured: bool,
) -> io::Result<Option<PathBuf>> {
    let mut carried = carried(environment);
    if credential_is_configured {
        carried = carried.as_ref().and_then(without_credentials);
    }
    let Some(carried) = carried else { return Ok(None) };
    let path = directory.join("settings.json");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    let mut file = open_private(&path, &options).map_err(io::Error::from)?;
    file.write_all(carried.to_string().as_bytes())?;
    Ok(Some(path))
}

/// What of the user's settings is carried over, if anything.
pub(crate) fn carried(environment: &[(String, String)]) -> Option<serde_json::Value> {
    carried_settings(&user_settings(environment)?)
}

/// The user's settings file: never a project's.
fn user_settings(environment: &[(String, String)]) -> Option<String> {
    fs::read_to_string(claude_directory(environment)?.join("settings.json")).ok()
}

/// Where Claude Code keeps its own things.
pub(super) fn claude_directory(environment: &[(String, String)]) -> Option<PathBuf> {
    let of = |wanted: &str| {
        let found = environment.iter().find(|(name, value)| name == wanted && !value.is_empty());
        found.map(|(_, value)| PathBuf::from(value))
    };
    of("CLAUDE_CONFIG_DIR").or_else(|| Some(of("HOME")?.join(".claude")))
}
