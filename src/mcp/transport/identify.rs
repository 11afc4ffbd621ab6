//! The id of a message that is not kept or cannot be parsed: found by walking over its bytes once.
//!
//! Bounded memory and no recursion, so it works on a line of any length and depth as it streams by.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Longest id that is recovered, bytes.
const ID_MAX: usize = 256;

/// The id of a whole line, where it has one that can be answered.
pub(super) fn identify(bytes: &[u8]) -> Option<Box<RawValue>> {
    let mut finder = Finder::default();
    finder.feed(bytes);
    finder.id()
}

/// Finds the value of the key `id` of the outermost object.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Finder {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// Text of the string or scalar at hand, while it is at depth 1; cut at [`ID_MAX`].
    token: Vec<u8>,
    /// The last string at depth 1 was the key `id`, and its value follows.
    at_id: bool,
    found: Option<Vec<u8>>,
}

impl Finder {
    /// Walks on.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.in_string {
                self.string_byte(byte);
            } else {
                self.structure_byte(byte);
            }
        }
    }

    /// The id, where one was found.
    pub(super) fn id(mut self) -> Option<Box<RawValue>> {
        self.end_of_value();
        let text = String::from_utf8(self.found?).ok()?;
        let id = RawValue::from_string(text).ok()?;
        super::frame::is_id(&id).then_some(id)
    }

    fn string_byte(&mut self, byte: u8) {
        self.keep(byte);
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = true,
            b'"' => self.in_string = false,
            _ => {}
        }
    }

    fn structure_byte(&mut self, byte: u8) {
        match byte {
            b'"' => {
                self.in_string = true;
                if self.depth == 1 && !self.at_id {
                    self.token.clear();
                }
                self.keep(byte);
            }
            b':' if self.depth == 1 => {
                self.at_id = self.token == b"\"id\"" && self.found.is_none();
                self.token.clear();
            }
            b',' | b'}' | b']' => {
                if self.depth == 1 {
                    self.end_of_value();
                }
                if byte != b',' {
                    self.depth = self.depth.saturating_sub(1);
                }
            }
            b'{' | b'[' => {
                self.depth += 1;
                self.at_id = self.at_id && self.depth == 1;
            }
            byte if byte.is_ascii_whitespace() => {}
            byte => self.keep(byte),
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.depth == 1 && self.token.len() < ID_MAX {
            self.token.push(byte);
        }
    }

    fn end_of_value(&mut self) {
        if std::mem::take(&mut self.at_id) {
            self.found = Some(std::mem::take(&mut self.token));
        }
        self.token.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outermost_id_is_found_wherever_it_stands() {
        for (text, id) in [
            (r#"{"id":7,"method":"x"}"#, Some("7")),
            (r#"{"method":"x","params":{"id":1,"a":[{"id":2}]},"id": "b\"c" }"#, Some(r#""b\"c""#)),
            (r#"{"params":"\"id\":3","jsonrpc":"2.0","id":-4"#, Some("-4")),
            (r#"{"key":"id","other":5}"#, None),
            (r#"{"id":{"id":6}}"#, None),
            (r#"{"id":null}"#, None),
            (r#"[{"id":8}]"#, None),
            ("", None),
        ] {
            assert_eq!(
                identify(text.as_bytes()).map(|id| id.get().to_owned()).as_deref(),
                id,
                "{text}"
            );
        }
    }

    #[test]
    fn a_line_in_pieces_gives_the_same_id() {
        let text = br#"{"params":{"x":"y"},"id":"session-9"}"#;
        for cut in 0..text.len() {
            let mut finder = Finder::default();
            finder.feed(&text[..cut]);
            finder.feed(&text[cut..]);
            assert_eq!(finder.id().expect("an id").get(), "\"session-9\"", "cut at {cut}");
        }
    }
}
