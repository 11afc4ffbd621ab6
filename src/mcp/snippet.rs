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

/// ~/.codex/config.toml. Codex cuts a call at `tool_timeout_sec`, 300 s by default.
const CODEX: &str = r#"[mcp_servers.phone_opus]
command = "phone-opus"
args = ["mcp", "serve"]
tool_timeout_sec = 300"#;

/// A command. Claude Code sets no limit of its own.
const CLAUDE: &str = "claude mcp add --scope user phone_opus -- phone-opus mcp serve";

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

/// settings.json; Zed's limit is for all servers, 60 s by default, and calls return before it.
const ZED: &str = r#"{
  "context_servers": {
    "phone_opus": {
      "command": "phone-opus",
      "args": ["mcp", "serve"],
      "env": {}
    }
  }
}"#;

/// ~/.cursor/mcp.json.
const CURSOR: &str = r#"{
  "mcpServers": {
    "phone_opus": {
      "command": "phone-opus",
      "args": ["mcp", "serve"]
    }
  }
}"#;

/// .vscode/mcp.json, or the user's mcp.json.
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

    #[test]
    fn every_snippet_is_what_its_client_reads() {
        for &client in Client::value_variants() {
            let text = snippet(client);
            match client {
                Client::Codex => {
                    let table: toml::Table = text.parse().expect("TOML");
                    let server = &table["mcp_servers"]["phone_opus"];
                    assert_eq!(server["command"].as_str(), Some("phone-opus"));
                    assert_eq!(server["tool_timeout_sec"].as_integer(), Some(300));
                }
                Client::Claude => assert!(text.ends_with(" -- phone-opus mcp serve\n")),
                _ => {
                    let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
                    assert!(document.to_string().contains(r#""args":["mcp","serve"]"#));
                }
            }
        }
    }
}
