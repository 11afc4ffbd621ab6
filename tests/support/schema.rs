//! The published JSON Schemas as judges of what the program prints.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Fails unless `document` is what `schemas/NAME.json` describes.
#[track_caller]
pub(crate) fn assert_valid(name: &str, document: &Value) {
    let validator = jsonschema::draft202012::new(&schema(name)).expect("a schema is valid");
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}\n{document:#}");
}

/// One of the files in `schemas/`.
pub(crate) fn schema(name: &str) -> Value {
    let path = directory().join(format!("{name}.json"));
    serde_json::from_slice(&fs::read(path).expect("there")).expect("JSON")
}

/// Where the schemas are checked in.
pub(crate) fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas")
}
