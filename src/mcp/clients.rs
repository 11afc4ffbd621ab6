//! How long a call may take before its client gives up: the clients that are known, and the rest.

use std::time::Duration;

/// One client that is known.
struct Client {
    /// What its `clientInfo.name` begins with, in lower case.
    name: &'static str,
    /// When a call is answered at the latest, seconds. Below the client's own limit.
    answer_within: u64,
}

/// Measured with the real clients, or read in their sources; none of those with a limit of minutes
/// extends it for progress notifications.
const CLIENTS: [Client; 5] = [
    // Codex 0.169 cuts a call at 300 s (tool_timeout_sec; measured at 300.33 s).
    Client { name: "codex", answer_within: 270 },
    // Claude Code 2.1.330 has no limit worth naming, but ends a stdio call after 30 min without any
    // message (read in its program; progress resets that clock).
    Client { name: "claude-code", answer_within: 1500 },
    // Claude Desktop gives up after about 60 s.
    Client { name: "claude-ai", answer_within: 50 },
    // Gemini CLI 0.61: 600 s (`timeout` of the server's entry).
    Client { name: "gemini", answer_within: 540 },
    // Zed: 60 s by default (context_server_timeout).
    Client { name: "zed", answer_within: 50 },
];

/// The SDKs' own default is 60 s, and most clients leave it.
const UNKNOWN_SECONDS: u64 = 50;

/// Longest wait that a caller may ask for.
pub(super) const LONGEST_SECONDS: u64 = 3600;

/// How long a call of this client may block.
pub(crate) fn answer_within(client: Option<&str>) -> Duration {
    let name = client.unwrap_or_default().to_ascii_lowercase();
    let known = CLIENTS.iter().find(|client| name.starts_with(client.name));
    Duration::from_secs(known.map_or(UNKNOWN_SECONDS, |client| client.answer_within))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_answered_before_its_client_gives_up() {
        for (name, limit) in [
            ("codex-mcp-client", 300),
            ("claude-code", 1800),
            ("claude-ai", 60),
            ("gemini-cli-mcp-client", 600),
            ("Zed", 60),
            ("mcp-inspector", 60),
        ] {
            let seconds = answer_within(Some(name)).as_secs();
            assert!(seconds < limit && seconds * 10 >= limit * 8, "{name}: {seconds}");
        }
        assert_eq!(answer_within(None), Duration::from_secs(50));
    }
}
