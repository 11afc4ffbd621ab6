//! Pages: as much text as a model's window takes, by an estimate of its tokens on the high side.

use serde_json::Value;

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
    /// Tokens at most, by our estimate.
    pub(crate) tokens: usize,
}

impl Default for Page {
    fn default() -> Self {
        Self { offset: 0, max_chars: PAGE_CHARS_MAX, tokens: TOKENS_MAX * 4 / 5 }
    }
}

/// A part of an answer.
pub(super) struct Part<'a> {
    pub(super) text: &'a str,
    pub(super) offset: usize,
    /// Where the next part begins; `None` at the end.
    pub(super) next: Option<usize>,
    /// Characters of the whole.
    pub(super) chars: usize,
}

impl Page {
    pub(super) fn of<'a>(&self, whole: &'a str) -> Part<'a> {
        let start = whole.char_indices().nth(self.offset).map_or(whole.len(), |(at, _)| at);
        let mut left = self.tokens * 12;
        let mut count = 0;
        let mut end = start;
        for character in whole[start..].chars() {
            let cost = weight(character);
            if count == self.max_chars || cost > left {
                break;
            }
            left -= cost;
            count += 1;
            end += character.len_utf8();
        }
        let chars = whole.chars().count();
        let offset = self.offset.min(chars);
        let next = (end < whole.len()).then_some(offset + count);
        Part { text: &whole[start..end], offset, next, chars }
    }
}

/// Twelfths of a token that a character takes, rounded up: English and code have three to four
/// characters a token, other scripts up to two tokens a character, and JSON escapes some.
fn weight(character: char) -> usize {
    match character {
        '\n' | '"' | '\\' | '\t' => 6,
        ' '..='~' => 4,
        '\0'..='\u{1f}' => 24,
        _ => 18,
    }
}

/// An estimate of a text's tokens, on the high side.
pub(super) fn tokens(text: &str) -> usize {
    text.chars().map(weight).sum::<usize>().div_ceil(12)
}

pub(super) fn fit(document: Value) -> Value {
    fit_within(document, TOKENS_MAX)
}

/// Cuts the longest strings, prompts among them, until a document fits.
pub(super) fn fit_within(mut document: Value, most: usize) -> Value {
    let mut longest = PAGE_CHARS_MAX;
    while longest > 64 && tokens(&document.to_string()) > most {
        longest /= 2;
        cut(&mut document, longest);
    }
    document
}

fn cut(value: &mut Value, longest: usize) {
    match value {
        Value::String(text) => {
            if let Some((at, _)) = text.char_indices().nth(longest) {
                text.truncate(at);
                text.push('…');
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| cut(item, longest)),
        Value::Object(fields) => fields.values_mut().for_each(|field| cut(field, longest)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(whole: &str, page: Page) -> Vec<String> {
        let mut all = Vec::new();
        let mut offset = Some(0);
        while let Some(at) = offset {
            let part = Page { offset: at, ..page }.of(whole);
            all.push(part.text.to_owned());
            assert!(part.next.is_none_or(|next| next > at), "a page goes on");
            offset = part.next;
        }
        all
    }

    #[test]
    fn the_pages_of_an_answer_add_up_to_it() {
        let whole = "Ein Satz.\nПредложение. 一个句子。🦀 ".repeat(9000);
        let all = pages(&whole, Page::default());
        assert!(all.len() > 2);
        assert_eq!(all.concat(), whole);
        assert!(all.iter().all(|page| tokens(page) <= TOKENS_MAX));
        assert_eq!(pages("short", Page { max_chars: 2, ..Page::default() }), ["sh", "or", "t"]);
        assert_eq!(Page { offset: 99, ..Page::default() }.of("short").text, "");
    }
}
