//! Which failure it was, by what Claude Code said of it.
//!
//! Structured fields come first and texts last, because texts change with every release.
//! `terminal_reason` decides next to nothing: for the same failures it is `api_error` on 2.1.330
//! and `completed` on 2.1.197.

use super::api_error::ApiError;
use super::result::ResultLine;
use crate::consult::failure::Code;

/// What is known of a failure. Empty where a version does not say.
#[derive(Debug, Default)]
pub(super) struct Evidence<'a> {
    pub(super) subtype: &'a str,
    /// The HTTP status of the API.
    pub(super) status: Option<u16>,
    /// The API's word (`overloaded_error`) and Claude Code's (`server_error`, `connection_failed`).
    pub(super) words: [&'a str; 3],
    pub(super) stop_reason: &'a str,
    pub(super) terminal_reason: &'a str,
    /// What Claude Code tells the user.
    pub(super) text: &'a str,
}

impl<'a> Evidence<'a> {
    /// From the result line, and from the API error in the stream, which says what the result omits
    /// and is all there is when the run ended before its result.
    pub(super) fn of(result: Option<&'a ResultLine>, error: Option<&'a ApiError>) -> Option<Self> {
        if result.is_none() && error.is_none() {
            return None;
        }
        let said = |text: &'a Option<String>| text.as_deref().unwrap_or_default();
        let mut evidence = Self::default();
        if let Some(error) = error {
            evidence.status = error.status;
            evidence.words = [said(&error.kind), said(&error.words[0]), said(&error.words[1])];
            evidence.stop_reason = said(&error.stop_reason);
            evidence.text = &error.text;
        }
        if let Some(result) = result {
            evidence.subtype = said(&result.subtype);
            evidence.terminal_reason = said(&result.terminal_reason);
            evidence.status = result.api_error_status.or(evidence.status);
            evidence.stop_reason = result.stop_reason.as_deref().unwrap_or(evidence.stop_reason);
            if let Some(kind) = &result.api_error_type {
                evidence.words[0] = kind;
            }
            evidence.text = result.words().unwrap_or(evidence.text);
        }
        evidence.status = evidence.status.or_else(|| status_in(evidence.text));
        Some(evidence)
    }

    /// The code of the failure that this is evidence of.
    pub(super) fn code(&self) -> Code {
        self.by_kind()
            .or_else(|| self.by_status())
            .or_else(|| by_text(self.text))
            .unwrap_or(if self.text.trim().is_empty() { Code::BadOutput } else { Code::ApiError })
    }

    fn by_kind(&self) -> Option<Code> {
        let too_long = self.terminal_reason == "prompt_too_long"
            || self.text.starts_with("Prompt is too long");
        // What a SIGINT that we did not send leaves behind; it exits with 0.
        let aborted =
            self.subtype == "error_during_execution" && self.terminal_reason.starts_with("aborted");
        match self.subtype {
            "error_max_turns" => Some(Code::MaxTurns),
            "error_max_budget_usd" => Some(Code::MaxBudget),
            _ if self.stop_reason == "refusal" => Some(Code::Refused),
            _ if too_long => Some(Code::PromptTooLong),
            _ if aborted => Some(Code::Interrupted),
            _ => None,
        }
    }

    fn by_status(&self) -> Option<Code> {
        let is = |word: &str| self.words.contains(&word);
        match self.status {
            Some(401 | 403) => Some(Code::AuthRequired),
            Some(413) => Some(Code::PromptTooLong),
            Some(429) => Some(Code::RateLimited),
            Some(529) => Some(Code::Overloaded),
            _ if is("authentication_error") || is("permission_error") => Some(Code::AuthRequired),
            _ if is("authentication_failed") => Some(Code::AuthRequired),
            _ if is("rate_limit_error") || is("rate_limit") => Some(Code::RateLimited),
            _ if is("overloaded_error") => Some(Code::Overloaded),
            _ if is("connection_failed") => Some(Code::Network),
            Some(_) => by_text(self.text).filter(|code| *code == Code::AuthRequired),
            None => None,
        }
        .or(self.status.map(|_| Code::ApiError))
    }
}

/// What texts give away, in the order in which they are tried; each as seen in 2.1.197 or 2.1.330,
/// or in an operating system's error.
const TEXTS: &[(&str, Code)] = &[
    ("No conversation found", Code::SessionNotFound),
    ("Invalid session ID", Code::SessionNotFound),
    ("requires a valid session ID", Code::SessionNotFound),
    ("/login", Code::AuthRequired),
    ("Invalid API key", Code::AuthRequired),
    ("Failed to authenticate", Code::AuthRequired),
    ("usage limit reached", Code::RateLimited),
    ("You've hit your", Code::RateLimited),
    ("Request too large", Code::PromptTooLong),
    ("safeguards flagged", Code::Refused),
    ("violate our Usage Policy", Code::Refused),
    ("Request timed out", Code::Network),
    ("Connection refused", Code::Network),
    ("Connection dropped", Code::Network),
    ("Connection error", Code::Network),
    ("Unable to connect", Code::Network),
    ("socket hang up", Code::Network),
    ("fetch failed", Code::Network),
    ("ECONNRE", Code::Network),
    ("ENOTFOUND", Code::Network),
    ("EAI_AGAIN", Code::Network),
    ("ETIMEDOUT", Code::Network),
    ("EHOSTUNREACH", Code::Network),
    ("ENETUNREACH", Code::Network),
    ("SELF_SIGNED_CERT", Code::Network),
    ("UNABLE_TO_GET_ISSUER_CERT", Code::Network),
    ("UNABLE_TO_VERIFY_LEAF", Code::Network),
    ("overloaded_error", Code::Overloaded),
    ("Overloaded errors", Code::Overloaded),
];

/// Complaints about the call itself: nothing was asked, and nothing was spent.
const REFUSED_CALLS: &[(&str, Code)] = &[
    ("stdin input exceeds", Code::PromptTooLong),
    ("error: unknown option", Code::SpawnFailed),
    ("error: option '", Code::SpawnFailed),
    ("Error: When using --print", Code::SpawnFailed),
    ("Error: Input must be provided", Code::SpawnFailed),
    ("Invalid MCP configuration", Code::SpawnFailed),
    ("Error: Settings file not found", Code::SpawnFailed),
    ("cannot be used with root", Code::SpawnFailed),
];

fn by_text(text: &str) -> Option<Code> {
    if text.contains("Session ID") && text.contains("is already in use") {
        return Some(Code::SessionBusy);
    }
    find(TEXTS, text)
}

/// The code that standard error gives away when standard output said nothing of a failure.
///
/// Only what ends a run before it starts is believed: another complaint may be any tool's.
pub(super) fn by_stderr(stderr: &str) -> Option<Code> {
    let ends_a_run = |code: &Code| {
        matches!(code, Code::SessionNotFound | Code::SessionBusy | Code::AuthRequired)
    };
    find(REFUSED_CALLS, stderr).or_else(|| by_text(stderr).filter(ends_a_run))
}

fn find(table: &[(&str, Code)], text: &str) -> Option<Code> {
    table.iter().find(|(words, _)| text.contains(words)).map(|(_, code)| code.clone())
}

/// The HTTP status in `API Error: 529 …`, for versions that give it no field.
fn status_in(text: &str) -> Option<u16> {
    let (_, after) = text.split_once("API Error: ")?;
    let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok().filter(|status| (400..600).contains(status))
}

/// The moment in `Claude AI usage limit reached|1790000000`, as older versions have it;
/// milliseconds since 1970.
pub(super) fn reset_in(text: &str) -> Option<i64> {
    let (_, after) = text.split_once("limit reached|")?;
    let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse::<i64>().ok()?.checked_mul(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_versions_status_and_reset_are_read_from_its_words() {
        assert_eq!(status_in("API Error: 529 overloaded"), Some(529));
        assert_eq!(status_in("Failed to authenticate. API Error: 403 no"), Some(403));
        for text in ["API Error: 200 fine", "API Error: Connection refused", "529", ""] {
            assert_eq!(status_in(text), None, "{text}");
        }
        assert_eq!(reset_in("Claude AI usage limit reached|1790000000"), Some(1_790_000_000_000));
        assert_eq!(reset_in("usage limit reached|soon"), None);
    }
}
