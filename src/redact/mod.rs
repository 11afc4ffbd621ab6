//! Secrets of known shapes, and the visible markers that take their place in what is kept.
//!
//! What it promises: a key, token or private key of a shape that is listed here does not survive in
//! what was redacted; redacting twice changes nothing; every other byte stays as it was; JSON stays
//! the same JSON. It is one pass over the bytes, with bounded looks to either side of a candidate.
//!
//! Pure: it reads and returns bytes. What is deliberately absent: regular expressions (half a
//! megabyte of program, and a compilation at each start), guesses by entropy alone (a hash is no
//! secret), and secrets that no shape tells, such as a password in a sentence.

mod context;
mod find;
mod json;
mod pem;
mod shapes;
mod stream;
mod url;

use std::borrow::Cow;

use find::find;

pub(crate) use json::{json_line, value};
pub(crate) use stream::settled;

/// The text with each secret replaced by its marker, such as `[redacted: github token]`.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    match bytes(text.as_bytes()) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        // Shapes and markers are ASCII, so what stays was not cut within a character.
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// The same for bytes that need not be text.
pub(crate) fn bytes(text: &[u8]) -> Cow<'_, [u8]> {
    until_none_is_left(text, pass)
}

/// A marker ends the word that a secret was stuck to, which may be one itself: so, where there was
/// one, it is looked once more.
fn until_none_is_left(text: &[u8], pass: fn(&[u8]) -> Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let mut shown = pass(text);
    while let Cow::Owned(before) = &shown {
        let Cow::Owned(after) = pass(before) else { break };
        shown = Cow::Owned(after);
    }
    shown
}

fn pass(text: &[u8]) -> Cow<'_, [u8]> {
    let mut kept = Vec::new();
    let mut from = 0;
    while let Some(secret) = find(text, from) {
        kept.extend_from_slice(&text[from..secret.start]);
        kept.extend_from_slice(marker(secret.what).as_bytes());
        from = secret.end;
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    kept.extend_from_slice(&text[from..]);
    Cow::Owned(kept)
}

/// What kinds of secrets a text holds, in order, each as often as it occurs.
#[cfg(test)]
fn kinds(text: &str) -> Vec<&'static str> {
    let mut from = 0;
    std::iter::from_fn(|| {
        let secret = find(text.as_bytes(), from)?;
        from = secret.end;
        Some(secret.what)
    })
    .collect()
}

/// What stands in the place of a secret.
fn marker(what: &str) -> String {
    format!("[redacted: {what}]")
}

#[cfg(test)]
mod tests;
