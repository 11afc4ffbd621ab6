//! Jobs to render in tests: one for each state, made through the fold like real ones.

use serde_json::json;

use crate::consult::failure::{Code, Failure};
use crate::consult::reply::{Account, Partial, Reply};
use crate::consult::request::Request;
use crate::job::brief::{self, Brief};
use crate::job::event::{
    Caller, CancelRequested, Cancelled, Event, Failed, Lost, Progress, Queued, Recorded, Session,
    Started, Succeeded,
};
use crate::job::fold::{Job, fold};
use crate::job::id::JobId;
use crate::job::tree::Snapshot;

pub(super) const ID: &str = "0b4e0a52-7f43-4f5e-9a2b-3c1d5e6f7a8b";
/// When the samples were queued; they start after 2 s, report at 12 s and end at 127 s.
pub(super) const QUEUED_MS: i64 = 1_790_000_000_000;

pub(super) fn id() -> JobId {
    JobId::parse(ID).expect("canonical")
}

pub(super) fn caller() -> Caller {
    Caller { door: "cli".to_owned(), pid: 4000, depth: 0, format: None }
}

pub(super) fn request() -> Request {
    Request {
        prompt: "Is the lock\nsafe?".to_owned(),
        prefix: Some("You advise.".to_owned()),
        cwd: "/home/u/code".to_owned(),
        label: Some("lock review".to_owned()),
        max_turns: Some(30),
        ..Request::default()
    }
}

pub(super) fn queued() -> Event {
    let session = Session {
        id: "5e55104e-0000-4000-8000-000000000001".to_owned(),
        resumed: false,
        cwd: "/home/u/code".to_owned(),
        total_cost_usd_before: None,
    };
    Event::Queued(Box::new(Queued {
        request: request(),
        session,
        prompt_prefix_injected: true,
        prompt_redacted: false,
        retry_of: None,
        caller: caller(),
        version: "0.1.0".to_owned(),
        idempotency_key: None,
    }))
}

pub(super) fn started() -> Event {
    Event::Started(Box::new(Started {
        pid: 4242,
        worker_pid: 4243,
        start_time: 99,
        boot_id: "b007".to_owned(),
        claude_path: "/usr/bin/claude".to_owned(),
        claude_version: Some("2.1.330".to_owned()),
        model: "claude-opus-5-5".to_owned(),
        enforcement: None,
        provenance: Some(snapshot("1")),
    }))
}

pub(super) fn progress() -> Event {
    Event::Progress(Progress {
        turns: 3,
        tool: Some("Grep".to_owned()),
        text_bytes: 120,
        api_retries: 1,
        cost_usd: Some(0.25),
    })
}

pub(super) fn account() -> Account {
    Account {
        cwd: Some("/home/u/code".to_owned()),
        model: Some("claude-opus-5-5".to_owned()),
        claude_version: Some("2.1.330".to_owned()),
        session_id: Some("5e55104e-0000-4000-8000-000000000001".to_owned()),
        duration_ms: Some(124_000),
        duration_api_ms: Some(120_000),
        num_turns: Some(7),
        stop_reason: Some("end_turn".to_owned()),
        total_cost_usd: Some(2.5),
        cost_usd: Some(1.25),
        usage: Some(json!({"input_tokens": 10, "output_tokens": 20})),
        model_usage: Some(json!({"claude-opus-5-5": {"costUSD": 1.25}})),
        permission_denials: vec![json!({"tool_name": "Write"})],
        tools_used: [("Read".to_owned(), 12), ("Grep".to_owned(), 3)].into(),
        fast_mode_state: Some("off".to_owned()),
        structured_output: None,
        uuid: Some("aaaaaaaa-0000-4000-8000-000000000001".to_owned()),
    }
}

/// The directory as one fingerprint.
pub(super) fn snapshot(fingerprint: &str) -> Snapshot {
    Snapshot {
        method: "git".to_owned(),
        commit: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
        dirty: Some(false),
        fingerprint: Some(fingerprint.to_owned()),
        stamp: Some(fingerprint.to_owned()),
        files: 42,
        complete: true,
        reason: None,
        took_ms: 7,
    }
}

fn partial() -> Partial {
    Partial { partial_text: Some("The lock is".to_owned()), account: account() }
}

pub(super) fn succeeded() -> Event {
    let reply = Reply { response: "1. src/lock.rs:12 is unsafe.\n".to_owned(), account: account() };
    Event::Succeeded(Box::new(Succeeded {
        reply,
        tree_after: Some(snapshot("2")),
        recovered: false,
    }))
}

pub(super) fn failed() -> Event {
    let failure = Failure {
        api_status: Some(429),
        retry_at_unix_ms: Some(QUEUED_MS + 3_600_000),
        exit_code: Some(1),
        ..Failure::new(Code::RateLimited, "You've hit your limit\u{1b}[0m")
    };
    Event::Failed(Box::new(Failed {
        failure,
        partial: partial(),
        tree_after: None,
        recovered: false,
    }))
}

pub(super) fn cancel_requested() -> Event {
    Event::CancelRequested(CancelRequested { by: caller() })
}

pub(super) fn cancelled() -> Event {
    Event::Cancelled(Box::new(Cancelled {
        partial: partial(),
        tree_after: Some(snapshot("1")),
        recovered: false,
    }))
}

pub(super) fn lost() -> Event {
    Event::Lost(Box::new(Lost {
        last_sign_of_life_unix_ms: Some(QUEUED_MS + 60_000),
        partial: Partial::default(),
        detail: "its runner (pid 4242) is gone".to_owned(),
    }))
}

/// Folds the events; the n-th happens at the n-th of the times that [`QUEUED_MS`] names.
pub(super) fn job(events: &[Event]) -> Job {
    fold(&recorded(events)).expect("a queued event comes first")
}

pub(super) fn brief(events: &[Event]) -> Brief {
    let next = |row, recorded: &Recorded| Some(brief::next(row, &recorded.event, recorded.unix_ms));
    recorded(events).iter().fold(None, next).expect("there are events")
}

fn recorded(events: &[Event]) -> Vec<Recorded> {
    let at = |event: &Event| match event {
        Event::Queued(_) => 0,
        Event::Started(_) => 2000,
        Event::Progress(_) => 12_000,
        Event::CancelRequested(_) => 60_000,
        _ => 127_000,
    };
    let record = |event: &Event| Recorded {
        job: id(),
        unix_ms: QUEUED_MS + at(event),
        event: event.clone(),
    };
    events.iter().map(record).collect()
}

/// The histories of one job in each state, and of some more that render differently.
pub(super) fn histories() -> Vec<Vec<Event>> {
    vec![
        vec![queued()],
        vec![queued(), started()],
        vec![queued(), started(), progress()],
        vec![queued(), started(), progress(), cancel_requested()],
        vec![queued(), started(), progress(), succeeded()],
        vec![queued(), started(), failed()],
        vec![queued(), failed()],
        vec![queued(), started(), cancel_requested(), cancelled()],
        vec![queued(), started(), lost()],
        vec![queued(), started(), Event::Succeeded(Box::default())],
    ]
}
