//! What a jail on a host comes to: what it would lack, and what it means for a shell. Decided from
//! values, so that a dry run says what a runner then records.

use super::account::{self, Account};
use super::error::Error;
use super::homes::Homes;
use super::session::Memory;
use crate::consult::claude::argv::Shell;
use crate::consult::claude::credentials::Source;
use crate::consult::request::{Request, Sandbox};
use crate::jail::probe::{Bwrap, Offer, probe};
use crate::job::enforcement::Enforcement;
use crate::job::event::Queued;

/// What a jail on this host would be, and what it would lack.
pub(crate) fn foresee(offer: &Offer) -> Enforcement {
    if offer.seatbelt {
        let missing = vec!["a test of sandbox-exec on macOS: there was none".to_owned()];
        return Enforcement { seatbelt: true, missing, ..Enforcement::default() };
    }
    let mut missing = Vec::new();
    if offer.landlock_abi.is_none() {
        missing.push("Landlock: this kernel does not have it".to_owned());
    }
    if !offer.seccomp {
        missing.push("seccomp: this kernel takes no filter".to_owned());
    }
    match &offer.bwrap {
        Bwrap::Works { .. } => {}
        Bwrap::Fails { program, why } => {
            missing.push(format!("bubblewrap: {}: {why}", program.display()));
        }
        Bwrap::Missing => missing.push("bubblewrap: it is not installed".to_owned()),
    }
    Enforcement {
        landlock_abi: offer.landlock_abi,
        seccomp: offer.seccomp,
        bwrap: offer.bwrap.program().map(|program| program.to_string_lossy().into_owned()),
        missing,
        ..Enforcement::default()
    }
}

/// Whether Claude Code runs in a home of its own. A conversation is resumed where it lies, and a home of
/// its own is used in a jail only: what was left there by an adviser must not work outside.
pub(super) fn own_home(
    resumed: bool,
    memory: &Memory,
    account: &Account,
    stands: bool,
) -> Result<bool, Error> {
    let own_home = if resumed {
        memory.own_home.unwrap_or(false)
    } else {
        account.config_dir.is_some() && stands
    };
    if own_home && !stands { Err(Error::HomeWithoutJail) } else { Ok(own_home) }
}

/// What would be enforced on a consult here, without trying it; and that it would be refused.
pub(crate) fn foreseen(
    queued: &Queued,
    memory: &Memory,
    environment: &[(String, String)],
    homes: &Homes,
    path: &str,
) -> Result<(Enforcement, Shell, Account), Error> {
    let request = &queued.request;
    let account = account::of(request, environment, homes);
    let mut enforcement = match request.sandbox {
        Sandbox::Off => Enforcement::default(),
        _ => foresee(&probe(path)),
    };
    let stands = enforcement.lacks().is_empty();
    let own_home = own_home(queued.session.resumed, memory, &account, stands)?;
    let config_dir = own_home.then(|| homes.of(account.source).to_owned());
    let shell = describe(&mut enforcement, request, account.source, own_home);
    Ok((enforcement, shell, Account { config_dir, ..account }))
}

/// Completes the record, and says what it means for a shell.
pub(super) fn describe(
    enforcement: &mut Enforcement,
    request: &Request,
    source: Source,
    own_home: bool,
) -> Shell {
    let (shell, reason) = shell(enforcement, request, source, own_home);
    request.sandbox.name().clone_into(&mut enforcement.sandbox);
    if own_home { "own" } else { "user" }.clone_into(&mut enforcement.home);
    source.name().clone_into(&mut enforcement.credentials);
    let word = match shell {
        Shell::None => "none",
        Shell::Asked => "asked",
        Shell::Allowed => "allowed",
    };
    word.clone_into(&mut enforcement.bash);
    enforcement.bash_reason = reason;
    shell
}

fn shell(
    enforcement: &Enforcement,
    request: &Request,
    source: Source,
    own_home: bool,
) -> (Shell, Option<String>) {
    let none = |why: &str| (Shell::None, Some(why.to_owned()));
    let lacks = enforcement.lacks();
    if !request.tools.iter().any(|tool| tool == "Bash") {
        none("it is not among the tools of the configuration")
    } else if request.sandbox == Sandbox::Off {
        none("the sandbox is switched off")
    } else if !lacks.is_empty() {
        (Shell::None, Some(format!("the sandbox lacks {}", lacks.join(" and "))))
    } else if !source.owns_home() {
        none(USERS_HOME)
    } else if !own_home {
        none("the conversation began in your own home, where a shell could change what runs later")
    } else if enforcement.bwrap.is_some() {
        (Shell::Allowed, None)
    } else if source == Source::Login {
        none(
            "without bubblewrap a login cannot be renewed behind a wall that is closed for a shell",
        )
    } else {
        let why = "without bubblewrap Claude Code decides about each command, and denies most";
        (Shell::Asked, Some(why.to_owned()))
    }
}

const USERS_HOME: &str = "the credentials are those of your own home, where a shell could change what \
     runs later; `phone-opus login`, a key in the environment, or credentials.token_file change that";
