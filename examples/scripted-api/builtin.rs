//! The scenarios that have a name.
//!
//! Promises: a name means the same steps for ever, because tests order them by name; a missing or
//! mistyped parameter is an error and never a guess.

use serde_json::{Map, Value, json};

use crate::scenario::Scenario;

const CREDIT: &str = "Your credit balance is too low to access the Anthropic API. \
                      Please go to Plans & Billing to upgrade or purchase credits.";

/// The built-in scenario of that name with those parameters (an object, or null for none).
pub(crate) fn scenario(name: &str, params: &Value) -> Result<Scenario, String> {
    let params = Params::new(params)?;
    let tables = [answers, tool_calls, http_errors, limits, broken];
    for table in tables {
        if let Some(steps) = table(name, &params)? {
            return Scenario::from_value(json!({ "steps": steps }));
        }
    }
    Err(format!("no scenario is named {name:?}"))
}

/// A table knows some names: `None` means that the name is in another one.
type Found = Result<Option<Value>, String>;

fn answers(name: &str, params: &Params) -> Found {
    Ok(Some(match name {
        "text" => json!([{"text": params.text("text", "Hello from the fake API.")?}]),
        "echo" => {
            json!([{"text": "ECHO<<{{last_user_text}}>> model={{model}} tools={{tools}}"}])
        }
        "slow" => {
            let chunks = params.count("chunks", 20)?;
            let pause = params.seconds("chunk_delay", 0.5)?;
            let words = usize::try_from(chunks).map_err(|error| error.to_string())?;
            json!([{"text": "word ".repeat(words), "chunks": chunks, "chunk_delay": pause}])
        }
        "held" => {
            let text = params.text("text", "begun, and ended")?;
            json!([{"text": text, "chunks": 2, "hold": true}])
        }
        "hang" => json!([{"hang": params.seconds("s", 3600.0)?}]),
        "thinking" => json!([{"thinking": "Let me think.", "text": "Thought it through."}]),
        "big" => json!([{"big": params.count("n", 1 << 20)?}]),
        "empty" => json!([{"text": ""}]),
        "max_tokens" => json!([{"text": "cut off he", "stop_reason": "max_tokens"}]),
        "refusal" => json!([{"text": "", "stop_reason": "refusal"}]),
        _ => return Ok(None),
    }))
}

fn tool_calls(name: &str, params: &Params) -> Found {
    Ok(Some(match name {
        "read" => {
            let path = params.text("path", "/etc/hostname")?;
            call("Read", &json!({ "file_path": path }))
        }
        "bash" => call("Bash", &bash_input(params)?),
        "write" => {
            let here = std::path::absolute("fake_write_was_here");
            let here = here.map_err(|error| error.to_string())?;
            let path = params.text("path", &here.to_string_lossy())?;
            call("Write", &json!({ "file_path": path, "content": "x\n" }))
        }
        "edit" => {
            let path = params.required_text("path")?;
            let edit = json!({
                "file_path": path,
                "old_string": params.required_text("old")?,
                "new_string": params.required_text("new")?,
            });
            json!([
                {"tool_use": {"name": "Read", "input": {"file_path": path}}},
                {"tool_use": {"name": "Edit", "input": edit}},
                {"text": "RESULT<<{{last_tool_result}}>>"},
            ])
        }
        "tool" | "task" => {
            let input = params.get("input").cloned().unwrap_or_else(|| json!({}));
            call(&params.required_text("name")?, &input)
        }
        _ => return Ok(None),
    }))
}

fn bash_input(params: &Params) -> Result<Value, String> {
    let mut input = json!({
        "command": params.text("command", "touch fake_bash_was_here")?,
        "description": "run",
    });
    let Some(fields) = input.as_object_mut() else { return Ok(input) };
    if let Some(timeout) = params.get("timeout") {
        fields.insert("timeout".to_owned(), timeout.clone());
    }
    if params.get("nosandbox").and_then(Value::as_bool) == Some(true) {
        fields.insert("dangerouslyDisableSandbox".to_owned(), json!(true));
    }
    Ok(input)
}

fn http_errors(name: &str, params: &Params) -> Found {
    Ok(Some(match name {
        "400" => {
            let message = params.text("message", "messages: bad request (fake)")?;
            error(400, "invalid_request_error", &message)
        }
        "401" => error(401, "authentication_error", "invalid x-api-key"),
        "403" => error(403, "permission_error", "Your account does not have permission (fake)"),
        "404" => error(404, "not_found_error", "model: claude-nope-1"),
        "413" => error(413, "request_too_large", "Request exceeds the maximum size"),
        "500" => error(500, "api_error", "Internal server error (fake)"),
        "529" => error(529, "overloaded_error", "Overloaded"),
        "529_once" => json!([{
            "status": 529, "error_type": "overloaded_error", "message": "Overloaded",
            "times": params.count("times", 1)?, "text": "ok after 529",
        }]),
        "context_too_long" => {
            let message = "prompt is too long: 250000 tokens > 200000 maximum";
            error(400, "invalid_request_error", message)
        }
        "credit" => error(400, "invalid_request_error", CREDIT),
        _ => return Ok(None),
    }))
}

/// Refusals by a limit. The client takes `429_limit` for a subscription's only if it runs with an
/// OAuth token; with an API key the headers mean nothing to it.
fn limits(name: &str, params: &Params) -> Found {
    Ok(Some(match name {
        "429" => json!([{
            "status": 429, "error_type": "rate_limit_error",
            "message": "This request would exceed your rate limit (fake)",
            "headers": {"retry-after": params.text_or_number("retry_after", "1")?},
        }]),
        "429_once" => json!([{
            "status": 429, "error_type": "rate_limit_error", "message": "rate (fake)",
            "times": params.count("times", 1)?, "headers": {"retry-after": "0"},
            "text": "ok after 429",
        }]),
        "429_limit" => json!([{
            "status": 429, "error_type": "rate_limit_error",
            "message": "This request would exceed your account's rate limit. (fake)",
            "limit": {
                "resets_in": params.count("resets_in", 3600)?,
                "claim": params.text("claim", "five_hour")?,
            },
        }]),
        _ => return Ok(None),
    }))
}

fn broken(name: &str, params: &Params) -> Found {
    Ok(Some(match name {
        "drop_before" => json!([{"drop": "before"}]),
        "drop_headers" => json!([{"drop": "after_headers"}]),
        "drop_mid" => json!([{"drop": "mid", "text": "partial answer that will be cut"}]),
        "drop_mid_once" => {
            let times = params.count("times", 1)?;
            json!([{"drop": "mid", "times": times, "text": "complete after a drop"}])
        }
        "bad_body" => json!([{"bad": "body"}]),
        "bad_sse" => json!([{"bad": "sse"}]),
        "bad_shape" => json!([{"bad": "shape"}]),
        "html" => json!([{"bad": "html"}]),
        "error_event" => json!([{
            "text": "partial",
            "error_event": {"type": "overloaded_error", "message": "Overloaded"},
        }]),
        _ => return Ok(None),
    }))
}

/// One tool call, then the tool's result as the answer.
fn call(tool: &str, input: &Value) -> Value {
    json!([
        {"text": format!("Calling {tool}."), "tool_use": {"name": tool, "input": input}},
        {"text": "RESULT<<{{last_tool_result}}>>"},
    ])
}

fn error(status: u16, kind: &str, message: &str) -> Value {
    json!([{"status": status, "error_type": kind, "message": message}])
}

/// The parameters of a marker.
struct Params(Map<String, Value>);

impl Params {
    fn new(value: &Value) -> Result<Self, String> {
        match value {
            Value::Null => Ok(Self(Map::new())),
            Value::Object(fields) => Ok(Self(fields.clone())),
            _ => Err("parameters must be an object".to_owned()),
        }
    }

    fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    fn text(&self, key: &str, default: &str) -> Result<String, String> {
        if self.get(key).is_none() { Ok(default.to_owned()) } else { self.required_text(key) }
    }

    fn required_text(&self, key: &str) -> Result<String, String> {
        let text = self.get(key).and_then(Value::as_str).map(str::to_owned);
        text.ok_or_else(|| format!("parameter {key:?} must be a string"))
    }

    fn text_or_number(&self, key: &str, default: &str) -> Result<String, String> {
        match self.get(key) {
            Some(Value::Number(number)) => Ok(number.to_string()),
            _ => self.text(key, default),
        }
    }

    fn count(&self, key: &str, default: u64) -> Result<u64, String> {
        let Some(value) = self.get(key) else { return Ok(default) };
        value.as_u64().ok_or_else(|| format!("parameter {key:?} must be a whole number"))
    }

    fn seconds(&self, key: &str, default: f64) -> Result<f64, String> {
        let Some(value) = self.get(key) else { return Ok(default) };
        value.as_f64().ok_or_else(|| format!("parameter {key:?} must be a number"))
    }
}
