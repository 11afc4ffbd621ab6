//! Reading JSON that is almost right: an answer is never refused for its spelling.
//!
//! JavaScript's `JSON.stringify` writes half a surrogate pair (`\ud83d` alone) without complaint,
//! and a pipe can tear a character in two; Rust's strings hold neither. Both become U+FFFD, and
//! only once reading the text as it stands has failed, so that good lines cost nothing.

use serde::de::DeserializeOwned;

/// Reads `json` as a `T`, mended where that is needed; `None` when it is no such thing even then.
pub(super) fn parse<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    serde_json::from_slice(json).ok().or_else(|| serde_json::from_slice(&mended(json)?).ok())
}

/// `json` with what no Rust string can hold replaced by U+FFFD; `None` when there is no such thing.
pub(crate) fn mended(json: &[u8]) -> Option<Vec<u8>> {
    let utf8 = std::str::from_utf8(json).is_ok();
    let mut bytes =
        if utf8 { json.to_vec() } else { String::from_utf8_lossy(json).into_owned().into_bytes() };
    let mended = mend_surrogates(&mut bytes);
    (mended || !utf8).then_some(bytes)
}

/// Overwrites every lone surrogate escape in place: both spellings take six bytes.
fn mend_surrogates(json: &mut [u8]) -> bool {
    let mut mended = false;
    let mut at = 0;
    while let Some(found) = json.get(at..).and_then(|rest| rest.iter().position(|b| *b == b'\\')) {
        at += found;
        at += match (escaped_unit(json, at), escaped_unit(json, at + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                json[at + 2..at + 6].copy_from_slice(b"fffd");
                mended = true;
                6
            }
            // Any other escape, `\\` before a `u` among them: its second byte begins no escape.
            _ => 2,
        };
    }
    mended
}

/// The UTF-16 unit of the `\uXXXX` that begins at `at`, if one does.
fn escaped_unit(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lone_surrogates_become_the_replacement_character_and_pairs_stay() {
        for (json, want) in [
            (r#""plain""#, "plain"),
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""a\uD83Db""#, "a\u{fffd}b"),
            (r#""\ude00""#, "\u{fffd}"),
            (r#""\ud83d\ude00""#, "\u{1f600}"),
            (r#""\ud83d\uD83D\uDe00\ude00""#, "\u{fffd}\u{1f600}\u{fffd}"),
            (r#""\ud83d\n""#, "\u{fffd}\n"),
            (r#""\\ud83d \ud83d""#, "\\ud83d \u{fffd}"),
            (r#""\\\ud83d\\""#, "\\\u{fffd}\\"),
        ] {
            assert_eq!(parse::<String>(json.as_bytes()).as_deref(), Some(want), "{json}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_become_the_replacement_character() {
        assert_eq!(parse::<String>(b"\"a\xffb\"").as_deref(), Some("a\u{fffd}b"));
        assert_eq!(parse::<String>(b"\"\xe2\x82\"").as_deref(), Some("\u{fffd}"));
    }

    #[test]
    fn what_is_no_json_stays_none() {
        for json in ["", "\"", r#""\ud83d"#, r#""\u12""#, r#""\ux""#, "\\", "\\ud83"] {
            assert_eq!(parse::<String>(json.as_bytes()), None, "{json}");
        }
    }
}
