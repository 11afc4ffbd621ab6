//! The events of a job, as they are persisted: past tense, each carrying only what it adds.
//!
//! Additive only: fields and events are added, never renamed or removed. A field that an older line
//! lacks reads as its default, so any version reads any log.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::id::JobId;
use super::status::Status;
use super::tree::Snapshot;
use crate::consult::failure::Failure;
use crate::consult::reply::{Partial, Reply};
use crate::consult::request::Request;

/// One recorded event: which job, when, and what happened. Order is position in the log, never time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Recorded {
    pub(crate) job: JobId,
    pub(crate) unix_ms: i64,
    pub(crate) event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    Queued(Box<Queued>),
    Started(Box<Started>),
    Progress(Progress),
    CancelRequested(CancelRequested),
    Succeeded(Box<Succeeded>),
    Failed(Box<Failed>),
    Cancelled(Box<Cancelled>),
    Lost(Box<Lost>),
    /// Of no job: jobs were removed from the log.
    Pruned(Pruned),
    /// An event of a newer version: kept and counted, never folded.
    Unknown(String),
}

impl Event {
    pub(crate) fn name(&self) -> &str {
        match self {
            Event::Queued(_) => "queued",
            Event::Started(_) => "started",
            Event::Progress(_) => "progress",
            Event::CancelRequested(_) => "cancel_requested",
            Event::Succeeded(_) => "succeeded",
            Event::Failed(_) => "failed",
            Event::Cancelled(_) => "cancelled",
            Event::Lost(_) => "lost",
            Event::Pruned(_) => "pruned",
            Event::Unknown(name) => name,
        }
    }

    /// The state that this event ends a job in, where it ends one.
    pub(crate) fn terminal_status(&self) -> Option<Status> {
        Status::parse(self.name()).filter(|status| status.is_terminal())
    }

    /// Notes how the consulted directory is at the end that this event is.
    pub(crate) fn see_tree_after(&mut self, seen: Snapshot) {
        let place = match self {
            Event::Succeeded(data) => &mut data.tree_after,
            Event::Failed(data) => &mut data.tree_after,
            Event::Cancelled(data) => &mut data.tree_after,
            _ => return,
        };
        *place = Some(seen);
    }
}

/// A job was accepted and is on disk; appended by the submitter, who holds the job's lock.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Queued {
    pub(crate) request: Request,
    pub(crate) session: Session,
    pub(crate) prompt_prefix_injected: bool,
    /// Secrets in the prompt were replaced by markers. Claude Code received it as it was.
    pub(crate) prompt_redacted: bool,
    /// Id of the job whose question is asked again.
    pub(crate) retry_of: Option<String>,
    pub(crate) caller: Caller,
    /// Version of phone-opus that queued the job.
    pub(crate) version: String,
    /// Calls with the same key within a day are this one job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) idempotency_key: Option<String>,
}

/// The conversation that a job starts or goes on with; chosen at submit, so that every failure still
/// names one to resume.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) resumed: bool,
    /// Where the conversation began, and so where it must be resumed.
    pub(crate) cwd: String,
    /// US dollars that the conversation had cost before this job, where that is known.
    pub(crate) total_cost_usd_before: Option<f64>,
}

/// Who asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Caller {
    /// `cli` or `mcp`.
    pub(crate) door: String,
    pub(crate) pid: u32,
    /// How many consults this one is nested in.
    pub(crate) depth: u32,
    /// How the answer is wanted by a caller that fetches it later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) format: Option<Format>,
}

/// How an answer is wanted, in the words of the MCP tools' arguments.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Format {
    /// `porcelain` or `json`.
    pub(crate) render: String,
    /// `concise` or `full`.
    pub(crate) detail: String,
}

/// Claude Code is about to start. Until this event is durable nothing was spent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Started {
    /// Pid of the guard, which leads the runner.
    pub(crate) pid: u32,
    pub(crate) worker_pid: u32,
    /// Start time of the guard in clock ticks since boot, which tells it from a later process with its pid.
    pub(crate) start_time: u64,
    pub(crate) boot_id: String,
    /// The program that answers, and the version it gave.
    pub(crate) claude_path: String,
    pub(crate) claude_version: Option<String>,
    pub(crate) model: String,
    /// What the kernel enforces on the adviser; `null` where nothing does.
    pub(crate) enforcement: Option<Value>,
    /// The consulted directory as it was; `null` where nobody looked.
    pub(crate) provenance: Option<Snapshot>,
}

/// Something changed since the last one; at most one in ten seconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Progress {
    pub(crate) turns: u64,
    /// The tool in use, if one is.
    pub(crate) tool: Option<String>,
    /// Bytes of answer text so far.
    pub(crate) text_bytes: u64,
    pub(crate) api_retries: u64,
    pub(crate) cost_usd: Option<f64>,
}

/// Somebody asked for the end of the job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct CancelRequested {
    pub(crate) by: Caller,
}

/// The answer is there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Succeeded {
    pub(crate) reply: Reply,
    /// The consulted directory as it then was.
    pub(crate) tree_after: Option<Snapshot>,
    /// Found on disk after the runner had died.
    pub(crate) recovered: bool,
}

/// There will be no answer, and this is why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Failed {
    pub(crate) failure: Failure,
    #[serde(default)]
    pub(crate) partial: Partial,
    /// The consulted directory as it then was; `null` where Claude Code was not started.
    #[serde(default)]
    pub(crate) tree_after: Option<Snapshot>,
    #[serde(default)]
    pub(crate) recovered: bool,
}

/// The job was ended because somebody asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Cancelled {
    pub(crate) partial: Partial,
    /// The consulted directory as it then was; `null` where Claude Code was not started.
    pub(crate) tree_after: Option<Snapshot>,
    pub(crate) recovered: bool,
}

/// The runner died and left no answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Lost {
    /// Milliseconds since 1970; the newest change of anything the runner wrote.
    pub(crate) last_sign_of_life_unix_ms: Option<i64>,
    pub(crate) partial: Partial,
    pub(crate) detail: String,
}

/// Jobs were removed from the log, with all their lines.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Pruned {
    pub(crate) jobs: u64,
    pub(crate) lines: u64,
    /// Of those lines.
    pub(crate) bytes: u64,
    /// The rule, where it had this part.
    pub(crate) older_than_ms: Option<u64>,
    pub(crate) keep: Option<u32>,
}
