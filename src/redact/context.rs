//! Secrets that the words around them tell: what follows `Bearer`, what is assigned to
//! `aws_secret_access_key`; and tokens of several parts.

use super::find::{Secret, begins_word, is_random, run};
use super::shapes::url64;

/// The token after `Bearer`, or what follows `Authorization: Basic`.
pub(super) fn credentials(text: &[u8], at: usize) -> Option<Secret> {
    const FEWEST_BEARER: usize = 20;
    const FEWEST_BASIC: usize = 8;
    if !begins_word(text, at) {
        return None;
    }
    let (word, fewest, what) = if begins(text, at, b"bearer") {
        ("bearer", FEWEST_BEARER, "bearer token")
    } else if begins(text, at, b"basic") && follows_authorization(&text[..at]) {
        ("basic", FEWEST_BASIC, "basic credentials")
    } else {
        return None;
    };
    let after = at + word.len();
    let start = after + run(&text[after..], |byte| byte == b' ' || byte == b'\t', 4).len();
    if start == after {
        return None;
    }
    let body = run(&text[start..], is_token68, usize::MAX);
    let known = body.len() >= fewest && is_random(body, true) && has_digit(body, what);
    known.then_some(Secret { start, end: start + body.len(), what })
}

/// A word of English has no digit; a short base64 of name and password need not have one.
fn has_digit(body: &[u8], what: &str) -> bool {
    what == "basic credentials" || body.iter().any(u8::is_ascii_digit)
}

/// Whether the text at `at` is this word, in any case.
fn begins(text: &[u8], at: usize, word: &[u8]) -> bool {
    text.get(at..at + word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word))
}

fn ends_with(text: &[u8], word: &[u8]) -> bool {
    text.len() >= word.len() && text[text.len() - word.len()..].eq_ignore_ascii_case(word)
}

const fn is_token68(byte: u8) -> bool {
    url64(byte) || matches!(byte, b'.' | b'~' | b'+' | b'/' | b'=')
}

/// Between a name and its value: quotes, escaped or not, blanks, and signs of assignment.
const fn is_between(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'\\' | b' ' | b'\t' | b':' | b'=' | b'>' | b',' | b'`' | b'(')
}

const BETWEEN_MAX: usize = 12;

fn follows_authorization(before: &[u8]) -> bool {
    let gap = before.iter().rev().take(BETWEEN_MAX).take_while(|byte| is_between(**byte)).count();
    gap > 0 && ends_with(&before[..before.len() - gap], b"authorization")
}

/// The forty characters that are assigned to `aws_secret_access_key` or `SecretAccessKey`.
pub(super) fn aws_secret(text: &[u8], at: usize) -> Option<Secret> {
    let name = [&b"secret_access_key"[..], b"secretaccesskey", b"secret-access-key"];
    let name = name.into_iter().find(|name| begins(text, at, name))?;
    let after = at + name.len();
    let gap = run(&text[after..], is_between, BETWEEN_MAX);
    let start = after + gap.len();
    let body = run(&text[start..], is_aws_secret, 41);
    let assigned = gap.iter().any(|byte| matches!(byte, b':' | b'=' | b','));
    let fits = assigned && is_aws_secret_key(body);
    fits.then_some(Secret { start, end: start + body.len(), what: AWS_SECRET })
}

pub(super) const AWS_SECRET: &str = "aws secret key";

const fn is_aws_secret(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+')
}

/// Whether a text is as long and as mixed as such a key.
pub(super) fn is_aws_secret_key(text: &[u8]) -> bool {
    text.len() == 40 && text.iter().all(|byte| is_aws_secret(*byte)) && is_random(text, true)
}

/// The signature of an Azure SAS: `sig=` and 32 bytes in base64, their signs escaped or not.
pub(super) fn azure_signature(text: &[u8], at: usize) -> Option<Secret> {
    const NAME: &[u8] = b"sig=";
    const LENGTH: usize = 44;
    if !text[at..].starts_with(NAME) || !begins_word(text, at) {
        return None;
    }
    let start = at + NAME.len();
    let body = run(&text[start..], |byte| is_aws_secret(byte) || byte == b'%', 3 * LENGTH);
    let padded = text.get(start + body.len()) == Some(&b'=');
    let ends = padded || body.ends_with(b"%3D") || body.ends_with(b"%3d");
    let escapes = body.split(|byte| *byte == b'%').count() - 1;
    let length = (body.len() + usize::from(padded)).checked_sub(2 * escapes)?;
    let fits = ends && length == LENGTH && is_random(body, true);
    let end = start + body.len() + usize::from(padded);
    fits.then_some(Secret { start, end, what: "azure signature" })
}

/// A Telegram bot's token: digits, the colon at `at`, and 35 characters that begin with `AA`.
pub(super) fn telegram(text: &[u8], at: usize) -> Option<Secret> {
    let digits = text[..at].iter().rev().take(11).take_while(|byte| byte.is_ascii_digit()).count();
    let start = at - digits;
    let body = run(&text[at + 1..], url64, 36);
    let fits = (8..=10).contains(&digits) && body.len() == 35 && body.starts_with(b"AA");
    let fits = fits && begins_word(text, start) && is_random(body, true);
    fits.then_some(Secret { start, end: at + 1 + body.len(), what: "telegram token" })
}

/// A JSON Web Token: three parts or more with dots between, of which the first is a JSON object.
pub(super) fn jwt(text: &[u8], at: usize) -> Option<Secret> {
    const LONGEST_PART: usize = 64 << 10;
    let joined = at > 0 && matches!(text[at - 1], b'-' | b'_');
    if joined || !begins_word(text, at) || !text[at..].starts_with(b"eyJ") {
        return None;
    }
    let mut end = at;
    let mut parts = 0;
    for fewest in [10, 8, 16] {
        let part = run(&text[end..], url64, LONGEST_PART).len();
        if part < fewest {
            return None;
        }
        end += part;
        parts += 1;
        if parts < 3 {
            (text.get(end) == Some(&b'.')).then_some(())?;
            end += 1;
        }
    }
    // An encrypted one has five.
    for _ in 0..2 {
        let next = text
            .get(end)
            .filter(|byte| **byte == b'.')
            .map_or(0, |_| 1 + run(&text[end + 1..], url64, LONGEST_PART).len());
        end += if next > 1 { next } else { 0 };
    }
    Some(Secret { start: at, end, what: "jwt" })
}
