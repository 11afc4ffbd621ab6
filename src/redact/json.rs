//! Secrets in JSON: each string is judged as what it means, escapes undone, and changed in place.
//!
//! Only the bytes of a secret are replaced, by a marker that needs no escape, so what was valid
//! JSON stays so and every other byte stays as it was spelt.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::context::{AWS_SECRET, is_aws_secret_key};
use super::find::find;
use super::marker;

/// One line of JSON, its strings redacted. What is no JSON is redacted as text where it holds quotes.
pub(crate) fn json_line(line: &[u8]) -> Cow<'_, [u8]> {
    super::until_none_is_left(line, pass)
}

fn pass(line: &[u8]) -> Cow<'_, [u8]> {
    let mut kept = Vec::new();
    let (mut copied, mut at) = (0, 0);
    let mut key: &[u8] = b"";
    while let Some((open, close)) = string_from(line, at) {
        let inner = &line[open..close];
        if let Cow::Owned(redacted) = string(inner, key) {
            kept.extend_from_slice(&line[copied..open]);
            kept.extend_from_slice(&redacted);
            copied = close;
        }
        at = close + 1;
        let next =
            line.get(at..).unwrap_or_default().iter().find(|byte| !byte.is_ascii_whitespace());
        key = if next == Some(&b':') { inner } else { b"" };
    }
    if copied == 0 {
        return Cow::Borrowed(line);
    }
    kept.extend_from_slice(&line[copied..]);
    Cow::Owned(kept)
}

/// Every string of a value, the names of fields among them.
pub(crate) fn value(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(redacted) = super::text(text) {
                *text = redacted;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(self::value),
        Value::Object(fields) => {
            for (name, mut field) in std::mem::take(fields) {
                match &mut field {
                    Value::String(text) if names_secret(name.as_bytes(), text.as_bytes()) => {
                        *text = marker(AWS_SECRET);
                    }
                    field => self::value(field),
                }
                fields.insert(free_name(fields, name), field);
            }
        }
        _ => {}
    }
}

/// The name of a field as it may be kept; numbered where two secrets would have one marker.
fn free_name(fields: &Map<String, Value>, name: String) -> String {
    let Cow::Owned(shown) = super::text(&name) else { return name };
    let numbered = (2_u64..).map(|number| format!("{shown} {number}"));
    let free = |name: &String| !fields.contains_key(name);
    std::iter::once(shown.clone()).chain(numbered).find(free).unwrap_or(name)
}

/// The next string's content from `from` on. One without an end reaches to the end of the line.
fn string_from(line: &[u8], from: usize) -> Option<(usize, usize)> {
    let open = from + line.get(from..)?.iter().position(|byte| *byte == b'"')? + 1;
    let mut at = open;
    while let Some(byte) = line.get(at) {
        match byte {
            b'"' => return Some((open, at)),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    Some((open, line.len()))
}

/// Where name and value together tell what neither tells alone.
fn names_secret(name: &[u8], text: &[u8]) -> bool {
    const NAME: &[u8] = b"secretaccesskey";
    let name: Vec<u8> = name.iter().filter(|byte| byte.is_ascii_alphabetic()).copied().collect();
    let tail = &name[name.len().saturating_sub(NAME.len())..];
    tail.eq_ignore_ascii_case(NAME) && is_aws_secret_key(text)
}

/// One string as it is spelt between its quotes.
fn string<'a>(spelt: &'a [u8], key: &[u8]) -> Cow<'a, [u8]> {
    if !key.is_empty() && names_secret(key, spelt) {
        return Cow::Owned(marker(AWS_SECRET).into_bytes());
    }
    if !spelt.contains(&b'\\') {
        return super::pass(spelt);
    }
    let meant = unescaped(spelt);
    let mut kept = Vec::new();
    let (mut copied, mut from) = (0, 0);
    let mut spelling = Spelling { spelt, at: 0, meant: 0 };
    while let Some(secret) = find(&meant, from) {
        let start = spelling.of(secret.start);
        kept.extend_from_slice(&spelt[copied..start]);
        kept.extend_from_slice(marker(secret.what).as_bytes());
        copied = spelling.of(secret.end);
        from = secret.end;
    }
    if copied == 0 {
        return Cow::Borrowed(spelt);
    }
    kept.extend_from_slice(&spelt[copied..]);
    Cow::Owned(kept)
}

fn unescaped(spelt: &[u8]) -> Vec<u8> {
    let mut meant = Vec::with_capacity(spelt.len());
    let mut at = 0;
    while at < spelt.len() {
        let (length, piece) = piece(&spelt[at..]);
        meant.extend_from_slice(piece.as_bytes());
        at += length;
    }
    meant
}

/// Finds the place in a spelling that a place in its meaning has.
struct Spelling<'a> {
    spelt: &'a [u8],
    at: usize,
    meant: usize,
}

impl Spelling<'_> {
    /// Places are asked for in order.
    fn of(&mut self, meant: usize) -> usize {
        while self.meant < meant && self.at < self.spelt.len() {
            let (length, piece) = piece(&self.spelt[self.at..]);
            self.meant += piece.as_bytes().len();
            self.at += length;
        }
        self.at
    }
}

/// What one piece of a spelling means: itself, or the character of an escape.
enum Piece<'a> {
    Plain(&'a [u8]),
    Character([u8; 4], usize),
}

impl Piece<'_> {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Piece::Plain(bytes) => bytes,
            Piece::Character(bytes, length) => &bytes[..*length],
        }
    }

    fn of(character: char) -> Self {
        let mut bytes = [0; 4];
        let length = character.encode_utf8(&mut bytes).len();
        Piece::Character(bytes, length)
    }
}

/// The bytes that the first piece takes, and what it means. Half a surrogate pair, which no text can
/// hold, means U+FFFD here; it is only looked at, and stays as it is spelt.
fn piece(spelt: &[u8]) -> (usize, Piece<'_>) {
    let [b'\\', escaped, ..] = *spelt else { return (1, Piece::Plain(&spelt[..1])) };
    let control = match escaped {
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'u' => return unicode(spelt).unwrap_or((2, Piece::Plain(&spelt[1..2]))),
        _ => return (2, Piece::Plain(&spelt[1..2])),
    };
    (2, Piece::of(control))
}

fn unicode(spelt: &[u8]) -> Option<(usize, Piece<'static>)> {
    let first = unit(spelt)?;
    if let (0xD800..=0xDBFF, Some(second @ 0xDC00..=0xDFFF)) = (first, unit(spelt.get(6..)?)) {
        let code = 0x1_0000 + ((u32::from(first) - 0xD800) << 10) + (u32::from(second) - 0xDC00);
        return Some((12, Piece::of(char::from_u32(code)?)));
    }
    Some((6, Piece::of(char::from_u32(first.into()).unwrap_or(char::REPLACEMENT_CHARACTER))))
}

fn unit(spelt: &[u8]) -> Option<u16> {
    let digits = spelt.get(..6)?.strip_prefix(b"\\u")?;
    let digits = std::str::from_utf8(digits).ok()?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(())?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_names_of_fields_are_redacted_too_and_no_field_is_lost() {
        let secret =
            |last: &str| ["ghp", "_", "0123456789abcdefghijABCDEFGHIJ", "klmno", last].concat();
        let mut document =
            json!({ secret("p"): 1, "plain": {secret("q"): [true]}, secret("r"): 2 });
        value(&mut document);
        let want = json!({
            "[redacted: github token]": 1,
            "[redacted: github token] 2": 2,
            "plain": {"[redacted: github token]": [true]},
        });
        assert_eq!(document, want);
    }
}
