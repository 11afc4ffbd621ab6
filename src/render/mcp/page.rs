//! Pages: as much text as a model's window takes, by an estimate of its tokens on the high side.
//!
//! Text is weighed as JSON spells it, because that is how it arrives: a quote is two characters there
//! and a control character six.

/// Tokens of one result, by our estimate. Claude Code replaces what exceeds 25,000 by an error.
pub(super) const TOKENS_MAX: usize = 20_000;

/// Most characters of a page.
pub(crate) const PAGE_CHARS_MAX: usize = 60_000;

/// Which part of an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// Characters to pass over.
    pub(crate) offset: usize,
    /// Characters at most.
    pub(crate) max_chars: usize,
}

impl Default for Page {
    fn default() -> Self {
        Self { offset: 0, max_chars: PAGE_CHARS_MAX }
    }
}

/// A part of an answer.
#[derive(Debug, PartialEq)]
pub(super) struct Part<'a> {
    pub(super) text: &'a str,
    pub(super) offset: usize,
    /// Where the next part begins; `None` at the end.
    pub(super) next: Option<usize>,
    /// Characters of the whole.
    pub(super) chars: usize,
}

impl Page {
    /// The part that begins at the offset and takes at most so many tokens; at least one character
    /// where there is one, so that pages always go on.
    pub(super) fn of<'a>(&self, whole: &'a str, tokens: usize) -> Part<'a> {
        let start = whole.char_indices().nth(self.offset).map_or(whole.len(), |(at, _)| at);
        let mut left = tokens * TWELFTHS;
        let mut count = 0;
        let mut end = start;
        for character in whole[start..].chars() {
            let cost = escaped_weight(character);
            if count == self.max_chars.max(1) || count > 0 && cost > left {
                break;
            }
            left = left.saturating_sub(cost);
            count += 1;
            end += character.len_utf8();
        }
        let chars = whole.chars().count();
        let offset = self.offset.min(chars);
        let next = (end < whole.len()).then_some(offset + count);
        Part { text: &whole[start..end], offset, next, chars }
    }
}

/// Weights are twelfths of a token.
const TWELFTHS: usize = 12;

/// What a character takes, rounded up: English and code have three to four characters a token, other
/// scripts up to two tokens a character.
fn weight(character: char) -> usize {
    match character {
        '\n' | '"' | '\\' | '\t' => 6,
        ' '..='~' => 4,
        '\0'..='\u{1f}' => 24,
        _ => 18,
    }
}

/// What a character takes within a JSON string.
fn escaped_weight(character: char) -> usize {
    let backslash = weight('\\');
    match character {
        '"' | '\\' => backslash + weight(character),
        '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => backslash + weight('n'),
        '\0'..='\u{1f}' => backslash + 5 * weight('u'),
        _ => weight(character),
    }
}

/// An estimate of a text's tokens, on the high side.
pub(super) fn tokens(text: &str) -> usize {
    text.chars().map(weight).sum::<usize>().div_ceil(TWELFTHS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pages(whole: &str, page: Page, tokens: usize) -> Vec<String> {
        let mut all = Vec::new();
        let mut offset = Some(0);
        while let Some(at) = offset {
            let part = Page { offset: at, ..page }.of(whole, tokens);
            all.push(part.text.to_owned());
            assert!(part.next.is_none_or(|next| next > at), "a page goes on");
            offset = part.next;
        }
        all
    }

    #[test]
    fn few_characters_and_none_are_pages_too() {
        let two = Page { max_chars: 2, ..Page::default() };
        assert_eq!(pages("short", two, 100), ["sh", "or", "t"]);
        assert_eq!(Page { offset: 99, ..Page::default() }.of("short", 100).text, "");
        assert_eq!(pages("漢字", Page::default(), 0), ["漢", "字"]);
    }

    proptest! {
        #[test]
        fn the_pages_of_an_answer_add_up_to_it_and_each_is_small_as_json(
            whole in proptest::collection::vec(
                prop_oneof![any::<char>(), Just('"'), Just('\n'), Just('\\'), Just('\u{1}'), Just('漢'), Just('a')],
                0..400,
            ),
            most in 3_usize..60,
        ) {
            let whole: String = whole.into_iter().collect();
            let all = pages(&whole, Page::default(), most);
            prop_assert_eq!(all.concat(), whole);
            for page in all {
                let json = serde_json::to_string(&page).expect("JSON");
                prop_assert!(tokens(&json) <= most + 1, "the quotes are one more");
            }
        }
    }
}
