//! API errors as Claude Code tells them within the stream: in the form of an assistant's message.
//!
//! They say what the result line omits, and are all there is when a run ends before its result.

use super::wire::Turn;

/// What such a message says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ApiError {
    pub(super) text: String,
    pub(super) status: Option<u16>,
    /// The API's word: `overloaded_error`.
    pub(super) kind: Option<String>,
    /// Claude Code's words: `server_error`, `connection_failed`.
    pub(super) words: [Option<String>; 2],
    pub(super) stop_reason: Option<String>,
}

/// Whether Claude Code itself speaks in the model's place.
pub(super) fn is_claude_codes_own(line: &Turn) -> bool {
    line.is_api_error_message == Some(true) || line.message.model.as_deref() == Some("<synthetic>")
}

/// The error in such a line, if it tells of one.
pub(super) fn told_by(line: Turn) -> Option<ApiError> {
    let is_error = line.is_api_error_message == Some(true) || line.error.is_some();
    let texts = line.message.content.into_iter().filter_map(|block| block.text);
    is_error.then(|| ApiError {
        text: texts.collect::<Vec<_>>().join("\n\n"),
        status: line.api_error_status,
        kind: line.api_error_type,
        words: [line.error, line.api_error],
        stop_reason: line.message.stop_reason,
    })
}
