//! Memory of processes, as their proportional share: what is shared counts once among its users.

use std::fs;

/// The share of a process, in KiB.
pub(crate) fn pss(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("alive");
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).expect("told");
    line.trim().trim_end_matches("kB").trim().parse().expect("a number")
}
