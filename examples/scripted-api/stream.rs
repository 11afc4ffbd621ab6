//! An answer as server-sent events, in the order in which the service sends them, and the ways in
//! which a stream can break.
//!
//! Promises: each event is one HTTP chunk, sent at once; a stream that is cut has delivered the
//! events before the cut (the client gets a moment to read them, since a reset discards the rest).

use std::io;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::gate::Gate;
use crate::http::{Connection, Head};
use crate::reply::{Answer, Block, Fate, SIGNATURE, reset, seconds};
use crate::scenario::{Damage, DropPoint, Step};

/// How long the client gets to read what came before a reset.
const READING_TIME: Duration = Duration::from_millis(200);
/// Pieces of an answer are at most about so long.
const PIECE_CHARS: usize = 4000;

pub(crate) fn send(
    connection: &Connection,
    step: &Step,
    gate: &Gate,
    answer: &Answer,
) -> io::Result<Fate> {
    connection.begin_chunks(&Head::new(200, "text/event-stream"))?;
    if step.drop == Some(DropPoint::AfterHeaders) {
        return reset(connection);
    }
    if step.bad == Some(Damage::Sse) {
        connection.chunk(b"event: message_start\ndata: {not json at all\n\n")?;
        connection.end_chunks()?;
        return Ok(Fate::Continue);
    }
    let events = Events { connection, step, gate };
    events.start_message(answer)?;
    for (index, block) in answer.content.iter().enumerate() {
        match events.block(index, block)? {
            Next::Go => {}
            Next::Stop(fate) => return Ok(fate),
        }
    }
    events.stop_message(answer)?;
    connection.end_chunks()?;
    Ok(Fate::Continue)
}

/// Whether the script goes on after a part of the answer.
enum Next {
    Go,
    Stop(Fate),
}

struct Events<'a> {
    connection: &'a Connection,
    step: &'a Step,
    gate: &'a Gate,
}

impl Events<'_> {
    fn start_message(&self, answer: &Answer) -> io::Result<()> {
        let mut usage = answer.usage.clone();
        usage.insert("output_tokens".to_owned(), json!(1));
        self.emit(&json!({
            "type": "message_start",
            "message": {
                "id": answer.id, "type": "message", "role": "assistant", "model": answer.model,
                "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage,
            },
        }))?;
        self.emit(&json!({"type": "ping"}))
    }

    fn block(&self, index: usize, block: &Block) -> io::Result<Next> {
        match block {
            Block::Text(text) => {
                self.start_block(index, &json!({"type": "text", "text": ""}))?;
                if let Next::Stop(fate) = self.pieces(index, text)? {
                    return Ok(Next::Stop(fate));
                }
            }
            Block::Thinking(text) => {
                let empty = json!({"type": "thinking", "thinking": "", "signature": ""});
                self.start_block(index, &empty)?;
                self.delta(index, &json!({"type": "thinking_delta", "thinking": text}))?;
                self.delta(index, &json!({"type": "signature_delta", "signature": SIGNATURE}))?;
            }
            Block::ToolUse { id, call } => {
                let empty = json!({"type": "tool_use", "id": id, "name": call.name, "input": {}});
                self.start_block(index, &empty)?;
                let input = Value::Object(call.input.clone()).to_string();
                self.delta(index, &json!({"type": "input_json_delta", "partial_json": input}))?;
            }
        }
        self.emit(&json!({"type": "content_block_stop", "index": index}))?;
        Ok(Next::Go)
    }

    /// The text in pieces; scripted breaks come after the second one, when an answer has begun.
    fn pieces(&self, index: usize, text: &str) -> io::Result<Next> {
        let pieces = cut(text, self.step.chunks);
        for (number, piece) in pieces.iter().enumerate() {
            if self.step.hold && number + 1 == pieces.len() {
                self.gate.pass(self.connection)?;
            }
            self.delta(index, &json!({"type": "text_delta", "text": piece}))?;
            if number == 1 && self.step.drop == Some(DropPoint::Mid) {
                thread::sleep(READING_TIME);
                return reset(self.connection).map(Next::Stop);
            }
            if number == 1
                && let Some(error) = &self.step.error_event
            {
                self.emit(&json!({"type": "error", "error": error}))?;
                self.connection.end_chunks()?;
                return Ok(Next::Stop(Fate::Continue));
            }
            self.connection.pause(seconds(self.step.chunk_delay))?;
        }
        if self.step.drop == Some(DropPoint::Mid) {
            return reset(self.connection).map(Next::Stop);
        }
        Ok(Next::Go)
    }

    fn stop_message(&self, answer: &Answer) -> io::Result<()> {
        self.emit(&json!({
            "type": "message_delta",
            "delta": {"stop_reason": answer.stop_reason, "stop_sequence": null},
            "usage": {"output_tokens": answer.usage.get("output_tokens")},
        }))?;
        self.emit(&json!({"type": "message_stop"}))
    }

    fn start_block(&self, index: usize, block: &Value) -> io::Result<()> {
        self.emit(&json!({"type": "content_block_start", "index": index, "content_block": block}))
    }

    fn delta(&self, index: usize, delta: &Value) -> io::Result<()> {
        self.emit(&json!({"type": "content_block_delta", "index": index, "delta": delta}))
    }

    /// One event, named by its own `type`.
    fn emit(&self, data: &Value) -> io::Result<()> {
        let name = data.get("type").and_then(Value::as_str).unwrap_or_default();
        self.connection.chunk(format!("event: {name}\ndata: {data}\n\n").as_bytes())
    }
}

/// The text in about `pieces` pieces of equal length; by default four, or more for a long text.
fn cut(text: &str, pieces: Option<usize>) -> Vec<&str> {
    let length = text.chars().count();
    let usual = (length / PIECE_CHARS).max(4);
    let size = length.div_ceil(pieces.unwrap_or(usual).max(1)).max(1);
    let mut starts: Vec<_> = text.char_indices().map(|(at, _)| at).step_by(size).collect();
    starts.push(text.len());
    starts.windows(2).filter_map(|pair| text.get(*pair.first()?..*pair.last()?)).collect()
}
