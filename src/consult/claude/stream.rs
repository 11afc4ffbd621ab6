//! Claude Code's stream, read line by line: what is true of the run so far.
//!
//! Total: any bytes may come. What is no line of the stream is [`Line::Noise`] and changes nothing;
//! a line of a kind that this version does not know is a sign of life and nothing more. The same
//! reader serves a running job and its transcript after a crash.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use super::answer::Answer;
use super::api_error::{self, ApiError};
use super::result::ResultLine;
use super::text;
use super::tools::Tools;
use super::wire;

/// What one line was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    /// Not a JSON object with a string `type`: no sign of life.
    Noise,
    /// A piece of a message; the text is what it adds to the answer, which may be nothing.
    Delta(String),
    /// What belongs to the messages: where a block or a message begins or ends.
    Event,
    /// Said beside the messages, perhaps between two pieces of one text: a retry, a limit, what a tool
    /// or a subagent answered, and all that this version does not know.
    Aside,
    /// A `result` line: the run is over, but for what else may be printed.
    Result,
}

/// The run as seen from outside, for progress and for the account of a run without a result.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Live {
    /// Different messages of the model's so far; a subagent's do not count.
    pub(crate) turns: u64,
    /// The tool in use: asked for, and not answered yet.
    pub(crate) tool: Option<String>,
    /// Bytes of answer text so far.
    pub(crate) text_bytes: u64,
    pub(crate) api_retries: u64,
    /// US dollars as Claude Code counts them; only a result line says so.
    pub(crate) cost_usd: Option<f64>,
    pub(crate) session_id: Option<String>,
    /// The model that answered; until one has, the one that Claude Code announced.
    pub(crate) model: Option<String>,
    /// Claude Code's own version.
    pub(crate) version: Option<String>,
    pub(crate) cwd: Option<String>,
    /// When a usage limit that turned requests away resets; milliseconds since 1970.
    pub(crate) limit_resets_unix_ms: Option<i64>,
}

/// The reader, and what it has made of the lines so far.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    live: Live,
    answer: Answer,
    /// Ids of the messages counted in `live.turns`.
    messages: BTreeSet<String>,
    tools: Tools,
    result: Option<ResultLine>,
    /// The newest API error that the model has not answered since.
    api_error: Option<ApiError>,
    spoke: bool,
}

impl Stream {
    /// Reads a transcript: the lines as they were printed, with `phone_opus_text` lines in the
    /// place of the deltas.
    pub(crate) fn recover(lines: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        let mut stream = Self::default();
        for line in lines {
            stream.line(line.as_ref());
        }
        stream
    }

    /// Reads one line, with or without its newline.
    pub(crate) fn line(&mut self, line: &[u8]) -> Line {
        let line = line.trim_ascii();
        // serde would also take an array for a struct.
        let head = line.starts_with(b"{").then(|| text::parse::<wire::Head>(line)).flatten();
        let Some(head) = head else {
            return Line::Noise;
        };
        self.spoke = true;
        let read = match head.kind.as_str() {
            "stream_event" => self.partial(&read(line)),
            "phone_opus_text" => self.delta(read::<wire::Coalesced>(line).text),
            "assistant" => self.assistant(read(line)),
            "user" => self.user(&read(line)),
            "system" => self.system(read(line)),
            "rate_limit_event" => self.rate_limit(&read(line)),
            "result" => self.take_result(read(line)),
            _ => Line::Aside,
        };
        self.live.text_bytes = self.answer.bytes();
        self.live.tool = self.tools.in_use().cloned();
        read
    }

    pub(crate) fn live(&self) -> &Live {
        &self.live
    }

    /// The answer so far: finished blocks and what there is of the next, blank lines between them.
    ///
    /// At most 8 MiB and a little, the end of it, with a mark where the start was cut.
    pub(crate) fn partial_text(&self) -> Option<String> {
        self.answer.text()
    }

    /// Whether any line of the stream was seen.
    pub(super) fn spoke(&self) -> bool {
        self.spoke
    }

    pub(super) fn tools_used(&self) -> &BTreeMap<String, u64> {
        self.tools.used()
    }

    pub(super) fn result(&self) -> Option<&ResultLine> {
        self.result.as_ref()
    }

    pub(super) fn api_error(&self) -> Option<&ApiError> {
        self.api_error.as_ref()
    }

    fn partial(&mut self, line: &wire::Partial) -> Line {
        if line.parent_tool_use_id.is_some() {
            return Line::Delta(String::new());
        }
        let event = &line.event;
        match event.kind.as_deref() {
            Some("message_start") => {
                self.tools.settle();
                self.answer.message_started();
            }
            Some("content_block_start") => self.block_started(&event.content_block),
            Some("content_block_delta") => {
                let is_text = event.delta.kind.as_deref() == Some("text_delta");
                let text = event.delta.text.clone().filter(|_| is_text);
                return self.delta(text.unwrap_or_default());
            }
            Some("message_stop") => match &line.abandoned_blocks {
                Some(abandoned) => self.answer.message_abandoned(abandoned.from_block_index),
                None => self.answer.message_stopped(),
            },
            Some("content_block_stop") => {}
            _ => return Line::Aside,
        }
        Line::Event
    }

    fn block_started(&mut self, block: &wire::Block) {
        match block.kind.as_deref() {
            Some("text") => self.answer.block_started(),
            Some("tool_use") => self.tools.asked_for(block),
            _ => {}
        }
    }

    fn delta(&mut self, text: String) -> Line {
        self.answer.delta(&text);
        Line::Delta(text)
    }

    fn assistant(&mut self, line: wire::Turn) -> Line {
        if line.parent_tool_use_id.is_some() {
            return Line::Aside;
        }
        if api_error::is_claude_codes_own(&line) {
            self.api_error = api_error::told_by(line).or(self.api_error.take());
            return Line::Event;
        }
        self.api_error = None;
        self.live.model = line.message.model.or(self.live.model.take());
        self.messages.insert(line.message.id.unwrap_or_default());
        self.live.turns = self.messages.len() as u64;
        for block in line.message.content {
            match (block.kind.as_deref(), &block.text) {
                (Some("text"), Some(text)) => self.answer.block_finished(text),
                (Some("tool_use"), _) => self.tools.asked_for(&block),
                _ => {}
            }
        }
        Line::Event
    }

    fn user(&mut self, line: &wire::Turn) -> Line {
        for block in &line.message.content {
            self.tools.answered(block.tool_use_id.as_ref());
        }
        Line::Aside
    }

    fn system(&mut self, line: wire::System) -> Line {
        match line.subtype.as_deref() {
            Some("init") => {
                // Printed once for every prompt that a run takes in; an answer's model stands.
                let seen = &mut self.live;
                seen.session_id = line.session_id.or(seen.session_id.take());
                seen.cwd = line.cwd.or(seen.cwd.take());
                seen.version = line.claude_code_version.or(seen.version.take());
                seen.model = seen.model.take().or(line.model);
            }
            Some("api_retry") => self.live.api_retries += 1,
            _ => {}
        }
        Line::Aside
    }

    /// `allowed` and `allowed_warning` turn nobody away, and their reset is not worth waiting for.
    fn rate_limit(&mut self, line: &wire::RateLimit) -> Line {
        let info = &line.rate_limit_info;
        if !info.status.as_deref().is_some_and(|status| status.starts_with("allowed")) {
            let resets = info.resets_at.and_then(|seconds| seconds.checked_mul(1000));
            self.live.limit_resets_unix_ms = resets.or(self.live.limit_resets_unix_ms);
        }
        Line::Aside
    }

    /// The last result wins, with one exception: an answer gives way only to another answer. It was
    /// paid for, and an error while the program winds up (or is stopped) does not unsay it.
    fn take_result(&mut self, line: ResultLine) -> Line {
        self.live.cost_usd = line.total_cost_usd.or(self.live.cost_usd);
        self.live.session_id = line.session_id.clone().or(self.live.session_id.take());
        self.tools.settle();
        let had_answer = self.result.as_ref().is_some_and(ResultLine::is_answer);
        if !had_answer || line.is_answer() {
            self.result = Some(line);
        }
        Line::Result
    }
}

fn read<T: DeserializeOwned + Default>(line: &[u8]) -> T {
    text::parse(line).unwrap_or_default()
}

#[cfg(test)]
mod tests;
