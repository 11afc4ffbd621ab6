//! Retention: which jobs may go. Only those that have ended, and only by a rule that somebody gave.

use super::brief::Brief;
use super::id::JobId;
use super::status::Status;

/// What a job must be to go: where both are given, both must hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Rule {
    /// It ended longer ago than this, milliseconds.
    pub(crate) older_than_ms: Option<u64>,
    /// It is not among so many that changed last, of those that have ended.
    pub(crate) keep: Option<u32>,
}

impl Rule {
    /// Whether every job stays.
    pub(crate) fn is_off(self) -> bool {
        self == Self::default()
    }
}

/// A job that may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Doomed {
    pub(crate) job: JobId,
    pub(crate) status: Status,
    /// Milliseconds since 1970.
    pub(crate) finished_unix_ms: i64,
}

/// Which jobs would go, and how many would stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) rule: Rule,
    /// The one that changed last first.
    pub(crate) doomed: Vec<Doomed>,
    pub(crate) kept: u64,
    /// Of those that were looked at, how many have ended.
    ended: u32,
}

impl Plan {
    pub(crate) fn new(rule: Rule) -> Self {
        Self { rule, ..Self::default() }
    }

    /// Decides about a job by its list row. Jobs come in the order of a list, last change first.
    pub(crate) fn look(&mut self, job: JobId, row: &Brief, now_unix_ms: i64) {
        let has_ended = row.status.is_terminal();
        let finished_unix_ms = row.finished_unix_ms.unwrap_or(row.updated_unix_ms);
        let age_ms = u64::try_from(now_unix_ms.saturating_sub(finished_unix_ms)).unwrap_or(0);
        let is_old = self.rule.older_than_ms.is_none_or(|limit| age_ms > limit);
        let is_beyond = self.rule.keep.is_none_or(|keep| self.ended >= keep);
        if has_ended && is_old && is_beyond && !self.rule.is_off() {
            self.doomed.push(Doomed { job, status: row.status, finished_unix_ms });
        } else {
            self.kept += 1;
        }
        self.ended = self.ended.saturating_add(has_ended.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;
    const NOW: i64 = 100 * DAY;

    /// Jobs by number, the newest first, each with its state and how many days ago it ended.
    fn plan(rule: Rule, jobs: &[(Status, i64)]) -> (Vec<u8>, u64) {
        let mut plan = Plan::new(rule);
        for (number, (status, days)) in (0..).zip(jobs) {
            let finished_unix_ms = status.is_terminal().then_some(NOW - days * DAY);
            let row = Brief { status: *status, finished_unix_ms, ..Brief::default() };
            plan.look(JobId::from_bytes([number; 16]), &row, NOW);
        }
        (plan.doomed.iter().map(|doomed| doomed.job.bytes()[0]).collect(), plan.kept)
    }

    const FIFTEEN_DAYS: Option<u64> = Some(15 * 86_400_000);

    const JOBS: [(Status, i64); 6] = [
        (Status::Running, 0),
        (Status::Succeeded, 1),
        (Status::Failed, 20),
        (Status::Queued, 0),
        (Status::Lost, 40),
        (Status::Cancelled, 10),
    ];

    #[test]
    fn without_a_rule_all_stay() {
        assert_eq!(plan(Rule::default(), &JOBS), (vec![], 6));
    }

    #[test]
    fn only_what_has_ended_goes_and_only_by_its_age_or_beyond_the_number_kept() {
        let old = Rule { older_than_ms: FIFTEEN_DAYS, keep: None };
        assert_eq!(plan(old, &JOBS), (vec![2, 4], 4));
        let many = Rule { older_than_ms: None, keep: Some(2) };
        assert_eq!(plan(many, &JOBS), (vec![4, 5], 4));
        let both = Rule { older_than_ms: FIFTEEN_DAYS, keep: Some(2) };
        assert_eq!(plan(both, &JOBS), (vec![4], 5));
        let all = Rule { older_than_ms: Some(0), keep: None };
        assert_eq!(plan(all, &JOBS), (vec![1, 2, 4, 5], 2));
    }

    #[test]
    fn a_job_that_ends_in_the_future_is_not_old_and_the_very_age_stays() {
        let rule = Rule { older_than_ms: FIFTEEN_DAYS, keep: None };
        assert_eq!(plan(rule, &[(Status::Succeeded, -3), (Status::Succeeded, 15)]), (vec![], 2));
    }

    #[test]
    fn a_row_without_an_end_goes_by_its_last_change() {
        let mut plan = Plan::new(Rule { older_than_ms: Some(10), keep: None });
        let row = Brief { status: Status::Lost, updated_unix_ms: 5, ..Brief::default() };
        plan.look(JobId::from_bytes([1; 16]), &row, 20);
        assert_eq!(plan.doomed[0].finished_unix_ms, 5);
    }
}
