//! Text that arrives in pieces: how much of it no later piece can turn into a secret.

use super::pem;

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
    let last = |word: &&[u8]| tail.windows(word.len()).rposition(|window| window == *word);
    words.iter().filter_map(last).min().map(|at| start + at)
}

/// Where the last private key begins that has no end yet; half of its first dashes count too.
fn open_key(text: &[u8]) -> Option<usize> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    const END: &[u8] = b"-----END ";
    let start = text.len().saturating_sub(HELD_MAX);
    let at = start + text[start..].windows(BEGIN.len()).rposition(|window| window == BEGIN)?;
    let rest = &text[at + BEGIN.len()..];
    // Its end has dashes of its own at its end.
    let end = rest.windows(END.len()).position(|window| window == END).map(|at| at + END.len());
    let ended = end.is_some_and(|end| rest[end..].windows(5).any(|window| window == b"-----"));
    (!ended).then_some(at)
}
