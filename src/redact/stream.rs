//! Text that arrives in pieces: how much of it no later piece can turn into a secret.

use memchr::memmem::{find, rfind};

use super::pem::{self, FORMS, Form};

/// Longest end that is held back: what is longer and has no blank is no token.
const HELD_MAX: usize = pem::LONGEST;

/// How many bytes of a text may be redacted and written before the rest is there: all but the last
/// word, with the words before it that would tell what it is, and a private key that has no end yet.
pub(crate) fn settled(text: &[u8]) -> usize {
    // Never within a word: what is cut there could be read otherwise.
    let whole_words =
        |end: usize| text[..end].iter().rposition(u8::is_ascii_whitespace).map_or(0, |at| at + 1);
    let held_from = |end: usize| {
        let kept = &text[..end];
        telling_word(kept).into_iter().chain(open_key(kept)).min()
    };
    let mut end = whole_words(open_key(text).unwrap_or(text.len()));
    // What is held may leave a word before it that tells what it is, or half a key's last line.
    while let Some(start) = held_from(end).filter(|start| *start < end) {
        end = whole_words(start);
    }
    if text.len() - end > HELD_MAX { text.len() } else { end }
}

/// Where words begin, at the end of a text, that tell what the next word is.
fn telling_word(text: &[u8]) -> Option<usize> {
    const LONGEST: usize = 64;
    let start = text.len().saturating_sub(LONGEST);
    let tail = text[start..].to_ascii_lowercase();
    let words: [&[u8]; 5] = [
        b"bearer",
        b"authorization",
        b"secret_access_key",
        b"secretaccesskey",
        b"secret-access-key",
    ];
    let last = |word: &&[u8]| rfind(&tail, word);
    words.iter().filter_map(last).min().map(|at| start + at)
}

/// Where the last private key of each form begins that has no end yet; half of its first line counts
/// too.
fn open_key(text: &[u8]) -> Option<usize> {
    let start = text.len().saturating_sub(HELD_MAX);
    let open = |form: &Form| {
        let tail = &text[start..];
        let begin = rfind(tail, form.begin)?;
        let is_open = !is_ended(&tail[begin + form.begin.len()..], form);
        is_open.then_some(start + begin)
    };
    // The blank in its first line ends a word, and more than a word is needed to tell it.
    let dashes = text.ends_with(b"---- ").then(|| text.len() - b"---- ".len());
    FORMS.iter().filter_map(open).chain(dashes).min()
}

/// Whether the last line of a key is there as a whole.
fn is_ended(rest: &[u8], form: &Form) -> bool {
    let Some(end) = find(rest, form.end) else { return false };
    let after = &rest[end + form.end.len()..];
    if form.close.is_empty() {
        return after.iter().any(u8::is_ascii_whitespace);
    }
    find(after, form.close).is_some()
}
