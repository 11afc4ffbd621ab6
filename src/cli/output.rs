//! Standard output is data, standard error is talk.

use std::io::{self, BufWriter, IsTerminal, Write};

use clap::ColorChoice;
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::render::text::{Colour, harmless};
use crate::world::World;

/// Where a command's words go.
pub(super) struct Output {
    quiet: bool,
    data_colour: Colour,
    talk_colour: Colour,
}

#[expect(clippy::unused_self, reason = "whoever has words has an Output: nothing else prints")]
impl Output {
    /// Each stream's terminal is judged by itself.
    pub(super) fn new(world: &World, choice: ColorChoice) -> Self {
        let colour = |is_terminal: bool| {
            let on = match choice {
                ColorChoice::Always => true,
                ColorChoice::Never => false,
                ColorChoice::Auto => wants_colour(world, is_terminal),
            };
            if on { Colour::On } else { Colour::Off }
        };
        Self {
            quiet: false,
            data_colour: colour(io::stdout().is_terminal()),
            talk_colour: colour(io::stderr().is_terminal()),
        }
    }

    /// Silences all talk but errors.
    pub(super) fn silence(&mut self) {
        self.quiet = true;
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    pub(super) fn data_colour(&self) -> Colour {
        self.data_colour
    }

    /// Writes data, byte for byte.
    pub(super) fn data(&mut self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()?;
        Ok(())
    }

    /// Writes data that ends with a newline.
    pub(super) fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.data(&format!("{}\n", text.strip_suffix('\n').unwrap_or(text)))
    }

    /// Writes a document as JSON piece by piece: a long one is never a text in memory.
    pub(super) fn document(&mut self, document: &impl Serialize) -> Result<(), Failure> {
        const PIECE: usize = 64 * 1024;
        let mut stdout = BufWriter::with_capacity(PIECE, io::stdout().lock());
        serde_json::to_writer_pretty(&mut stdout, document).map_err(io::Error::from)?;
        stdout.write_all(b"\n")?;
        stdout.flush()?;
        Ok(())
    }

    /// Says something on the side. A reader that has gone away misses it, and nothing else.
    pub(super) fn say(&mut self, text: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Says what went wrong with a job, also when asked to be quiet.
    pub(super) fn complain(&mut self, text: &str) {
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// Asks on the terminal; the answer comes on the same line.
    pub(super) fn ask(&mut self, question: &str) {
        let _ = write!(io::stderr(), "{question}");
        let _ = io::stderr().flush();
    }

    /// Draws over the current line of a terminal; an empty text wipes it.
    pub(super) fn redraw(&mut self, text: &str) {
        let _ = write!(io::stderr(), "\r\x1b[2K{text}");
        let _ = io::stderr().flush();
    }

    /// Says what went wrong and what to do, and gives the exit code.
    pub(super) fn fail(&mut self, failure: &Failure, as_json: bool) -> Exit {
        if as_json {
            let exit_code = failure.exit.code().into();
            let message = failure.sentence();
            let document = crate::render::json::error(
                failure.code,
                &message,
                failure.hint.as_deref(),
                exit_code,
            );
            if let Ok(text) = serde_json::to_string_pretty(&document) {
                let _ = self.line(&text);
            }
        } else {
            let label = self.talk_colour.paint(31, "error:");
            // Further lines stand below the first one's words.
            let sentence = harmless(&failure.sentence()).replace('\n', "\n       ");
            let _ = writeln!(io::stderr(), "{label} {sentence}");
            if let Some(hint) = failure.hint.as_deref().map(harmless) {
                let _ = writeln!(io::stderr(), "{} {hint}", self.talk_colour.paint(36, "hint:"));
            }
        }
        failure.exit
    }
}

/// `NO_COLOR`, `CLICOLOR_FORCE` and TERM=dumb, in this order, then the terminal.
fn wants_colour(world: &World, is_terminal: bool) -> bool {
    if world.variable("NO_COLOR").is_some() {
        return false;
    }
    if world.variable("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return true;
    }
    is_terminal && world.variable("TERM") != Some("dumb")
}
