//! What to put into a client's configuration, with a time limit that suits consults.

use std::fmt::Write as _;

/// A client whose configuration is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Client {
    Codex,
    Claude,
    Gemini,
    Zed,
    Cursor,
    Vscode,
}

/// The text to paste, or the command to run. The program is named as it is found on PATH, so that
/// an update counts at once.
pub(crate) fn snippet(client: Client) -> String {
    let mut text = match client {
        Client::Codex => CODEX,
        Client::Claude => CLAUDE,
        Client::Gemini => GEMINI,
        Client::Zed => ZED,
        Client::Cursor => CURSOR,
        Client::Vscode => VSCODE,
    }
    .to_owned();
    let _ = writeln!(text);
    text
}

/// ~/.codex/config.toml. Codex cuts a call at `tool_timeout_sec`, 300 s by default; ours return
/// before that (see the table in clients.rs), so more would gain nothing.
const CODEX: &str = r#"[mcp_servers.phone_opus]
command = "phone-opus"
args = ["mcp", "serve"]
tool_timeout_sec = 300"#;

/// A command. `timeout` is in milliseconds and hard, and progress does not extend it (read in Claude
/// Code 2.1.330); ours return within 25 min. `claude mcp add` has no flag for it.
const CLAUDE: &str = r#"claude mcp add-json --scope user phone_opus '{
  "type": "stdio",
  "command": "phone-opus",
  "args": ["mcp", "serve"],
  "timeout": 1800000
}'"#;

/// ~/.gemini/settings.json; `timeout` is in milliseconds.
const GEMINI: &str = r#"{
  "mcpServers": {
    "phone_opus": {
      "command": "phone-opus",
      "args": ["mcp", "serve"],
      "timeout": 600000
    }
  }
}"#;

/// settings.json; `timeout` is in seconds, and overrides `context_server_timeout`, 60 s by default.
/// Calls return after 50 s unless they ask for more with `wait_seconds`, for which this is the room.
const ZED: &str = r#"{
  "context_servers": {
    "phone_opus": {
      "command": "phone-opus",
      "args": ["mcp", "serve"],
      "env": {},
      "timeout": 600
    }
  }
}"#;

/// ~/.cursor/mcp.json. Cursor has no setting for a time limit: calls return within 50 s.
const CURSOR: &str = r#"{
  "mcpServers": {
    "phone_opus": {
      "command": "phone-opus",
      "args": ["mcp", "serve"]
    }
  }
}"#;

/// .vscode/mcp.json, or the user's mcp.json. VS Code has no setting for a time limit: calls return
/// within 50 s.
const VSCODE: &str = r#"{
  "servers": {
    "phone_opus": {
      "type": "stdio",
      "command": "phone-opus",
      "args": ["mcp", "serve"]
    }
  }
}"#;

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    fn json(text: &str) -> serde_json::Value {
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn every_snippet_is_what_its_client_reads_with_a_limit_where_it_has_one() {
        for &client in Client::value_variants() {
            let text = snippet(client);
            let (server, limit) = match client {
                Client::Codex => {
                    let table: toml::Table = text.parse().expect("TOML");
                    let table = serde_json::to_value(table).expect("JSON");
                    (table["mcp_servers"]["phone_opus"].clone(), Some(("tool_timeout_sec", 300)))
                }
                Client::Claude => {
                    let command = "claude mcp add-json --scope user phone_opus '";
                    let rest = text.strip_prefix(command).expect("the command");
                    let entry = rest.strip_suffix("'\n").expect("one quoted argument");
                    assert!(!entry.contains('\''));
                    (json(entry), Some(("timeout", 1_800_000)))
                }
                Client::Gemini => {
                    (json(&text)["mcpServers"]["phone_opus"].clone(), Some(("timeout", 600_000)))
                }
                Client::Zed => {
                    (json(&text)["context_servers"]["phone_opus"].clone(), Some(("timeout", 600)))
                }
                Client::Cursor => (json(&text)["mcpServers"]["phone_opus"].clone(), None),
                Client::Vscode => (json(&text)["servers"]["phone_opus"].clone(), None),
            };
            assert_eq!(server["command"], "phone-opus", "{client:?}");
            assert_eq!(server["args"], serde_json::json!(["mcp", "serve"]), "{client:?}");
            let shown = limit.map(|(name, limit)| (server[name].as_u64(), limit));
            assert!(shown.is_none_or(|(shown, limit)| shown == Some(limit)), "{client:?}");
        }
    }
}
