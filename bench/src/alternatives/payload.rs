//! Texts of generated jobs: of a given length, and each a little different.

use crate::ids::mix;

/// When the first generated job was queued; each begins a second after the one before.
pub(crate) const FIRST_UNIX_MS: i64 = 1_790_000_000_000;

const WORDS: [&str; 8] =
    ["the ", "lock ", "is ", "held ", "while ", "\"syncing\", ", "naïvely ", "so.\n"];

/// When a job was queued.
pub(crate) fn unix_ms(number: u64) -> i64 {
    FIRST_UNIX_MS + i64::try_from(number * 1000).expect("small")
}

/// Text of so many bytes, or a few more; quotes, line breaks and other letters among it.
pub(crate) fn text(number: u64, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 16);
    let mut at = number;
    while text.len() < bytes {
        let mut bits = mix(at);
        for _ in 0..21 {
            text.push_str(WORDS[(bits & 7) as usize]);
            bits >>= 3;
        }
        at = at.wrapping_add(0x1000_0000);
    }
    let end = text.ceil_char_boundary(bytes.min(text.len()));
    text.truncate(end);
    text
}
