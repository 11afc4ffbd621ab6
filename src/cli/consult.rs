//! `phone-opus consult`: ask, and either wait for the answer or take the job's id.

use std::path::PathBuf;

use super::ask::{self, Way};
use super::context::Context;
use super::manual::{Block, EXAMPLES_TITLE, Section};
use super::prompt::{self, Sources};
use super::wall::{check_wall, credential_file};
use super::{directory, dry_run};
use crate::config::{Config, EFFORTS, Flags, Limit, parse_count};
use crate::consult::request::{Request, Sandbox};
use crate::failure::{Exit, Failure};
use crate::job::id::JobId;
use crate::mcp::desk::Ask;
use crate::runner::program;
use crate::runner::submit::Submission;
use crate::world;

/// Ask for a second opinion and print the answer; with --bg, print the job's id at once
///
/// The adviser reads the directory and cannot change it. The answer alone goes to standard output.
/// Ctrl-C cancels the consult; closing the terminal does not. Text on standard input is put after
/// PROMPT as a marked block.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that is given or not")]
#[derive(Debug, Default, clap::Args)]
pub(super) struct Args {
    /// The question; `-` reads it from standard input
    prompt: Option<String>,
    /// Read the question from a file
    #[arg(long, value_name = "FILE", conflicts_with = "prompt")]
    prompt_file: Option<PathBuf>,
    /// Write or change the question in $VISUAL or $EDITOR
    #[arg(long)]
    edit: bool,
    /// Do not wait: print the job's id and return
    #[arg(long)]
    bg: bool,
    /// The directory to advise on, instead of the current one
    #[arg(long, value_name = "DIR")]
    cwd: Option<PathBuf>,
    /// Go on with a conversation: the session id of an earlier job
    #[arg(long, value_name = "ID", value_parser = parse_session)]
    session: Option<String>,
    /// The model, by name or alias
    #[arg(long, value_name = "M")]
    model: Option<String>,
    /// How hard to think
    #[arg(long, value_name = "E", value_parser = EFFORTS)]
    effort: Option<String>,
    /// Most turns
    #[arg(long, value_name = "N", value_parser = parse_count)]
    max_turns: Option<u32>,
    /// Most US dollars
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    max_budget_usd: Option<f64>,
    /// Longest time from start to answer, such as 90s or 20m; off for none
    #[arg(long, value_name = "D")]
    timeout: Option<Limit>,
    /// Longest silence of Claude Code; off for none
    #[arg(long, value_name = "D")]
    idle_timeout: Option<Limit>,
    /// Let the adviser search and fetch the web
    #[arg(long)]
    web: bool,
    /// A word to find the job by
    #[arg(long, value_name = "L")]
    label: Option<String>,
    /// Show what would be run, and start no consult
    #[arg(long)]
    dry_run: bool,
    /// Print the job as JSON instead of the answer or the id
    #[arg(long)]
    pub(super) json: bool,
    /// Say nothing on standard error but errors
    #[arg(long, short)]
    quiet: bool,
}

/// What the help and the man page say beyond the arguments.
pub(super) const MANUAL: &[Section] = &[Section {
    title: EXAMPLES_TITLE,
    blocks: &[Block::Code(&[
        r#"phone-opus consult "Is the locking in src/cache.rs sound?""#,
        r#"git diff | phone-opus consult "Review this change.""#,
        r#"id=$(phone-opus consult --bg "Why is start-up slow?")"#,
        r#"phone-opus wait "$id" && phone-opus job "$id" --response"#,
        r#"session=$(phone-opus job "$id" --json | jq -r .session.id)"#,
        r#"phone-opus consult --session "$session" "And if the lock is poisoned?""#,
    ])],
}];

fn parse_session(text: &str) -> Result<String, String> {
    let id = JobId::parse(&text.to_ascii_lowercase());
    id.map(|id| id.to_string()).ok_or_else(|| {
        "a session is named by its whole UUID; `phone-opus job ID --json=session` shows it"
            .to_owned()
    })
}

pub(super) fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    if args.quiet {
        context.output.silence();
    }
    let config = context.config(&flags(args))?;
    refuse_nesting(&config, context)?;
    let cwd = directory::to_advise_on(args.cwd.as_deref(), context)?;
    let sources = Sources {
        argument: args.prompt.as_deref(),
        file: args.prompt_file.as_deref(),
        edit: args.edit,
    };
    let prompt = prompt::read(&sources, context)?;
    let submission = submission(args, &config, prompt, cwd, context)?;
    check_wall(&submission.request, context)?;
    if args.dry_run {
        return dry_run::show(submission, &config, args.json, context);
    }
    ask::ask(submission, &config, Way { bg: args.bg, json: args.json }, context)
}

fn submission(
    args: &Args,
    config: &Config,
    prompt: String,
    cwd: String,
    context: &Context<'_>,
) -> Result<Submission, Failure> {
    Ok(Submission {
        job: JobId::new(world::new_id()),
        new_session: world::new_id().to_string(),
        request: request(args, config, prompt, cwd, context)?,
        caller: context.caller(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        retry_of: None,
    })
}

/// The same for what an MCP client asks: flags in another spelling.
pub(super) fn asked(ask: Ask, context: &mut Context<'_>) -> Result<(Config, Submission), Failure> {
    let session = ask.session.as_deref().map(parse_session).transpose().map_err(Failure::usage)?;
    let Ask { model, effort, max_turns, .. } = ask;
    let args = Args { session, model, effort, max_turns, ..Args::default() };
    let config = context.config(&flags(&args))?;
    refuse_nesting(&config, context)?;
    let cwd = directory::to_advise_on(ask.cwd.as_deref(), context)?;
    prompt::check(&ask.prompt)?;
    let submission = submission(&args, &config, ask.prompt, cwd, context)?;
    check_wall(&submission.request, context)?;
    Ok((config, submission))
}

fn flags(args: &Args) -> Flags {
    Flags {
        model: args.model.clone(),
        effort: args.effort.clone(),
        max_turns: args.max_turns,
        max_budget_usd: args.max_budget_usd,
        timeout: args.timeout,
        idle_timeout: args.idle_timeout,
        web: args.web.then_some(true),
    }
}

/// A consult that consults would spend money that nobody watches.
pub(super) fn refuse_nesting(config: &Config, context: &Context<'_>) -> Result<(), Failure> {
    let (depth, most) = (context.depth(), config.max_depth.value);
    if depth < most {
        return Ok(());
    }
    let message =
        format!("this already runs inside a consult (depth {depth}, and max_depth is {most})");
    Err(Failure::new(Exit::Usage, "nested", message)
        .hinted("Answer from what you can read yourself; a consult does not consult again."))
}

fn request(
    args: &Args,
    config: &Config,
    prompt: String,
    cwd: String,
    context: &Context<'_>,
) -> Result<Request, Failure> {
    let claude = program_path(config, context)?;
    let mut tools = config.tools.value.clone();
    if config.web.value {
        tools.extend(["WebFetch", "WebSearch"].map(str::to_owned));
    }
    let milliseconds =
        |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    Ok(Request {
        prompt,
        prefix: config.prefix.value.clone(),
        cwd,
        model: config.model.value.clone(),
        effort: config.effort.value.clone(),
        max_turns: config.max_turns.value,
        max_budget_usd: config.max_budget_usd.value,
        session_id: args.session.clone(),
        tools,
        web: config.web.value,
        label: args.label.clone(),
        timeout_ms: config.timeout.value.as_millis(),
        idle_timeout_ms: config.idle_timeout.value.as_millis(),
        grace_ms: milliseconds(config.grace.value),
        max_running: config.max_running.value,
        redact: config.redact.value,
        claude_bin: Some(claude),
        sandbox: Sandbox::of_name(&config.sandbox.value),
        credential_file: credential_file(config, context),
    })
}

/// The program, found before anything is queued, as a path that means the same in any directory.
pub(super) fn program_path(config: &Config, context: &Context<'_>) -> Result<String, Failure> {
    let configured = match &config.claude_bin.value {
        Some(name) if name.contains('/') => Some(absolute(name, context)),
        other => other.clone(),
    };
    let found = program::find(configured.as_deref(), &context.world.search_path())?;
    Ok(found.to_string_lossy().into_owned())
}

pub(super) fn absolute(name: &str, context: &Context<'_>) -> String {
    let path = match (name.strip_prefix("~/"), context.world.home()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(name),
    };
    match world::working_directory() {
        Ok(here) => here.join(path).to_string_lossy().into_owned(),
        Err(_) => path.to_string_lossy().into_owned(),
    }
}
