//! Housekeeping: what is due once a job is over, and nobody waits for. The worker does it when every
//! lock is free; a failure costs nothing, because the next job's end tries again.

use super::prune;
use super::stage::Errand;
use crate::job::retention::{Plan, Rule};
use crate::journal::error::Error as JournalError;
use crate::journal::index;
use crate::journal::place::State;
use crate::journal::prune as log;

/// Pruning copies what stays, so however many jobs end it is done once a day.
const PRUNE_EVERY_MS: i64 = 24 * 60 * 60 * 1000;

/// Lets the index cover the log, and the retention rule be kept.
pub(super) fn keep_house(errand: &Errand) {
    let Errand { state, clock, retention, .. } = errand;
    let _ = index::extend(state);
    let _ = log::discard_left(state);
    if !retention.is_off()
        && let Ok(Some(plan)) = due(state, *retention, (clock.unix_ms)())
    {
        let _ = prune::run(state, &plan, *clock);
    }
}

/// What is to be pruned now. The whole list is read only where something may be found.
fn due(state: &State, rule: Rule, now_unix_ms: i64) -> Result<Option<Plan>, JournalError> {
    // One from the future was told by a clock that was ahead, and says nothing.
    let is_recent =
        |unix_ms: i64| (0..PRUNE_EVERY_MS).contains(&now_unix_ms.saturating_sub(unix_ms));
    if log::last(state)?.is_some_and(is_recent) {
        return Ok(None);
    }
    if let (Some(limit), Some(oldest)) = (rule.older_than_ms, log::oldest(state)?)
        && u64::try_from(now_unix_ms.saturating_sub(oldest)).unwrap_or(0) < limit
    {
        return Ok(None);
    }
    let plan = log::plan(state, rule, now_unix_ms)?;
    Ok(Some(plan).filter(|plan| !plan.doomed.is_empty()))
}
