//! The JSON Schema of `config.toml`, found by asking each key's own reader what it takes, so that a key
//! is described once. Editors and the Nix module read it; it is checked in as schemas/config-file.json.
//!
//! It is necessary and not sufficient: `phone-opus config check` also knows what no schema says, such as
//! that a duration is not longer than 100 years.

use serde_json::{Map, Value, json};

use super::keys::{Config, KEYS, Key};
use super::reader::Found;

/// What no enumeration has.
const UNLIKELY: &str = "qqqq";

/// A string that is not blank.
const NOT_BLANK: &str = r"\S";

/// The name of a program on PATH, or an absolute path.
const PROGRAM: &str = r"^(/.*|[^/]*[^/\s][^/]*)$";

/// A path that starts at the root, and one that may start at the user's home too.
const ABSOLUTE: &str = "^/";
const FROM_HOME: &str = "^(/|~/)";

/// A number with a unit or without one.
const DURATION: &str = r"^\s*([0-9]+[.]?[0-9]*|[.][0-9]+)\s*(ms|s|m|h|d)?\s*$";

/// The whole document.
pub(crate) fn schema() -> Value {
    let mut properties = Map::new();
    for (key, default) in KEYS.iter().zip(Config::default().entries()) {
        let mut schema = kind(key);
        schema["description"] = format!("{} Takes {}.", key.doc, key.accepts).into();
        if !default.value.is_null() {
            schema["default"] = default.value;
        }
        let Some((table, name)) = key.name.split_once('.') else {
            properties.insert(key.name.to_owned(), schema);
            continue;
        };
        let table = properties.entry(table).or_insert_with(|| object(&Map::new()));
        table["properties"][name] = schema;
    }
    let mut document = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:phone-opus:schema:config-file:1",
        "title": "The configuration file of phone-opus",
        "description": "What config.toml may say. What is wrong in a way that no schema can tell, `phone-opus config check` tells.",
    });
    let rest = object(&properties);
    document.as_object_mut().expect("an object").extend(rest.as_object().expect("one").clone());
    document
}

fn object(properties: &Map<String, Value>) -> Value {
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

/// The kinds of value that a key takes; one of them as it is, several as alternatives.
fn kind(key: &Key) -> Value {
    let kinds = [switch(key), list(key), number(key), words(key), text(key)];
    let kinds: Vec<Value> = kinds.into_iter().flatten().collect();
    match kinds.as_slice() {
        [] => panic!("{}: no value is known that it takes; teach the schema one", key.name),
        [one] => one.clone(),
        several => json!({"anyOf": several}),
    }
}

fn switch(key: &Key) -> Option<Value> {
    match [true, false].map(|value| (key.takes)(&Found::Bool(value))) {
        [true, true] => Some(json!({"type": "boolean"})),
        [false, false] => None,
        [only, _] => Some(json!({"const": only})),
    }
}

fn number(key: &Key) -> Option<Value> {
    let takes = |number: f64| (key.takes)(&Found::Float(number));
    if takes(1.5) {
        let bound = if takes(0.0) { "minimum" } else { "exclusiveMinimum" };
        return Some(json!({"type": "number", bound: 0}));
    }
    let least = [0, 1].into_iter().find(|number| (key.takes)(&Found::Integer(*number)))?;
    let most = [i64::from(u32::MAX), i64::MAX];
    let most = most.into_iter().rev().find(|number| (key.takes)(&Found::Integer(*number)))?;
    Some(json!({"type": "integer", "minimum": least, "maximum": most}))
}

/// The words that are taken where not every word is, in the order of the key's own sentence.
fn words(key: &Key) -> Option<Value> {
    let takes = |word: &str| (key.takes)(&Found::Text(word.to_owned()));
    let words = candidates(key).into_iter().filter(|word| !takes(UNLIKELY) && takes(word));
    let words: Vec<String> = words.collect();
    (!words.is_empty()).then(|| json!({"enum": words}))
}

fn text(key: &Key) -> Option<Value> {
    let takes = |word: &str| (key.takes)(&Found::Text(word.to_owned()));
    let pattern = match (takes(UNLIKELY), takes("a/b"), takes("/a")) {
        (true, true, _) if takes(" ") => return Some(json!({"type": "string"})),
        (true, true, _) => NOT_BLANK,
        (true, false, _) => PROGRAM,
        (false, _, true) if takes("~/a") => FROM_HOME,
        (false, _, true) => ABSOLUTE,
        _ if takes("90s") => DURATION,
        _ => return None,
    };
    Some(json!({"type": "string", "pattern": pattern}))
}

fn list(key: &Key) -> Option<Value> {
    let takes = |words: &[&str]| {
        let words = words.iter().map(|word| Found::Text((*word).to_owned()));
        (key.takes)(&Found::List(words.collect()))
    };
    let mut known = candidates(key);
    known.retain(|word| takes(&[word]));
    let items = if takes(&[UNLIKELY]) {
        json!({"type": "string"})
    } else if known.is_empty() {
        return takes(&[]).then(|| json!({"type": "array", "items": {"type": "string"}}));
    } else {
        json!({"enum": known})
    };
    let sample = known.first().map_or(UNLIKELY, String::as_str);
    let mut list = json!({"type": "array", "items": items});
    if !takes(&[sample, sample]) {
        list["uniqueItems"] = true.into();
    }
    if !takes(&[]) {
        list["minItems"] = 1.into();
    }
    Some(list)
}

/// The words of the key's own sentence, and those that always mean "none". What begins with a digit is
/// an example of what a pattern says.
fn candidates(key: &Key) -> Vec<String> {
    let words = key.accepts.split(|c: char| !c.is_alphanumeric() && !"_-".contains(c));
    let words = words.filter(|word| word.starts_with(char::is_alphabetic));
    let mut found: Vec<String> = Vec::new();
    for word in words.chain(["none", "off"]).filter(|word| word.len() > 1) {
        if !found.iter().any(|known| known == word) {
            found.push(word.to_owned());
        }
    }
    found
}

mod tests {
    use super::*;

    /// Values of every kind, and what borders on them.
    fn samples() -> Vec<(Value, Found)> {
        let texts = [
            "x", " ", "", "a/b", "/a", "~/a", "low", "off", "none", "90s", "1.5h", "30d", "20",
            "Read", "false",
        ];
        let texts = texts.map(|text| (json!(text), Found::Text(text.to_owned())));
        let integers = [-1, 0, 1, 7, 1 << 33].map(|n: i64| (json!(n), Found::Integer(n)));
        let floats = [-1.0, 0.5, 2.5].map(|n: f64| (json!(n), Found::Float(n)));
        let switches = [true, false].map(|value| (json!(value), Found::Bool(value)));
        let lists =
            [&[][..], &["Read"], &["Read", "Grep"], &["Read", "Read"], &["x"]].map(|list| {
                let found = list.iter().map(|word| Found::Text((*word).to_owned()));
                (json!(list), Found::List(found.collect()))
            });
        texts.into_iter().chain(integers).chain(floats).chain(switches).chain(lists).collect()
    }

    #[test]
    fn what_a_key_takes_is_what_its_schema_takes() {
        for key in KEYS {
            let schema = kind(key);
            let validator = jsonschema::draft202012::new(&schema).expect("a schema is valid");
            // Durations end at a hundred years, which the schema leaves to the program.
            let is_beyond = |found: &Found| {
                *found == Found::Integer(1 << 33) && (key.takes)(&Found::Float(2.5))
            };
            for (value, found) in samples().into_iter().filter(|(_, found)| !is_beyond(found)) {
                let is_valid = validator.is_valid(&value);
                assert_eq!(is_valid, (key.takes)(&found), "{} and {value}: {schema}", key.name);
            }
        }
    }

    #[test]
    fn no_word_is_listed_that_a_pattern_has() {
        for key in KEYS {
            let Some((words, pattern)) = words(key).zip(text(key)) else { continue };
            let pattern = jsonschema::draft202012::new(&pattern).expect("a schema is valid");
            let words = words["enum"].as_array().expect("a list");
            assert_eq!(words.iter().find(|word| pattern.is_valid(word)), None, "{}", key.name);
        }
    }

    #[test]
    fn every_default_is_valid_and_every_table_is_closed() {
        let schema = schema();
        let validator = jsonschema::draft202012::new(&schema).expect("a schema is valid");
        let mut document = json!({});
        for (key, entry) in KEYS.iter().zip(Config::default().entries()) {
            if entry.value.is_null() {
                continue;
            }
            match key.name.split_once('.') {
                None => document[key.name] = entry.value,
                Some((table, name)) => document[table][name] = entry.value,
            }
        }
        assert!(validator.is_valid(&document), "{document:#}");
        assert!(!validator.is_valid(&json!({"modle": "opus"})));
        assert!(!validator.is_valid(&json!({"mcp": {"surplus": true}})));
    }
}
