//! Credentials: whether Claude Code will get in, as far as that can be told for nothing.

use super::Surroundings;
use super::finding::{Found, error, failed, ok, warn};
use crate::consult::claude::login::{Login, Place, Source};
use crate::consult::failure::Code;
use crate::failure::{Exit, Failure};
use crate::journal::place::State;
use crate::render::time::{ago, rfc3339};
use crate::runner::login::{Logins, logins};
use crate::runner::{account, homes};

const CHECK: &str = "credentials";

pub(super) fn look(surroundings: &Surroundings) -> Vec<Found> {
    let now_unix_ms = (surroundings.clock.unix_ms)();
    let logins = logins(&surroundings.variables, now_unix_ms);
    let mut own = Vec::new();
    let mut found = Vec::new();
    match own_ways(surroundings) {
        Ok(ways) => own = ways,
        Err(failure) => found.push(failed(CHECK, &failure)),
    }
    found.insert(0, ways_in(own, &logins, now_unix_ms));
    if let (Some(mode), Some(path)) = (logins.open_mode, &logins.file) {
        let message = format!("{} may be read by others (mode {mode:04o})", path.display());
        found.push(
            warn(CHECK, "login_exposed", message)
                .advise("It holds your login: chmod 600, and log in again if others use this host.")
                .on(path),
        );
    }
    found.extend(logins.unreadable.iter().map(|(path, error)| {
        let message = format!("{} cannot be read: {}", path.display(), error.kind());
        warn(CHECK, "unreadable", message).advise("Let this user read it.").on(path)
    }));
    found
}

/// What is for advisers alone: the file that the configuration names, the login in their own home.
fn own_ways(surroundings: &Surroundings) -> Result<Vec<String>, Failure> {
    let mut ways = Vec::new();
    if let Some(file) = &surroundings.credential_file {
        account::check(file)?;
        ways.push(format!("the credential in {}", file.path()));
    }
    let state = surroundings.state_root.as_ref().ok();
    let state = state.and_then(|root| State::existing(root, true).ok().flatten());
    if state.is_some_and(|state| account::has_login(&homes::of_login(state.root()))) {
        ways.push("the login of `phone-opus login`".to_owned());
    }
    Ok(ways)
}

fn ways_in(own: Vec<String>, logins: &Logins, now_unix_ms: i64) -> Found {
    let usable = logins.sources.iter().filter(|source| source.is_usable());
    let others = usable.map(|source| words(source, logins, now_unix_ms));
    let usable: Vec<String> = own.into_iter().chain(others).collect();
    if !usable.is_empty() {
        return ok(CHECK, "found", usable.join("; "));
    }
    let broken: Vec<String> =
        logins.sources.iter().map(|source| words(source, logins, now_unix_ms)).collect();
    let message = if broken.is_empty() {
        "there is no key in the environment, no key helper in your settings, and no login"
            .to_owned()
    } else {
        broken.join("; ")
    };
    if cfg!(target_os = "macos") {
        let message = format!("{message}; the keychain is not looked at");
        return warn(CHECK, "not_told", message).advise(Code::AuthRequired.remedy());
    }
    error(CHECK, "no_credentials", Exit::Authentication, message)
        .advise(Code::AuthRequired.remedy())
}

fn words(source: &Source, logins: &Logins, now_unix_ms: i64) -> String {
    let file = logins.file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
    match source {
        Source::Secret { name, place } => format!("{name} {}", of(*place)),
        Source::Cloud { name, place } => {
            format!("{name} {}: the cloud's own credentials, not looked at", of(*place))
        }
        Source::Helper { name, place } => format!("{name} {}, not run", of(*place)),
        Source::ConsoleKey => "the key of a login at the console".to_owned(),
        Source::Login(Login::Valid { until_unix_ms }) => {
            let until = until_unix_ms.and_then(rfc3339);
            format!(
                "the login in {file}{}",
                until.map(|at| format!(", valid until {at}")).unwrap_or_default()
            )
        }
        Source::Login(Login::Renewable) => {
            format!("the login in {file}, which Claude Code renews at its next call")
        }
        Source::Login(Login::Expired { since_unix_ms }) => {
            format!("the login in {file} has expired ({})", ago(*since_unix_ms, now_unix_ms))
        }
        Source::Login(Login::Empty) => format!("{file} holds no login"),
    }
}

fn of(place: Place) -> &'static str {
    match place {
        Place::Environment => "in the environment",
        Place::UserSettings => "in your settings",
        Place::ManagedSettings => "in the host's managed settings",
    }
}
