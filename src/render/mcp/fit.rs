//! Documents made small: everything but the job's own words is cut until it fits, and those are then
//! paged into what is left. So nothing of an answer is ever cut without saying where it goes on.

use serde_json::{Map, Value};

use super::page::{PAGE_CHARS_MAX, Page, Part, TOKENS_MAX, tokens};

/// Tokens for the fields that say which part of an answer a page is.
const NOTE: usize = 60;

/// Shortest that a string is cut to: ids and times stay whole.
const SHORTEST: usize = 64;

/// Longest name of a field that is kept where space is short. None of ours is near it.
const LONGEST_NAME: usize = 200;

/// How deep values stay where space is short; all fields of our own lie above it.
const DEEPEST: usize = 4;

/// What a job has said: the text that is read in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words<'a> {
    /// A whole answer.
    Answer(&'a str),
    /// What there was of one.
    Partial(&'a str),
}

impl<'a> Words<'a> {
    fn text(self) -> &'a str {
        match self {
            Words::Answer(text) | Words::Partial(text) => text,
        }
    }

    fn field(self) -> &'static str {
        match self {
            Words::Answer(_) => "response",
            Words::Partial(_) => "partial_text",
        }
    }
}

/// Tokens of a document, by our estimate.
pub(super) fn weigh(document: &impl serde::Serialize) -> usize {
    tokens(&serde_json::to_string(document).unwrap_or_default())
}

/// Cuts a document in which no job speaks until it takes at most so many tokens: long strings first,
/// prompts among them, then long lists.
pub(super) fn fit(mut document: Value, most: usize) -> Value {
    let mut longest = PAGE_CHARS_MAX;
    while longest > 1 && weigh(&document) > most {
        longest /= 2;
        cut(&mut document, longest, 0);
    }
    document
}

fn cut(value: &mut Value, longest: usize, depth: usize) {
    match value {
        Value::String(text) => {
            if let Some((at, _)) = text.char_indices().nth(longest.max(SHORTEST)) {
                text.truncate(at);
                text.push('…');
            }
        }
        Value::Array(_) | Value::Object(_) if depth > DEEPEST && longest < SHORTEST => {
            *value = "…".into();
        }
        Value::Array(items) => {
            items.truncate(longest);
            for item in items {
                cut(item, longest, depth + 1);
            }
        }
        Value::Object(fields) => {
            let mut left = longest.max(SHORTEST);
            fields.retain(|name, _| {
                left = left.saturating_sub(1);
                left > 0 && name.len() <= LONGEST_NAME
            });
            for field in fields.values_mut() {
                cut(field, longest, depth + 1);
            }
        }
        _ => {}
    }
}

/// Lays a document out for one result: what stands beside the words leaves them most of it.
pub(super) fn lay_out(
    fields: Map<String, Value>,
    words: Option<Words<'_>>,
    page: Page,
) -> (Value, Option<Part<'_>>) {
    let mut document = beside(fields, words, TOKENS_MAX);
    let part = words.map(|words| fill(&mut document, words, page, TOKENS_MAX));
    (document, part)
}

/// Cuts what stands beside a job's words, in a document that gets `share` tokens.
pub(super) fn beside(fields: Map<String, Value>, words: Option<Words<'_>>, share: usize) -> Value {
    /// A record with every string cut.
    const RECORD: usize = 700;
    let most = if words.is_some() { (share / 5).max(RECORD) } else { share.max(RECORD) };
    fit(Value::Object(fields), most)
}

/// Puts a page of a job's words into its document, which together then take at most `most` tokens;
/// and where they are not all of them, which part it is.
pub(super) fn fill<'a>(
    document: &mut Value,
    words: Words<'a>,
    page: Page,
    most: usize,
) -> Part<'a> {
    let part = page.of(words.text(), most.saturating_sub(weigh(document) + NOTE));
    let Value::Object(fields) = document else { return part };
    let name = words.field();
    let place = match (words, fields.get_mut("result")) {
        (Words::Answer(_), Some(Value::Object(result))) => result,
        _ => &mut *fields,
    };
    place.insert(name.to_owned(), part.text.into());
    if part.offset > 0 || part.next.is_some() {
        fields.insert(format!("{name}_offset"), part.offset.into());
        fields.insert(format!("{name}_next_offset"), part.next.into());
        fields.insert(format!("{name}_chars"), part.chars.into());
    }
    part
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(fields) = value else { panic!("an object") };
        fields
    }

    #[test]
    fn whatever_stands_beside_the_words_leaves_them_most_of_the_room() {
        let records: Vec<Value> = (0..5000).map(|n| json!({ "n": n, "tool": "Write" })).collect();
        let wide: Map<String, Value> = (0..5000).map(|n| (format!("k{n}"), n.into())).collect();
        let mut deep = json!(1);
        for _ in 0..100 {
            deep = json!({ "deeper": deep, "beside": "x".repeat(60) });
        }
        for beside in [
            json!("\u{1}一".repeat(500_000)),
            json!(records),
            json!({ "usage": wide }),
            json!([{ "x".repeat(500_000): 1 }]),
            json!([[[[[[[deep]]]]]]]),
        ] {
            let id = "0b4e0a52-7f43-4f5e-9a2b-3c1d5e6f7a8b";
            let fields = json!({ "job_id": id, "response": "", "beside": beside });
            let answer = "a \"word\"\n".repeat(50_000);
            let words = Words::Answer(&answer);
            let (document, part) = lay_out(object(fields), Some(words), Page::default());
            assert!(weigh(&document) <= TOKENS_MAX, "{}", weigh(&document));
            assert_eq!(document["job_id"], id);
            let part = part.expect("a part");
            assert_eq!(document["response"], part.text);
            assert!(tokens(&json!(part.text).to_string()) > TOKENS_MAX * 3 / 4);
        }
    }

    #[test]
    fn what_fits_is_left_as_it_is() {
        let fields = json!({ "a": "x".repeat(3000), "b": [1, [2, [3, [4, [5, [6]]]]]] });
        assert_eq!(fit(fields.clone(), TOKENS_MAX), fields);
    }
}
