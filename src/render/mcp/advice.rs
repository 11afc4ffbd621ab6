//! What to do about a consult that ended without an answer, in the words of this door: its tools and
//! their arguments, not the shell's commands and flags.

use crate::consult::failure::Code;
use crate::job::brief::is_unpaid;
use crate::job::fold::{Ending, Job};
use crate::render::json;

/// What a caller can do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Advice {
    /// The same call may well succeed later.
    pub(crate) retryable: bool,
    pub(crate) hint: String,
}

/// A key whose job has failed would give that failure for a day.
const KEY_IS_TAKEN: &str =
    "Its idempotency_key stands for this job for a day: ask again with a new one.";

/// `None` for a job that goes on or has its answer.
pub(crate) fn advice(job: &Job) -> Option<Advice> {
    let (is_passing, keeps_its_key, remedy) = match job.ending.as_ref()? {
        Ending::Succeeded(_) => return None,
        Ending::Failed(failed) => {
            let code = &failed.failure.code;
            let is_unpaid = is_unpaid(code, json::cost_usd(job), job.started.is_some());
            (code.is_passing(), !is_unpaid, remedy(code))
        }
        Ending::Cancelled(_) => (false, true, "Its session_id goes on where it stopped."),
        Ending::Lost(_) => (false, true, "Its session_id goes on where it stopped, or ask again."),
    };
    let is_taken = keeps_its_key && job.queued.idempotency_key.is_some();
    let hint = if is_taken { format!("{remedy} {KEY_IS_TAKEN}") } else { remedy.to_owned() };
    Some(Advice { retryable: is_passing && !is_taken, hint })
}

/// The shell's sentence, but where it names what this door has not.
pub(super) fn remedy(code: &Code) -> &'static str {
    match code {
        Code::Refused => "Rephrase the question, or ask another model with model.",
        Code::MaxTurns => "Raise max_turns, or go on with its session_id and ask it to conclude.",
        Code::MaxBudget => {
            "Go on with its session_id and ask it to conclude; max_budget_usd is set in the configuration."
        }
        Code::Timeout => {
            "Go on with its session_id, its work is kept; timeout is set in the configuration."
        }
        Code::IdleTimeout => {
            "Go on with its session_id, its work is kept; idle_timeout is set in the configuration."
        }
        Code::EmptyAnswer => "Ask again, or go on with its session_id and ask for the conclusion.",
        Code::Interrupted => "Go on with its session_id where it stopped.",
        Code::SessionNotFound => {
            "Check session_id, and give the cwd where it began; or leave it out for a new conversation."
        }
        Code::SessionBusy => {
            "Wait for that consult with consult_wait, or leave session_id out for a new conversation."
        }
        Code::AuthRequired => {
            "Somebody has to run `claude` on this host and log in, or set ANTHROPIC_API_KEY; then ask again."
        }
        other => other.remedy(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consult::failure::Failure;
    use crate::job::event::{Event, Failed};
    use crate::render::sample;

    #[test]
    fn no_remedy_speaks_of_flags_or_commands_of_the_shell() {
        for code in Code::ALL {
            let words = remedy(code);
            assert!(!words.contains("--") && !words.contains("phone-opus"), "{words}");
            assert!(words.ends_with('.') && words.len() < 120, "{words}");
        }
    }

    fn failed(code: Code, cost: Option<f64>, key: Option<&str>) -> Job {
        let mut failed = Failed {
            failure: Failure::new(code, "seen"),
            partial: crate::consult::reply::Partial::default(),
            recovered: false,
            tree_after: None,
        };
        failed.partial.account.cost_usd = cost;
        let failed = Event::Failed(Box::new(failed));
        let mut job = sample::job(&[sample::queued(), sample::started(), failed]);
        job.queued.idempotency_key = key.map(str::to_owned);
        job
    }

    #[test]
    fn retryable_means_that_the_same_call_is_a_new_attempt() {
        for (code, cost, key, retryable) in [
            (Code::Overloaded, Some(0.0), None, true),
            (Code::Overloaded, Some(0.5), None, true),
            (Code::Overloaded, Some(0.0), Some("k"), true),
            (Code::Overloaded, Some(0.5), Some("k"), false),
            (Code::Overloaded, None, Some("k"), false),
            (Code::SpawnFailed, None, Some("k"), true),
            (Code::MaxTurns, Some(0.5), None, false),
        ] {
            let advice = advice(&failed(code.clone(), cost, key)).expect("failed");
            assert_eq!(advice.retryable, retryable, "{code:?} {cost:?} {key:?}");
            let is_taken = key.is_some() && !retryable;
            assert_eq!(advice.hint.ends_with(KEY_IS_TAKEN), is_taken, "{}", advice.hint);
        }
        assert_eq!(advice(&sample::job(&[sample::queued()])), None);
    }
}
