//! A tool's failure: what went wrong, of which kind, where, and whether trying again makes sense.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::consult::failure::{Class as FailureClass, Code, Failure as JobFailure};
use crate::failure::{Exit, Failure};
use crate::job::fold::{Ending, Job};
use crate::render;

/// One failure of one call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    class: &'static str,
    code: String,
    detail: String,
    stage: Stage,
    retryable: bool,
    hint: Option<String>,
    /// What a caller can go on with: job, session, partial answer.
    more: Box<Map<String, Value>>,
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
    fn new(class: &'static str, code: &str, detail: impl Into<String>, stage: Stage) -> Self {
        Self {
            class,
            code: code.to_owned(),
            detail: detail.into(),
            stage,
            retryable: false,
            hint: None,
            more: Box::default(),
        }
    }

    /// Something about the arguments.
    pub(crate) fn input(code: &str, detail: impl Into<String>) -> Self {
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
    pub(crate) fn internal(detail: impl Into<String>) -> Self {
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
        Self {
            retryable: failure.exit == Exit::TryLater,
            hint: failure.hint.clone(),
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
            Ending::Lost(lost) => Self::new("process", "lost", lost.detail.clone(), Stage::Run),
        };
        fault.more.insert("job_id".to_owned(), job.id.to_string().into());
        fault.more.insert("session_id".to_owned(), job.queued.session.id.clone().into());
        if let Some(text) = render::mcp::partial_text(job) {
            fault.more.insert("partial_text".to_owned(), text.into());
        }
        Some(fault)
    }

    fn of_failure(failure: &JobFailure) -> Self {
        let class = match failure.class {
            FailureClass::Process => "process",
            FailureClass::Downstream => "downstream",
        };
        let again = [Code::RateLimited, Code::Overloaded, Code::Network, Code::SpawnFailed];
        let mut fault = Self {
            retryable: again.contains(&failure.code),
            hint: Some(failure.code.remedy().to_owned()),
            ..Self::new(class, failure.code.name(), failure.detail.clone(), Stage::Run)
        };
        if let Some(at) = failure.retry_at_unix_ms {
            fault.more.insert("retry_at_unix_ms".to_owned(), at.into());
        }
        fault
    }

    #[must_use]
    pub(crate) fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What happened, as one clause.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// The fault as JSON.
    pub(crate) fn document(&self, operation: &str, generation: u64) -> Value {
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
        json!({ "fault": fault })
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
        for name in ["job_id", "session_id"] {
            if let Some(value) = self.more.get(name).and_then(Value::as_str) {
                let _ = write!(text, " {name}={value}");
            }
        }
        if let Some(hint) = &self.hint {
            let _ = write!(text, "\nhint: {hint}");
        }
        if let Some(partial) = self.more.get("partial_text").and_then(Value::as_str) {
            let _ = write!(text, "\npartial response:\n{partial}");
        }
        text
    }
}
