//! A mark that a process cannot take off: how what is left of a dead runner is told, also when it has
//! left its session, scrubbed its environment and lost its parent.
//!
//! The mark is the hard limit of realtime CPU time (`RLIMIT_RTTIME`), which means nothing to a process
//! without realtime scheduling. It is set so high that it limits nobody, with the job's id in its low
//! bits. Limits are inherited by everything below; only root may raise one, the filter of the jail
//! forbids it even to root, and every process may read it in `/proc/PID/limits`.

use std::fs;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, setrlimit};

use crate::job::id::JobId;

/// Bits of the id.
const ID_BITS: u32 = 48;

/// What stands above them, less one for each consult that this one is nested in: a limit may only be
/// lowered, so an inner job can put its own mark on where an outer one's is.
const HIGH: u64 = 0x7fff;

/// How deep consults can be nested and still be told.
const DEEPEST: u64 = 0xff;

/// Marks this process and all that will come from it. Where a limit is lower already, it stays.
pub(super) fn put_on(job: JobId, depth: u64) {
    let mark = ((HIGH - depth.min(DEEPEST)) << ID_BITS) | id(job);
    let before = getrlimit(Resource::Rttime);
    if before.maximum.is_none_or(|had| had > mark) {
        let soft = before.current.map_or(mark, |had| had.min(mark));
        let _ = setrlimit(Resource::Rttime, Rlimit { current: Some(soft), maximum: Some(mark) });
    }
}

/// Whether a process carries this job's mark.
pub(super) fn is_on(pid: Pid, job: JobId) -> bool {
    let limits = fs::read_to_string(format!("/proc/{}/limits", pid.as_raw_nonzero()));
    limits.ok().and_then(|limits| hard_limit(&limits)).is_some_and(|limit| is_mark_of(limit, job))
}

fn is_mark_of(limit: u64, job: JobId) -> bool {
    let high = limit >> ID_BITS;
    (HIGH - DEEPEST..=HIGH).contains(&high) && limit & ((1 << ID_BITS) - 1) == id(job)
}

fn hard_limit(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max realtime timeout"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

fn id(job: JobId) -> u64 {
    job.low_bits() & ((1 << ID_BITS) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: &str = "\
Limit                     Soft Limit           Hard Limit           Units
Max realtime priority     0                    0
Max realtime timeout      unlimited            9223090561878065151  us
";

    #[test]
    fn the_limit_is_read_and_no_limit_is_no_mark() {
        assert_eq!(hard_limit(LIMITS), Some(9_223_090_561_878_065_151));
        assert_eq!(hard_limit(&LIMITS.replace("9223090561878065151", "unlimited")), None);
        assert_eq!(hard_limit(""), None);
    }

    #[test]
    fn a_mark_is_one_jobs_at_any_depth() {
        let job = JobId::parse("0b4e0a52-7f43-4f5e-9a2b-3c1d5e6f7a8b").expect("an id");
        let other = JobId::parse("0b4e0a52-7f43-4f5e-9a2b-3c1d5e6f7a8c").expect("an id");
        for high in [HIGH, HIGH - 1, HIGH - DEEPEST] {
            let mark = (high << ID_BITS) | id(job);
            assert!(is_mark_of(mark, job) && !is_mark_of(mark, other));
        }
        assert!(!is_mark_of(((HIGH - DEEPEST - 1) << ID_BITS) | id(job), job));
        assert!(!is_mark_of(u64::MAX, job) && !is_mark_of(0, job));
    }
}
