//! What is kept of a job, with secrets replaced by markers.
//!
//! Words are redacted: prompts, labels, answers, errors, what tools were asked. What something hangs
//! on (ids, paths, the program, the key of a call) stays as it is.

use serde_json::Value;

use super::event::{Event, Queued};
use crate::consult::failure::Failure;
use crate::consult::reply::{Account, Partial, Reply};
use crate::redact;

impl Queued {
    /// As it is recorded where secrets are not to be kept.
    pub(crate) fn redacted(mut self) -> Self {
        let request = &mut self.request;
        self.prompt_redacted |= words(&mut request.prompt);
        request.label.as_mut().map(words);
        request.prefix.as_mut().map(words);
        self
    }

    /// Whether this is what was asked, as far as the record can tell.
    pub(crate) fn asks(&self, prompt: &str) -> bool {
        let recorded = &self.request.prompt;
        recorded == prompt || (self.prompt_redacted && *recorded == redact::text(prompt))
    }
}

impl Event {
    /// As it is recorded where secrets are not to be kept.
    pub(crate) fn redacted(mut self) -> Self {
        match &mut self {
            Event::Queued(data) => **data = std::mem::take(&mut **data).redacted(),
            Event::Succeeded(data) => reply(&mut data.reply),
            Event::Failed(data) => {
                failure(&mut data.failure);
                partial(&mut data.partial);
            }
            Event::Cancelled(data) => partial(&mut data.partial),
            Event::Lost(data) => {
                words(&mut data.detail);
                partial(&mut data.partial);
            }
            Event::Started(_)
            | Event::Progress(_)
            | Event::CancelRequested(_)
            | Event::Pruned(_)
            | Event::Unknown(_) => {}
        }
        self
    }
}

/// Says whether anything was replaced.
fn words(text: &mut String) -> bool {
    match redact::text(text) {
        std::borrow::Cow::Borrowed(_) => false,
        std::borrow::Cow::Owned(redacted) => {
            *text = redacted;
            true
        }
    }
}

fn reply(reply: &mut Reply) {
    words(&mut reply.response);
    account(&mut reply.account);
}

fn failure(failure: &mut Failure) {
    words(&mut failure.detail);
}

fn partial(partial: &mut Partial) {
    partial.partial_text.as_mut().map(words);
    account(&mut partial.account);
}

fn account(account: &mut Account) {
    let tools = std::mem::take(&mut account.tools_used);
    for (name, count) in tools {
        *account.tools_used.entry(redact::text(&name).into_owned()).or_default() += count;
    }
    account.permission_denials.iter_mut().for_each(redact::value);
    let free: [&mut Option<Value>; 3] =
        [&mut account.structured_output, &mut account.usage, &mut account.model_usage];
    free.into_iter().flatten().for_each(redact::value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consult::failure::Code;
    use crate::consult::request::Request;
    use crate::job::event::{Failed, Succeeded};

    fn secret() -> String {
        ["ghp", "_", "0123456789abcdefghijABCDEFGHIJ", "klmnop"].concat()
    }

    const MARKER: &str = "[redacted: github token]";

    fn queued(prompt: &str) -> Queued {
        let request = Request {
            prompt: prompt.to_owned(),
            label: Some(secret()),
            cwd: format!("/home/u/{}", secret()),
            ..Request::default()
        };
        Queued { request, ..Queued::default() }
    }

    #[test]
    fn the_words_of_a_request_are_redacted_and_its_paths_stay() {
        let asked = queued(&format!("is {} valid?", secret()));
        let kept = asked.clone().redacted();
        assert_eq!(kept.request.prompt, format!("is {MARKER} valid?"));
        assert_eq!(kept.request.label.as_deref(), Some(MARKER));
        assert_eq!(kept.request.cwd, asked.request.cwd);
        assert!(kept.prompt_redacted && kept.asks(&asked.request.prompt));
        assert!(!kept.asks("another question"));
        let plain = queued("why?").redacted();
        assert!(!plain.prompt_redacted && plain.asks("why?"));
    }

    #[test]
    fn the_words_of_every_end_are_redacted() {
        let account = Account {
            permission_denials: vec![serde_json::json!({"tool_input": {"command": secret()}})],
            structured_output: Some(serde_json::json!([secret()])),
            ..Account::default()
        };
        let partial = Partial { partial_text: Some(secret()), account: account.clone() };
        let failed = Failed {
            failure: Failure::new(Code::ApiError, secret()),
            partial,
            tree_after: None,
            recovered: false,
        };
        let succeeded =
            Succeeded { reply: Reply { response: secret(), account }, ..Succeeded::default() };
        for event in [Event::Failed(Box::new(failed)), Event::Succeeded(Box::new(succeeded))] {
            let json = event.redacted().data_json().expect("json");
            assert!(json.contains(MARKER) && !json.contains(&secret()), "{json}");
        }
    }
}
