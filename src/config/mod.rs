//! What the user has set: flags > environment > the user's file > defaults, resolved into one value.
//!
//! Pure over its inputs: the file's text, the environment and the flags are handed in, and nothing
//! else of the crate is imported. Each value knows where it came from. All that is wrong is
//! reported, not only the first. A file inside a consulted project is never among the inputs.

mod duration;
mod file;
mod flags;
mod keys;
mod layers;
mod problem;
mod reader;
mod show;
mod template;

use std::path::Path;

pub(crate) use duration::{Limit, parse_duration};
pub(crate) use flags::Flags;
pub(crate) use keys::{Config, KEYS, Key};
pub(crate) use problem::{Origin, Problem};
pub(crate) use reader::{EFFORTS, parse_count};
pub(crate) use show::Entry;
pub(crate) use template::template;

use file::{Item, SyntaxError};
use layers::Layers;
use problem::Warning;
use reader::Found;

/// A value and the place that gave it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

/// The user's file as it was read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct File<'a> {
    pub(crate) path: &'a Path,
    pub(crate) text: &'a str,
}

/// A configuration that cannot be used.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Invalid {
    /// All that is wrong, in the order of the file first; never empty.
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<Warning>,
}

impl Default for Config {
    fn default() -> Self {
        let flags = Flags::default();
        Config::pick(&mut layers(&flags, &|_| None, Path::new(""), &[]))
    }
}

/// Resolves the configuration.
///
/// `environment` looks one variable up; `names` are the names of all variables that start with
/// `PHONE_OPUS_`, which is how misspelt ones are found.
///
/// # Errors
/// Everything that is wrong in any of the places, also where a higher place overrules it.
pub(crate) fn resolve(
    file: Option<File<'_>>,
    environment: &dyn Fn(&str) -> Option<String>,
    names: &[String],
    flags: &Flags,
) -> Result<Config, Invalid> {
    let (path, text) = file.map_or((Path::new(""), ""), |file| (file.path, file.text));
    let (mut items, errors) = file::parse(text);
    // What stands on a line that does not parse is a guess, and no second complaint about it helps.
    items.retain(|item| errors.iter().all(|error| error.at.line != item.key_at.line));
    let mut layers = layers(flags, environment, path, &items);
    layers.problems.extend(errors.iter().map(|error| syntax_problem(path, error)));
    layers.problems.extend(items.iter().filter_map(|item| unknown_key(path, item)));
    let mut config = Config::pick(&mut layers);
    config.warnings = names.iter().filter_map(|name| unknown_variable(name)).collect();
    let mut problems = layers.problems;
    problems.extend(two_credentials(&config));
    problems.sort_by_key(|problem| (problem.at.is_none(), problem.at));
    if problems.is_empty() {
        Ok(config)
    } else {
        Err(Invalid { problems, warnings: config.warnings })
    }
}

/// Of two credentials one would be passed over without a word.
fn two_credentials(config: &Config) -> Option<Problem> {
    config.token_file.value.as_ref().and(config.key_file.value.as_ref())?;
    Some(Problem {
        key: Some("credentials.key_file".to_owned()),
        origin: config.key_file.origin.clone(),
        at: None,
        message: format!(
            "credentials.key_file is set, and credentials.token_file too ({}); name one of them",
            config.token_file.origin
        ),
    })
}

fn layers<'a>(
    flags: &'a Flags,
    environment: &'a dyn Fn(&str) -> Option<String>,
    path: &'a Path,
    items: &'a [Item],
) -> Layers<'a> {
    Layers { flags, environment, path, items, problems: Vec::new() }
}

fn syntax_problem(path: &Path, error: &SyntaxError) -> Problem {
    Problem {
        key: None,
        origin: Origin::File(path.to_owned()),
        at: Some(error.at),
        message: format!("this is not TOML: {}", error.message),
    }
}

fn unknown_key(path: &Path, item: &Item) -> Option<Problem> {
    let name = item.key.as_str();
    let is_known = KEYS.iter().any(|key| key.name == name);
    // What stands in something that is no table of ours is told once, of the table.
    let is_told_above = item.table.as_deref().is_some_and(|table| !is_table(table));
    if is_known || is_told_above || is_table(name) && item.found == Found::Table {
        return None;
    }
    let message = if is_table(name) {
        format!("found {}; {name} is a table: [{name}]", item.found.describe())
    } else {
        format!("there is no key `{name}`{}", hint(name, |key| key.name.to_owned()))
    };
    Some(Problem {
        key: Some(item.key.clone()),
        origin: Origin::File(path.to_owned()),
        at: Some(item.key_at),
        message,
    })
}

fn is_table(name: &str) -> bool {
    KEYS.iter().any(|key| key.table() == Some(name))
}

/// Variables that are no keys: places, and what is handed down to Claude Code.
const OTHER_VARIABLES: [&str; 3] = ["PHONE_OPUS_STATE_DIR", "PHONE_OPUS_JOB", "PHONE_OPUS_DEPTH"];

/// A warning and no error: an environment is shared with other versions of this program.
fn unknown_variable(name: &str) -> Option<Warning> {
    let known = !name.starts_with("PHONE_OPUS_")
        || name.starts_with("PHONE_OPUS_TEST_")
        || OTHER_VARIABLES.contains(&name)
        || KEYS.iter().any(|key| key.env() == name);
    if known {
        return None;
    }
    let message =
        format!("this version has no such key, so it changes nothing{}", hint(name, Key::env));
    Some(Warning { name: name.to_owned(), message })
}

/// The key whose spelling is nearest, where one is near enough to have been meant.
fn hint(wrong: &str, spelling: impl Fn(&Key) -> String) -> String {
    let distance =
        |right: &String| strsim::damerau_levenshtein(&wrong.to_lowercase(), &right.to_lowercase());
    let nearest = KEYS.iter().map(spelling).min_by_key(distance);
    match nearest.filter(|right| distance(right) <= right.len().min(wrong.len()).div_ceil(3)) {
        Some(right) => format!("; did you mean `{right}`?"),
        None => "; `phone-opus config show` lists the keys".to_owned(),
    }
}

#[cfg(test)]
mod schema;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use schema::schema;
