//! The next secret in a text: one pass, in which a table says at which two bytes one may begin.

use super::context;
use super::pem;
use super::shapes::{SHAPES, Shape};
use super::url;

/// Where a secret stands, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Secret {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) what: &'static str,
}

/// The first secret that begins at `from` or later.
pub(super) fn find(text: &[u8], from: usize) -> Option<Secret> {
    for at in from..text.len().saturating_sub(1) {
        if !may_begin(text[at], text[at + 1]) {
            continue;
        }
        if let Some(secret) = begins(text, at).filter(|secret| secret.start >= from) {
            return Some(secret);
        }
    }
    None
}

/// For each first byte, a bit for each second byte with which something of the lists may begin.
static BEGINS: [[u64; 4]; 256] = {
    let mut table = [[0; 4]; 256];
    let mut next = 0;
    while next < SHAPES.len() {
        let prefix = SHAPES[next].prefix.as_bytes();
        note(&mut table, prefix[0], prefix[1]);
        next += 1;
    }
    let pairs = b"--PueyBeBEbebEBaBAbabASeSEsesEsi";
    let mut next = 0;
    while next < pairs.len() {
        note(&mut table, pairs[next], pairs[next + 1]);
        next += 2;
    }
    // Before a password or a Telegram token there is a colon, and anything after it.
    table[b':' as usize] = [u64::MAX; 4];
    table
};

const fn note(table: &mut [[u64; 4]; 256], first: u8, second: u8) {
    table[first as usize][second as usize / 64] |= 1 << (second % 64);
}

fn may_begin(first: u8, second: u8) -> bool {
    BEGINS[usize::from(first)][usize::from(second / 64)] >> (second % 64) & 1 == 1
}

fn begins(text: &[u8], at: usize) -> Option<Secret> {
    match text[at] {
        b'-' => pem::private_key(text, at),
        b'P' => pem::private_key(text, at).or_else(|| shaped(text, at)),
        b':' => url::password(text, at).or_else(|| context::telegram(text, at)),
        b'B' | b'b' => context::credentials(text, at).or_else(|| shaped(text, at)),
        b'S' | b's' => context::aws_secret(text, at)
            .or_else(|| context::azure_signature(text, at))
            .or_else(|| shaped(text, at)),
        b'e' => context::jwt(text, at),
        _ => shaped(text, at),
    }
}

/// A secret that its own beginning tells.
fn shaped(text: &[u8], at: usize) -> Option<Secret> {
    SHAPES
        .iter()
        .filter(|shape| shape.prefix.as_bytes()[0] == text[at])
        .filter(|shape| text[at..].starts_with(shape.prefix.as_bytes()))
        .find_map(|shape| Some(Secret { start: at, end: end(text, at, shape)?, what: shape.what }))
}

/// The end of a secret of this shape that begins at `at`.
fn end(text: &[u8], at: usize, shape: &Shape) -> Option<usize> {
    /// Enough to judge a body by, and longer than any shape whose length has an end.
    const JUDGED: usize = 512;
    if !shape.anywhere && !begins_word(text, at) {
        return None;
    }
    let start = at + shape.prefix.len();
    let body = before_dashes(run(&text[start..], shape.alphabet, JUDGED));
    if !(shape.least..=shape.most).contains(&body.len()) || !is_random(body, shape.mixed) {
        return None;
    }
    let whole = before_dashes(run(&text[start..], shape.alphabet, shape.most.saturating_add(1)));
    let end = start + whole.len();
    let goes_on = text.get(end).is_some_and(u8::is_ascii_alphanumeric);
    // A full stop after a token belongs to the sentence.
    let stops = whole.iter().rev().take_while(|byte| **byte == b'.').count();
    ((shape.least..=shape.most).contains(&whole.len()) && !goes_on).then_some(end - stops)
}

/// What stands before five dashes, which begin something else.
fn before_dashes(body: &[u8]) -> &[u8] {
    let mut dashes = 0;
    for (at, byte) in body.iter().enumerate() {
        dashes = if *byte == b'-' { dashes + 1 } else { 0 };
        if dashes == 5 {
            return &body[..at - 4];
        }
    }
    body
}

/// The bytes of an alphabet that a text begins with, so many at most.
pub(super) fn run(text: &[u8], alphabet: fn(u8) -> bool, most: usize) -> &[u8] {
    let length = text.iter().take(most).take_while(|&&byte| alphabet(byte)).count();
    &text[..length]
}

/// Whether bytes look drawn by lot, and not written by a person as a stand-in: `xxxxxxxx` is no key.
/// `mixed` also wants what a word of one case has not: digits, or both cases.
pub(super) fn is_random(body: &[u8], mixed: bool) -> bool {
    const FEWEST: u32 = 6;
    let seen = body.iter().fold(0u128, |seen, &byte| seen | 1 << (byte & 127));
    let has = |is: fn(&u8) -> bool| body.iter().any(is);
    let is_mixed = || {
        let letter = has(u8::is_ascii_alphabetic);
        (letter && has(u8::is_ascii_digit))
            || (has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase))
    };
    seen.count_ones() >= FEWEST && (!mixed || is_mixed())
}

/// Whether a word may begin at `at`: what stands before it is no letter or digit, or belongs to an
/// escape (`\n`, `\u0022`, `%3D`, a terminal's `[31m`).
pub(super) fn begins_word(text: &[u8], at: usize) -> bool {
    let before = &text[..at];
    let Some(last) = before.last().filter(|byte| byte.is_ascii_alphanumeric()) else {
        return true;
    };
    let hex = |count: usize, start: &[u8]| {
        before.len() >= count + start.len()
            && before[before.len() - count..].iter().all(u8::is_ascii_hexdigit)
            && before[..before.len() - count].ends_with(start)
    };
    (b"nrtbf".contains(last) && before[..before.len() - 1].ends_with(b"\\"))
        || hex(2, b"%")
        || hex(2, b"\\x")
        || hex(4, b"\\u")
        || (*last == b'm' && ends_with_colour(&before[..before.len() - 1]))
}

fn ends_with_colour(before: &[u8]) -> bool {
    const LONGEST: usize = 16;
    let digits = before.iter().rev().take(LONGEST);
    let count = digits.take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
    before[..before.len() - count].ends_with(b"[")
}
