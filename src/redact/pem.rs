//! Private keys in PEM, also where their line ends were escaped once or twice (`\n`, `\\n`).

use super::find::Secret;

const DASHES: &[u8] = b"-----";

/// Longest key, bytes, escapes included; a block that is longer is none.
pub(super) const LONGEST: usize = 64 << 10;

/// Fewest bytes of base64: a block with less is an example, or code that looks for one.
const FEWEST: usize = 40;

/// The private key whose first dash is at `at`, from its first dash to its last. One whose end is
/// missing reaches as far as its lines do.
pub(super) fn private_key(text: &[u8], at: usize) -> Option<Secret> {
    let header = heading(&text[at..], b"-----BEGIN ")?;
    let body = at + header;
    let room = &text[body..text.len().min(body + LONGEST)];
    let inner = room.windows(DASHES.len()).position(|window| window == DASHES);
    let whole = inner.and_then(|inner| Some(inner + heading(&room[inner..], b"-----END ")?));
    let end = whole.unwrap_or_else(|| body_end(room));
    let letters = |bytes: &[u8]| bytes.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    let kept = &room[..inner.filter(|_| whole.is_some()).unwrap_or(end)];
    let fits = letters(kept) >= FEWEST && kept.iter().all(|byte| is_body(*byte));
    fits.then_some(Secret { start: at, end: body + end, what: "private key" })
}

/// Bytes of `-----BEGIN … PRIVATE KEY … -----`, where a text begins so.
fn heading(text: &[u8], start: &[u8]) -> Option<usize> {
    const LONGEST_NAME: usize = 48;
    let rest = text.strip_prefix(start)?;
    let name = rest.iter().take(LONGEST_NAME).take_while(|byte| is_name(**byte)).count();
    let is_private = rest[..name].windows(11).any(|window| window == b"PRIVATE KEY");
    (is_private && rest[name..].starts_with(DASHES)).then_some(start.len() + name + DASHES.len())
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' '
}

/// Base64, line ends, their escapes, and the headers of an encrypted key.
const fn is_body(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || byte.is_ascii_whitespace()
        || matches!(byte, b'+' | b'/' | b'=' | b'\\' | b':' | b',' | b'-' | b'.' | b'"' | b'\'')
}

/// Where a key without an end leaves off: before the first word that is too short for a line of one
/// and not its last, or that has something else in it.
fn body_end(room: &[u8]) -> usize {
    const SHORTEST_LINE: usize = 48;
    let mut end = 0;
    let mut at = 0;
    while at < room.len() {
        let gap = room[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let word = room[at + gap..].iter().take_while(|byte| is_line(**byte)).count();
        if word < SHORTEST_LINE {
            break;
        }
        at += gap + word;
        end = at;
    }
    end
}

const fn is_line(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\\')
}
