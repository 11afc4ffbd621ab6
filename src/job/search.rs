//! Looking for words in what a job was asked and what came of it.

use super::event::Event;
use crate::consult::reply::Partial;

/// Most characters that are shown on each side of what was found.
const AROUND: usize = 40;

/// Words to look for, whatever their case.
#[derive(Debug, Clone)]
pub(crate) struct Needle(String);

/// Words in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    /// `prompt`, `label`, `response`, `partial_text` or `failure`.
    pub(crate) field: &'static str,
    pub(crate) before: String,
    pub(crate) found: String,
    pub(crate) after: String,
}

impl Needle {
    /// `None` where there is nothing to look for.
    pub(crate) fn new(text: &str) -> Option<Self> {
        (!text.trim().is_empty()).then(|| Self(text.to_lowercase()))
    }

    /// The first place in each text of an event.
    pub(crate) fn hits(&self, event: &Event) -> Vec<Hit> {
        texts(event).into_iter().filter_map(|(field, text)| self.hit(field, text)).collect()
    }

    fn hit(&self, field: &'static str, text: &str) -> Option<Hit> {
        let (start, end) = self.find(text)?;
        let before: Vec<char> = text[..start].chars().rev().take(AROUND).collect();
        Some(Hit {
            field,
            before: before.into_iter().rev().collect(),
            found: text[start..end].to_owned(),
            after: text[end..].chars().take(AROUND).collect(),
        })
    }

    /// Bytes of the text. Lower case may be of another length, so places in it are led back.
    fn find(&self, text: &str) -> Option<(usize, usize)> {
        let lower = text.to_lowercase();
        let at = lower.find(&self.0)?;
        let (mut length, mut start) = (0, None);
        for (offset, c) in text.char_indices() {
            if length >= at && start.is_none() {
                start = Some(offset);
            }
            if length >= at + self.0.len() {
                return Some((start?, offset));
            }
            length += c.to_lowercase().map(char::len_utf8).sum::<usize>();
        }
        Some((start.unwrap_or(text.len()), text.len()))
    }
}

fn partial(partial: &Partial) -> Option<(&'static str, &str)> {
    partial.partial_text.as_deref().map(|text| ("partial_text", text))
}

/// What of an event is text that somebody wrote.
fn texts(event: &Event) -> Vec<(&'static str, &str)> {
    match event {
        Event::Queued(data) => {
            let label = data.request.label.as_deref().map(|label| ("label", label));
            std::iter::once(("prompt", data.request.prompt.as_str())).chain(label).collect()
        }
        Event::Succeeded(data) => vec![("response", data.reply.response.as_str())],
        Event::Failed(data) => {
            let detail = ("failure", data.failure.detail.as_str());
            std::iter::once(detail).chain(partial(&data.partial)).collect()
        }
        Event::Cancelled(data) => partial(&data.partial).into_iter().collect(),
        Event::Lost(data) => partial(&data.partial).into_iter().collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consult::reply::Reply;
    use crate::job::event::Succeeded;

    fn hit(needle: &str, response: &str) -> Option<Hit> {
        let reply = Reply { response: response.to_owned(), ..Reply::default() };
        let event = Event::Succeeded(Box::new(Succeeded {
            reply,
            recovered: false,
            ..Succeeded::default()
        }));
        Needle::new(needle).expect("words").hits(&event).pop()
    }

    #[test]
    fn words_are_found_whatever_their_case_and_shown_as_they_stand() {
        let found = hit("LOCK is", "So the Lock is safe.").expect("found");
        assert_eq!((found.field, found.before.as_str()), ("response", "So the "));
        assert_eq!((found.found.as_str(), found.after.as_str()), ("Lock is", " safe."));
        assert_eq!(hit("unlock", "lock"), None);
        assert!(Needle::new(" \n").is_none());
    }

    #[test]
    fn letters_whose_lower_case_is_longer_shift_nothing() {
        let found = hit("ß猫x", "İİİ ß猫X end").expect("found");
        assert_eq!((found.before.as_str(), found.found.as_str()), ("İİİ ", "ß猫X"));
        let found = hit("x", &format!("{}x{}", "é".repeat(90), "ü".repeat(90))).expect("found");
        assert_eq!((found.before.chars().count(), found.after.chars().count()), (40, 40));
        assert_eq!(hit("i\u{307}", "aİ").expect("found").found, "İ");
    }
}
