//! The clients that may talk to us over MCP: whose configuration is there, whether it names this
//! program, whether what it names can be started, and whether its time limit suits.

mod entry;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Access, access};

use super::Surroundings;
use super::finding::{Found, ok, warn};
use crate::mcp::clients::answer_within;
use entry::{Entry, Format, entries};

const CHECK: &str = "clients";

/// Bytes of a configuration that are read; `.claude.json` keeps a history of every project.
const MOST: u64 = 64 << 20;

/// A client's configuration file.
struct Client {
    name: &'static str,
    /// What its `clientInfo.name` begins with.
    known_as: &'static str,
    file: PathBuf,
    format: Format,
}

pub(super) fn look(around: &Surroundings) -> Vec<Found> {
    let mut found = Vec::new();
    let mut others = Vec::new();
    for client in clients(around) {
        match read(&client.file) {
            Ok(None) => {}
            Ok(Some(text)) => match entries(&client.format, &text) {
                Some(entries) if entries.is_empty() => others.push(client.name),
                Some(entries) => found.extend(
                    entries.iter().map(|entry| judge(&client, entry, around).on(&client.file)),
                ),
                None => found.push(broken(&client, "it cannot be parsed").on(&client.file)),
            },
            Err(error) => found.push(broken(&client, &error.kind().to_string()).on(&client.file)),
        }
    }
    others.dedup();
    if found.is_empty() || !others.is_empty() {
        found.push(not_named(&others));
    }
    found
}

fn not_named(others: &[&str]) -> Found {
    let message = match others {
        [] => "no client's configuration names this program".to_owned(),
        others => format!("not in the configuration of {}", others.join(", ")),
    };
    ok(CHECK, "not_configured", message)
        .advise("`phone-opus mcp config CLIENT` prints what to put there, if you want it.")
}

fn broken(client: &Client, why: &str) -> Found {
    let message = format!("{}: {}: {why}", client.name, client.file.display());
    warn(CHECK, "unreadable", message).advise("Mend the file: the client cannot read it either.")
}

/// One server of a client that is this program.
fn judge(client: &Client, entry: &Entry, around: &Surroundings) -> Found {
    let told = |what: &str| format!("{}: {} {what}", client.name, client.file.display());
    if entry.disabled {
        return ok(CHECK, "disabled", told(&format!("has `{}` switched off", entry.name)));
    }
    if !can_start(&entry.command, around) {
        let what = format!("starts `{}`, which is not an executable file", entry.command);
        return warn(CHECK, "command_missing", told(&what))
            .advise("Name the program by a path that is there, or put it on PATH.");
    }
    if !entry.serves {
        return warn(CHECK, "wrong_arguments", told("does not call `mcp serve`"))
            .advise("The arguments are: mcp serve.");
    }
    let least = answer_within(Some(client.known_as));
    if let Some(limit) = entry.limit.filter(|limit| *limit <= least) {
        let (limit, least) = (limit.as_secs(), least.as_secs());
        let what = format!("cuts calls after {limit} s; they are answered within {least} s");
        return warn(CHECK, "limit_too_short", told(&what)).advise(format!(
            "Allow more than {least} s: a call that is cut leaves its job behind."
        ));
    }
    ok(CHECK, "configured", told(&format!("starts `{}`", entry.command)))
}

/// A command that depends on where it is started is left to the client.
fn can_start(command: &str, around: &Surroundings) -> bool {
    let runs = |file: &Path| file.is_file() && access(file, Access::EXEC_OK).is_ok();
    if command.starts_with('/') {
        return runs(Path::new(command));
    }
    command.contains(['/', '~', '$'])
        || around.search_path.split(':').any(|place| runs(&Path::new(place).join(command)))
}

fn read(file: &Path) -> io::Result<Option<String>> {
    match fs::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // Whoever opens a pipe may wait for ever.
        Ok(meta) if !meta.is_file() || meta.len() > MOST => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
        Err(error) => Err(error),
        Ok(_) => fs::read_to_string(file).map(Some),
    }
}

/// Where each client keeps its servers: the user's own files, and those of the working directory.
fn clients(around: &Surroundings) -> Vec<Client> {
    let variable = |name: &str| {
        let found = around.variables.iter().find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| PathBuf::from(value))
    };
    let home = |path: &str| around.home.as_ref().map(|home| home.join(path));
    let config = |path: &str| {
        let place = variable("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
        Some(place.or_else(|| home(".config"))?.join(path))
    };
    let here = |path: &str| around.cwd.as_ref().map(|cwd| cwd.join(path));
    let codex = variable("CODEX_HOME").or_else(|| home(".codex"));
    let claude = variable("CLAUDE_CONFIG_DIR").or_else(|| around.home.clone());
    let project = around.cwd.as_ref().map(|cwd| cwd.to_string_lossy().into_owned());
    [
        ("Codex", "codex", codex.map(|place| place.join("config.toml")), Format::Codex),
        (
            "Claude Code",
            "claude-code",
            claude.map(|place| place.join(".claude.json")),
            Format::Claude { project },
        ),
        ("Claude Code", "claude-code", here(".mcp.json"), Format::Claude { project: None }),
        ("Gemini CLI", "gemini", home(".gemini/settings.json"), Format::Gemini),
        ("Zed", "zed", config("zed/settings.json"), Format::Zed),
        ("Cursor", "cursor", home(".cursor/mcp.json"), Format::Cursor),
        ("Cursor", "cursor", here(".cursor/mcp.json"), Format::Cursor),
        ("VS Code", "vscode", config("Code/User/mcp.json"), Format::Vscode),
        ("VS Code", "vscode", here(".vscode/mcp.json"), Format::Vscode),
    ]
    .into_iter()
    .filter_map(|(name, known_as, file, format)| {
        Some(Client { name, known_as, file: file?, format })
    })
    .collect()
}

/// Seconds of a limit, where it is one.
fn seconds(value: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(value).ok()
}
