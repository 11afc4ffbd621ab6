//! The tools: a file each. Each reads its arguments, runs a verb of a room, and shows the result.

mod cancel;
mod consult;
mod health;
mod job;
mod jobs;
mod telemetry;
pub(super) mod wait;

use rmcp::model::CreateTaskResult;
use serde_json::Value;

use super::arguments::Arguments;
use super::call::Call;
use super::fault::Fault;
use super::format::Format;

/// What a call came to.
pub(super) enum Done {
    /// As JSON, and as text.
    Shown(Value, String),
    /// A handle in place of the result.
    Task(Box<CreateTaskResult>),
}

impl From<(Value, String)> for Done {
    fn from((document, text): (Value, String)) -> Self {
        Done::Shown(document, text)
    }
}

/// Runs one of the tools in the catalogue.
pub(super) async fn run(
    name: &str,
    arguments: Arguments,
    format: Format,
    call: &Call,
) -> Result<Done, Fault> {
    break_here(name, call);
    match name {
        "consult" => consult::run(arguments, format, call).await,
        "consult_job" => job::run(arguments, format.detail, call).await,
        "consult_jobs" => jobs::run(arguments, format.detail, call).await,
        "consult_wait" => wait::run(arguments, format.detail, call).await,
        "consult_cancel" => cancel::run(arguments, format.detail, call).await,
        "health_snapshot" => health::run(arguments, format.detail, call).await,
        "telemetry_snapshot" => telemetry::run(arguments, format.detail, call).await,
        other => Err(Fault::internal(format!("the tool {other} has no body"))),
    }
}

/// Panics in the tool that a test names in `PHONE_OPUS_TEST_PANIC`; debug builds only.
fn break_here(name: &str, call: &Call) {
    if cfg!(debug_assertions) {
        let wanted = call.shared.desk.variable("PHONE_OPUS_TEST_PANIC");
        assert!(wanted.as_deref() != Some(name), "a test asked for this");
    }
}
