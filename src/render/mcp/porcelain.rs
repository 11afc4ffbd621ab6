//! Jobs as porcelain text. The first lines are a contract; what a caller goes on with comes before an
//! answer, which is last because it is long and may hold anything.

use std::fmt::Write as _;

use super::advice::advice;
use super::fit::Words;
use super::page::Part;
use super::{Detail, session_id, session_mode};
use crate::consult::failure::{Class, Failure};
use crate::job::fold::{Ending, Job};
use crate::render::json;
use crate::render::text::{cut, one_line, spelt_out};
use crate::render::time::rfc3339;

/// Widest that a sentence of a failure is shown, in characters of one cell.
const WIDEST: usize = 1000;

/// Somebody else's sentence on one line of its own, so that it cannot pass for lines of ours.
pub(crate) fn sentence(text: &str) -> String {
    cut(&one_line(text), WIDEST).into_owned()
}

/// A job as it stands, with a page of its words.
pub(super) fn job(
    job: &Job,
    detail: Detail,
    words: Option<Words<'_>>,
    part: Option<&Part<'_>>,
) -> String {
    let mut text = format!("job={} status={}", job.id, job.status());
    if let Some(failure) = failure(job) {
        let _ = write!(text, "\n{failure}");
    }
    if job.ending.is_some() {
        let _ = write!(text, "\nsession_mode={} session_id={}", session_mode(job), session_id(job));
    }
    if detail == Detail::Full {
        let _ = write!(text, "\n{}", particulars(job));
    }
    if let Some(advice) = advice(job) {
        let _ = write!(text, "\nhint: {}", advice.hint);
    }
    if let (Some(words), Some(part)) = (words, part) {
        let _ = write!(text, "\n{}", said(words, part));
    }
    text
}

/// Why there is no answer: two lines.
fn failure(job: &Job) -> Option<String> {
    let retryable = advice(job)?.retryable;
    match job.ending.as_ref()? {
        Ending::Failed(failed) => Some(of_failure(&failed.failure, retryable)),
        Ending::Lost(lost) => {
            let detail = sentence(&lost.detail);
            Some(format!("failure=process {detail}\ncode=lost retryable={retryable}"))
        }
        _ => None,
    }
}

fn of_failure(failure: &Failure, retryable: bool) -> String {
    let class = match failure.class {
        Class::Process => "process",
        Class::Downstream => "downstream",
    };
    let code = spelt_out(failure.code.name());
    let mut text =
        format!("failure={class} {}\ncode={code} retryable={retryable}", sentence(&failure.detail));
    if let Some(at) = failure.retry_at_unix_ms.and_then(rfc3339) {
        let _ = write!(text, " retry_at={at}");
    }
    text
}

/// What else is known, for who asks for all of it.
pub(super) fn particulars(job: &Job) -> String {
    let mut text = format!("model={}", spelt_out(json::model(job)));
    if let Some(turns) = json::num_turns(job) {
        let _ = write!(text, " num_turns={turns}");
    }
    if let Some(dollars) = json::cost_usd(job) {
        let _ = write!(text, " cost_usd={dollars}");
    }
    for (name, time) in [
        ("created", Some(job.created_unix_ms)),
        ("started", job.started_unix_ms),
        ("finished", job.finished_unix_ms),
    ] {
        if let Some(time) = time.and_then(rfc3339) {
            let _ = write!(text, " {name}_at={time}");
        }
    }
    if let Some(turns) = job.queued.request.max_turns {
        let _ = write!(text, " max_turns={turns}");
    }
    let _ = write!(text, " cwd={}", spelt_out(&job.queued.session.cwd));
    text
}

/// A page of a job's words, and where they go on.
pub(super) fn said(words: Words<'_>, part: &Part<'_>) -> String {
    let heading = match words {
        Words::Answer(_) => "response:",
        Words::Partial(_) => "partial response:",
    };
    let mut text = format!("{heading}\n{}", part.text);
    if let Some(next) = part.next {
        let _ = write!(
            text,
            "\n[characters {} to {next} of {}; consult_job with offset={next} has the rest]",
            part.offset, part.chars
        );
    }
    text
}
