//! The servers in a client's configuration that are this program.

use std::time::Duration;

use serde_json::Value;

use super::seconds;
use crate::doctor::jsonc;

/// How a client writes its servers down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Format {
    Codex,
    /// With the servers of one project, where the file has projects.
    Claude {
        project: Option<String>,
    },
    Gemini,
    Zed,
    Cursor,
    Vscode,
}

/// One server.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) command: String,
    /// It is called with `mcp serve`.
    pub(super) serves: bool,
    pub(super) disabled: bool,
    /// After which time the client gives a call up, where the file says.
    pub(super) limit: Option<Duration>,
}

/// The servers that are this program; `None` where the text is not what the client reads.
pub(super) fn entries(format: &Format, text: &str) -> Option<Vec<Entry>> {
    let file = match format {
        Format::Codex => serde_json::to_value(text.parse::<toml::Table>().ok()?).ok()?,
        _ => jsonc::parse(text)?,
    };
    let mut tables = vec![&file[table(format)]];
    if let Format::Claude { project: Some(project) } = format {
        tables.push(&file["projects"][project.as_str()]["mcpServers"]);
    }
    let servers = tables.into_iter().filter_map(Value::as_object).flatten();
    Some(servers.filter_map(|(name, server)| entry(format, &file, name, server)).collect())
}

fn table(format: &Format) -> &'static str {
    match format {
        Format::Codex => "mcp_servers",
        Format::Claude { .. } | Format::Gemini | Format::Cursor => "mcpServers",
        Format::Zed => "context_servers",
        Format::Vscode => "servers",
    }
}

fn entry(format: &Format, file: &Value, name: &str, server: &Value) -> Option<Entry> {
    // Zed's older form has the command in a table of its own.
    let call = if server["command"].is_object() { &server["command"] } else { server };
    let command = call["command"].as_str().or_else(|| call["path"].as_str()).unwrap_or_default();
    let words: Vec<&str> =
        call["args"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let all = words.iter().flat_map(|word| word.split_whitespace());
    let is_ours = std::iter::once(command).chain(all).any(is_our_name);
    if command.is_empty() || !(is_ours || name.replace('-', "_") == "phone_opus") {
        return None;
    }
    Some(Entry {
        name: name.to_owned(),
        command: command.to_owned(),
        serves: words.join(" ").contains("mcp serve"),
        disabled: server["enabled"] == false || server["disabled"] == true,
        limit: limit(format, file, server),
    })
}

fn is_our_name(word: &str) -> bool {
    word.rsplit('/').next() == Some("phone-opus")
}

/// In seconds for Codex and Zed, in milliseconds for the others.
fn limit(format: &Format, file: &Value, server: &Value) -> Option<Duration> {
    match format {
        Format::Codex => seconds(server["tool_timeout_sec"].as_f64()?),
        Format::Zed => seconds(file["context_server_timeout"].as_f64()?),
        Format::Claude { .. } | Format::Gemini => seconds(server["timeout"].as_f64()? / 1000.0),
        Format::Cursor | Format::Vscode => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::snippet::{Client, snippet};

    fn one(format: &Format, text: &str) -> Entry {
        let mut entries = entries(format, text).expect("parsed");
        assert_eq!(entries.len(), 1, "{text}");
        entries.remove(0)
    }

    #[test]
    fn what_we_tell_people_to_write_is_what_is_found() {
        for (client, format, limit) in [
            (Client::Codex, Format::Codex, Some(300)),
            (Client::Gemini, Format::Gemini, Some(600)),
            (Client::Zed, Format::Zed, None),
            (Client::Cursor, Format::Cursor, None),
            (Client::Vscode, Format::Vscode, None),
        ] {
            let entry = one(&format, &snippet(client));
            assert_eq!((entry.command.as_str(), entry.serves), ("phone-opus", true), "{format:?}");
            assert_eq!((entry.limit, entry.disabled), (limit.map(Duration::from_secs), false));
        }
    }

    #[test]
    fn a_project_of_claude_code_counts_where_we_are_in_it() {
        let text = r#"{"projects":{"/p":{"mcpServers":{"x":{"command":"/opt/phone-opus","args":["mcp","serve"],"timeout":1500}}}}}"#;
        let entry = one(&Format::Claude { project: Some("/p".to_owned()) }, text);
        assert_eq!(entry.limit, Some(Duration::from_millis(1500)));
        assert_eq!(entries(&Format::Claude { project: Some("/q".to_owned()) }, text), Some(vec![]));
    }

    #[test]
    fn other_servers_are_not_ours_and_wrapped_ones_are() {
        let text = r#"{"mcpServers":{
            "fetch":{"command":"uvx","args":["fetch"]},
            "remote":{"url":"http://x"},
            "phone-opus":{"command":"/gone/wrapper","args":[]},
            "w":{"command":"sh","args":["-c","exec /usr/bin/phone-opus mcp serve"],"disabled":true}}}"#;
        let found = entries(&Format::Cursor, text).expect("parsed");
        let told: Vec<_> =
            found.iter().map(|entry| (entry.name.as_str(), entry.serves, entry.disabled)).collect();
        assert_eq!(told, [("phone-opus", false, false), ("w", true, true)]);
    }

    #[test]
    fn what_its_client_cannot_read_is_none() {
        assert_eq!(entries(&Format::Codex, "[mcp_servers"), None);
        assert_eq!(entries(&Format::Zed, "{"), None);
        assert_eq!(entries(&Format::Zed, "[]"), Some(vec![]));
    }
}
