//! JSON as editors let people write it: with comments and a comma after the last value.

use serde_json::Value;

/// Parses it; `None` where it is not even that.
pub(super) fn parse(text: &str) -> Option<Value> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str(text).ok().or_else(|| serde_json::from_str(&strict(text)).ok())
}

/// The same without comments and last commas; what stands in strings is left alone.
fn strict(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string(rest),
            '/' if rest.starts_with("//") => {
                rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
                continue;
            }
            '/' if rest.starts_with("/*") => {
                rest = rest.split_once("*/").map_or("", |(_, after)| after);
                continue;
            }
            _ => first.len_utf8(),
        };
        if matches!(first, '}' | ']') {
            drop_last_comma(&mut kept);
        }
        kept.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    kept
}

/// Bytes of the string that begins here, quotes included.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}

fn drop_last_comma(kept: &mut String) {
    let end = kept.trim_end().len();
    if kept[..end].ends_with(',') {
        kept.truncate(end - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn comments_and_last_commas_go_and_strings_stay() {
        let text =
            "\u{feff}// one\n{ /* two, ] */ \"a\": [1, 2,\n], \"b\": \"// \\\" /* , }\", // é\n }";
        assert_eq!(parse(text), Some(json!({"a": [1, 2], "b": "// \" /* , }"})));
    }

    #[test]
    fn what_is_broken_is_none_and_never_hangs() {
        for text in ["", "{", "/*", "// x", "{\"a\": \"", "[1,,]", "{]", "\"\\"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
