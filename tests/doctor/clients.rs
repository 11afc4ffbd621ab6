//! The clients' configurations that are there: whether they name us, can start us, and wait long
//! enough.

use std::fs;

use super::super::support::{World, program};
use super::{examine, healthy};

fn write(world: &World, path: &str, text: &str) {
    let path = world.path(path);
    fs::create_dir_all(path.parent().expect("a directory")).expect("made");
    fs::write(path, text).expect("written");
}

fn told(world: &World, code: &str) -> Vec<String> {
    let found = examine(world, &[]);
    let root = world.path("").display().to_string();
    let words = |found: &&serde_json::Value| {
        let message = found["message"].as_str().expect("text").to_owned();
        message.replace(root.trim_end_matches('/'), "ROOT")
    };
    assert_eq!(found.code, Some(0), "a client's mistake is no error of ours");
    found.all("clients", code).iter().map(words).collect()
}

#[test]
fn without_any_client_it_says_how_to_make_one() {
    let message = "no client's configuration names this program";
    assert_eq!(told(&healthy(), "not_configured"), [message]);
}

#[test]
fn each_client_is_found_where_it_keeps_its_servers() {
    let world = healthy();
    let ours = program().display().to_string();
    let server = format!(r#"{{"command":"{ours}","args":["mcp","serve"]}}"#);
    let codex = format!("[mcp_servers.x]\ncommand = \"{ours}\"\nargs = [\"mcp\", \"serve\"]\n");
    write(&world, "home/.codex/config.toml", &codex);
    let cwd = world.cwd().display().to_string();
    let claude = format!(r#"{{"projects":{{"{cwd}":{{"mcpServers":{{"x":{server}}}}}}}}}"#);
    write(&world, "home/.claude.json", &claude);
    let json = format!(r#"{{"mcpServers":{{"x":{server}}}}}"#);
    write(&world, "cwd/.mcp.json", &json);
    write(&world, "home/.gemini/settings.json", &json);
    write(&world, "home/.cursor/mcp.json", &json);
    let zed = format!("// mine\n{{\"context_servers\":{{\"x\":{server}}},}}");
    write(&world, "home/.config/zed/settings.json", &zed);
    write(&world, "cwd/.vscode/mcp.json", &format!(r#"{{"servers":{{"x":{server}}}}}"#));
    let starts = |client: &str, file: &str| format!("{client}: ROOT/{file} starts `{ours}`");
    assert_eq!(
        told(&world, "configured"),
        [
            starts("Codex", "home/.codex/config.toml"),
            starts("Claude Code", "home/.claude.json"),
            starts("Claude Code", "cwd/.mcp.json"),
            starts("Gemini CLI", "home/.gemini/settings.json"),
            starts("Zed", "home/.config/zed/settings.json"),
            starts("Cursor", "home/.cursor/mcp.json"),
            starts("VS Code", "cwd/.vscode/mcp.json"),
        ]
    );
    assert!(told(&world, "not_configured").is_empty());
}

#[test]
fn what_would_not_work_is_told() {
    let world = healthy();
    let ours = program().display().to_string();
    let server =
        |name: &str, rest: &str| format!("[mcp_servers.{name}]\ncommand = \"{ours}\"\n{rest}\n");
    let codex = [
        server("a", "args = [\"mcp\", \"serve\"]\ntool_timeout_sec = 60"),
        server("b", "args = [\"consult\"]"),
        server("c", "args = [\"mcp\", \"serve\"]\nenabled = false"),
        "[mcp_servers.phone_opus]\ncommand = \"/gone/phone-opus\"\n".to_owned(),
    ];
    write(&world, "home/.codex/config.toml", &codex.concat());
    write(&world, "home/.gemini/settings.json", "{");
    write(&world, "home/.cursor/mcp.json", "{}");
    let file = "Codex: ROOT/home/.codex/config.toml";
    let short = format!("{file} cuts calls after 60 s; they are answered within 270 s");
    assert_eq!(told(&world, "limit_too_short"), [short]);
    assert_eq!(told(&world, "wrong_arguments"), [format!("{file} does not call `mcp serve`")]);
    assert_eq!(told(&world, "disabled"), [format!("{file} has `c` switched off")]);
    let gone = format!("{file} starts `/gone/phone-opus`, which is not an executable file");
    assert_eq!(told(&world, "command_missing"), [gone]);
    let broken = "Gemini CLI: ROOT/home/.gemini/settings.json: it cannot be parsed";
    assert_eq!(told(&world, "unreadable"), [broken]);
    assert_eq!(told(&world, "not_configured"), ["not in the configuration of Cursor"]);
}
