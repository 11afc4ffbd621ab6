//! `consult --dry-run`: exactly what would be run, and nothing that runs it.
//!
//! Only `claude --version` and `claude --help` are asked, because the exact flags depend on them.
//! Nothing is written: no state directory, no job, no lock.

use std::path::Path;

use serde_json::{Value, json};

use super::context::Context;
use crate::config::Config;
use crate::consult::request::Request;
use crate::failure::{Exit, Failure};
use crate::job::event::Session;
use crate::runner::call::{Call, Setting, call};
use crate::runner::homes::Homes;
use crate::runner::outlook;
use crate::runner::program::{self, Program};
use crate::runner::record::queued;
use crate::runner::session;
use crate::runner::submit::Submission;

pub(super) fn show(
    submission: Submission,
    config: &Config,
    as_json: bool,
    context: &mut Context<'_>,
) -> Result<Exit, Failure> {
    let root = context.state_root()?;
    let memory = match (context.existing_state(config)?, &submission.request.session_id) {
        (Some(state), Some(session)) => session::recall(&state, session),
        _ => session::Memory::default(),
    };
    let job = submission.job.to_string();
    let queued = queued(submission, &memory);
    let program =
        program::probe(Path::new(queued.request.claude_bin.as_deref().unwrap_or_default()))?;
    let directory = root.join("jobs").join(&job);
    let tmp = directory.join("tmp");
    let variables = context.world.variables();
    let path = context.world.search_path();
    let homes = Homes::below(&root, &queued.session.id);
    let (wall, shell, account) = outlook::foreseen(&queued, &memory, &variables, &homes, &path)?;
    let settings = program::carried(&variables).map(|_| tmp.join("settings.json"));
    // Where it comes from, and never itself: this is for showing.
    let credential = queued.request.credential_file.as_ref();
    let credential_text = credential.map(|file| format!("<{}>", file.path())).unwrap_or_default();
    let setting = Setting {
        job: &job,
        caller_depth: queued.caller.depth,
        tmp: &tmp,
        settings: settings.as_deref(),
        inherited: &variables,
        config_dir: account.config_dir.as_deref(),
        credential: credential.map(|file| (file.variable(), credential_text.as_str())),
        source: account.source,
        families: account.families,
        shell,
    };
    let call = call(&queued.request, &queued.session, &program, &setting);
    let mut plan = plan(&queued.request, &queued.session, &program, &call, &directory);
    plan["sandbox"] = wall.to_json();
    let text = if as_json { super::json::text(&plan, None)? } else { human(&plan) };
    context.output.line(&text)?;
    Ok(Exit::Succeeded)
}

fn plan(
    request: &Request,
    session: &Session,
    program: &Program,
    call: &Call,
    job_directory: &Path,
) -> Value {
    let argv: Vec<&str> = std::iter::once(call.program.to_str().unwrap_or_default())
        .chain(call.arguments.iter().map(String::as_str))
        .collect();
    let set: serde_json::Map<String, Value> =
        call.environment.set.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    json!({
        "schema_version": 1,
        "dry_run": true,
        "argv": argv,
        "cwd": call.cwd,
        "environment": {"set": set, "removed": call.environment.remove},
        "prompt": request.effective_prompt(),
        "claude_version": program.version,
        "session": {"id": session.id, "mode": if session.resumed { "resumed" } else { "fresh" }},
        "places": {"job_directory": job_directory},
        "limits": {
            "timeout_ms": request.timeout_ms,
            "idle_timeout_ms": request.idle_timeout_ms,
            "grace_ms": request.grace_ms,
            "max_turns": request.max_turns,
            "max_budget_usd": request.max_budget_usd,
            "max_running": request.max_running,
        },
    })
}

/// The same for a person: shell-quoted call, one fact a line, the prompt last and as it is sent.
fn human(plan: &Value) -> String {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let words: Vec<String> =
        list(&plan["argv"]).iter().filter_map(Value::as_str).map(quote).collect();
    let mut lines =
        vec![format!("command: {}", words.join(" ")), format!("cwd: {}", plain(&plan["cwd"]))];
    for (name, value) in plan["environment"]["set"].as_object().into_iter().flatten() {
        lines.push(format!("set: {name}={}", plain(value)));
    }
    for name in list(&plan["environment"]["removed"]) {
        lines.push(format!("unset: {}", plain(&name)));
    }
    lines.push(format!("claude version: {}", plain(&plan["claude_version"])));
    lines.push(format!(
        "session: {} ({})",
        plain(&plan["session"]["id"]),
        plain(&plan["session"]["mode"])
    ));
    lines.push(format!("job directory: {}", plain(&plan["places"]["job_directory"])));
    for (name, value) in plan["limits"].as_object().into_iter().flatten() {
        lines.push(format!("{name}: {}", plain(value)));
    }
    for (name, value) in plan["sandbox"].as_object().into_iter().flatten() {
        let label = if name == "sandbox" { "" } else { name };
        lines.push(format!("{}: {}", format!("sandbox {label}").trim(), plain(value)));
    }
    lines.push(format!("prompt, as sent on standard input:\n{}", plain(&plan["prompt"])));
    lines.join("\n")
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// One word for a POSIX shell.
fn quote(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:=@+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
