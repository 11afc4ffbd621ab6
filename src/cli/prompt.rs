//! The prompt: from an argument, a file, standard input, an editor, or several of them together.
#![expect(
    clippy::disallowed_methods,
    reason = "the user's own file and editor: they belong to no room below"
)]

use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use signal_hook::consts::{SIGINT, SIGQUIT};

use super::context::Context;
use crate::failure::{Exit, Failure};
use crate::runner::signals::Heard;
use crate::world;

/// Where the words come from.
pub(super) struct Sources<'a> {
    /// `-` means standard input.
    pub(super) argument: Option<&'a str>,
    pub(super) file: Option<&'a Path>,
    pub(super) edit: bool,
}

/// Largest prompt, bytes: Claude Code refuses more than 10 MB on its standard input, and what is put
/// before the prompt wants a little room.
const LARGEST: usize = 10_000_000 - 64 * 1024;

/// How long a pipe may stay silent before it is left alone: agents' shells hand down open ones.
const SILENCE: Duration = Duration::from_secs(3);

/// Reads the prompt. An empty one is an error, and so is one that is too large.
pub(super) fn read(sources: &Sources<'_>, context: &mut Context<'_>) -> Result<String, Failure> {
    let prompt = if sources.edit {
        let edited = edit(&given(sources, context)?, context)?;
        refuse_empty(&edited, "the edited prompt")?;
        edited
    } else {
        given(sources, context)?
    };
    refuse_too_large(prompt.len(), "the prompt")?;
    Ok(prompt)
}

/// Refuses a prompt that came whole and cannot be asked.
pub(super) fn check(prompt: &str) -> Result<(), Failure> {
    refuse_empty(prompt, "the prompt")?;
    refuse_too_large(prompt.len(), "the prompt")
}

/// What was given without an editor; empty only where one follows.
fn given(sources: &Sources<'_>, context: &mut Context<'_>) -> Result<String, Failure> {
    let (text, origin, beside_stdin) = match (sources.argument, sources.file) {
        (Some("-"), _) => (all_of_stdin()?, STDIN.to_owned(), false),
        (Some(argument), _) => (argument.to_owned(), "the prompt".to_owned(), true),
        (None, Some(file)) => {
            let origin = format!("the prompt file {}", file.display());
            (text_of(file, &origin)?, origin, true)
        }
        (None, None) if !io::stdin().is_terminal() => (all_of_stdin()?, STDIN.to_owned(), false),
        (None, None) if sources.edit => return Ok(String::new()),
        (None, None) => return Err(no_prompt()),
    };
    if !sources.edit {
        // Before standard input joins: material without a question is no consult.
        refuse_empty(&text, &origin)?;
    }
    if beside_stdin { with_stdin(text, context) } else { Ok(text) }
}

const STDIN: &str = "standard input";

fn no_prompt() -> Failure {
    Failure::new(Exit::Usage, "empty_prompt", "there is no prompt")
        .hinted("Give it as an argument, through a pipe, with --prompt-file, or with --edit.")
}

fn refuse_empty(text: &str, origin: &str) -> Result<(), Failure> {
    if !text.trim().is_empty() {
        return Ok(());
    }
    Err(Failure::new(Exit::Usage, "empty_prompt", format!("{origin} is empty"))
        .hinted("Say what you want a second opinion on: phone-opus consult \"…\"."))
}

fn refuse_too_large(bytes: usize, origin: &str) -> Result<(), Failure> {
    if bytes <= LARGEST {
        return Ok(());
    }
    let message =
        format!("{origin} is larger than {LARGEST} bytes, the most that Claude Code takes");
    Err(Failure::new(Exit::Usage, "prompt_too_large", message)
        .hinted("Name files instead of pasting them: the adviser can read the directory."))
}

/// Standard input beside a prompt: joined as a marked block, if there is anything in it.
fn with_stdin(prompt: String, context: &mut Context<'_>) -> Result<String, Failure> {
    if !may_carry_text() {
        return Ok(prompt);
    }
    if !speaks_within(SILENCE) {
        context.output.say(&format!(
            "warning: standard input is open and silent for {} s; it is left alone (close it, or use < /dev/null)",
            SILENCE.as_secs()
        ));
        return Ok(prompt);
    }
    let text = all_of_stdin()?;
    if text.trim().is_empty() {
        return Ok(prompt);
    }
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    Ok(format!("{prompt}\n\n<stdin>\n{text}{newline}</stdin>"))
}

/// A terminal is for the person, and a device such as /dev/null has nothing to say.
fn may_carry_text() -> bool {
    let Ok(meta) = fs::metadata("/dev/stdin") else { return false };
    let kind = meta.file_type();
    kind.is_file() || kind.is_fifo() || kind.is_socket()
}

/// Whether anything can be read, end of file included, within a time. Regular files always can.
fn speaks_within(limit: Duration) -> bool {
    let timeout = Timespec::try_from(limit).ok();
    let stdin = io::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    // An error here shows itself at the read.
    poll(&mut fds, timeout.as_ref()) != Ok(0)
}

fn all_of_stdin() -> Result<String, Failure> {
    text_from(io::stdin().lock(), STDIN)
}

fn text_of(file: &Path, origin: &str) -> Result<String, Failure> {
    let opened = fs::File::open(file).map_err(|error| unreadable(origin, error))?;
    text_from(opened, origin)
}

fn unreadable(origin: &str, error: io::Error) -> Failure {
    Failure::usage(format!("cannot read {origin}"))
        .caused_by(error)
        .hinted("Give the question as text, in a file that you may read or through a pipe.")
}

fn text_from(source: impl Read, origin: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    // One byte more than is allowed, so that too much is noticed and an endless stream ends.
    let limit = LARGEST as u64 + 1;
    source.take(limit).read_to_end(&mut bytes).map_err(|error| unreadable(origin, error))?;
    refuse_too_large(bytes.len(), origin)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::usage(format!("{origin} is not UTF-8 text (byte {at})"))
            .hinted("Convert it, for example with iconv.")
    })
}

/// Opens the user's editor on a private file and returns what was saved.
fn edit(start: &str, context: &Context<'_>) -> Result<String, Failure> {
    let name = format!("phone-opus-{}.md", world::new_id());
    let path = context.world.temporary_directory().join(name);
    let edited = Draft::create(path, start).and_then(|draft| {
        let editor = ["VISUAL", "EDITOR"].iter().find_map(|name| context.world.variable(name));
        run_editor(editor.unwrap_or("vi"), &draft.path)?;
        text_of(&draft.path, "the edited prompt")
    })?;
    Ok(edited)
}

/// A file that goes when it is done with.
struct Draft {
    path: PathBuf,
}

impl Draft {
    fn create(path: PathBuf, text: &str) -> Result<Self, Failure> {
        let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let draft = Self { path };
        match created.and_then(|mut file| file.write_all(text.as_bytes())) {
            Ok(()) => Ok(draft),
            Err(error) => {
                let message = format!("cannot write the draft {}", draft.path.display());
                Err(Failure::new(Exit::StateIo, "state_io", message).caused_by(error))
            }
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The variable may hold arguments, so a shell splits it, as git does.
fn run_editor(editor: &str, file: &Path) -> Result<(), Failure> {
    // Ctrl-C in an editor means something to the editor; we would leave the draft behind.
    let _deaf = Heard::listen(&[SIGINT, SIGQUIT])?;
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("{editor} \"$1\""), "editor"]).arg(file);
    match at_the_terminal(&mut command).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::usage(format!("the editor `{editor}` failed ({status})"))
            .hinted("Nothing was asked. Set VISUAL or EDITOR to an editor that waits.")),
        Err(error) => Err(Failure::usage("cannot run a shell for the editor").caused_by(error)),
    }
}

/// An editor wants the terminal, also where our own input is a pipe that has been read and our own
/// output is for the answer alone.
fn at_the_terminal(command: &mut Command) -> &mut Command {
    let terminal = || OpenOptions::new().read(true).write(true).open("/dev/tty").ok();
    if !io::stdin().is_terminal() {
        command.stdin(terminal().map_or_else(Stdio::null, Stdio::from));
    }
    if !io::stdout().is_terminal() {
        command.stdout(terminal().map_or_else(|| io::stderr().into(), Stdio::from));
    }
    command
}
