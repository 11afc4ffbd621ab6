//! The doctor finds what is wrong, says where and what to do, mends what is safe to mend and nothing
//! else; and however bad things are, it comes to an end.

mod clients;
mod jobs;
mod log;
mod surroundings;

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::support::said::Said;
use super::support::{World, schema};

/// A world in which nothing is missing: the fake Claude Code, and a key that opens nothing.
pub(crate) fn healthy() -> World {
    let mut world = World::new();
    world.set("ANTHROPIC_API_KEY", "sk-not-a-real-key");
    world
}

/// One report, valid by its schema.
#[derive(Debug)]
pub(crate) struct Examined {
    pub(crate) document: Value,
    pub(crate) code: Option<i32>,
}

pub(crate) fn examine(world: &World, arguments: &[&str]) -> Examined {
    examined(&world.say(&[&["doctor", "--json"], arguments].concat()))
}

#[track_caller]
pub(crate) fn examined(said: &Said) -> Examined {
    let document = said.json();
    schema::assert_valid("doctor", &document);
    assert_eq!(document["exit_code"].as_i64(), said.code.map(i64::from), "{said:#?}");
    assert_eq!(document["ok"], document["errors"] == 0);
    assert_eq!(said.stderr, "");
    Examined { document, code: said.code }
}

impl Examined {
    /// The findings of a kind.
    pub(crate) fn all(&self, check: &str, code: &str) -> Vec<&Value> {
        let findings = self.document["findings"].as_array().expect("a list");
        findings.iter().filter(|found| found["check"] == check && found["code"] == code).collect()
    }

    /// The one finding of a kind.
    #[track_caller]
    pub(crate) fn one(&self, check: &str, code: &str) -> &Value {
        match self.all(check, code)[..] {
            [found] => found,
            _ => panic!("not one {check}/{code}: {:#}", self.document),
        }
    }

    /// What `--fix` did, and what it could not do.
    pub(crate) fn fixes(&self) -> Vec<(String, Option<String>)> {
        let fixes = self.document["fixes"].as_array().expect("a list");
        let text = |value: &Value| value.as_str().map(str::to_owned);
        fixes
            .iter()
            .map(|fix| (text(&fix["message"]).expect("text"), text(&fix["error"])))
            .collect()
    }

    /// The messages of what was done; nothing may have failed.
    #[track_caller]
    pub(crate) fn done(&self) -> Vec<String> {
        let fixes = self.fixes();
        assert!(fixes.iter().all(|(_, error)| error.is_none()), "{fixes:#?}");
        fixes.into_iter().map(|(message, _)| message).collect()
    }
}

/// Says what a finding is about, and fails unless it has this level, message and advice.
#[track_caller]
pub(crate) fn assert_says(found: &Value, level: &str, message: &str, advice: Option<&str>) {
    assert_eq!((&found["level"], &found["message"]), (&level.into(), &message.into()));
    assert_eq!(found["advice"].as_str(), advice);
}

/// Makes a file or a directory look two hours old.
pub(crate) fn age(path: &Path) {
    let then = SystemTime::now() - Duration::from_hours(2);
    File::open(path).expect("opened").set_modified(then).expect("set");
}

/// Gives a file or a directory a mode.
pub(crate) fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
}
