//! The password of a URL such as `postgres://name:password@host`.
//!
//! People paste passwords into URLs without the escapes that an `@` or a `/` in them needs. So the
//! password ends at the last `@` before the path, and, where that leaves no host that a machine would
//! have (`name:p@ss/word@host`), at a later one that does. What has a port, a version, a scope
//! (`/@scope/name`) or a template in that place is left alone.

use std::ops::Range;

use memchr::memmem::find;

use super::find::{Secret, run};

const LONGEST: usize = 256;

/// The password after the colon at `at`.
pub(super) fn password(text: &[u8], at: usize) -> Option<Secret> {
    let before = &text[..at];
    let name = before.iter().rev().take(LONGEST).take_while(|byte| is_user_name(**byte)).count();
    let (scheme, name) = before.split_at(before.len() - name);
    if !scheme.ends_with(b"://") {
        return None;
    }
    let start = at + 1;
    let rest = &text[start..];
    let length = length(scheme, name, rest)?;
    let fits = !is_stand_in(&rest[..length], name);
    fits.then_some(Secret { start, end: start + length, what: "url password" })
}

/// How long the password is that a text begins with.
fn length(scheme: &[u8], name: &[u8], rest: &[u8]) -> Option<usize> {
    let body = body(scheme, rest);
    // Another URL may follow after a comma.
    let body = &body[..find(body, b"://").unwrap_or(body.len())];
    let authority = until(body, b"/");
    let query = until(authority, b"?#");
    if query.len() < authority.len() && is_port(query) {
        return None;
    }
    let before_path = last_at(rest, 0..authority.len()).filter(|end| *end > 0);
    let known_host = before_path.is_some_and(|end| is_full_host(host(&rest[end + 1..])));
    let is_word = |end: usize| end > 1 && is_stand_in(&rest[..end], name);
    if known_host || before_path.is_some_and(is_word) {
        return before_path;
    }
    let named = before_path.is_some() || !(is_host_name(name) || is_port(authority));
    let within_path = || {
        // What follows a question mark is about the path, and an address of mail may be in it.
        let path = authority.len() + until(&body[authority.len()..], b"?#").len();
        let end = last_at(rest, authority.len() + 1..path)?;
        let is_web = scheme.ends_with(b"http://") || scheme.ends_with(b"https://");
        let is_host = rest[end - 1] != b'/' && is_whole_host(&rest[end + 1..], is_web);
        (named && is_host).then_some(end)
    };
    within_path().or(before_path)
}

/// What may be a password and the rest of its URL. A `'` may be in it, unless it closes what quotes the
/// URL, or the password has ended before.
fn body<'a>(scheme: &[u8], rest: &'a [u8]) -> &'a [u8] {
    let plain = run(rest, is_password, LONGEST);
    let scheme = scheme.strip_suffix(b"://").unwrap_or(scheme);
    let is_scheme = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    let name = scheme.iter().rev().take(LONGEST).take_while(is_scheme).count();
    let quoted = scheme[..scheme.len() - name].ends_with(b"'");
    if quoted || plain.contains(&b'@') || is_port(plain) {
        return plain;
    }
    let whole = run(rest, |byte| is_password(byte) || byte == b'\'', LONGEST);
    let password = until(whole, b"@");
    let closes = |pair: &[u8]| pair[0] == b'\'' && !pair[1].is_ascii_alphanumeric();
    let fits = password.len() < whole.len() && !password.windows(2).any(closes);
    if fits && !password.ends_with(b"'") { whole } else { plain }
}

/// What stands before the first of some bytes.
fn until<'a>(text: &'a [u8], ends: &[u8]) -> &'a [u8] {
    let end = text.iter().position(|byte| ends.contains(byte)).unwrap_or(text.len());
    &text[..end]
}

/// The last `@` in a range that a host may follow; the checksum of an image is none.
fn last_at(text: &[u8], range: Range<usize>) -> Option<usize> {
    let begins_host = |after: &[u8]| {
        after.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'[')
            && !after.starts_with(b"sha256:")
            && !after.starts_with(b"sha512:")
    };
    range.rev().find(|&end| text.get(end) == Some(&b'@') && begins_host(&text[end + 1..]))
}

/// The host that a text begins with, and its port.
fn host(text: &[u8]) -> &[u8] {
    run(text, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':'), LONGEST)
}

/// Whether this is the whole name of a host: with a domain or a port, or an address.
fn is_full_host(host: &[u8]) -> bool {
    let (name, port) = match host.iter().position(|byte| *byte == b':') {
        Some(colon) => (&host[..colon], is_number(&host[colon + 1..])),
        None => (host, false),
    };
    let mut labels = name.rsplit(|byte| *byte == b'.');
    let last = labels.next().unwrap_or_default();
    let domain = last.len() >= 2 && last.iter().all(u8::is_ascii_alphabetic);
    let numbers = 1 + labels.clone().filter(|label| is_number(label)).count();
    port || name == b"localhost"
        || (labels.next().is_some() && (domain || (is_number(last) && numbers == 4)))
}

/// Whether a host stands here and nothing but what may follow one. A version (`@1.2.3`) is none; in
/// the path of a web page a single word needs a path of its own.
fn is_whole_host(text: &[u8], is_web: bool) -> bool {
    let host = host(text);
    let next = text.get(host.len());
    let ends = next.is_none_or(|byte| byte.is_ascii_whitespace() || b"/?\"'`)]},;".contains(byte));
    let word = !host.contains(&b'.') && (!is_web || next == Some(&b'/'));
    ends && (word || is_full_host(host))
}

fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// What stands between a host and a path, as a number or as a word for one.
fn is_port(text: &[u8]) -> bool {
    text.is_empty() || is_number(text) || text.eq_ignore_ascii_case(b"port")
}

/// Whether a user's name is rather the host of a URL that has no user.
fn is_host_name(name: &[u8]) -> bool {
    name.iter().any(|byte| matches!(byte, b'.' | b'@')) || name.eq_ignore_ascii_case(b"localhost")
}

const fn is_password(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\')
}

const fn is_user_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'.' | b'_' | b'~' | b'%' | b'+' | b'-' | b'!' | b'@')
}

/// Whether somebody wrote this in the place of a password: a variable, a blank, a word of the manual.
fn is_stand_in(password: &[u8], name: &[u8]) -> bool {
    const WORDS: [&[u8]; 16] = [
        b"password",
        b"passwd",
        b"passw0rd",
        b"pass",
        b"passphrase",
        b"pwd",
        b"pw",
        b"secret",
        b"token",
        b"changeme",
        b"example",
        b"test",
        b"user",
        b"username",
        b"root",
        b"admin",
    ];
    let all_same = password.iter().all(|byte| *byte == password[0]);
    all_same
        || password.eq_ignore_ascii_case(name)
        || WORDS.iter().any(|word| password.eq_ignore_ascii_case(word))
        || matches!(password[0], b'$' | b'{' | b'[' | b'*' | b'(' | b'#')
        || (password[0] == b'%' && !password.get(1).is_some_and(u8::is_ascii_hexdigit))
}
