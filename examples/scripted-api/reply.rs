//! Carries out one step: waits, errors, damage, or an answer, streamed or in one piece.
//!
//! Promises: of the keys of a step the first that applies wins, in the order hang, drop before,
//! status, bad, answer; an I/O error means that the client has gone.

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::conversation::{Conversation, field};
use crate::gate::Gate;
use crate::http::{Connection, Head, short_id};
use crate::scenario::{Damage, DropPoint, Limit, Step, ToolUse};
use crate::stream;

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Continue,
    Close,
}

/// The request that is being answered.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    pub(crate) body: &'a Value,
    pub(crate) conversation: &'a Conversation,
    /// Where a held answer waits.
    pub(crate) gate: &'a Gate,
}

/// A complete message, before it is cut into events.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) id: String,
    pub(crate) model: String,
    pub(crate) content: Vec<Block>,
    pub(crate) stop_reason: String,
    pub(crate) usage: Map<String, Value>,
}

#[derive(Debug)]
pub(crate) enum Block {
    Thinking(String),
    Text(String),
    ToolUse { id: String, call: ToolUse },
}

/// The signature of a thinking block. The client does not check it.
pub(crate) const SIGNATURE: &str = "ZmFrZQ==";

/// Answers the request as the step says.
pub(crate) fn send(
    connection: &Connection,
    step: &Step,
    question: &Question<'_>,
) -> io::Result<Fate> {
    connection.pause(seconds(step.delay))?;
    if let Some(silence) = step.hang {
        connection.pause(seconds(silence))?;
        return reset(connection);
    }
    if step.drop == Some(DropPoint::Before) {
        return reset(connection);
    }
    if let Some(status) = step.status {
        return send_error(connection, status, step);
    }
    match step.bad {
        Some(Damage::Body) => {
            return send_raw(connection, "application/json", r#"{"id": "msg_1", "type": "mess"#);
        }
        Some(Damage::Html) => {
            let page = "<html><body>captive portal</body></html>";
            return send_raw(connection, "text/html", page);
        }
        Some(Damage::Shape) => {
            return send_raw(connection, "application/json", r#"{"hello": "world"}"#);
        }
        Some(Damage::Sse) | None => {}
    }
    let answer = Answer::compose(step, question);
    if field(question.body, "stream").as_bool() == Some(true) {
        stream::send(connection, step, question.gate, &answer)
    } else {
        if step.hold {
            question.gate.pass(connection)?;
        }
        send_whole(connection, step, &answer)
    }
}

/// Ends the connection with a reset.
pub(crate) fn reset(connection: &Connection) -> io::Result<Fate> {
    connection.reset_on_close()?;
    Ok(Fate::Close)
}

/// A number of seconds from a script; nonsense is no time at all.
pub(crate) fn seconds(number: f64) -> Duration {
    Duration::try_from_secs_f64(number).unwrap_or_default()
}

fn send_raw(connection: &Connection, kind: &'static str, body: &str) -> io::Result<Fate> {
    connection.respond(&Head::new(200, kind), body.as_bytes(), true)?;
    Ok(Fate::Continue)
}

fn send_error(connection: &Connection, status: u16, step: &Step) -> io::Result<Fate> {
    let body = json!({
        "type": "error",
        "error": {
            "type": step.error_type.as_deref().unwrap_or("api_error"),
            "message": step.message.as_deref().unwrap_or("fake"),
        },
        "request_id": "req_fake",
    });
    let mut head = Head::new(status, "application/json");
    head.extra.extend(step.limit.iter().flat_map(limit_headers));
    head.extra.extend(step.headers.clone());
    connection.respond(&head, body.to_string().as_bytes(), true)?;
    Ok(Fate::Continue)
}

/// What a subscription's used-up limit looks like. The first three decide what the client says;
/// the others make its record of the two windows complete.
fn limit_headers(limit: &Limit) -> Vec<(String, String)> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let reset = (now + limit.resets_in).to_string();
    let is_weekly = limit.claim.starts_with("seven_day");
    let (full, other) = if is_weekly { ("7d", "5h") } else { ("5h", "7d") };
    let unified = [
        ("status".to_owned(), "rejected"),
        ("reset".to_owned(), &reset),
        ("representative-claim".to_owned(), &limit.claim),
        (format!("{full}-status"), "rejected"),
        (format!("{full}-reset"), &reset),
        (format!("{full}-utilization"), "1.0"),
        (format!("{other}-status"), "allowed"),
        (format!("{other}-reset"), &reset),
        (format!("{other}-utilization"), "0.4"),
        ("overage-status".to_owned(), "rejected"),
        ("overage-disabled-reason".to_owned(), "org_level_disabled"),
    ];
    let named = |(name, value): (String, &str)| {
        (format!("anthropic-ratelimit-unified-{name}"), value.to_owned())
    };
    let mut headers: Vec<_> = unified.into_iter().map(named).collect();
    headers.push(("retry-after".to_owned(), limit.resets_in.to_string()));
    headers
}

/// The answer to a request that asked for no stream.
fn send_whole(connection: &Connection, step: &Step, answer: &Answer) -> io::Result<Fate> {
    if step.drop.is_some() {
        return reset(connection);
    }
    if step.bad == Some(Damage::Sse) {
        return send_raw(connection, "application/json", "{{{ not json");
    }
    let (status, body) = match &step.error_event {
        Some(error) => (529, json!({"type": "error", "error": error})),
        None => (200, answer.to_json()),
    };
    let head = Head::new(status, "application/json");
    connection.respond(&head, body.to_string().as_bytes(), true)?;
    Ok(Fate::Continue)
}

impl Answer {
    fn compose(step: &Step, question: &Question<'_>) -> Self {
        let model = field(question.body, "model").as_str().unwrap_or("fake").to_owned();
        let text = match step.big {
            Some(bytes) => numbered_lines(bytes),
            None => fill(&step.text, &model, question.conversation),
        };
        let output_tokens = (text.chars().count() / 4).max(1);
        let calls = !step.tool_use.is_empty();
        let usual = if calls { "tool_use" } else { "end_turn" };

        let mut content = Vec::new();
        content.extend(step.thinking.clone().filter(|text| !text.is_empty()).map(Block::Thinking));
        if !text.is_empty() || !calls {
            content.push(Block::Text(text));
        }
        content.extend(
            step.tool_use
                .iter()
                .map(|call| Block::ToolUse { id: short_id("toolu_", 22), call: call.clone() }),
        );
        Self {
            id: short_id("msg_", 22),
            model,
            content,
            stop_reason: step.stop_reason.clone().unwrap_or_else(|| usual.to_owned()),
            usage: usage(output_tokens, &step.usage),
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "id": self.id, "type": "message", "role": "assistant", "model": self.model,
            "content": self.content.iter().map(Block::to_json).collect::<Vec<_>>(),
            "stop_reason": self.stop_reason, "stop_sequence": null, "usage": self.usage,
        })
    }
}

impl Block {
    fn to_json(&self) -> Value {
        match self {
            Self::Thinking(text) => {
                json!({"type": "thinking", "thinking": text, "signature": SIGNATURE})
            }
            Self::Text(text) => json!({"type": "text", "text": text}),
            Self::ToolUse { id, call } => {
                json!({"type": "tool_use", "id": id, "name": call.name, "input": call.input})
            }
        }
    }
}

fn usage(output_tokens: usize, scripted: &Map<String, Value>) -> Map<String, Value> {
    let mut usage = Map::new();
    let usual = [
        ("input_tokens", json!(100)),
        ("cache_creation_input_tokens", json!(0)),
        ("cache_read_input_tokens", json!(0)),
        ("output_tokens", json!(output_tokens)),
        ("service_tier", json!("standard")),
    ];
    usage.extend(usual.map(|(name, value)| (name.to_owned(), value)));
    usage.extend(scripted.clone());
    usage
}

fn fill(template: &str, model: &str, conversation: &Conversation) -> String {
    let result = conversation.results.last().map_or("", |result| result.text.as_str());
    let tools = conversation.tools.join(",");
    // One after the other, so a filled-in text may itself hold a later name.
    template
        .replace("{{last_tool_result}}", result)
        .replace("{{last_user_text}}", &conversation.prompt)
        .replace("{{model}}", model)
        .replace("{{n_tools}}", &conversation.tools.len().to_string())
        .replace("{{tools}}", &tools)
}

fn numbered_lines(bytes: usize) -> String {
    let filling = "x".repeat(84);
    let mut text = String::with_capacity(bytes + 100);
    let mut number = 0_u64;
    while text.len() < bytes {
        let line = format!("line {number:07} {filling}\n");
        text.push_str(&line);
        number += 1;
    }
    text.truncate(bytes);
    text
}
