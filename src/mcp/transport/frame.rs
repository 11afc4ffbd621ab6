//! What one line is: a request, the cancellation of one, something to ignore, or something to refuse.
//!
//! The envelope is checked here and not by the SDK, because the SDK passes over what it cannot read,
//! and a request that is passed over hangs its client.

use std::borrow::Cow;

use rmcp::model::{ClientJsonRpcMessage, ClientRequest, ErrorCode, JsonRpcRequest};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::identify::identify;
use super::lines::Line;
use crate::consult::claude::text::mended;

/// One line, judged.
pub(super) enum Frame {
    Request {
        id: Box<RawValue>,
        /// What is called, for the telemetry.
        label: String,
        message: Box<ClientJsonRpcMessage>,
    },
    /// `notifications/cancelled`, the one notification that matters here.
    Cancelled {
        id: Box<RawValue>,
        reason: Option<String>,
    },
    Ignored,
    Refused(Refusal),
}

/// An error that answers a line.
#[derive(Debug)]
pub(super) struct Refusal {
    /// `None` where none could be read, which is `null` on the wire (JSON-RPC 2.0, section 5).
    id: Option<Box<RawValue>>,
    code: ErrorCode,
    message: &'static str,
}

impl Refusal {
    fn frame(id: Option<Box<RawValue>>, code: ErrorCode, message: &'static str) -> Frame {
        Frame::Refused(Self { id, code, message })
    }

    /// The line to send, with its newline.
    pub(super) fn encode(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Reply<'a> {
            jsonrpc: &'static str,
            id: Option<&'a RawValue>,
            error: Body<'a>,
        }
        #[derive(Serialize)]
        struct Body<'a> {
            code: i32,
            message: &'a str,
        }
        let error = Body { code: self.code.0, message: self.message };
        super::flight::line(&Reply { jsonrpc: "2.0", id: self.id.as_deref(), error })
    }
}

/// The fields of an envelope, each still as text.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    jsonrpc: Option<&'a RawValue>,
    /// `null` counts as present: it is a wrong id, and no notification.
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<&'a RawValue>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

fn present<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// The methods that the SDK types. Where it could not, the parameters are wrong.
const TYPED: [&str; 16] = [
    "initialize",
    "ping",
    "server/discover",
    "tools/list",
    "tools/call",
    "prompts/list",
    "prompts/get",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "resources/subscribe",
    "resources/unsubscribe",
    "completion/complete",
    "tasks/get",
    "tasks/update",
    "tasks/cancel",
];

/// Judges one line.
pub(super) fn judge(line: &Line) -> Frame {
    let bytes = match line {
        Line::Whole(bytes) => bytes.trim_ascii(),
        Line::Giant { id } => {
            let message = "the message is too large";
            return Refusal::frame(id.clone(), ErrorCode::INVALID_REQUEST, message);
        }
    };
    if bytes.is_empty() {
        return Frame::Ignored;
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Refusal::frame(identify(bytes), ErrorCode::PARSE_ERROR, "the message is not UTF-8");
    };
    match serde_json::from_str::<Envelope<'_>>(text) {
        Ok(envelope) => open(text, &envelope),
        Err(error) => unreadable(text, &error),
    }
}

/// A line that is no envelope: not JSON, or JSON of another shape.
fn unreadable(text: &str, error: &serde_json::Error) -> Frame {
    if text.starts_with('[') {
        let message = "batches are not part of this protocol";
        return Refusal::frame(None, ErrorCode::INVALID_REQUEST, message);
    }
    let id = identify(text.as_bytes());
    if error.is_data() {
        return Refusal::frame(
            id,
            ErrorCode::INVALID_REQUEST,
            "the message is not a JSON-RPC object",
        );
    }
    Refusal::frame(id, ErrorCode::PARSE_ERROR, "the message is not JSON")
}

fn open(text: &str, envelope: &Envelope<'_>) -> Frame {
    let id = envelope.id.filter(|id| is_id(id)).map(RawValue::to_owned);
    let invalid = |message| Refusal::frame(id.clone(), ErrorCode::INVALID_REQUEST, message);
    if envelope.jsonrpc.is_none_or(|version| version.get() != "\"2.0\"") {
        return invalid("jsonrpc must be \"2.0\"");
    }
    let Some(method) = envelope.method else {
        // Nothing is ever asked of the client, so no response of it means anything.
        let is_response = envelope.result.is_some() || envelope.error.is_some();
        return if is_response { Frame::Ignored } else { invalid("there is no method") };
    };
    let Ok(method) = serde_json::from_str::<Cow<'_, str>>(method.get()) else {
        return invalid("method must be a string");
    };
    if envelope.id.is_none() {
        return notification(&method, envelope.params);
    }
    let Some(id) = id.clone() else { return invalid("id must be a string or a whole number") };
    if envelope.params.is_some_and(|params| !params.get().starts_with('{')) {
        let message = "params must be an object";
        return Refusal::frame(Some(id), ErrorCode::INVALID_PARAMS, message);
    }
    if method.ends_with("/list") && envelope.params.is_some_and(names_a_page) {
        let message = "there is no page of this cursor";
        return Refusal::frame(Some(id), ErrorCode::INVALID_PARAMS, message);
    }
    request(text, id, &method, envelope.params)
}

/// Lists are given whole, so no cursor is one of ours.
fn names_a_page(params: &RawValue) -> bool {
    #[derive(Deserialize)]
    struct Page<'a> {
        #[serde(borrow)]
        cursor: Option<&'a RawValue>,
    }
    serde_json::from_str::<Page<'_>>(params.get()).is_ok_and(|page| page.cursor.is_some())
}

fn request(text: &str, id: Box<RawValue>, method: &str, params: Option<&RawValue>) -> Frame {
    match serde_json::from_str::<ClientJsonRpcMessage>(text) {
        Ok(ClientJsonRpcMessage::Request(JsonRpcRequest {
            request: ClientRequest::CustomRequest(_),
            ..
        })) if TYPED.contains(&method) => {
            Refusal::frame(Some(id), ErrorCode::INVALID_PARAMS, "params do not fit the method")
        }
        Ok(message @ ClientJsonRpcMessage::Request(_)) => {
            let label = label(method, params);
            Frame::Request { id, label, message: Box::new(message) }
        }
        Ok(_) => Refusal::frame(Some(id), ErrorCode::INVALID_REQUEST, "this is not a request"),
        Err(_) => match mended(text.as_bytes()).and_then(|text| String::from_utf8(text).ok()) {
            // Half a surrogate pair, as clients in JavaScript cut it out of a text: no reason to
            // refuse a prompt. Mended text holds none, so this goes no deeper.
            Some(text) => request(&text, id, method, params),
            // What remains is JSON that is deeper than is read, or a number that no type holds.
            None => Refusal::frame(Some(id), ErrorCode::INVALID_REQUEST, UNREADABLE),
        },
    }
}

const UNREADABLE: &str = "the message is nested too deeply, or holds a number out of range";

/// The method, and for a tool its name: what the telemetry counts by. Unknown names share one row,
/// so that a peer cannot fill the memory with them.
fn label(method: &str, params: Option<&RawValue>) -> String {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        name: Cow<'a, str>,
    }
    if !TYPED.contains(&method) {
        return "other".to_owned();
    }
    if method != "tools/call" {
        return method.to_owned();
    }
    let named = params.and_then(|params| serde_json::from_str::<Named<'_>>(params.get()).ok());
    let known = named.filter(|named| crate::mcp::catalogue::NAMES.contains(&&*named.name));
    known.map_or_else(|| "tools/call".to_owned(), |named| format!("tools/call {}", named.name))
}

fn notification(method: &str, params: Option<&RawValue>) -> Frame {
    #[derive(Deserialize)]
    struct Cancelled<'a> {
        #[serde(rename = "requestId", borrow)]
        id: &'a RawValue,
        reason: Option<String>,
    }
    let params = params.filter(|_| method == "notifications/cancelled");
    match params.and_then(|params| serde_json::from_str::<Cancelled<'_>>(params.get()).ok()) {
        Some(Cancelled { id, reason }) => Frame::Cancelled { id: id.to_owned(), reason },
        None => Frame::Ignored,
    }
}

/// A string or a whole number that the SDK can hold.
pub(super) fn is_id(id: &RawValue) -> bool {
    id.get().starts_with('"') || id.get().parse::<i64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> Frame {
        judge(&Line::Whole(text.as_bytes().to_vec()))
    }

    fn refusal(text: &str) -> String {
        match judged(text) {
            Frame::Refused(refusal) => String::from_utf8(refusal.encode()).expect("text"),
            _ => panic!("{text} is refused"),
        }
    }

    #[test]
    fn what_cannot_be_a_request_is_refused_with_its_code_and_its_id() {
        for (text, id, code) in [
            ("{", "null", -32700),
            ("nonsense", "null", -32700),
            ("[]", "null", -32600),
            ("42", "null", -32600),
            (r#"{"id":7,"jsonrpc":"2.0"}"#, "7", -32600),
            (r#"{"id":"a","method":"ping"}"#, "\"a\"", -32600),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, "null", -32600),
            (r#"{"jsonrpc":"2.0","id":null,"method":"ping","params":[]}"#, "null", -32600),
            (r#"{"jsonrpc":"2.0","id":3,"method":4}"#, "3", -32600),
            (r#"{"jsonrpc":"2.0","id":3,"method":"ping","params":[1]}"#, "3", -32602),
            (r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":5}}"#, "3", -32602),
        ] {
            let reply = refusal(text);
            assert!(reply.contains(&format!("\"id\":{id},")), "{text}: {reply}");
            assert!(reply.contains(&format!("\"code\":{code},")), "{text}: {reply}");
        }
    }

    #[test]
    fn notifications_and_responses_are_passed_over_but_for_a_cancellation() {
        for text in [
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#,
            "  ",
        ] {
            assert!(matches!(judged(text), Frame::Ignored), "{text}");
        }
        let text =
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":9}}"#;
        assert!(matches!(judged(text), Frame::Cancelled { id, .. } if id.get() == "9"));
    }

    #[test]
    fn half_a_surrogate_pair_does_not_cost_the_request() {
        let text = r#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"consult","arguments":{"prompt":"a \ud83d b \ud83d\ude00 \\ud83d"}}}"#;
        let Frame::Request { id, label, message } = judged(text) else { panic!("a request") };
        assert_eq!((id.get(), label.as_str()), ("5", "tools/call consult"));
        let message = serde_json::to_value(&*message).expect("JSON");
        let prompt = &message["params"]["arguments"]["prompt"];
        assert_eq!(prompt, "a \u{fffd} b \u{1f600} \\ud83d");
    }

    #[test]
    fn a_request_that_is_too_deep_is_refused_by_its_id() {
        let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
        for beside in ["", r"\ud83d"] {
            let text = format!(
                r#"{{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{{"name":"x{beside}","arguments":{{"a":{deep}}}}}}}"#
            );
            let refusal = refusal(&text);
            assert!(refusal.contains("\"id\":5,") && refusal.contains("too deep"), "{refusal}");
        }
    }
}
