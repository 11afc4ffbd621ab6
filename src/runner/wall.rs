//! The wall around an adviser: decided, tried and recorded before anything is spent.
//!
//! What is recorded is what a rehearsal wore: the same program, policy and layers, once through and
//! out. If it falters with bubblewrap, it is tried without, and then with nothing.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::account::{self, Account};
use super::captured::output_in_time;
use super::error::Error;
use super::homes::Homes;
use super::outlook::{describe, foresee, own_home};
use super::program::{self, Program};
use super::stage::{Errand, Inherited};
use super::{session, trampoline};
use crate::consult::claude::argv::Shell;
use crate::consult::claude::credentials::Source;
use crate::consult::claude::routes::ports;
use crate::consult::failure::Code;
use crate::consult::request::{Request, Sandbox};
use crate::jail::policy::{Layers, Policy, Worn};
use crate::jail::probe::{Offer, probe};
use crate::jail::survey::{self, Places};
use crate::job::enforcement::Enforcement;
use crate::job::fold::Job;
use crate::journal::place::open_private;

/// What was decided.
pub(super) struct Wall {
    pub(super) enforcement: Enforcement,
    /// File with the policy; `None` where there is no jail.
    pub(super) policy: Option<PathBuf>,
    pub(super) shell: Shell,
    pub(super) account: Account,
}

impl Wall {
    pub(super) fn has_bwrap(&self) -> bool {
        self.enforcement.bwrap.is_some()
    }
}

/// Decides for a job, while nothing is spent, and leaves its policy in its directory. One that is
/// required and does not stand ends the job: with which code, and why.
pub(super) fn build(
    errand: &Errand,
    inherited: &Inherited,
    job: &Job,
    program: &Program,
) -> Result<Wall, (Code, String)> {
    let wall = decide(errand, inherited, job, program).map_err(|error| match error {
        Error::Credential { .. } => (Code::AuthRequired, error.to_string()),
        Error::HomeWithoutJail => (Code::SessionInSandbox, error.to_string()),
        _ => (Code::SpawnFailed, format!("The sandbox could not be prepared: {error}")),
    })?;
    let lacks = wall.enforcement.lacks();
    if job.queued.request.sandbox == Sandbox::Require && !lacks.is_empty() {
        let missing = wall.enforcement.missing.join("; ");
        let detail = format!("It lacks {}. What was tried: {missing}.", lacks.join(" and "));
        return Err((Code::SandboxUnavailable, detail));
    }
    Ok(wall)
}

fn decide(
    errand: &Errand,
    inherited: &Inherited,
    job: &Job,
    program: &Program,
) -> Result<Wall, Error> {
    let offer = (job.queued.request.sandbox != Sandbox::Off).then(|| probe(&errand.path()));
    let stands = offer.as_ref().is_some_and(|offer| foresee(offer).lacks().is_empty());
    let wall = build_for(errand, inherited, job, program, offer.as_ref(), stands)?;
    if stands && !wall.enforcement.lacks().is_empty() {
        return build_for(errand, inherited, job, program, offer.as_ref(), false);
    }
    Ok(wall)
}

/// The same, where the wall is thought to stand, or not to.
fn build_for(
    errand: &Errand,
    inherited: &Inherited,
    job: &Job,
    program: &Program,
    offer: Option<&Offer>,
    stands: bool,
) -> Result<Wall, Error> {
    let request = &job.queued.request;
    let account = account_of(errand, inherited, job, stands)?;
    let session = &job.queued.session;
    let homes = Homes::below(errand.state.root(), &session.id);
    let mut enforcement = Enforcement::default();
    let mut file = None;
    if let Some(offer) = offer {
        let mut policy = policy(errand, request, program, &account);
        if account.config_dir.is_some() {
            policy.covers = homes.covers(account.source)?;
        }
        let path = errand.state.jail(errand.job);
        enforcement = raise(&path, &policy, &session.cwd, offer)?;
        file = has_any_layer(&enforcement).then_some(path);
    }
    if account.config_dir.is_some() && session.resumed {
        homes.bring(&session.id, account.source, enforcement.bwrap.is_some())?;
    }
    let shell = describe(&mut enforcement, request, account.source, account.config_dir.is_some());
    Ok(Wall { enforcement, policy: file, shell, account })
}

/// A conversation is resumed in the home in which it lies; a new one remembers its own.
fn account_of(
    errand: &Errand,
    inherited: &Inherited,
    job: &Job,
    stands: bool,
) -> Result<Account, Error> {
    let Errand { state, environment, .. } = errand;
    let request = &job.queued.request;
    let session = &job.queued.session;
    let homes = Homes::below(state.root(), &session.id);
    let account = account::of(request, environment, &homes);
    let memory = session::recall(state, &session.id);
    let own_home = own_home(session.resumed, &memory, &account, stands)?;
    session::remember_home(&inherited.session_lock, own_home);
    let config_dir = own_home.then(|| homes.make(account.source)).transpose()?;
    Ok(Account { config_dir, credential: account::credential(request)?, ..account })
}

fn policy(errand: &Errand, request: &Request, program: &Program, account: &Account) -> Policy {
    let Errand { state, environment, .. } = errand;
    let home = account::home(environment);
    let carried = program::carried(environment);
    let given = account::given(environment, carried.as_ref());
    let mut writable = vec![state.tmp(errand.job)];
    writable.extend(account.writable(environment, &given));
    let mut needed = account.needed(environment, &given);
    needed.extend(places_of(&program.path));
    let mut policy = survey::policy(&Places {
        home: home.as_deref(),
        cwd: Path::new(&request.cwd),
        state: state.root(),
        needed: &needed,
        writable: &writable,
        variables: environment,
        closes_secrets: account.source != Source::Helper,
    });
    let helper = account.source == Source::Helper;
    policy.ports = (!helper).then(|| ports(&given));
    policy.unix_sockets = helper;
    policy.renews_login = account.renews_login(environment, &given);
    policy
}

/// The program, what it may be a link to, and the package that it comes in.
fn places_of(program: &Path) -> Vec<PathBuf> {
    let real = std::fs::canonicalize(program).ok();
    let files = [Some(program.to_owned()), real].into_iter().flatten();
    files
        .filter_map(|file| {
            let package = file.ancestors().find(|above| above.ends_with("node_modules"));
            package.or(file.parent()).map(Path::to_owned)
        })
        .collect()
}

/// Tries the layers that the host offers, all of them first.
fn raise(path: &Path, policy: &Policy, cwd: &str, offer: &Offer) -> Result<Enforcement, Error> {
    let mut enforcement = foresee(offer);
    let bwrap = offer.bwrap.program().map(Path::to_owned);
    let mut tries = vec![];
    if bwrap.is_some() {
        tries.push(bwrap);
    }
    tries.push(None);
    for bwrap in tries {
        let layers = Layers {
            landlock: offer.landlock_abi.is_some(),
            seccomp: offer.seccomp,
            bwrap: bwrap.clone(),
            seatbelt: offer.seatbelt,
        };
        write_policy(path, &policy.clone().with(layers))?;
        match rehearse(path, cwd) {
            Ok(worn) => {
                enforcement.landlock_abi = worn.landlock_abi;
                enforcement.seccomp = worn.seccomp;
                enforcement.seatbelt = worn.seatbelt;
                enforcement.bwrap = bwrap.map(|program| program.to_string_lossy().into_owned());
                return Ok(enforcement);
            }
            Err(why) if bwrap.is_some() => enforcement.missing.push(format!("bubblewrap: {why}")),
            Err(why) => enforcement.missing.push(format!("the jail: {why}")),
        }
    }
    let missing = enforcement.missing;
    Ok(Enforcement { missing, ..Enforcement::default() })
}

fn write_policy(path: &Path, policy: &Policy) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    let mut file = open_private(path, &options)?;
    let text = serde_json::to_vec(policy).map_err(std::io::Error::from);
    text.and_then(|text| file.write_all(&text)).map_err(|source| Error::File {
        doing: "write",
        path: path.to_owned(),
        source,
    })
}

fn rehearse(path: &Path, cwd: &str) -> Result<Worn, String> {
    let output = output_in_time(&mut trampoline::rehearsal(cwd, path))
        .ok_or("it could not be tried in time")?;
    let worn = serde_json::from_str(output.stdout.lines().next().unwrap_or_default());
    match worn {
        Ok(worn) if output.succeeded => Ok(worn),
        _ => Err(last_words(&output.stderr)),
    }
}

fn last_words(stderr: &str) -> String {
    let line = stderr.lines().rev().find(|line| !line.trim().is_empty());
    line.unwrap_or("it ended without a word").trim_start_matches("bwrap: ").to_owned()
}

fn has_any_layer(enforcement: &Enforcement) -> bool {
    let Enforcement { landlock_abi, seccomp, bwrap, seatbelt, .. } = enforcement;
    landlock_abi.is_some() || *seccomp || bwrap.is_some() || *seatbelt
}
