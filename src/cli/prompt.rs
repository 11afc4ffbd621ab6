//! The prompt: from an argument, a file, standard input, an editor, or several of them together.

use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::context::Context;
use crate::failure::{Exit, Failure};
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

/// Reads the prompt. An empty one is an error.
pub(super) fn read(sources: &Sources<'_>, context: &mut Context<'_>) -> Result<String, Failure> {
    let given = match (sources.argument, sources.file) {
        (Some("-"), _) => Some(all_of_stdin()?),
        (Some(argument), _) => Some(with_stdin(argument, context)?),
        (None, Some(file)) => Some(with_stdin(&text_of(file)?, context)?),
        (None, None) if sources.edit && io::stdin().is_terminal() => None,
        (None, None) if io::stdin().is_terminal() => return Err(no_prompt()),
        (None, None) => Some(all_of_stdin()?),
    };
    let prompt = if sources.edit {
        edit(&given.unwrap_or_default(), context)?
    } else {
        given.unwrap_or_default()
    };
    if prompt.trim().is_empty() {
        return Err(Failure::new(Exit::Usage, "empty_prompt", "the prompt is empty")
            .hinted("Say what you want a second opinion on: phone-opus consult \"…\"."));
    }
    if prompt.len() > LARGEST {
        let message = format!(
            "the prompt has {} bytes, and Claude Code takes {LARGEST} at most",
            prompt.len()
        );
        return Err(Failure::new(Exit::Usage, "prompt_too_large", message)
            .hinted("Name files instead of pasting them: the adviser can read the directory."));
    }
    Ok(prompt)
}

fn no_prompt() -> Failure {
    Failure::new(Exit::Usage, "empty_prompt", "there is no prompt")
        .hinted("Give it as an argument, through a pipe, with --prompt-file, or with --edit.")
}

/// Standard input beside a prompt: joined as a marked block, if there is anything in it.
fn with_stdin(prompt: &str, context: &mut Context<'_>) -> Result<String, Failure> {
    if !may_carry_text() {
        return Ok(prompt.to_owned());
    }
    if !speaks_within(SILENCE) {
        context.output.say(&format!(
            "warning: standard input is open and silent for {} s; it is left alone (close it, or use < /dev/null)",
            SILENCE.as_secs()
        ));
        return Ok(prompt.to_owned());
    }
    let text = all_of_stdin()?;
    if text.trim().is_empty() {
        return Ok(prompt.to_owned());
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
    let mut bytes = Vec::new();
    // One byte more than is allowed, so that too much is noticed and an endless stream ends.
    let limit = LARGEST as u64 + 1;
    io::stdin().lock().take(limit).read_to_end(&mut bytes).map_err(|error| {
        Failure::new(Exit::Usage, "stdin", "cannot read standard input").caused_by(error)
    })?;
    to_text(bytes, "standard input")
}

fn text_of(file: &Path) -> Result<String, Failure> {
    let name = file.display().to_string();
    let bytes = fs::read(file).map_err(|error| {
        Failure::usage(format!("cannot read the prompt file {name}")).caused_by(error)
    })?;
    to_text(bytes, &name)
}

fn to_text(bytes: Vec<u8>, origin: &str) -> Result<String, Failure> {
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
        text_of(&draft.path)
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
    let status = Command::new("/bin/sh")
        .args(["-c", &format!("{editor} \"$1\""), "editor"])
        .arg(file)
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::usage(format!("the editor `{editor}` ended with {status}"))
            .hinted("Nothing was asked. Set VISUAL or EDITOR to an editor that waits.")),
        Err(error) => Err(Failure::usage("cannot run a shell for the editor").caused_by(error)),
    }
}
