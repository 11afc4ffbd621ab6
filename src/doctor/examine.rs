//! The order of an examination: from what was set up to what it left behind.

use super::finding::{Found, failed, ok, warn};
use super::{Surroundings, clients, jobs, kernel, log, login, program, state};
use crate::journal::place::State;

/// Looks at everything. The state directory is returned where it can be used.
pub(super) fn examine(surroundings: &Surroundings) -> (Vec<Found>, Option<State>) {
    let mut found = configuration(surroundings);
    found.extend(program::look(surroundings));
    found.extend(login::look(surroundings));
    found.extend(kernel::look(&surroundings.search_path, surroundings.sandbox));
    let (looks, state) = state::look(surroundings);
    found.extend(looks);
    if let Some(state) = &state {
        let (looks, check) = log::look(state);
        found.extend(looks);
        if let Some(check) = check {
            found.extend(jobs::look(state, &check, surroundings.now));
        }
    }
    found.extend(clients::look(surroundings));
    (found, state)
}

fn configuration(surroundings: &Surroundings) -> Vec<Found> {
    const CHECK: &str = "configuration";
    let first = match &surroundings.configuration {
        Err(failure) => failed(CHECK, failure),
        Ok(Some(file)) => ok(CHECK, "right", format!("{} is right", file.display())),
        Ok(None) => {
            ok(CHECK, "right", "there is no file, and the defaults are in force".to_owned())
        }
    };
    let warnings = surroundings.warnings.iter().map(|warning| {
        warn(CHECK, "unknown_variable", warning.clone()).advise("Unset it, or correct its name.")
    });
    std::iter::once(first).chain(warnings).collect()
}
