//! `--json=fields`: a document reduced to some of its top-level fields.

use std::fmt;

use serde_json::{Map, Value};

/// A field that a document does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrongField {
    pub(crate) field: String,
    /// All that it has, in the order of the document.
    pub(crate) valid: Vec<String>,
}

impl fmt::Display for WrongField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no field `{}`; the fields are {}", self.field, self.valid.join(", "))
    }
}

/// Exactly the fields asked for, in the order of the document.
///
/// # Errors
/// The first field that the document does not have.
pub(crate) fn select_fields(document: &Value, fields: &[&str]) -> Result<Value, WrongField> {
    let empty = Map::new();
    let object = document.as_object().unwrap_or(&empty);
    if let Some(wrong) = fields.iter().find(|field| !object.contains_key(**field)) {
        return Err(WrongField {
            field: (*wrong).to_owned(),
            valid: object.keys().cloned().collect(),
        });
    }
    let asked_for = object.iter().filter(|(name, _)| fields.contains(&name.as_str()));
    Ok(Value::Object(asked_for.map(|(name, value)| (name.clone(), value.clone())).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn exactly_the_fields_asked_for_are_kept() {
        let document = json!({"schema_version": 1, "status": "lost", "label": null});
        assert_eq!(
            select_fields(&document, &["label", "status", "label"]),
            Ok(json!({"label": null, "status": "lost"}))
        );
    }

    #[test]
    fn a_wrong_field_lists_the_valid_ones() {
        let wrong = select_fields(&json!({"a": 1, "b": 2}), &["a", "c"]).expect_err("refused");
        assert_eq!(wrong.to_string(), "there is no field `c`; the fields are a, b");
    }
}
