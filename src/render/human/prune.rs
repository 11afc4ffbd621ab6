//! What a prune removes, for a person.

use std::fmt::Write;

use crate::job::retention::Plan;
use crate::render::json::Removal;
use crate::render::time::rfc3339;

/// A number of jobs.
pub(crate) fn jobs(count: usize) -> String {
    if count == 1 { "1 job".to_owned() } else { format!("{count} jobs") }
}

/// The jobs that would go, a line each.
pub(crate) fn doomed(plan: &Plan) -> String {
    let mut text = String::new();
    for doomed in &plan.doomed {
        let ended = rfc3339(doomed.finished_unix_ms).unwrap_or_default();
        writeln!(text, "{}  {:9}  {ended}", doomed.job, doomed.status).expect("into memory");
    }
    text
}

/// What was done, or would be.
pub(crate) fn pruned(plan: &Plan, removal: Option<Removal>) -> String {
    let jobs = jobs(plan.doomed.len());
    match removal {
        Some(Removal { bytes_before, bytes_after, .. }) => format!(
            "Removed {jobs}; {} stay. The log had {} and has {} now.",
            plan.kept,
            size(bytes_before),
            size(bytes_after)
        ),
        None if plan.doomed.is_empty() => format!("No job is to go; {} stay.", plan.kept),
        None => format!("{jobs} would go; {} stay.", plan.kept),
    }
}

/// Bytes in the largest unit that leaves a number above 1.
fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => {
            let tenths = bytes / (unit / 10);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_cut_and_never_rounded_up() {
        let sizes = [0, 999, 1_000, 1_999, 999_999, 1_000_000, 9_876_543_210].map(size);
        let wanted = ["0 bytes", "999 bytes", "1.0 kB", "1.9 kB", "999.9 kB", "1.0 MB", "9.8 GB"];
        assert_eq!(sizes, wanted);
    }
}
