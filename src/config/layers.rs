//! The places where a value may be found, and the rule which one counts:
//! flags > environment > the user's file > defaults.
//!
//! A value that is overruled is still checked: what is wrong is told before it starts to count.

use std::path::Path;

use super::Setting;
use super::file::{Item, Position};
use super::flags::Flags;
use super::keys::KEYS;
use super::problem::{Origin, Problem};
use super::reader::{Found, Reader, Unfit};

/// What was found in each place, and what was wrong with it so far.
pub(super) struct Layers<'a> {
    pub(super) flags: &'a Flags,
    pub(super) environment: &'a dyn Fn(&str) -> Option<String>,
    pub(super) path: &'a Path,
    pub(super) items: &'a [Item],
    pub(super) problems: Vec<Problem>,
}

struct Candidate {
    origin: Origin,
    at: Option<Position>,
    found: Found,
}

impl Layers<'_> {
    /// The value of one key from the highest place that has a fitting one.
    pub(super) fn pick<T>(&mut self, key: &str, reader: &Reader<T>, default: T) -> Setting<T> {
        let mut chosen = None;
        for candidate in self.candidates(key) {
            match (reader.read)(&candidate.found) {
                Ok(value) if chosen.is_none() => {
                    chosen = Some(Setting { value, origin: candidate.origin });
                }
                Ok(_) => {}
                Err(unfit) => self.problems.push(problem(key, reader.accepts, candidate, unfit)),
            }
        }
        chosen.unwrap_or(Setting { value: default, origin: Origin::Default })
    }

    /// What the places say about one key, the highest first.
    fn candidates(&self, key: &str) -> Vec<Candidate> {
        let flag = self.flags.found(key).map(|found| (Origin::Flag, None, found));
        let item = self.items.iter().find(|item| item.key == key).map(|item| {
            (Origin::File(self.path.to_owned()), Some(item.value_at), item.found.clone())
        });
        [flag, self.in_environment(key), item]
            .into_iter()
            .flatten()
            .map(|(origin, at, found)| Candidate { origin, at, found })
            .collect()
    }

    /// An empty variable counts as one that is not set: there is no other way to unset it for a child.
    fn in_environment(&self, key: &str) -> Option<(Origin, Option<Position>, Found)> {
        let name = KEYS.iter().find(|known| known.name == key)?.env();
        let text = (self.environment)(&name).filter(|text| !text.is_empty())?;
        Some((Origin::Env(name), None, Found::Word(text)))
    }
}

fn problem(key: &str, accepts: &str, candidate: Candidate, unfit: Unfit) -> Problem {
    let message = match unfit {
        Unfit::Kind => format!("found {}; {key} takes {accepts}", candidate.found.describe()),
        Unfit::Because(why) => format!("{key}: {why}"),
    };
    Problem { key: Some(key.to_owned()), origin: candidate.origin, at: candidate.at, message }
}
