//! What was asked and how it was answered: one JSON object per request, and one for each client
//! that went away before its answer was complete.
//!
//! Promises: records are numbered in the order in which they were written (`n`, with the time
//! `t`); a record is in the file before its answer is sent. Credentials are never recorded, only
//! which kind was used.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::conversation::{Conversation, Kind, ToolResult, field, items};
use crate::request::Request;
use crate::sha1;

const MAX_USER_TEXT_CHARS: usize = 20_000;
const MAX_TOOL_RESULT_CHARS: usize = 4_000;
const HEADERS: [&str; 8] = [
    "user-agent",
    "anthropic-beta",
    "anthropic-version",
    "x-app",
    "x-stainless-retry-count",
    "x-stainless-timeout",
    "x-claude-code-session-id",
    "accept-encoding",
];

#[derive(Debug)]
pub(crate) struct Log {
    file: Option<PathBuf>,
    records: Mutex<Records>,
}

#[derive(Debug, Default)]
struct Records {
    written: u64,
    kept: Vec<Value>,
}

impl Log {
    pub(crate) fn new(file: Option<PathBuf>) -> Self {
        Self { file, records: Mutex::default() }
    }

    /// Adds a record (an object), giving it its number and time.
    pub(crate) fn add(&self, mut record: Value) {
        let mut records = self.lock();
        records.written += 1;
        if let Some(fields) = record.as_object_mut() {
            fields.insert("n".to_owned(), json!(records.written));
            fields.insert("t".to_owned(), json!(now_seconds()));
        }
        if let Err(error) = self.append(&record) {
            // The answer still has to be sent; a test that misses the record will say so.
            let _ = writeln!(io::stderr(), "scripted-api: cannot write the log: {error}");
        }
        records.kept.push(record);
    }

    pub(crate) fn all(&self) -> Value {
        Value::Array(self.lock().kept.clone())
    }

    /// Forgets the records in memory; the file and the numbering go on.
    pub(crate) fn clear(&self) {
        self.lock().kept.clear();
    }

    /// Opened for every record, so a test may move the file away between two of them.
    fn append(&self, record: &Value) -> io::Result<()> {
        let Some(path) = &self.file else { return Ok(()) };
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(format!("{record}\n").as_bytes())
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The part of a message's record that comes from the request; the server adds what it decided.
pub(crate) fn message_record(
    request: &Request,
    body: &Value,
    kind: Kind,
    conversation: &Conversation,
) -> Map<String, Value> {
    let system = &conversation.system;
    let sha: String = sha1::hex(system.as_bytes()).chars().take(12).collect();
    let record = json!({
        "method": "POST",
        "path": request.target,
        "kind": kind.name(),
        "step": conversation.step,
        "model": field(body, "model"),
        "stream": body.get("stream").unwrap_or(&Value::Bool(false)),
        "max_tokens": field(body, "max_tokens"),
        "thinking": field(body, "thinking"),
        "output_config": field(body, "output_config"),
        "context_management": field(body, "context_management"),
        "system_sha": sha,
        "system_len": system.chars().count(),
        "system": system,
        "tools": conversation.tools,
        "messages_n": items(field(body, "messages")).len(),
        "user_text": truncated(&conversation.prompt, MAX_USER_TEXT_CHARS),
        "user_text_len": conversation.prompt.chars().count(),
        "tool_results": conversation.results.iter().map(tool_result).collect::<Vec<_>>(),
        "headers": headers(request),
        "auth": auth(request),
        "body_bytes": request.body.len(),
    });
    match record {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// Which credential came with the request, never its value.
fn auth(request: &Request) -> &'static str {
    let is_sent = |name| request.header(name).is_some_and(|value| !value.is_empty());
    if is_sent("x-api-key") {
        "x-api-key"
    } else if is_sent("authorization") {
        "bearer"
    } else {
        "none"
    }
}

fn headers(request: &Request) -> Map<String, Value> {
    let chosen = request.headers.iter().filter(|(name, _)| HEADERS.contains(&name.as_str()));
    chosen.map(|(name, value)| (name.clone(), json!(value))).collect()
}

fn tool_result(result: &ToolResult) -> Value {
    json!({
        "id": result.id,
        "is_error": result.is_error,
        "text": truncated(&result.text, MAX_TOOL_RESULT_CHARS),
    })
}

fn truncated(text: &str, chars: usize) -> &str {
    let end = text.char_indices().nth(chars).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}

/// Wall-clock time with milliseconds, for reading only: nothing is ordered by it.
fn now_seconds() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (now.as_secs_f64() * 1000.0).round() / 1000.0
}
