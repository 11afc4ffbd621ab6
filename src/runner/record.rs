//! What is recorded of a submission.

use super::session::Memory;
use super::submit::Submission;
use crate::job::event::{Queued, Session};

/// The first event of a job. A resume runs where the conversation began, whatever directory
/// was asked for.
pub(crate) fn queued(submission: Submission, memory: &Memory) -> Queued {
    let id = submission.session().to_owned();
    let mut request = submission.request;
    let resumed = request.session_id.is_some();
    if let (true, Some(cwd)) = (resumed, &memory.cwd) {
        request.cwd.clone_from(cwd);
    }
    Queued {
        session: Session {
            id,
            resumed,
            cwd: request.cwd.clone(),
            total_cost_usd_before: memory.total_cost_usd,
        },
        prompt_prefix_injected: request.prefix.as_ref().is_some_and(|prefix| !prefix.is_empty()),
        request,
        prompt_redacted: false,
        retry_of: submission.retry_of.map(|job| job.to_string()),
        caller: submission.caller,
        version: submission.version,
        idempotency_key: None,
    }
}

/// What the log says was asked; the prompt's own file has it as it was.
pub(super) fn recorded(queued: Queued) -> Queued {
    if queued.request.redact { queued.redacted() } else { queued }
}
