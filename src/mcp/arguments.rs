//! The arguments of a tool call, read one by one, so that what is wrong is named.

use rmcp::model::JsonObject;
use serde_json::Value;

use super::fault::{Fault, quoted};
use super::format::{Format, Render, parse_detail};
use crate::job::id::JobId;
use crate::job::status::Status;

/// Arguments that were not read yet.
pub(super) struct Arguments {
    left: JsonObject,
}

impl Arguments {
    pub(super) fn new(arguments: Option<JsonObject>) -> Self {
        Self { left: arguments.unwrap_or_default() }
    }

    /// `render` and `detail`. What can be read of them counts also where the other is wrong.
    pub(super) fn format(&mut self) -> (Format, Option<Fault>) {
        let mut format = Format::default();
        let render = self.one_of("render", "\"porcelain\" or \"json\"", Render::parse);
        let detail = self.one_of("detail", "\"concise\" or \"full\"", parse_detail);
        format.render = render.as_ref().ok().copied().flatten().unwrap_or_default();
        format.detail = detail.as_ref().ok().copied().flatten().unwrap_or_default();
        (format, render.err().or(detail.err()))
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<String>, Fault> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(name, "a string", &other)),
        }
    }

    /// A word that `read` knows; `wanted` names those.
    pub(super) fn one_of<T>(
        &mut self,
        name: &'static str,
        wanted: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        read(&text).map(Some).ok_or_else(|| wrong(name, wanted, &text.into()))
    }

    /// A text that goes to other programs: not blank, not longer than so many bytes, and without a
    /// NUL, which would end it there.
    pub(super) fn word(
        &mut self,
        name: &'static str,
        longest: usize,
    ) -> Result<Option<String>, Fault> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        if text.len() > longest {
            let detail = format!("{name} must have at most {longest} bytes, not {}", text.len());
            return Err(Fault::input("invalid_argument", detail));
        }
        if text.trim().is_empty() || text.contains('\0') {
            let wanted = "a string that is not blank and has no NUL in it";
            return Err(wrong(name, wanted, &text.into()));
        }
        Ok(Some(text))
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

    /// A whole number of `least` or more.
    pub(super) fn whole(&mut self, name: &'static str, least: u64) -> Result<Option<u64>, Fault> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let whole = whole(&value).and_then(|number| u64::try_from(number).ok());
        match whole.filter(|number| *number >= least) {
            Some(number) => Ok(Some(number)),
            None if least == 0 => Err(wrong(name, "a whole number", &value)),
            None => Err(wrong(name, &format!("a whole number of {least} or more"), &value)),
        }
    }

    /// A whole number, the nearest in the range where it lies outside.
    pub(super) fn clamped(
        &mut self,
        name: &'static str,
        least: u32,
        most: u32,
    ) -> Result<Option<u32>, Fault> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let whole = whole(&value).ok_or_else(|| wrong(name, "a whole number", &value))?;
        let clamped = whole.clamp(least.into(), most.into());
        Ok(Some(u32::try_from(clamped).unwrap_or(most)))
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

    /// One id or several, each once, at most so many.
    pub(super) fn job_ids(&mut self, name: &'static str, most: usize) -> Result<Vec<JobId>, Fault> {
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
        if ids.len() > most {
            let detail = format!("{name} must be at most {most} job ids, not {}", ids.len());
            return Err(Fault::input("invalid_argument", detail));
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

/// A job's id as a client writes it. In upper case it is the same.
pub(super) fn parse_id(text: &str) -> Option<JobId> {
    JobId::parse(&text.to_ascii_lowercase())
}

fn parse_job_id(name: &str, text: &str) -> Result<JobId, Fault> {
    parse_id(text).ok_or_else(|| {
        let detail = format!("{name} is not a UUID: {}", quoted(&text.into()));
        Fault::input("invalid_job_id", detail).hinted("consult_jobs lists the jobs with their ids.")
    })
}

/// Models write 10.0 for 10, so that is a whole number too.
fn whole(value: &Value) -> Option<i128> {
    let number = value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
    number.or_else(|| {
        let number = value.as_f64().filter(|number| number.fract() == 0.0)?;
        format!("{:.0}", number.clamp(-1e15, 1e15)).parse().ok()
    })
}

fn missing(name: &str) -> Fault {
    Fault::input("missing_argument", format!("{name} is missing"))
}

pub(super) fn wrong(name: &str, wanted: &str, found: &Value) -> Fault {
    let detail = format!("{name} must be {wanted}, not {}", quoted(found));
    Fault::input("invalid_argument", detail)
}
