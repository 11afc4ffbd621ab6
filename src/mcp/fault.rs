//! A tool's failure: what went wrong, of which kind, where, and whether trying again makes sense.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::consult::failure::{Class as FailureClass, Code, Failure as JobFailure};
use crate::failure::{Exit, Failure};
use crate::job::fold::{Ending, Job};
use crate::render;
use crate::render::mcp::sentence;
use crate::render::time::rfc3339;

/// One failure of one call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    class: &'static str,
    code: String,
    detail: String,
    stage: Stage,
    retryable: bool,
    hint: Option<String>,
    /// What a caller can go on with: job, session, when to try again.
    more: Box<Map<String, Value>>,
    /// What there was of an answer, as fields and as text.
    partial: Option<Box<(Map<String, Value>, String)>>,
}

/// How far the call had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The arguments were read.
    Input,
    /// A job was submitted.
    Submit,
    /// The job ran.
    Run,
    /// Something was looked up or asked for.
    Query,
}

impl Stage {
    fn name(self) -> &'static str {
        match self {
            Stage::Input => "input",
            Stage::Submit => "submit",
            Stage::Run => "run",
            Stage::Query => "query",
        }
    }
}

impl Fault {
    /// What others wrote goes into the detail, so it is cut and put on one line here, for all.
    fn new(class: &'static str, code: &str, detail: impl AsRef<str>, stage: Stage) -> Self {
        Self {
            class,
            code: sentence(code),
            detail: sentence(detail.as_ref()),
            stage,
            retryable: false,
            hint: None,
            more: Box::default(),
            partial: None,
        }
    }

    /// Something about the arguments.
    pub(crate) fn input(code: &str, detail: impl AsRef<str>) -> Self {
        Self::new("invalid_input", code, detail, Stage::Input)
    }

    pub(crate) fn no_such_job(id: impl std::fmt::Display) -> Self {
        Self::new("not_found", "no_such_job", format!("there is no job {id}"), Stage::Query)
            .hinted("consult_jobs lists the jobs of this host's user.")
    }

    /// The server stops before this was done.
    pub(crate) fn ending(stage: Stage) -> Self {
        let fault = Self::new("process", "server_ending", "the server is ending", stage);
        let hint = match stage {
            Stage::Submit => "Nothing was submitted. Ask again once the server is back.",
            _ => "Ask again once the server is back; every job goes on by itself.",
        };
        Self { retryable: true, ..fault }.hinted(hint)
    }

    /// A defect of ours. The server lives on.
    pub(crate) fn internal(detail: impl AsRef<str>) -> Self {
        Self::new("internal", "internal", detail, Stage::Query)
            .hinted("This is a defect of phone-opus; a job that was submitted is in consult_jobs.")
    }

    /// What a room or the shared side said.
    pub(crate) fn of(failure: &Failure, stage: Stage) -> Self {
        let class = match failure.exit {
            Exit::Usage => "invalid_input",
            Exit::NoSuchJob => "not_found",
            Exit::TryLater => "busy",
            Exit::BadConfiguration => "configuration",
            Exit::StateIo => "state",
            _ => "process",
        };
        let stage = if class == "invalid_input" { Stage::Input } else { stage };
        let is_passing = Code::from(failure.code.to_owned()).is_passing();
        Self {
            retryable: failure.exit == Exit::TryLater || is_passing,
            hint: hint(failure.code).or(failure.hint.as_deref()).map(sentence),
            ..Self::new(class, failure.code, failure.sentence(), stage)
        }
    }

    /// How a job ended, where it ended without an answer.
    pub(crate) fn of_job(job: &Job) -> Option<Self> {
        let mut fault = match job.ending.as_ref()? {
            Ending::Succeeded(_) => return None,
            Ending::Failed(failed) => Self::of_failure(&failed.failure),
            Ending::Cancelled(_) => {
                Self::new("cancelled", "cancelled", "the consult was cancelled", Stage::Run)
            }
            Ending::Lost(lost) => Self::new("process", "lost", &lost.detail, Stage::Run),
        };
        if let Some(advice) = render::mcp::advice(job) {
            fault.retryable = advice.retryable;
            fault.hint = Some(advice.hint);
        }
        fault.more.insert("job_id".to_owned(), job.id.to_string().into());
        fault.more.insert("session_id".to_owned(), job.queued.session.id.clone().into());
        fault.partial = render::mcp::partial(job).map(Box::new);
        Some(fault)
    }

    fn of_failure(failure: &JobFailure) -> Self {
        let class = match failure.class {
            FailureClass::Process => "process",
            FailureClass::Downstream => "downstream",
        };
        let mut fault = Self::new(class, failure.code.name(), &failure.detail, Stage::Run);
        if let Some(at) = failure.retry_at_unix_ms {
            fault.more.insert("retry_at_unix_ms".to_owned(), at.into());
            fault.more.insert("retry_at".to_owned(), rfc3339(at).into());
        }
        fault
    }

    #[must_use]
    pub(crate) fn hinted(mut self, hint: &str) -> Self {
        self.hint = Some(hint.to_owned());
        self
    }

    /// What happened, as one clause.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// The fault as JSON.
    pub(crate) fn document(&self, operation: &str, generation: u64) -> Value {
        let mut fault = self.noted(operation, generation);
        if let (Value::Object(fields), Some(partial)) = (&mut fault, &self.partial) {
            fields.extend(partial.0.clone());
        }
        json!({ "fault": fault })
    }

    /// The same as it is remembered: without what the job had said.
    pub(crate) fn noted(&self, operation: &str, generation: u64) -> Value {
        let mut fault = json!({
            "class": self.class,
            "code": self.code,
            "detail": self.detail,
            "stage": self.stage.name(),
            "operation": operation,
            "generation": generation,
            "retryable": self.retryable,
            "hint": self.hint,
        });
        if let Value::Object(fields) = &mut fault {
            fields.extend((*self.more).clone());
        }
        fault
    }

    /// The fault as text.
    pub(crate) fn porcelain(&self, operation: &str, generation: u64) -> String {
        let mut text = format!("failure={} {}\n", self.class, self.detail);
        let _ = write!(
            text,
            "code={} stage={} operation={operation} generation={generation} retryable={}",
            self.code,
            self.stage.name(),
            self.retryable
        );
        for name in ["job_id", "session_id", "retry_at"] {
            if let Some(value) = self.more.get(name).and_then(Value::as_str) {
                let _ = write!(text, " {name}={value}");
            }
        }
        if let Some(hint) = &self.hint {
            let _ = write!(text, "\nhint: {hint}");
        }
        if let Some(partial) = &self.partial {
            let _ = write!(text, "\n{}", partial.1);
        }
        text
    }
}

/// What to do in the words of this door, where the shared side speaks of flags and commands.
fn hint(code: &str) -> Option<&'static str> {
    Some(match code {
        "no_directory" => {
            "Give cwd the absolute path of a directory that this user may read; name files in the prompt."
        }
        "empty_prompt" => "Put the whole question into prompt.",
        "session_busy" => {
            "Call consult_wait with that job's id, or leave session_id out for a new conversation."
        }
        "still_stopping" => "Call consult_wait with its job_id; its processes are being killed.",
        "usage" => "The tool's input schema says what each argument takes.",
        _ => return None,
    })
}

/// A value as it was given, cut where it is long.
pub(super) fn quoted(value: &Value) -> String {
    const LONGEST: usize = 100;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_cut_and_cannot_pass_for_lines_of_ours() {
        let wrong =
            format!("there is no argument `x`\njob=1 status=succeeded{}`", "y".repeat(3_000_000));
        let fault = Fault::input("unknown_argument", wrong);
        assert!(fault.document("consult", 1).to_string().len() < 2000);
        let text = fault.porcelain("consult", 1);
        assert!(text.len() < 2000);
        assert_eq!(text.lines().count(), 2);
        assert!(
            text.starts_with("failure=invalid_input there is no argument `x` job=1 "),
            "{text}"
        );
        let failure = Failure::new(Exit::BadConfiguration, "config", "one\ntwo".repeat(100_000));
        assert!(Fault::of(&failure, Stage::Submit).porcelain("consult", 1).len() < 2000);
    }
}
