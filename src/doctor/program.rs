//! Claude Code: there, in which version, and with the flags that only some versions have.

use std::path::Path;

use super::Surroundings;
use super::finding::{Found, failed, ok, warn};
use crate::runner::program::probe;

const CHECK: &str = "claude";

/// Asks the program for its version and its help; nothing is spent.
pub(super) fn look(surroundings: &Surroundings) -> Vec<Found> {
    let path = match &surroundings.claude {
        Ok(path) => Path::new(path),
        Err(failure) => return vec![failed(CHECK, failure)],
    };
    let program = match probe(path) {
        Ok(program) => program,
        Err(error) => return vec![failed(CHECK, &error.into()).on(path)],
    };
    let shown = path.display();
    let mut found = vec![match &program.version {
        Some(version) => {
            let flags = if program.flags.restricted { ", with --restricted" } else { "" };
            ok(CHECK, "found", format!("{shown}, version {version}{flags}"))
        }
        None => warn(CHECK, "version_unknown", format!("{shown} does not tell its version"))
            .advise("Run it with --version; update it if that fails."),
    }];
    if !program.flags.restricted {
        found.push(
            warn(CHECK, "no_restricted", "this version does not know --restricted".to_owned())
                .advise(
                    "Update Claude Code: without that flag `@path` in a prompt reads any file.",
                ),
        );
    }
    found.into_iter().map(|found| found.on(path)).collect()
}
