//! Why a job has no answer, what to do about it, and what there was of one.

use crate::consult::failure::Failure;
use crate::job::event::Lost;
use crate::job::fold::{Ending, Job};
use crate::render::json::partial;
use crate::render::text::{harmless, one_line};
use crate::render::time::rfc3339;

/// What the foreground says about a job that ended without an answer, its id first. No newline at
/// the end.
pub(crate) fn ending(job: &Job) -> String {
    let head = format!("job {} {}\n", job.id, job.status());
    (head + &explanation(job)).trim_end().to_owned()
}

/// The lines that explain an end without an answer; none for any other job.
pub(super) fn explanation(job: &Job) -> String {
    let mut lines = match &job.ending {
        None | Some(Ending::Succeeded(_)) => return String::new(),
        Some(Ending::Failed(end)) => failure(&end.failure),
        Some(Ending::Cancelled(_)) => {
            vec![("what happened", "Somebody asked for its end.".to_owned())]
        }
        Some(Ending::Lost(end)) => lost(end),
    };
    if job.started.is_some() {
        let session = one_line(&job.queued.session.id);
        lines.push(("to go on", format!("phone-opus consult --session {session} \"…\"")));
    }
    let lines: Vec<String> =
        lines.iter().map(|(key, text)| format!("{key:13}  {text}\n")).collect();
    lines.concat() + &so_far(job)
}

/// Text of several lines, ended by one newline.
pub(super) fn block(text: &str) -> String {
    format!("{}\n", harmless(text.trim_end_matches('\n')))
}

type Line = (&'static str, String);

fn failure(failure: &Failure) -> Vec<Line> {
    let code = one_line(failure.code.name());
    let detail = Some(one_line(&failure.detail)).filter(|detail| !detail.is_empty());
    [
        Some(("what happened", format!("{} ({code})", failure.code.cause()))),
        detail.map(|detail| ("what was seen", detail)),
        Some(("what to do", failure.code.remedy().to_owned())),
        failure.retry_at_unix_ms.and_then(rfc3339).map(|at| ("retry_at", at)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn lost(lost: &Lost) -> Vec<Line> {
    let detail = Some(one_line(&lost.detail)).filter(|detail| !detail.is_empty());
    [
        Some(("what happened", "Its runner died and left no answer.".to_owned())),
        detail.map(|detail| ("what was seen", detail)),
        lost.last_sign_of_life_unix_ms.and_then(rfc3339).map(|at| ("last sign", at)),
        Some(("what to do", "Ask again, or resume the session: its work is kept.".to_owned())),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn so_far(job: &Job) -> String {
    match partial(job).and_then(|partial| partial.partial_text.as_deref()) {
        Some(text) => format!("\nThe answer so far:\n\n{}", block(text)),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn a_failure_says_what_happened_what_to_do_and_keeps_the_answer_so_far() {
        let failed = sample::job(&[sample::queued(), sample::started(), sample::failed()]);
        let expected = r#"job 0b4e0a52-7f43-4f5e-9a2b-3c1d5e6f7a8b failed
what happened  The account's usage limit is reached. (rate_limited)
what was seen  You've hit your limit\x1b[0m
what to do     Ask again after retry_at, or when the limit resets.
retry_at       2026-09-21T15:13:20.000Z
to go on       phone-opus consult --session 5e55104e-0000-4000-8000-000000000001 "…"

The answer so far:

The lock is"#;
        assert_eq!(ending(&failed), expected);
    }

    #[test]
    fn a_lost_job_says_what_was_seen_last() {
        let lost = sample::job(&[sample::queued(), sample::started(), sample::lost()]);
        let expected = r#"job 0b4e0a52-7f43-4f5e-9a2b-3c1d5e6f7a8b lost
what happened  Its runner died and left no answer.
what was seen  its runner (pid 4242) is gone
last sign      2026-09-21T14:14:20.000Z
what to do     Ask again, or resume the session: its work is kept.
to go on       phone-opus consult --session 5e55104e-0000-4000-8000-000000000001 "…""#;
        assert_eq!(ending(&lost), expected);
    }

    #[test]
    fn a_job_that_never_started_has_no_session_to_go_on_with() {
        let failed = sample::job(&[sample::queued(), sample::failed()]);
        assert!(!ending(&failed).contains("--session"));
    }
}
