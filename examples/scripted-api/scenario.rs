//! What can be ordered: the steps of a scenario, and where a scenario's name is looked for.
//!
//! A scenario is `{"steps":[STEP, …]}`. The step is chosen without memory: its index is the number
//! of assistant messages since the newest real user prompt, so a tool result moves the script on
//! and a retry does not. The last step repeats. Unknown keys in a step are refused, because a
//! misspelt key would silently script something else.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::builtin;

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Scenario {
    steps: Vec<Step>,
}

/// One answer. Every key may be left out; keys combine.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Step {
    /// The answer; may use `{{last_tool_result}}`, `{{last_user_text}}`, `{{model}}`,
    /// `{{n_tools}}` and `{{tools}}`.
    pub(crate) text: String,
    /// An answer of so many bytes of numbered lines, instead of `text`.
    pub(crate) big: Option<usize>,
    /// A thinking block before the answer.
    pub(crate) thinking: Option<String>,
    /// Tool calls after the answer: one object or a list.
    #[serde(deserialize_with = "one_or_many")]
    pub(crate) tool_use: Vec<ToolUse>,
    /// An HTTP error instead of an answer, with the next three keys.
    pub(crate) status: Option<u16>,
    pub(crate) error_type: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) headers: BTreeMap<String, String>,
    /// Adds the headers of a subscription limit to the HTTP error.
    pub(crate) limit: Option<Limit>,
    /// `status` and `drop` happen only for the first so many identical requests.
    pub(crate) times: Option<u64>,
    /// Resets the connection at a point.
    pub(crate) drop: Option<DropPoint>,
    /// An error event after the second piece of the answer.
    pub(crate) error_event: Option<Value>,
    /// A malformed answer.
    pub(crate) bad: Option<Damage>,
    /// Seconds before the response, and between the pieces of the answer.
    pub(crate) delay: f64,
    pub(crate) chunk_delay: f64,
    /// Into how many pieces the answer is cut.
    pub(crate) chunks: Option<usize>,
    /// The last piece waits for `POST /__release`.
    pub(crate) hold: bool,
    /// Seconds of silence, then a reset.
    pub(crate) hang: Option<f64>,
    pub(crate) stop_reason: Option<String>,
    /// Merged into the usage numbers.
    pub(crate) usage: Map<String, Value>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToolUse {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) input: Map<String, Value>,
}

/// A subscription limit that is used up.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limit {
    /// Seconds from the response until the limit resets.
    pub(crate) resets_in: u64,
    /// Which limit: `five_hour`, `seven_day`, …
    pub(crate) claim: String,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DropPoint {
    Before,
    AfterHeaders,
    Mid,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Damage {
    /// JSON that stops in the middle.
    Body,
    /// An event whose data is not JSON.
    Sse,
    /// JSON that is no message.
    Shape,
    /// A page, as from a captive portal.
    Html,
}

impl Scenario {
    /// A built-in name or, failing that, a file.
    pub(crate) fn load(spec: &str) -> Result<Self, String> {
        let unknown = match builtin::scenario(spec, &Value::Null) {
            Ok(scenario) => return Ok(scenario),
            Err(problem) => problem,
        };
        if !Path::new(spec).exists() {
            return Err(unknown);
        }
        let text = std::fs::read_to_string(spec).map_err(|error| format!("{spec}: {error}"))?;
        Self::from_json(&text).map_err(|problem| format!("{spec}: {problem}"))
    }

    pub(crate) fn from_json(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    pub(crate) fn from_value(value: Value) -> Result<Self, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    /// The same HTTP error every time.
    pub(crate) fn failing(status: u16, kind: &str, message: &str) -> Self {
        let step = Step {
            status: Some(status),
            error_type: Some(kind.to_owned()),
            message: Some(message.to_owned()),
            ..Step::default()
        };
        Self { steps: vec![step] }
    }

    /// The step at an index, the last one from there on; `None` if there are no steps at all.
    pub(crate) fn step(&self, index: usize) -> Option<&Step> {
        self.steps.get(index).or(self.steps.last())
    }
}

impl Step {
    /// The step as it is on the given attempt: a failure that is used up is gone.
    pub(crate) fn on_attempt(&self, attempt: u64) -> Self {
        let mut step = self.clone();
        if self.times.is_some_and(|times| attempt > times) {
            step.status = None;
            step.drop = None;
        }
        step
    }

    /// The one word that the log keeps of this step.
    pub(crate) fn outcome(&self) -> String {
        if let Some(status) = self.status {
            return format!("http_{status}");
        }
        let word = match (self.drop, self.bad) {
            (Some(DropPoint::Before), _) => "drop_before",
            (Some(DropPoint::AfterHeaders), _) => "drop_after_headers",
            (Some(DropPoint::Mid), _) => "drop_mid",
            (None, Some(Damage::Body)) => "bad_body",
            (None, Some(Damage::Sse)) => "bad_sse",
            (None, Some(Damage::Shape)) => "bad_shape",
            (None, Some(Damage::Html)) => "bad_html",
            (None, None) if self.hang.is_some() => "hang",
            (None, None) if !self.tool_use.is_empty() => "tool_use",
            (None, None) => "text",
        };
        word.to_owned()
    }
}

/// The first marker `[[scenario:NAME]]` or `[[scenario:NAME {json}]]` in a prompt: the name and
/// the parameters, still as text. The parameters end at the first `}]]`.
pub(crate) fn marker(prompt: &str) -> Option<(&str, Option<&str>)> {
    prompt.match_indices("[[scenario:").find_map(|(at, opening)| {
        let rest = prompt.get(at + opening.len()..)?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = rest.find(|c| !is_name(c)).filter(|end| *end > 0)?;
        let (name, rest) = rest.split_at(end);
        if rest.starts_with("]]") {
            return Some((name, None));
        }
        let json = rest.trim_start();
        if json.len() == rest.len() || !json.starts_with('{') {
            return None;
        }
        let end = json.find("}]]")?;
        Some((name, json.get(..=end)))
    })
}

fn one_or_many<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<ToolUse>, D::Error> {
    let calls = match Value::deserialize(source)? {
        Value::Null => Vec::new(),
        Value::Array(calls) => calls,
        call => vec![call],
    };
    let calls = calls.into_iter().map(serde_json::from_value).collect::<Result<_, _>>();
    calls.map_err(serde::de::Error::custom)
}
