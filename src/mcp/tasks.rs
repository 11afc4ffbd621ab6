//! The Tasks extension (SEP-2663): a task is a job by another name, so it is durable before its
//! handle is given, and outlives this server.
//!
//! Only for peers that speak 2026-07-28 and declare the extension with the request: the SDK honours
//! it for older revisions too, where it means something else.

use rmcp::model::{
    CreateTaskResult, DetailedTask, GetTaskMethod, GetTaskResult, JsonObject, ProtocolVersion,
    Task, TaskPayload, TaskStatus,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};

use super::arguments::parse_id;
use super::call::Call;
use super::fault::{Fault, quoted};
use super::format::Format;
use crate::job::fold::Job;
use crate::job::id::JobId;
use crate::job::status::Status;
use crate::render;
use crate::render::mcp::Page;
use crate::render::time::rfc3339;
use crate::runner::cancel;

/// How often a client should ask, milliseconds: a consult takes minutes.
const POLL_INTERVAL_MS: u64 = 5000;

/// Whether the peer takes a task instead of a result.
pub(super) fn wanted(context: &RequestContext<RoleServer>) -> bool {
    is_modern(context)
        && context.client_capabilities().is_some_and(|capabilities| capabilities.supports_tasks())
}

/// Refuses the extension's methods to peers of an older revision.
pub(super) fn refuse_legacy(context: &RequestContext<RoleServer>) -> Result<(), ErrorData> {
    if is_modern(context) { Ok(()) } else { Err(ErrorData::method_not_found::<GetTaskMethod>()) }
}

fn is_modern(context: &RequestContext<RoleServer>) -> bool {
    let version = context.protocol_version();
    version.is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str())
}

/// The handle of a job.
pub(super) fn handle(job: &Job) -> CreateTaskResult {
    CreateTaskResult::new(task(job))
}

/// `tasks/get`.
pub(super) async fn get(id: &str, call: &Call) -> Result<GetTaskResult, ErrorData> {
    let (_, job) = call.job(parse(id)?).await.map_err(|fault| refuse(&fault))?;
    let generation = call.shared.generation;
    let payload = match job.status() {
        Status::Queued | Status::Running => TaskPayload::Working,
        Status::Cancelled => TaskPayload::Cancelled,
        // A job that failed is a result that says so; `failed` is for protocol errors.
        Status::Succeeded | Status::Failed | Status::Lost => {
            TaskPayload::Completed { result: result(&job, generation) }
        }
    };
    Ok(GetTaskResult::new(DetailedTask::new(task(&job), payload)))
}

/// `tasks/cancel`: asks, and does not wait.
pub(super) async fn cancel(id: &str, call: &Call) -> Result<(), ErrorData> {
    let (state, job) = call.job(parse(id)?).await.map_err(|fault| refuse(&fault))?;
    let asked = call.cancel(move |shared| {
        cancel::ask(&state, job.id, shared.desk.caller(), shared.desk.clock())?;
        Ok(())
    });
    asked.await.map_err(|fault| refuse(&fault))
}

fn task(job: &Job) -> Task {
    let time = |unix_ms| rfc3339(unix_ms).unwrap_or_default();
    let status = match job.status() {
        Status::Queued | Status::Running => TaskStatus::Working,
        Status::Cancelled => TaskStatus::Cancelled,
        Status::Succeeded | Status::Failed | Status::Lost => TaskStatus::Completed,
    };
    Task::new(job.id.to_string(), status, time(job.created_unix_ms), time(job.updated_unix_ms))
        .with_status_message(format!("the consult is {}", job.status()))
        .with_poll_interval_ms(POLL_INTERVAL_MS)
}

/// What the tool call would have returned, in the format that it asked for.
fn result(job: &Job, generation: u64) -> JsonObject {
    let format = Format::of(job.queued.caller.format.as_ref());
    let result = if let Some(fault) = Fault::of_job(job) {
        let text = fault.porcelain("consult", generation);
        format.result(fault.document("consult", generation), text, true)
    } else {
        let (document, text) = render::mcp::answered(job, format.detail, Page::default());
        format.result(document, text, false)
    };
    match serde_json::to_value(result) {
        Ok(serde_json::Value::Object(fields)) => fields,
        _ => JsonObject::new(),
    }
}

fn parse(id: &str) -> Result<JobId, ErrorData> {
    parse_id(id).ok_or_else(|| {
        ErrorData::invalid_params(format!("there is no task {}", quoted(&id.into())), None)
    })
}

fn refuse(fault: &Fault) -> ErrorData {
    ErrorData::invalid_params(fault.detail().to_owned(), None)
}
