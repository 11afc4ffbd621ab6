//! Which scenario a request gets: by marker, by base URL, by configuration, or `text`.
//!
//! Promises: the same request under the same configuration gets the same scenario; what the
//! client asks on its own behalf (see [`Kind`]) gets a harmless answer whatever is ordered.

use serde_json::{Value, json};

use crate::builtin;
use crate::conversation::Kind;
use crate::scenario::{self, Scenario};

/// The scenario and the counter that a base URL orders: `/s/NAME[/k/KEY]`.
#[derive(Debug, Default)]
pub(crate) struct Prefix<'a> {
    pub(crate) scenario: Option<&'a str>,
    pub(crate) key: &'a str,
}

/// The scenario and its name in the log. A wrong order gets a scenario too, one that says so.
pub(crate) fn choose(
    kind: Kind,
    prompt: &str,
    prefix: &Prefix<'_>,
    configured: Option<Scenario>,
) -> (String, Scenario) {
    let (name, scenario) = match (kind, scenario::marker(prompt), prefix.scenario) {
        (Kind::QuotaProbe, ..) => ("quota", text("ok")),
        (Kind::Side, ..) => {
            ("side", text(&json!({"title": "fake title", "isNewTopic": false}).to_string()))
        }
        (Kind::Main, Some((name, params)), _) => (name, from_marker(name, params)),
        (Kind::Main, None, Some(name)) => (name, builtin::scenario(name, &Value::Null)),
        (Kind::Main, None, None) => match configured {
            Some(scenario) => ("configured", Ok(scenario)),
            None => ("text", builtin::scenario("text", &Value::Null)),
        },
    };
    let scenario = scenario.and_then(|scenario| match scenario.step(0) {
        Some(_) => Ok(scenario),
        None => Err("it has no steps".to_owned()),
    });
    match scenario {
        Ok(scenario) => (name.to_owned(), scenario),
        Err(problem) => ("SCENARIO_ERROR".to_owned(), bad_scenario(&problem)),
    }
}

/// Takes the prefix off a path.
pub(crate) fn split_prefix(path: &str) -> (Prefix<'_>, &str) {
    let Some((name, rest)) = segment(path, "/s/") else { return (Prefix::default(), path) };
    let (key, rest) = segment(rest, "/k/").unwrap_or(("", rest));
    (Prefix { scenario: Some(name), key }, rest)
}

/// The segment after an opening, and the path that follows it, which must not be empty.
fn segment<'a>(path: &'a str, opening: &str) -> Option<(&'a str, &'a str)> {
    let rest = path.strip_prefix(opening)?;
    let end = rest.find('/').filter(|end| *end > 0)?;
    Some(rest.split_at(end))
}

fn from_marker(name: &str, params: Option<&str>) -> Result<Scenario, String> {
    let params = params.map(serde_json::from_str).transpose().map_err(|error| error.to_string())?;
    builtin::scenario(name, &params.unwrap_or(Value::Null))
}

fn text(answer: &str) -> Result<Scenario, String> {
    Scenario::from_value(json!({"steps": [{"text": answer}]}))
}

/// The order was wrong: the client is told so in a way that ends its run at once.
fn bad_scenario(problem: &str) -> Scenario {
    let message = format!("fake server: bad scenario: {problem}");
    Scenario::failing(400, "invalid_request_error", &message)
}
