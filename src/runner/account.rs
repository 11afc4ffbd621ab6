//! By whose credentials and in whose home Claude Code runs: the consult room's rules, applied to what
//! is on disk.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::error::Error;
use super::homes::Homes;
use super::program;
use crate::consult::claude::credentials::{CredentialFile, Given, LOGIN_FILES, Source, is_login};
use crate::consult::request::Request;

/// One consult's account.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) source: Source,
    /// Claude Code's own home, where it does not run in the user's.
    pub(crate) config_dir: Option<PathBuf>,
    /// The variable and the value of a credential that the configuration names.
    pub(crate) credential: Option<(&'static str, String)>,
    /// How the variables begin that the chosen cloud's tools read.
    pub(crate) families: &'static [&'static str],
}

/// Whose account it will be. The credential itself is not read yet.
pub(crate) fn of(request: &Request, environment: &[(String, String)], homes: &Homes) -> Account {
    let carried = program::carried(environment);
    let given = given(environment, carried.as_ref());
    let source = given.source(request.credential_file.as_ref(), has_login(&homes.login));
    let config_dir = source.owns_home().then(|| homes.of(source).to_owned());
    Account { source, config_dir, credential: None, families: given.families() }
}

/// Whether somebody is logged in in Claude Code's own home. An adviser with a shell may write there, so
/// what lies there is read with care.
pub(crate) fn has_login(claude_home: &Path) -> bool {
    let [credentials, state] = LOGIN_FILES.map(|name| read_with_care(&claude_home.join(name)));
    is_login(credentials.as_deref(), state.as_deref())
}

/// A regular file of a sane size: no link is followed, no FIFO waited for.
fn read_with_care(path: &Path) -> Option<String> {
    const LONGEST: u64 = 16 << 20;
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path);
    let file = file.ok().filter(|file| file.metadata().is_ok_and(|meta| meta.is_file()))?;
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

pub(super) fn given<'a>(
    variables: &'a [(String, String)],
    carried: Option<&'a serde_json::Value>,
) -> Given<'a> {
    Given { variables, carried }
}

/// The user's home.
pub(super) fn home(environment: &[(String, String)]) -> Option<PathBuf> {
    let home = environment.iter().find(|(name, value)| name == "HOME" && !value.is_empty());
    home.map(|(_, value)| PathBuf::from(value))
}

/// The user's own home of Claude Code.
fn users_home(environment: &[(String, String)], given: &Given<'_>) -> Option<PathBuf> {
    let moved = given.value("CLAUDE_CONFIG_DIR").map(PathBuf::from);
    moved.or_else(|| Some(home(environment)?.join(".claude")))
}

impl Account {
    /// What Claude Code writes besides temporary files.
    pub(super) fn writable(
        &self,
        environment: &[(String, String)],
        given: &Given<'_>,
    ) -> Vec<PathBuf> {
        let Some(home) = home(environment) else { return Vec::new() };
        let (_, clouds) = given.cloud_places(self.source);
        let mut places: Vec<PathBuf> = clouds.into_iter().map(|name| home.join(name)).collect();
        if let Some(own) = &self.config_dir {
            places.push(own.clone());
        } else {
            places.extend(users_home(environment, given));
            places.push(home.join(".claude.json"));
        }
        places
    }

    /// Whether it runs on a login that Claude Code renews, in whichever home.
    pub(super) fn renews_login(&self, environment: &[(String, String)], given: &Given<'_>) -> bool {
        match (self.source, &self.config_dir) {
            (Source::Login, _) => true,
            (Source::Home, None) => users_home(environment, given).is_some_and(|at| has_login(&at)),
            _ => false,
        }
    }

    /// What it reads although it may lie in a closed place.
    pub(super) fn needed(
        &self,
        environment: &[(String, String)],
        given: &Given<'_>,
    ) -> Vec<PathBuf> {
        let (clouds, _) = given.cloud_places(self.source);
        let home = home(environment).unwrap_or_default();
        let below = clouds.into_iter().map(|name| home.join(name));
        below
            .chain(given.files(self.source).into_iter().map(PathBuf::from))
            .chain([PathBuf::from("/etc/resolv.conf")])
            .collect()
    }
}

/// Reads the credential that the configuration names. A file that others may read is refused.
pub(crate) fn credential(request: &Request) -> Result<Option<(&'static str, String)>, Error> {
    let Some(file) = &request.credential_file else { return Ok(None) };
    Ok(Some((file.variable(), read(file)?)))
}

/// Whether the credential in a file can be used, as far as that can be told for nothing.
pub(crate) fn check(file: &CredentialFile) -> Result<(), Error> {
    read(file).map(drop)
}

fn read(file: &CredentialFile) -> Result<String, Error> {
    const LONGEST: u64 = 64 << 10;
    const FOR_OTHERS: u32 = 0o077;
    let path = Path::new(file.path());
    let unusable = |why: String| Error::Credential { path: path.to_owned(), why };
    let io = |error: std::io::Error| unusable(error.to_string());
    let waits_for_nothing = OFlags::NONBLOCK.bits().cast_signed();
    let opened =
        OpenOptions::new().read(true).custom_flags(waits_for_nothing).open(path).map_err(io)?;
    let meta = opened.metadata().map_err(io)?;
    if !meta.is_file() {
        return Err(unusable("it is not a file".to_owned()));
    }
    if meta.mode() & FOR_OTHERS != 0 {
        let why = format!("others may read it (mode {:o}); chmod 600 it", meta.mode() & 0o777);
        return Err(unusable(why));
    }
    let mut text = String::new();
    opened.take(LONGEST).read_to_string(&mut text).map_err(io)?;
    match text.trim() {
        "" => Err(unusable("it is empty".to_owned())),
        secret if secret.contains(char::is_whitespace) => {
            Err(unusable("it holds more than one word".to_owned()))
        }
        secret => Ok(secret.to_owned()),
    }
}
