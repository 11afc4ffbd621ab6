//! The brief: a job's list row as it stands after an event, carried by that event's own line.
//!
//! The newest line of a job is therefore enough to list it. A brief is a cache and nothing more:
//! it follows from the brief before it and the event, and where it disagrees with the fold, the
//! fold is right.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::event::{Event, Queued};
use super::status::Status;
use super::tree::{Mark, Snapshot};
use crate::consult::failure::Code;
use crate::consult::reply::Account;

/// Most bytes of a brief as JSON: a reader fetches the head of a line in one small read.
pub(crate) const BRIEF_MAX: usize = 2048;

/// Most characters of the prompt that a list shows.
const PREVIEW_CHARS: usize = 120;

/// One row of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Brief {
    pub(crate) status: Status,
    pub(crate) created_unix_ms: i64,
    pub(crate) updated_unix_ms: i64,
    pub(crate) started_unix_ms: Option<i64>,
    pub(crate) finished_unix_ms: Option<i64>,
    pub(crate) cwd: String,
    pub(crate) label: Option<String>,
    pub(crate) model: String,
    /// The start of the prompt, on one line.
    pub(crate) prompt: String,
    pub(crate) prompt_prefix_injected: bool,
    pub(crate) max_turns: Option<u32>,
    pub(crate) requested_session_id: Option<String>,
    pub(crate) session_id: String,
    pub(crate) runner_pid: Option<u32>,
    pub(crate) turns: Option<u64>,
    pub(crate) duration_ms: Option<u64>,
    pub(crate) cost_usd: Option<f64>,
    pub(crate) failure_code: Option<String>,
    pub(crate) recovered: bool,
    /// How the directory was before the start, shortened.
    pub(crate) tree: Option<Mark>,
    /// Whether it has moved on since, where an observer looked; in no log.
    #[serde(skip)]
    pub(crate) stale: Option<bool>,
    /// Calls with the same key within a day are this one job; never cut, since it is compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) idempotency_key: Option<String>,
    /// A string of this row was cut to keep it small; the whole one is in the events' data.
    pub(crate) cut: bool,
    /// What newer versions put here, carried on untouched.
    #[serde(flatten)]
    pub(crate) unknown: Map<String, Value>,
}

impl Default for Brief {
    fn default() -> Self {
        Self {
            status: Status::Queued,
            created_unix_ms: 0,
            updated_unix_ms: 0,
            started_unix_ms: None,
            finished_unix_ms: None,
            cwd: String::new(),
            label: None,
            model: String::new(),
            prompt: String::new(),
            prompt_prefix_injected: false,
            max_turns: None,
            requested_session_id: None,
            session_id: String::new(),
            runner_pid: None,
            turns: None,
            duration_ms: None,
            cost_usd: None,
            failure_code: None,
            recovered: false,
            tree: None,
            stale: None,
            idempotency_key: None,
            cut: false,
            unknown: Map::new(),
        }
    }
}

impl Brief {
    /// Whether a call with this row's idempotency key means this job: always, but for a failure that
    /// cost nothing. That one is no answer, and asking again pays nothing twice.
    pub(crate) fn keeps_its_key(&self) -> bool {
        let code = self.failure_code.clone().map(Code::from);
        let is_unpaid = code
            .is_some_and(|code| is_unpaid(&code, self.cost_usd, self.started_unix_ms.is_some()));
        self.status != Status::Failed || !is_unpaid
    }
}

/// Whether a failed consult certainly cost nothing. Where no figure is known only a failure counts
/// that Claude Code meets before it asks the model anything.
pub(crate) fn is_unpaid(code: &Code, cost_usd: Option<f64>, has_started: bool) -> bool {
    let before_the_model = [
        Code::ClaudeMissing,
        Code::SpawnFailed,
        Code::AuthRequired,
        Code::SessionNotFound,
        Code::SessionBusy,
        Code::SandboxUnavailable,
        Code::SessionInSandbox,
    ];
    match cost_usd {
        _ if !has_started => true,
        Some(dollars) => dollars <= 0.0,
        None => before_the_model.contains(code),
    }
}

/// The row after `event`, given the row before it. Applying the same event twice changes nothing,
/// and once a job has ended its row stays as it is.
pub(crate) fn next(previous: Option<Brief>, event: &Event, unix_ms: i64) -> Brief {
    let mut row = match (previous, event) {
        (None, Event::Queued(data)) => queued(data, unix_ms),
        (previous, _) => previous.unwrap_or_default(),
    };
    if !fits(row.status, event) {
        return fit(row);
    }
    row.updated_unix_ms = unix_ms;
    match event {
        Event::Started(data) => {
            row.status = Status::Running;
            row.started_unix_ms = Some(unix_ms);
            row.runner_pid = Some(data.pid);
            row.tree = data.provenance.as_ref().map(Snapshot::mark);
        }
        Event::Progress(data) => {
            row.turns = Some(data.turns);
            row.cost_usd = data.cost_usd.or(row.cost_usd);
        }
        Event::Succeeded(data) => {
            row.recovered = data.recovered;
            account(&mut row, &data.reply.account);
        }
        Event::Failed(data) => {
            row.recovered = data.recovered;
            row.failure_code = Some(data.failure.code.name().to_owned());
            account(&mut row, &data.partial.account);
        }
        Event::Cancelled(data) => {
            row.recovered = data.recovered;
            account(&mut row, &data.partial.account);
        }
        Event::Lost(data) => account(&mut row, &data.partial.account),
        Event::Queued(_) | Event::CancelRequested(_) | Event::Pruned(_) | Event::Unknown(_) => {}
    }
    if let Some(status) = event.terminal_status() {
        row.status = status;
        row.finished_unix_ms = Some(unix_ms);
    }
    fit(row)
}

/// As the fold has it: whatever comes too early, too late or once more changes no row.
fn fits(status: Status, event: &Event) -> bool {
    match event {
        Event::Queued(_) | Event::Pruned(_) | Event::Unknown(_) => false,
        Event::Started(_) => status == Status::Queued,
        Event::Progress(_) => status == Status::Running,
        _ => !status.is_terminal(),
    }
}

fn queued(data: &Queued, unix_ms: i64) -> Brief {
    let request = &data.request;
    Brief {
        status: Status::Queued,
        created_unix_ms: unix_ms,
        updated_unix_ms: unix_ms,
        cwd: request.cwd.clone(),
        label: request.label.clone(),
        model: request.model.clone(),
        prompt: preview(&request.prompt),
        prompt_prefix_injected: data.prompt_prefix_injected,
        max_turns: request.max_turns,
        requested_session_id: request.session_id.clone(),
        session_id: data.session.id.clone(),
        idempotency_key: data.idempotency_key.clone(),
        ..Brief::default()
    }
}

fn account(row: &mut Brief, account: &Account) {
    row.turns = account.num_turns.or(row.turns);
    row.duration_ms = account.duration_ms.or(row.duration_ms);
    row.cost_usd = account.cost_usd.or(row.cost_usd);
}

/// The start of a prompt on one line: white space runs become one blank, control characters go.
fn preview(prompt: &str) -> String {
    let mut line = String::new();
    for word in prompt.split_whitespace() {
        if line.chars().count() >= PREVIEW_CHARS {
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().filter(|c| !c.is_control()).take(PREVIEW_CHARS));
    }
    match line.char_indices().nth(PREVIEW_CHARS) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

/// Halves the longest string until the row fits in [`BRIEF_MAX`] bytes, and says so.
fn fit(mut row: Brief) -> Brief {
    while serde_json::to_string(&row).is_ok_and(|json| json.len() > BRIEF_MAX) {
        let mut strings = [&mut row.cwd, &mut row.prompt, &mut row.model, &mut row.session_id]
            .into_iter()
            .chain(row.label.as_mut())
            .chain(row.requested_session_id.as_mut())
            .collect::<Vec<_>>();
        strings.sort_by_key(|text| std::cmp::Reverse(text.len()));
        let Some(longest) = strings.into_iter().next().filter(|text| text.len() > 1) else {
            break;
        };
        let mut half = longest.len() / 2;
        while !longest.is_char_boundary(half) {
            half -= 1;
        }
        longest.truncate(half);
        row.cut = true;
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consult::request::Request;
    use crate::job::event::{CancelRequested, Progress, Started};

    fn queued_with(request: Request) -> Event {
        Event::Queued(Box::new(Queued { request, ..Queued::default() }))
    }

    #[test]
    fn a_row_stays_small_whatever_is_asked() {
        let event = queued_with(Request {
            prompt: "\u{1}\u{2}é".repeat(100_000),
            cwd: format!("/{}", "ü\"\\".repeat(2000)),
            label: Some("\u{7f}\n".repeat(5000)),
            ..Request::default()
        });
        let row = next(None, &event, 1);
        assert!(row.cut);
        assert!(serde_json::to_string(&row).expect("json").len() <= BRIEF_MAX);
    }

    #[test]
    fn a_prompt_is_shown_on_one_line() {
        let row = next(
            None,
            &queued_with(Request { prompt: " a\n\tb ".into(), ..Request::default() }),
            1,
        );
        assert_eq!((row.prompt.as_str(), row.cut), ("a b", false));
    }

    #[test]
    fn the_same_event_twice_changes_nothing() {
        let first = next(None, &queued_with(Request::default()), 1);
        let started = Event::Started(Box::new(Started { pid: 7, ..Started::default() }));
        let once = next(Some(first), &started, 2);
        assert_eq!(next(Some(once.clone()), &started, 2), once);
        assert_eq!((once.status, once.runner_pid), (Status::Running, Some(7)));
    }

    #[test]
    fn an_ended_row_stays_as_it_is() {
        let ended = next(None, &Event::Succeeded(Box::default()), 3);
        assert_eq!(ended.status, Status::Succeeded);
        for late in [
            Event::Progress(Progress::default()),
            Event::CancelRequested(CancelRequested::default()),
        ] {
            assert_eq!(next(Some(ended.clone()), &late, 4), ended);
        }
    }

    #[test]
    fn only_a_failure_that_cost_nothing_gives_its_key_back() {
        let row = |status, code: &str, cost_usd, started_unix_ms| Brief {
            status,
            failure_code: (!code.is_empty()).then(|| code.to_owned()),
            cost_usd,
            started_unix_ms,
            ..Brief::default()
        };
        for (status, code, cost, started, keeps) in [
            (Status::Queued, "", None, None, true),
            (Status::Running, "", Some(0.0), Some(1), true),
            (Status::Succeeded, "", Some(0.0), Some(1), true),
            (Status::Cancelled, "", None, None, true),
            (Status::Lost, "", None, Some(1), true),
            (Status::Failed, "overloaded", Some(0.0), Some(1), false),
            (Status::Failed, "overloaded", Some(0.2), Some(1), true),
            (Status::Failed, "overloaded", None, Some(1), true),
            (Status::Failed, "spawn_failed", None, Some(1), false),
            (Status::Failed, "spawn_failed", None, None, false),
            (Status::Failed, "interrupted", None, None, false),
            (Status::Failed, "timeout", None, Some(1), true),
            (Status::Failed, "of_a_newer_version", None, Some(1), true),
        ] {
            let row = row(status, code, cost, started);
            assert_eq!(row.keeps_its_key(), keeps, "{row:?}");
        }
    }

    #[test]
    fn fields_of_newer_versions_are_carried_on() {
        let row: Brief = serde_json::from_str(r#"{"status":"running","stars":5}"#).expect("reads");
        let after = next(Some(row), &Event::Progress(Progress::default()), 9);
        assert_eq!(after.unknown["stars"], 5);
    }
}
