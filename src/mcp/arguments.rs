//! The arguments of a tool call, read one by one, so that what is wrong is named.

use rmcp::model::JsonObject;
use serde_json::Value;

use super::fault::Fault;
use crate::job::id::JobId;
use crate::job::status::Status;

/// Arguments that were not read yet.
pub(super) struct Arguments {
    left: JsonObject,
}

/// How a result is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Format {
    pub(super) render: Render,
    pub(super) detail: Detail,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Render {
    #[default]
    Porcelain,
    Json,
}

pub(super) use crate::render::mcp::Detail;

impl Arguments {
    pub(super) fn new(arguments: Option<JsonObject>) -> Self {
        Self { left: arguments.unwrap_or_default() }
    }

    /// `render` and `detail`. What can be read of them counts also where the other is wrong.
    pub(super) fn format(&mut self) -> (Format, Option<Fault>) {
        let mut format = Format::default();
        let render = self.text("render").and_then(|name| match name.as_deref() {
            None | Some("porcelain") => Ok(Render::Porcelain),
            Some("json") => Ok(Render::Json),
            Some(other) => Err(wrong("render", "\"porcelain\" or \"json\"", &other.into())),
        });
        let detail = self.text("detail").and_then(|name| match name.as_deref() {
            None | Some("concise") => Ok(Detail::Concise),
            Some("full") => Ok(Detail::Full),
            Some(other) => Err(wrong("detail", "\"concise\" or \"full\"", &other.into())),
        });
        format.render = render.as_ref().copied().unwrap_or_default();
        format.detail = detail.as_ref().copied().unwrap_or_default();
        (format, render.err().or(detail.err()))
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<String>, Fault> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(name, "a string", &other)),
        }
    }

    pub(super) fn required_text(&mut self, name: &'static str) -> Result<String, Fault> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Result<Option<bool>, Fault> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(other) => Err(wrong(name, "true or false", &other)),
        }
    }

    /// A whole number of `least` or more. Models write 10.0 for 10, so that is one too.
    pub(super) fn whole(&mut self, name: &'static str, least: u64) -> Result<Option<u64>, Fault> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let whole = value.as_u64().or_else(|| {
            let number = value.as_f64().filter(|n| n.fract() == 0.0 && *n >= 0.0 && *n < 1e15)?;
            format!("{number:.0}").parse().ok()
        });
        match whole.filter(|number| *number >= least) {
            Some(number) => Ok(Some(number)),
            None if least == 0 => Err(wrong(name, "a whole number", &value)),
            None => Err(wrong(name, &format!("a whole number of {least} or more"), &value)),
        }
    }

    /// A number of seconds, fractions allowed.
    pub(super) fn seconds(&mut self, name: &'static str) -> Result<Option<f64>, Fault> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let seconds = value.as_f64().filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
        seconds.map(Some).ok_or_else(|| wrong(name, "a number of seconds, 0 or more", &value))
    }

    pub(super) fn job_id(&mut self, name: &'static str) -> Result<JobId, Fault> {
        let text = self.required_text(name)?;
        parse_job_id(name, &text)
    }

    /// One id or several, each once.
    pub(super) fn job_ids(&mut self, name: &'static str) -> Result<Vec<JobId>, Fault> {
        let mut ids = Vec::new();
        for text in self.texts(name)?.ok_or_else(|| missing(name))? {
            let id = parse_job_id(name, &text)?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        if ids.is_empty() {
            return Err(wrong(name, "a list of at least one job id", &Value::Array(Vec::new())));
        }
        Ok(ids)
    }

    pub(super) fn statuses(&mut self, name: &'static str) -> Result<Vec<Status>, Fault> {
        let texts = self.texts(name)?.unwrap_or_default();
        let states = "out of queued, running, succeeded, failed, cancelled and lost";
        texts
            .into_iter()
            .map(|text| Status::parse(&text).ok_or_else(|| wrong(name, states, &text.into())))
            .collect()
    }

    /// A list of strings; one string alone is a list of one.
    fn texts(&mut self, name: &'static str) -> Result<Option<Vec<String>>, Fault> {
        let items = match self.take(name) {
            None => return Ok(None),
            Some(Value::Array(items)) => items,
            Some(text @ Value::String(_)) => vec![text],
            Some(other) => return Err(wrong(name, "a list of strings", &other)),
        };
        let text = |item| match item {
            Value::String(text) => Ok(text),
            other => Err(wrong(name, "a list of strings", &other)),
        };
        items.into_iter().map(text).collect::<Result<Vec<_>, _>>().map(Some)
    }

    /// Refuses what no tool of this name takes: a misspelt `cwd` would cost a consult.
    pub(super) fn finish(self) -> Result<(), Fault> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(name) => {
                Err(Fault::input("unknown_argument", format!("there is no argument `{name}`"))
                    .hinted("The tool's input schema names its arguments."))
            }
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.left.shift_remove(name).filter(|value| !value.is_null())
    }
}

fn parse_job_id(name: &str, text: &str) -> Result<JobId, Fault> {
    JobId::parse(&text.to_ascii_lowercase()).ok_or_else(|| {
        let detail = format!("{name} is not a UUID: {}", quoted(&text.into()));
        Fault::input("invalid_job_id", detail).hinted("consult_jobs lists the jobs with their ids.")
    })
}

fn missing(name: &str) -> Fault {
    Fault::input("missing_argument", format!("{name} is missing"))
}

fn wrong(name: &str, wanted: &str, found: &Value) -> Fault {
    let detail = format!("{name} must be {wanted}, not {}", quoted(found));
    Fault::input("invalid_argument", detail)
}

/// A value as it was given, cut where it is long.
fn quoted(value: &Value) -> String {
    const LONGEST: usize = 100;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}
