//! The doctor: looks at everything that a consult needs, says of each thing whether it is right and
//! what to do, and on request does what is safe.
//!
//! What it promises:
//! - A look changes nothing: no file is made, no job's end recorded, no program run but Claude Code's
//!   `--version` and `--help`, nothing spent, no secret read into a message.
//! - It comes to an end: no lock is waited for longer than a moment, and what cannot be read is a
//!   finding and no reason to stop.
//! - A fix never rewrites a line of the log, and takes nothing that a live job has (see
//!   [`crate::runner::mend`]). What was done is told, and what is left is looked at anew.
//!
//! The rooms below tell what there is, and have no opinion; the opinion is here, and nowhere else.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the room that looks at what belongs to others: their clients' files"
)]

mod clients;
mod examine;
mod finding;
mod fix;
mod jobs;
mod jsonc;
mod kernel;
mod log;
mod login;
mod program;
mod state;

use std::path::PathBuf;
use std::time::SystemTime;

use crate::consult::claude::credentials::CredentialFile;
use crate::consult::request::Sandbox;
use crate::failure::{Exit, Failure};
use crate::render::doctor::{Report, report};
use crate::runner::clock::Clock;
use examine::examine;
use fix::Fixed;

/// What the door knows: everything is handed in, and what it could not find out as the failure.
#[derive(Debug)]
pub(crate) struct Surroundings {
    /// The configuration file, where there is one and it is right.
    pub(crate) configuration: Result<Option<PathBuf>, Failure>,
    /// What in the configuration changes nothing.
    pub(crate) warnings: Vec<String>,
    pub(crate) allow_network_fs: bool,
    /// How much of a sandbox is configured.
    pub(crate) sandbox: Sandbox,
    pub(crate) state_root: Result<PathBuf, Failure>,
    pub(crate) claude: Result<String, Failure>,
    /// The file with a credential that the configuration names.
    pub(crate) credential_file: Option<CredentialFile>,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) search_path: String,
    pub(crate) home: Option<PathBuf>,
    pub(crate) cwd: Option<PathBuf>,
    pub(crate) clock: Clock,
    pub(crate) now: SystemTime,
}

/// Examines everything; with `fix` does what is safe and examines what it changed once more. Returns
/// the report and how the program ends: as a consult would that meets the worst of the errors, and of
/// what could not be fixed.
pub(crate) fn consult_the_doctor(surroundings: &Surroundings, fix: bool) -> (Report, Exit) {
    let (mut found, state) = examine(surroundings);
    let mut fixed = Fixed::default();
    if fix {
        fixed = fix::fix(&found, state.as_ref(), surroundings);
        if !fixed.fixes.is_empty() {
            found = examine(surroundings).0;
            fixed.correct(&mut found);
        }
    }
    let exit = Exit::merge(found.iter().filter_map(|found| found.exit).chain(fixed.exits()));
    let findings = found.into_iter().map(|found| found.finding).collect();
    (report(findings, fixed.fixes, exit.code()), exit)
}
