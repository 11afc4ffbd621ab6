//! The addresses, and what the server remembers between requests.
//!
//! `POST …/v1/messages` is the scripted one; `…/v1/messages/count_tokens` and `GET …/v1/models`
//! have fixed answers. Control, for tests: `GET /__health`, `GET /__log` (all records as an
//! array), `POST /__release` (lets held answers end), `POST /__reset` (forgets records, retry
//! counters and the release), `POST /__scenario`.
//!
//! Promises: every request but a control one is in the log before it is answered; a fault in one
//! connection never ends another.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::net::TcpStream;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::builtin;
use crate::choice::{self, Prefix};
use crate::conversation::{Conversation, Kind, field};
use crate::gate::Gate;
use crate::http::{Connection, Head};
use crate::log::{self, Log};
use crate::reply::{self, Fate, Question};
use crate::request::Request;
use crate::scenario::Scenario;

#[derive(Debug)]
pub(crate) struct Server {
    log: Log,
    log_bodies: bool,
    configured: Mutex<Option<Scenario>>,
    attempts: Mutex<HashMap<Attempted, u64>>,
    gate: Gate,
}

/// What makes two requests the same one, tried again.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Attempted {
    key: String,
    scenario: String,
    step: usize,
    messages: u64,
}

impl Server {
    pub(crate) fn new(log: Log, configured: Option<Scenario>, log_bodies: bool) -> Self {
        let configured = Mutex::new(configured);
        let (attempts, gate) = (Mutex::default(), Gate::default());
        Self { log, log_bodies, configured, attempts, gate }
    }

    /// Answers one client until either side has had enough.
    pub(crate) fn serve(&self, stream: TcpStream) {
        let Ok(mut connection) = Connection::new(stream) else { return };
        loop {
            let request = match connection.read_request() {
                Ok(Some(request)) => request,
                Ok(None) => return,
                Err(error) => {
                    let body = api_error("invalid_request_error", &error.to_string());
                    // The client may be the reason for the fault, and gone.
                    let _ = send_json(&connection, 400, &body);
                    return;
                }
            };
            match self.answer(&request, &connection) {
                Ok(Fate::Continue) if !request.is_last() => {}
                // A failed answer is in the log already where it matters.
                Ok(Fate::Continue | Fate::Close) | Err(_) => return,
            }
        }
    }

    fn answer(&self, request: &Request, connection: &Connection) -> io::Result<Fate> {
        match request.method.as_str() {
            "HEAD" => {
                self.log.add(json!({"method": "HEAD", "path": request.target, "kind": "head"}));
                connection.respond(&Head::new(200, "text/plain"), b"", false)?;
            }
            "GET" => self.get(request, connection)?,
            "POST" => return self.post(request, connection),
            other => {
                let body = api_error("not_found_error", &format!("fake: no method {other}"));
                send_json(connection, 501, &body)?;
            }
        }
        Ok(Fate::Continue)
    }

    fn get(&self, request: &Request, connection: &Connection) -> io::Result<()> {
        match request.target.as_str() {
            "/__health" => return send_json(connection, 200, &json!({"ok": true})),
            "/__log" => return send_json(connection, 200, &self.log.all()),
            _ => {}
        }
        let agent = request.header("user-agent");
        self.log.add(json!({
            "method": "GET", "path": request.target, "kind": "other", "ua": agent,
        }));
        if request.target.contains("/v1/models") {
            return send_json(connection, 200, &models());
        }
        send_json(connection, 404, &no_such(&request.target))
    }

    fn post(&self, request: &Request, connection: &Connection) -> io::Result<Fate> {
        let coding = request.header("content-encoding").unwrap_or("identity");
        if !coding.eq_ignore_ascii_case("identity") {
            let problem = format!("fake: request bodies in {coding} coding are not understood");
            let body = api_error("invalid_request_error", &problem);
            self.log_other(request);
            send_json(connection, 415, &body)?;
            return Ok(Fate::Continue);
        }
        match request.path() {
            "/__reset" => {
                self.log.clear();
                lock(&self.attempts).clear();
                self.gate.close();
                send_json(connection, 200, &json!({"ok": true}))?;
                return Ok(Fate::Continue);
            }
            "/__release" => {
                self.gate.open();
                send_json(connection, 200, &json!({"ok": true}))?;
                return Ok(Fate::Continue);
            }
            "/__scenario" => {
                self.configure(request, connection)?;
                return Ok(Fate::Continue);
            }
            _ => {}
        }
        let (prefix, path) = choice::split_prefix(request.path());
        if path.ends_with("/v1/messages") {
            return self.message(request, &prefix, connection);
        }
        if path.ends_with("/v1/messages/count_tokens") {
            let bytes = request.body.len();
            self.log.add(json!({
                "method": "POST", "path": request.target, "kind": "count_tokens",
                "body_bytes": bytes,
            }));
            send_json(connection, 200, &json!({"input_tokens": (bytes / 4).max(1)}))?;
        } else {
            self.log_other(request);
            send_json(connection, 404, &no_such(path))?;
        }
        Ok(Fate::Continue)
    }

    fn log_other(&self, request: &Request) {
        let head = request.body.get(..300).unwrap_or(&request.body);
        self.log.add(json!({
            "method": "POST", "path": request.target, "kind": "other",
            "body_bytes": request.body.len(), "body_head": String::from_utf8_lossy(head),
        }));
    }

    fn configure(&self, request: &Request, connection: &Connection) -> io::Result<()> {
        let text = String::from_utf8_lossy(&request.body);
        let text = text.trim();
        let scenario = if text.starts_with('{') {
            Scenario::from_json(text)
        } else {
            builtin::scenario(text, &Value::Null)
        };
        match scenario {
            Ok(scenario) => {
                *lock(&self.configured) = Some(scenario);
                send_json(connection, 200, &json!({"ok": true}))
            }
            Err(problem) => send_json(connection, 400, &json!({"error": problem})),
        }
    }

    fn message(
        &self,
        request: &Request,
        prefix: &Prefix<'_>,
        connection: &Connection,
    ) -> io::Result<Fate> {
        // Anything is answered, as by a script: what is no JSON counts as an empty body.
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_else(|_| json!({}));
        let conversation = Conversation::of(&body);
        let kind = Kind::of(&body);
        let configured = lock(&self.configured).clone();
        let (name, scenario) = choice::choose(kind, &conversation.prompt, prefix, configured);
        let step = scenario.step(conversation.step).cloned().unwrap_or_default();
        let attempt = self.count_attempt(prefix.key, &name, conversation.step, &body);
        let step = step.on_attempt(attempt);

        let mut record = log::message_record(request, &body, kind, &conversation);
        record.insert("scenario".to_owned(), json!(name));
        record.insert("attempt".to_owned(), json!(attempt));
        record.insert("outcome".to_owned(), json!(step.outcome()));
        if self.log_bodies {
            record.insert("body".to_owned(), body.clone());
        }
        self.log.add(Value::Object(record));

        let question = Question { body: &body, conversation: &conversation, gate: &self.gate };
        let answered = reply::send(connection, &step, &question);
        if let Err(error) = &answered {
            self.log.add(json!({
                "kind": "client_gone", "scenario": name, "error": error.to_string(),
            }));
        }
        answered
    }

    fn count_attempt(&self, key: &str, scenario: &str, step: usize, body: &Value) -> u64 {
        let mut hasher = DefaultHasher::new();
        field(body, "messages").hash(&mut hasher);
        let attempted = Attempted {
            key: key.to_owned(),
            scenario: scenario.to_owned(),
            step,
            messages: hasher.finish(),
        };
        let mut attempts = lock(&self.attempts);
        let count = attempts.entry(attempted).or_default();
        *count += 1;
        *count
    }
}

/// A response that is a JSON value and nothing else.
fn send_json(connection: &Connection, status: u16, body: &Value) -> io::Result<()> {
    let head = Head::new(status, "application/json");
    connection.respond(&head, body.to_string().as_bytes(), true)
}

fn api_error(kind: &str, message: &str) -> Value {
    json!({"type": "error", "error": {"type": kind, "message": message}})
}

fn no_such(path: &str) -> Value {
    api_error("not_found_error", &format!("fake: no {path}"))
}

fn models() -> Value {
    json!({
        "data": [{
            "type": "model", "id": "claude-opus-4-7", "display_name": "Fake",
            "created_at": "2026-01-01T00:00:00Z",
        }],
        "has_more": false, "first_id": null, "last_id": null,
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
