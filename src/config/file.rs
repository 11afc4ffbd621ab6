//! The text of `config.toml` as keys, values and the places where they stand.
//!
//! Every error of the text is found, not only the first.

use std::fmt;

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::reader::Found;

/// A place in the file; both count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One `key = value` at the top level of the file or in a table, there called `table.key`. A table
/// itself is an item too, before its keys.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    /// The table that it stands in, if it does.
    pub(super) table: Option<String>,
    /// The whole name as TOML spells it: a name with a dot of its own stands in quotation marks, and so
    /// is not taken for a key in a table.
    pub(super) key: String,
    pub(super) key_at: Position,
    pub(super) found: Found,
    pub(super) value_at: Position,
}

/// What is wrong with the text, and where.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SyntaxError {
    pub(super) at: Position,
    pub(super) message: String,
}

/// Reads the text. With errors the items are those that could be made out.
pub(super) fn parse(text: &str) -> (Vec<Item>, Vec<SyntaxError>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut items: Vec<Item> =
        table.get_ref().iter().flat_map(|(key, value)| items(text, key, value)).collect();
    items.sort_by_key(|item| item.key_at);
    (items, errors.iter().map(|error| syntax_error(text, error)).collect())
}

/// One level deep: no key stands deeper, and what does is a value that does not fit.
fn items(text: &str, key: &Spanned<impl AsRef<str>>, value: &Spanned<DeValue>) -> Vec<Item> {
    let above = item(text, key, value);
    let below = value.get_ref().as_table().into_iter().flatten();
    let below: Vec<Item> = below
        .map(|(key, value)| item(text, key, value))
        .map(|item| Item {
            key: format!("{}.{}", above.key, item.key),
            table: Some(above.key.clone()),
            ..item
        })
        .collect();
    std::iter::once(above).chain(below).collect()
}

fn item(text: &str, key: &Spanned<impl AsRef<str>>, value: &Spanned<DeValue>) -> Item {
    Item {
        table: None,
        key: spelt(key.get_ref().as_ref()),
        key_at: position(text, key.span().start),
        found: found(value.get_ref()),
        value_at: position(text, value.span().start),
    }
}

/// One part of a key: bare where TOML allows it.
fn spelt(part: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    if !part.is_empty() && part.chars().all(is_bare) {
        part.to_owned()
    } else {
        format!("{part:?}")
    }
}

fn found(value: &DeValue) -> Found {
    match value {
        DeValue::String(text) => Found::Text(text.clone().into_owned()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Found::Other("an integer beyond 64 bits"), Found::Integer),
        DeValue::Float(number) => {
            number.as_str().parse().map_or(Found::Other("a number"), Found::Float)
        }
        DeValue::Boolean(value) => Found::Bool(*value),
        DeValue::Array(items) => {
            Found::List(items.iter().map(|item| found(item.get_ref())).collect())
        }
        DeValue::Datetime(_) => Found::Other("a date"),
        DeValue::Table(_) => Found::Table,
    }
}

fn syntax_error(text: &str, error: &Error) -> SyntaxError {
    SyntaxError {
        at: position(text, error.span().map_or(0, |span| span.start)),
        message: error.message().to_owned(),
    }
}

fn position(text: &str, offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or(text);
    let line_starts = before.rfind('\n').map_or(0, |newline| newline + 1);
    Position {
        line: before.matches('\n').count() + 1,
        column: before[line_starts..].chars().count() + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_in_the_order_of_the_text_with_their_places() {
        let (items, errors) = parse("# ü\nweb = true\n  model = \"opus\"\n");
        assert_eq!(errors, []);
        let places: Vec<String> = items
            .iter()
            .map(|item| format!("{} {} {}", item.key, item.key_at, item.value_at))
            .collect();
        assert_eq!(places, ["web 2:1 2:7", "model 3:3 3:11"]);
    }

    #[test]
    fn the_keys_of_a_table_are_named_with_it_however_it_is_written() {
        for text in ["[mcp]\nx = 1\n", "mcp.x = 1\n", "mcp = { x = 1 }\n"] {
            let (items, errors) = parse(text);
            let names: Vec<&str> = items.iter().map(|item| item.key.as_str()).collect();
            assert_eq!((names, errors), (vec!["mcp", "mcp.x"], vec![]), "{text}");
        }
    }

    #[test]
    fn a_dot_within_quotation_marks_parts_nothing() {
        let (items, errors) = parse("\"mcp.x\" = 1\n[mcp]\n\"y\" = 2\n\"a.b\" = 3\n");
        let names: Vec<(Option<&str>, &str)> =
            items.iter().map(|item| (item.table.as_deref(), item.key.as_str())).collect();
        let mcp = Some("mcp");
        let want = [(None, "\"mcp.x\""), (None, "mcp"), (mcp, "mcp.y"), (mcp, "mcp.\"a.b\"")];
        assert_eq!((names, errors), (want.to_vec(), vec![]));
    }

    #[test]
    fn every_error_of_the_text_is_found() {
        let (_, errors) = parse("model = \nweb = maybe\n");
        let lines: Vec<usize> = errors.iter().map(|error| error.at.line).collect();
        assert_eq!(lines, [1, 2], "{errors:?}");
    }

    #[test]
    fn every_kind_of_value_is_taken_as_what_it_is() {
        let (items, errors) = parse("a=1\nb=2.5\nc=[\"x\",true]\nd=1979-05-27\n[e]\nf=1\n");
        assert_eq!(errors, []);
        let found: Vec<String> = items.iter().map(|item| item.found.describe()).collect();
        assert_eq!(
            found,
            [
                "the integer 1",
                "the number 2.5",
                "the list [the string \"x\", true]",
                "a date",
                "a table",
                "the integer 1"
            ]
        );
    }
}
