//! What a request body says: the newest prompt, how far the script has come, which tools ran.
//!
//! Promises: reads any JSON without failing, since a body that makes no sense must still be
//! answered and logged. Reminders that the client puts in front of a prompt are not the prompt.

use serde_json::{Value, json};

/// What the answer and the log need to know of a request.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    /// The newest real user prompt.
    pub(crate) prompt: String,
    /// Assistant messages since that prompt.
    pub(crate) step: usize,
    /// Tool results since that prompt, oldest first.
    pub(crate) results: Vec<ToolResult>,
    /// The system prompt as one text.
    pub(crate) system: String,
    pub(crate) tools: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct ToolResult {
    pub(crate) id: Value,
    pub(crate) is_error: Value,
    pub(crate) text: String,
}

impl Conversation {
    pub(crate) fn of(body: &Value) -> Self {
        let mut found = Self {
            system: system_text(field(body, "system")),
            tools: items(field(body, "tools")).iter().map(tool_name).collect(),
            ..Self::default()
        };
        for message in items(field(body, "messages")).iter().rev() {
            match field(message, "role").as_str() {
                Some("assistant") => found.step += 1,
                Some("user") if found.take_user_message(message) => break,
                _ => {}
            }
        }
        found.results.reverse();
        found
    }

    /// Whether this message is the prompt. Results are gathered newest first.
    fn take_user_message(&mut self, message: &Value) -> bool {
        let content = field(message, "content");
        let plain = json!([{"type": "text", "text": content}]);
        let blocks = items(if content.is_string() { &plain } else { content });
        let results = blocks.iter().filter(|block| field(block, "type") == "tool_result");
        let results: Vec<_> = results.map(ToolResult::of).collect();
        if !results.is_empty() {
            self.results.extend(results.into_iter().rev());
            return false;
        }
        let texts = blocks.iter().filter(|block| field(block, "type") == "text");
        let texts = texts.filter_map(|block| field(block, "text").as_str());
        let is_real = |text: &&str| !text.trim_start().starts_with("<system-reminder>");
        let real: Vec<_> = texts.filter(is_real).collect();
        self.prompt = real.join("\n");
        !real.is_empty()
    }
}

impl ToolResult {
    fn of(block: &Value) -> Self {
        let text = match field(block, "content") {
            Value::String(text) => text.clone(),
            Value::Array(parts) => parts.iter().map(part_text).collect::<Vec<_>>().join("\n"),
            other => other.to_string(),
        };
        let is_error = block.get("is_error").cloned().unwrap_or(Value::Bool(false));
        Self { id: field(block, "tool_use_id").clone(), is_error, text }
    }
}

/// Requests that the client makes on its own behalf get a fixed answer, whatever is scripted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Main,
    /// Asks for one token, to see the limits.
    QuotaProbe,
    /// Asks for formatted output without tools, such as a title.
    Side,
}

impl Kind {
    pub(crate) fn of(body: &Value) -> Self {
        let format = field(field(body, "output_config"), "format");
        if field(body, "max_tokens") == 1 {
            Self::QuotaProbe
        } else if items(field(body, "tools")).is_empty() && !format.is_null() {
            Self::Side
        } else {
            Self::Main
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::QuotaProbe => "quota_probe",
            Self::Side => "side",
        }
    }
}

/// A field of an object, or null.
pub(crate) fn field<'a>(value: &'a Value, key: &str) -> &'a Value {
    value.get(key).unwrap_or(&Value::Null)
}

/// The items of an array, or none.
pub(crate) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn system_text(system: &Value) -> String {
    let texts = items(system).iter().map(|block| field(block, "text").as_str().unwrap_or_default());
    let joined = texts.collect::<Vec<_>>().join("\n");
    system.as_str().map_or(joined, str::to_owned)
}

fn tool_name(tool: &Value) -> String {
    let name = field(tool, "name").as_str().or(field(tool, "type").as_str());
    name.unwrap_or_default().to_owned()
}

fn part_text(part: &Value) -> String {
    let placeholder = || format!("[{}]", field(part, "type").as_str().unwrap_or("None"));
    field(part, "text").as_str().map_or_else(placeholder, str::to_owned)
}
