//! `--json[=fields]`: documents as text, whole or by field; and errors of the command line as JSON.

use clap::error::ErrorKind;
use serde::Serialize;
use serde_json::Value;

use crate::failure::{Exit, Failure};
use crate::render::json::{error, select_fields};

/// A document as text; `fields` are comma-separated names, none of them means all.
pub(super) fn text(document: &impl Serialize, fields: Option<&str>) -> Result<String, Failure> {
    let whole = serde_json::to_value(document).map_err(std::io::Error::from)?;
    let chosen = choose(whole, fields)?;
    Ok(serde_json::to_string_pretty(&chosen).map_err(std::io::Error::from)?)
}

/// The chosen fields of a document.
pub(super) fn choose(document: Value, fields: Option<&str>) -> Result<Value, Failure> {
    let names: Vec<&str> = names(fields).collect();
    if names.is_empty() {
        return Ok(document);
    }
    select_fields(&document, &names).map_err(|wrong| {
        Failure::usage(format!("there is no field `{}` here", wrong.field))
            .hinted(format!("The fields are: {}.", wrong.valid.join(", ")))
    })
}

fn names(fields: Option<&str>) -> impl Iterator<Item = &str> {
    fields.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty())
}

/// Whether what is printed has this field in it, which costs something: what is no JSON has all.
pub(super) fn wants(fields: Option<&str>, field: &str) -> bool {
    let mut names = names(fields).peekable();
    names.peek().is_none() || names.any(|name| name == field)
}

/// The chosen fields of each document in a list.
pub(super) fn choose_of_each(
    document: &mut Value,
    list: &str,
    fields: &str,
) -> Result<(), Failure> {
    for item in document[list].as_array_mut().into_iter().flatten() {
        *item = choose(item.take(), Some(fields))?;
    }
    Ok(())
}

/// clap's own errors. Help and version are answers; all else is wrong usage, as JSON where the
/// command line asks for JSON.
pub(super) fn refuse_arguments(refused: &clap::Error) -> Exit {
    let is_answer = matches!(refused.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if is_answer || !crate::world::arguments_ask_for_json() {
        let _ = refused.print();
        return if is_answer { Exit::Succeeded } else { Exit::Usage };
    }
    let message = what_happened(&refused.render().to_string());
    let hint = "`phone-opus --help` lists the commands, `phone-opus COMMAND --help` their flags.";
    let document = error("usage", &message, Some(hint), Exit::Usage.code().into());
    if let Ok(text) = serde_json::to_string_pretty(&document) {
        use std::io::Write;
        let _ = writeln!(std::io::stdout(), "{text}");
    }
    Exit::Usage
}

/// The first paragraph of what clap says, on one line: after it come tips and the usage.
fn what_happened(plain: &str) -> String {
    let first: Vec<&str> =
        plain.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    first.join(" ").trim_start_matches("error: ").to_owned()
}
