//! Jobs as resources: `phone-opus://jobs/ID/answer` and `phone-opus://jobs/ID/transcript`.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};

use rmcp::ErrorData;
use rmcp::model::{ReadResourceResult, Resource, ResourceContents, ResourceTemplate};

use super::arguments::parse_id;
use super::call::Call;
use super::fault::{Fault, quoted};
use crate::failure::Failure;
use crate::job::fold::{Ending, Job};
use crate::job::id::JobId;
use crate::job::status::Status;
use crate::journal::place::{State, open_private};
use crate::journal::read::Log;

const SCHEME: &str = "phone-opus://jobs/";

/// How many of the newest jobs are listed; the templates reach all.
const LISTED: usize = 20;

/// Bytes of a transcript's end that are read: a whole one may have 256 MB.
const TRANSCRIPT_TAIL: u64 = 256 << 10;

/// The newest answers.
pub(super) async fn list(call: &Call) -> Result<Vec<Resource>, ErrorData> {
    let rows = call.look(|shared| {
        let Some(state) = shared.state()? else { return Ok(Vec::new()) };
        let Some(log) = Log::open(&state)? else { return Ok(Vec::new()) };
        Ok(log.newest(LISTED, |_, row| row.status == Status::Succeeded)?.0)
    });
    let rows = rows.await.map_err(|fault| unreadable(&fault))?;
    Ok(rows
        .into_iter()
        .map(|(id, row)| {
            Resource::new(format!("{SCHEME}{id}/answer"), format!("answer {id}"))
                .with_title(row.prompt)
                .with_mime_type("text/markdown")
        })
        .collect())
}

pub(super) fn templates() -> Vec<ResourceTemplate> {
    vec![
        ResourceTemplate::new(format!("{SCHEME}{{job_id}}/answer"), "answer")
            .with_description("The answer of a consult, whole")
            .with_mime_type("text/markdown"),
        ResourceTemplate::new(format!("{SCHEME}{{job_id}}/transcript"), "transcript")
            .with_description(
                "The end of what Claude Code said while it ran, one JSON object a line",
            )
            .with_mime_type("application/jsonl"),
    ]
}

/// One resource.
pub(super) async fn read(uri: &str, call: &Call) -> Result<ReadResourceResult, ErrorData> {
    let (id, part) = parse(uri).ok_or_else(|| absent(uri))?;
    let (state, job) = call.job(id).await.map_err(|_| absent(uri))?;
    let contents = match part {
        Part::Answer => {
            let answer = answer(job).ok_or_else(|| absent(uri))?;
            ResourceContents::text(answer, uri).with_mime_type("text/markdown")
        }
        Part::Transcript => {
            let tail = call.look(move |_| tail(&state, id)).await;
            let text = tail.map_err(|fault| unreadable(&fault))?.ok_or_else(|| absent(uri))?;
            ResourceContents::text(text, uri).with_mime_type("application/jsonl")
        }
    };
    Ok(ReadResourceResult::new(vec![contents]))
}

enum Part {
    Answer,
    Transcript,
}

fn parse(uri: &str) -> Option<(JobId, Part)> {
    let (id, part) = uri.strip_prefix(SCHEME)?.split_once('/')?;
    let part = match part {
        "answer" => Part::Answer,
        "transcript" => Part::Transcript,
        _ => return None,
    };
    Some((parse_id(id)?, part))
}

fn answer(job: Job) -> Option<String> {
    match job.ending? {
        Ending::Succeeded(succeeded) => Some(succeeded.reply.response),
        _ => None,
    }
}

/// The last whole lines of a transcript; `None` where there is none.
fn tail(state: &State, id: JobId) -> Result<Option<String>, Failure> {
    let path = state.transcript(id);
    let mut file = match open_private(&path, OpenOptions::new().read(true)) {
        Ok(file) => file,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let read = last_bytes(&mut file)
        .map_err(|error| crate::journal::error::Error::reading(&path, error))?;
    Ok(Some(read))
}

fn last_bytes(file: &mut File) -> std::io::Result<String> {
    let length = file.metadata()?.len();
    let start = length.saturating_sub(TRANSCRIPT_TAIL);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(TRANSCRIPT_TAIL).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(match text.split_once('\n') {
        Some((_, whole_lines)) if start > 0 => whole_lines.to_owned(),
        _ => text,
    })
}

fn absent(uri: &str) -> ErrorData {
    ErrorData::resource_not_found(format!("there is no resource {}", quoted(&uri.into())), None)
}

fn unreadable(fault: &Fault) -> ErrorData {
    ErrorData::internal_error(fault.detail().to_owned(), None)
}
