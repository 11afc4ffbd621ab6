//! What a run used and did: from its result, and without one from what it said on the way.

use super::stream::Stream;
use crate::consult::reply::Account;

/// The account of a run; `total_cost_usd_before` as in [`super::outcome::conclude`].
pub(super) fn account(stream: &Stream, total_cost_usd_before: Option<f64>) -> Account {
    let live = stream.live();
    let seen = Account {
        cwd: live.cwd.clone(),
        model: live.model.clone(),
        claude_version: live.version.clone(),
        session_id: live.session_id.clone(),
        num_turns: stream.spoke().then_some(live.turns),
        tools_used: stream.tools_used().clone(),
        ..Account::default()
    };
    let Some(result) = stream.result().cloned() else {
        return seen;
    };
    Account {
        session_id: result.session_id.or(seen.session_id),
        num_turns: result.num_turns.or(seen.num_turns),
        duration_ms: result.duration_ms,
        duration_api_ms: result.duration_api_ms,
        stop_reason: result.stop_reason,
        total_cost_usd: result.total_cost_usd,
        cost_usd: result.total_cost_usd.map(|total| share(total, total_cost_usd_before)),
        usage: result.usage,
        model_usage: result.model_usage,
        permission_denials: result.permission_denials,
        fast_mode_state: result.fast_mode_state,
        structured_output: result.structured_output,
        uuid: result.uuid,
        ..seen
    }
}

/// This run's share: Claude Code's total accumulates over a resumed session.
fn share(total: f64, before: Option<f64>) -> f64 {
    (total - before.unwrap_or(0.0)).max(0.0)
}
