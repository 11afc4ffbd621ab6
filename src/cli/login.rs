//! `phone-opus login`: a login of its own for the adviser.

use std::path::PathBuf;

use super::consult::program_path;
use super::context::Context;
use super::manual::{Block, Section};
use crate::config::Flags;
use crate::failure::{Exit, Failure};
use crate::runner::own_login::login;

/// Log the adviser in in a home of its own, so that it may be given a shell
///
/// Claude Code's own login runs, and what it stores stays below the state directory. Your own login is
/// not touched, copied or shared.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Use the Anthropic Console (billed by use) instead of a subscription
    #[arg(long)]
    console: bool,
    /// Log in with single sign-on
    #[arg(long)]
    sso: bool,
    /// Fill in the address on the login page
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
}

/// What the help and the man page say beyond the arguments.
pub(super) const MANUAL: &[Section] = &[WHY, EXAMPLES];

const EXAMPLES: Section = Section {
    title: "Examples",
    blocks: &[Block::Code(&[
        "phone-opus login",
        "phone-opus login --console",
        "phone-opus consult --dry-run \"Is it sound?\" | grep ^sandbox   # may it have a shell now?",
    ])],
};

const WHY: Section = Section {
    title: "Why",
    blocks: &[
        Block::Text(
            "An adviser in your own home is offered no shell: what can write there could write hooks \
             that run later, outside of any sandbox. One whose credentials need no home is: a key in \
             the environment, or the file that credentials.token_file or credentials.key_file names. \
             This command is the third way.",
        ),
        Block::Text(
            "A shell does not see the conversations of other advisers: each has a home of its own. Those \
             by this login run in one home, and share its login and .claude.json alone; without \
             bubblewrap they have no shell. Variables whose name or value looks like a secret are not \
             passed on, but for those by which Claude Code itself asks.",
        ),
        Block::Text(
            "Whatever else is in that home goes first, but for conversations, because an adviser may \
             have written it. Remove the directory claude below the state directory to log out.",
        ),
    ],
};

pub(super) fn run(args: &Args, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let config = context.config(&Flags::default())?;
    let program = PathBuf::from(program_path(&config, context)?);
    let state = context.create_state(&config)?;
    let mut words: Vec<String> = Vec::new();
    words.extend(args.console.then(|| "--console".to_owned()));
    words.extend(args.sso.then(|| "--sso".to_owned()));
    words.extend(args.email.iter().flat_map(|email| ["--email".to_owned(), email.clone()]));
    if login(&state, &program, &words, &context.world.variables())? {
        context.output.say("Logged in. Consults use this login unless other credentials are set.");
        return Ok(Exit::Succeeded);
    }
    let message = "Claude Code's login ended, and nobody is logged in";
    Err(Failure::new(Exit::Authentication, "auth_required", message).hinted(
        "Try again; `claude setup-token` with credentials.token_file needs no browser here.",
    ))
}
