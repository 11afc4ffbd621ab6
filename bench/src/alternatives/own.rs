//! Logs in phone-opus's own format, by its own codec: in bulk for readers, or event by event as the
//! program appends them.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use super::ids;
use super::payload::{text, unix_ms};
use crate::consult::reply::{Account, Reply};
use crate::consult::request::Request;
use crate::job::brief;
use crate::job::event::{Event, Progress, Queued, Started, Succeeded};
use crate::job::id::JobId;
use crate::journal::append::{append, append_once};
use crate::journal::index::rebuild;
use crate::journal::place::State;

#[allow(dead_code, reason = "only lines are written here")]
#[allow(clippy::duplicate_mod, reason = "the journal keeps its codec to itself")]
#[path = "../../../src/journal/record.rs"]
mod record;

/// Appends whole jobs of six events to a log, without syncing.
pub(crate) fn make(
    state: &Path,
    jobs: Range<u64>,
    prompt_bytes: usize,
    answer_bytes: usize,
) -> Result<(), Box<dyn Error>> {
    let state = State::create(state, true).map_err(|error| error.to_string())?;
    let log = OpenOptions::new().append(true).create(true).open(state.events())?;
    let mut log = BufWriter::with_capacity(1 << 20, log);
    for number in jobs {
        let mut row = None;
        for (step, event) in (0..).zip(events(number, prompt_bytes, answer_bytes)) {
            let unix_ms = unix_ms(number) + step;
            let next = brief::next(row, &event, unix_ms);
            let brief = serde_json::to_string(&next)?;
            let data = event.data_json()?;
            let line = record::encode(job_id(number), event.name(), unix_ms, &brief, &data);
            log.write_all(&line.ok_or("too long")?)?;
            row = Some(next);
        }
    }
    Ok(log.flush()?)
}

/// Makes the index anew.
pub(crate) fn index(state: &Path) -> Result<(), Box<dyn Error>> {
    let state = State::create(state, true).map_err(|error| error.to_string())?;
    Ok(rebuild(&state).map_err(|error| error.to_string())?)
}

/// Appends jobs as the program does, each with three durable events.
pub(crate) fn write(state: &Path, jobs: Range<u64>) -> Result<(), Box<dyn Error>> {
    const LIMIT: Duration = Duration::from_mins(1);
    let state = State::create(state, true).map_err(|error| error.to_string())?;
    for number in jobs {
        let durable = events(number, 500, 500).filter(|event| !matches!(event, Event::Progress(_)));
        let (job, now) = (job_id(number), unix_ms(number));
        for event in durable {
            match event {
                Event::Queued(queued) => {
                    append_once(&state, LIMIT, now, 0, job, *queued, || true).map(drop)
                }
                event => append(&state, LIMIT, now, job, |_| Some(event)).map(drop),
            }
            .map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

fn job_id(number: u64) -> JobId {
    JobId::parse(&ids::id(number)).expect("an id")
}

/// A job's life: two large events, and four small ones.
fn events(number: u64, prompt_bytes: usize, answer_bytes: usize) -> impl Iterator<Item = Event> {
    let request = Request {
        prompt: text(number, prompt_bytes),
        cwd: format!("/srv/project-{}", number % 50),
        model: "opus".to_owned(),
        effort: "max".to_owned(),
        label: number.is_multiple_of(10).then(|| "tenth".to_owned()),
        ..Request::default()
    };
    let queued = Queued { request, version: "0.1.0".to_owned(), ..Queued::default() };
    let started = Started { pid: 1000, worker_pid: 1001, ..Started::default() };
    let progress = |turns| Event::Progress(Progress { turns, ..Progress::default() });
    let account = Account {
        num_turns: Some(3),
        duration_ms: Some(200_000),
        cost_usd: Some(0.25),
        ..Account::default()
    };
    let reply = Reply { response: text(number + 1, answer_bytes), account };
    [
        Event::Queued(Box::new(queued)),
        Event::Started(Box::new(started)),
        progress(1),
        progress(2),
        progress(3),
        Event::Succeeded(Box::new(Succeeded { reply, ..Succeeded::default() })),
    ]
    .into_iter()
}
