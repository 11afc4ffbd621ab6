//! What many jobs add up to.

use std::collections::BTreeMap;

use super::brief::Brief;
use super::status::Status;

/// Sums over list rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Totals {
    pub(crate) jobs: u64,
    by_status: [u64; Status::ALL.len()],
    pub(crate) recovered: u64,
    /// US dollars, of jobs whose cost is known.
    pub(crate) cost_usd: f64,
    pub(crate) turns: u64,
    /// Milliseconds that Claude Code took.
    pub(crate) duration_ms: u64,
    /// By the model that was asked for: jobs and dollars.
    pub(crate) models: BTreeMap<String, (u64, f64)>,
    /// Failed jobs by the code of their failure.
    pub(crate) failures: BTreeMap<String, u64>,
    pub(crate) first_created_unix_ms: Option<i64>,
    pub(crate) last_updated_unix_ms: Option<i64>,
}

impl Totals {
    /// Adds a job by its row.
    pub(crate) fn add(&mut self, row: &Brief) {
        let cost_usd = row.cost_usd.unwrap_or_default();
        self.jobs += 1;
        self.by_status[row.status as usize] += 1;
        self.recovered += u64::from(row.recovered);
        self.cost_usd += cost_usd;
        self.turns += row.turns.unwrap_or_default();
        self.duration_ms += row.duration_ms.unwrap_or_default();
        let model = self.models.entry(row.model.clone()).or_default();
        *model = (model.0 + 1, model.1 + cost_usd);
        if let Some(code) = &row.failure_code {
            *self.failures.entry(code.clone()).or_default() += 1;
        }
        let (created, updated) = (row.created_unix_ms, row.updated_unix_ms);
        let first = self.first_created_unix_ms.get_or_insert(created);
        *first = created.min(*first);
        let last = self.last_updated_unix_ms.get_or_insert(updated);
        *last = updated.max(*last);
    }

    /// How many of the jobs are in a state.
    pub(crate) fn in_status(&self, status: Status) -> u64 {
        self.by_status[status as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_add_up_in_any_order() {
        let done = Brief {
            status: Status::Succeeded,
            created_unix_ms: 5,
            updated_unix_ms: 9,
            cost_usd: Some(0.5),
            turns: Some(3),
            model: "opus".to_owned(),
            ..Brief::default()
        };
        let failed = Brief {
            status: Status::Failed,
            created_unix_ms: 2,
            updated_unix_ms: 4,
            failure_code: Some("network".to_owned()),
            model: "opus".to_owned(),
            ..Brief::default()
        };
        let sum = |rows: [&Brief; 2]| {
            let mut totals = Totals::default();
            for row in rows {
                totals.add(row);
            }
            totals
        };
        let totals = sum([&done, &failed]);
        assert_eq!(totals, sum([&failed, &done]));
        assert_eq!((totals.jobs, totals.turns, totals.models["opus"]), (2, 3, (2, 0.5)));
        assert_eq!((totals.in_status(Status::Failed), totals.failures["network"]), (1, 1));
        assert_eq!((totals.first_created_unix_ms, totals.last_updated_unix_ms), (Some(2), Some(9)));
    }
}
