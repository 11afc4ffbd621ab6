//! The state directory: ours alone, on a disk that keeps what it is given, with room left.

use std::path::Path;
use std::time::Duration;

use super::Surroundings;
use super::finding::{Found, MOST_LINES, Remedy, and_more, error, failed, ok, warn};
use crate::failure::{Exit, Failure};
use crate::journal::error::Error;
use crate::journal::medium::Medium;
use crate::journal::place::State;
use crate::journal::survey::{Survey, log_holder, survey};
use crate::runner::inspect::process;

const CHECK: &str = "state";
const SPACE: &str = "space";
const LOCK: &str = "log-lock";

/// Below these a consult may fail, and below the second pair it will.
const LITTLE_BYTES: u64 = 100 << 20;
const LITTLE_FILES: u64 = 1000;
const NO_BYTES: u64 = 1 << 20;
const NO_FILES: u64 = 10;

/// Whoever holds the log's lock this long is more than a writer at its work.
const PATIENCE: Duration = Duration::from_millis(500);

/// Looks at the directory, and returns it where it can be read.
pub(super) fn look(surroundings: &Surroundings) -> (Vec<Found>, Option<State>) {
    let root = match &surroundings.state_root {
        Ok(root) => root,
        Err(failure) => return (vec![failed(CHECK, failure)], None),
    };
    let seen = survey(root);
    let state = match State::existing(root, surroundings.allow_network_fs) {
        Ok(state) => state,
        Err(error) => return (vec![failed(CHECK, &error.into()).on(root)], None),
    };
    let mut found = vec![directory(root, &seen).on(root)];
    found.extend(exposed(&seen));
    found.extend(seen.medium.as_ref().map(|medium| space(medium).on(root)));
    found.extend(state.as_ref().map(|state| lock(state).on(&state.events_lock())));
    (found, state)
}

fn directory(root: &Path, seen: &Survey) -> Found {
    let shown = root.display();
    let kind = seen.medium.as_ref().map_or("an unknown file system", |medium| &medium.kind);
    if let Some(refused) = &seen.refused {
        let source = std::io::Error::from_raw_os_error(refused.raw_os_error().unwrap_or_default());
        return failed(CHECK, &Failure::from(Error::writing(&seen.nearest, source)));
    }
    if !seen.exists {
        return ok(
            CHECK,
            "absent",
            format!("{shown} is not there yet; the first consult makes it"),
        );
    }
    if seen.medium.as_ref().is_some_and(|medium| medium.is_memory) {
        return warn(
            CHECK,
            "in_memory",
            format!("{shown} is in memory ({kind}): a reboot forgets all jobs"),
        )
        .advise("Set PHONE_OPUS_STATE_DIR to a directory on a disk.");
    }
    ok(CHECK, "usable", format!("{shown} can be used, on {kind}"))
}

fn exposed(seen: &Survey) -> Vec<Found> {
    let uid = rustix::process::geteuid().as_raw();
    let one = |(path, mode, owner): &(std::path::PathBuf, u32, u32)| {
        let shown = path.display();
        if *owner != uid {
            let message = format!("{shown} belongs to another user (uid {owner})");
            return error(CHECK, "wrong_owner", Exit::StateIo, message)
                .advise("Give it to yourself with chown; sudo with phone-opus makes such files.")
                .on(path);
        }
        let found = warn(CHECK, "exposed", format!("{shown} is open to others (mode {mode:04o})"));
        if !(path.is_file() || path.is_dir()) {
            let advice = "It is neither a file nor a directory, so it is left alone; move it away.";
            return found.advise(advice).on(path);
        }
        found
            .advise("Prompts and answers are in there; --fix takes it from others.")
            .on(path)
            .mends(Remedy::Tighten(path.clone()))
    };
    let mut found: Vec<Found> = seen.exposed.iter().map(one).collect();
    if found.len() > MOST_LINES {
        let rest = found.split_off(MOST_LINES);
        let count = rest.len() as u64;
        let remedies = rest.into_iter().flat_map(|found| found.remedies).collect();
        found.push(and_more(&found[0], count, remedies));
    }
    found
}

fn space(medium: &Medium) -> Found {
    let files = medium.free_files.unwrap_or(u64::MAX);
    let message = match medium.free_files {
        Some(files) => format!("{} and {files} files are free", size(medium.free_bytes)),
        None => format!("{} are free", size(medium.free_bytes)),
    };
    let advice =
        "Free some space there: an answer that finds no room is only kept while its runner lives.";
    if medium.free_bytes < NO_BYTES || files < NO_FILES {
        return error(SPACE, "full", Exit::StateIo, message).advise(advice);
    }
    if medium.free_bytes < LITTLE_BYTES || files < LITTLE_FILES {
        return warn(SPACE, "low", message).advise(advice);
    }
    ok(SPACE, "enough", message)
}

fn lock(state: &State) -> Found {
    let holder = match log_holder(state, PATIENCE) {
        Ok(holder) => holder,
        Err(error) => return failed(LOCK, &error.into()),
    };
    let Some(holder) = holder else {
        return ok(LOCK, "free", "nobody holds on to the log's lock".to_owned());
    };
    let who = holder.pid.map_or("a process that cannot be seen from here".to_owned(), process);
    error(
        LOCK,
        "held",
        Exit::TryLater,
        format!("the log's lock has been held for {} ms by {who}", PATIENCE.as_millis()),
    )
    .advise(
        "If it stays so, that process is stuck or stopped: let it go on (kill -CONT), or end it.",
    )
}

/// Bytes for a person.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut unit = 0;
    let mut left = bytes;
    let mut tenths = 0;
    while left >= 1000 && unit + 1 < UNITS.len() {
        tenths = left % 1000 / 100;
        left /= 1000;
        unit += 1;
    }
    if left < 10 && unit > 0 {
        format!("{left}.{tenths} {}", UNITS[unit])
    } else {
        format!("{left} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::doctor::Level;

    fn medium(free_bytes: u64, free_files: Option<u64>) -> Medium {
        Medium { kind: "ext4".to_owned(), is_memory: false, free_bytes, free_files }
    }

    #[test]
    fn a_disk_is_judged_by_its_bytes_and_by_its_files() {
        for (bytes, files, level, message) in [
            (5 << 30, Some(9000), Level::Ok, "5.3 GB and 9000 files are free"),
            (5 << 30, None, Level::Ok, "5.3 GB are free"),
            (50 << 20, Some(9000), Level::Warn, "52 MB and 9000 files are free"),
            (5 << 30, Some(999), Level::Warn, "5.3 GB and 999 files are free"),
            (1000, Some(9000), Level::Error, "1.0 kB and 9000 files are free"),
            (5 << 30, Some(0), Level::Error, "5.3 GB and 0 files are free"),
        ] {
            let found = space(&medium(bytes, files));
            assert_eq!((found.finding.level, found.finding.message.as_str()), (level, message));
        }
    }

    #[test]
    fn sizes_are_told_in_the_unit_that_fits() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (123_456, "123 kB"),
            (u64::MAX, "18446744 TB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
