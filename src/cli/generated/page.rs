//! One man page: `clap_mangen`'s sections for what clap knows, our own for the rest.

use clap::{Arg, Command};
use clap_mangen::Man;

use crate::cli::manual::{Block, ENVIRONMENT_TITLE, Section};
use crate::config::KEYS;

/// The day of the text, not of the build: a page must come out the same on every day.
const DATE: &str = "2026-11-23";

/// The page of the program.
pub(super) fn program(command: &Command, sections: &[Section]) -> String {
    let command = command
        .clone()
        .subcommand_help_heading("COMMANDS")
        .override_usage("phone-opus [OPTIONS] COMMAND ...")
        .mut_args(with_values_in_words);
    let man = man(command, "PHONE-OPUS");
    let mut page = head(&man);
    page += &rendered(|out| man.render_subcommands_section(out));
    page += &rendered(|out| man.render_options_section(out));
    page += &ours(sections);
    page += ".SH SEE ALSO\n\\fBphone\\-opus\\-consult\\fR(1)\n";
    tidy(&page)
}

/// The page of one command; `names` are all commands.
pub(super) fn command(command: &Command, sections: &[Section], names: &[&str]) -> String {
    let name = command.get_name();
    let title = format!("phone-opus-{name}");
    // The names of a command are static in clap; the tests leak a few bytes for that.
    let display: &'static str = Box::leak(title.clone().into_boxed_str());
    let own: Vec<(String, String)> = command.get_subcommands().map(term_of).collect();
    let usage = usage(&mut command.clone());
    let command = command
        .clone()
        .name(display)
        .display_name(display)
        .bin_name(format!("phone-opus {name}"))
        .override_usage(usage)
        .mut_args(with_values_in_words);
    let man = man(command, &title.to_uppercase());
    let mut page = head(&man);
    if !own.is_empty() {
        page += ".SH COMMANDS\n";
        page += &own.iter().map(|(term, meaning)| definition(term, meaning)).collect::<String>();
    }
    page += &rendered(|out| man.render_options_section(out));
    page += ".SH EXIT STATUS\nAs told in \\fBphone\\-opus\\fR(1).\n";
    page += &ours(sections);
    page += &see_also(name, names);
    tidy(&page)
}

fn man(command: Command, title: &str) -> Man {
    Man::new(command)
        .title(title)
        .section("1")
        .date(DATE)
        .source(concat!("phone-opus ", env!("CARGO_PKG_VERSION")))
        .manual("phone-opus manual")
}

fn head(man: &Man) -> String {
    rendered(|out| man.render_title(out))
        + &rendered(|out| man.render_name_section(out))
        + &rendered(|out| man.render_synopsis_section(out))
        + &rendered(|out| man.render_description_section(out))
}

/// clap's usage on one line: what it says first, without the word "Usage".
fn usage(command: &mut Command) -> String {
    let usage = command.render_usage().to_string();
    let forms = usage.trim_start_matches("Usage:").lines().map(str::trim);
    forms.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn rendered(render: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut text = Vec::new();
    render(&mut text).expect("writing to memory");
    let text = String::from_utf8(text).expect("pages are text");
    // Each part defines the apostrophe anew; the title has done so for all.
    match text.split_once("\n.SH") {
        Some((_, section)) => format!(".SH{section}"),
        None => text,
    }
}

/// A list of values as words of the sentence: the generator would give each a paragraph.
fn with_values_in_words(argument: Arg) -> Arg {
    let values = argument.get_possible_values();
    let names: Vec<&str> = values.iter().map(clap::builder::PossibleValue::get_name).collect();
    let ([before @ .., last], true) =
        (names.as_slice(), argument.get_num_args().is_some_and(|n| n.takes_values()))
    else {
        return argument;
    };
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let help = format!("{help}: {} or {last}", before.join(", "));
    argument.help(help).hide_possible_values(true)
}

fn term_of(command: &Command) -> (String, String) {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    (command.get_name().to_owned(), about)
}

fn see_also(name: &str, names: &[&str]) -> String {
    let others = names.iter().filter(|other| **other != name);
    let pages = others.map(|other| format!("\\fBphone\\-opus\\-{other}\\fR(1)"));
    let pages: Vec<String> =
        std::iter::once("\\fBphone\\-opus\\fR(1)".to_owned()).chain(pages).collect();
    format!(".SH SEE ALSO\n{}\n", pages.join(",\n"))
}

fn ours(sections: &[Section]) -> String {
    let section = |Section { title, blocks }: &Section| {
        let mut text = format!(".SH {}\n", title.to_uppercase());
        for (at, block) in blocks.iter().enumerate() {
            text += &roff(block, at == 0);
        }
        if *title == ENVIRONMENT_TITLE {
            text += &KEYS.iter().map(|key| definition(&key.env(), key.doc)).collect::<String>();
        }
        text
    };
    sections.iter().map(section).collect()
}

fn roff(block: &Block, is_first: bool) -> String {
    let paragraph = if is_first { "" } else { ".PP\n" };
    match block {
        Block::Text(text) => format!("{paragraph}{}\n", escape(text)),
        Block::Code(lines) => {
            let lines: Vec<String> = lines.iter().map(|line| escape(line)).collect();
            format!("{paragraph}.nf\n{}\n.fi\n", lines.join("\n"))
        }
        Block::Terms(terms) => {
            terms.iter().map(|(term, meaning)| definition(term.trim(), meaning)).collect()
        }
    }
}

fn definition(term: &str, meaning: &str) -> String {
    format!(".TP\n\\fB{}\\fR\n{}\n", escape(term), escape(meaning))
}

/// Text in which roff sees no command, and which can be copied as it stands.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\\' => escaped += "\\e",
            '-' => escaped += "\\-",
            '\'' => escaped += "\\(aq",
            '`' => escaped += "\\(ga",
            '^' => escaped += "\\(ha",
            '~' => escaped += "\\(ti",
            other => escaped.push(other),
        }
    }
    if escaped.starts_with('.') { format!("\\&{escaped}") } else { escaped }
}

/// The generator leaves blanks at line ends, breaks before nothing and lines of any length, which
/// the linters refuse.
fn tidy(text: &str) -> String {
    let lines: Vec<&str> =
        text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let mut is_code = false;
    let mut kept = String::new();
    for (at, line) in lines.iter().enumerate() {
        let next = lines.get(at + 1).copied().unwrap_or(".SH");
        if *line == ".br" && next.starts_with('.') {
            continue;
        }
        is_code = (is_code || *line == ".nf") && *line != ".fi";
        kept += &if is_code || line.starts_with('.') { (*line).to_owned() } else { wrap(line) };
        kept.push('\n');
    }
    kept
}

/// Breaks a line of text between words; no line begins with what roff takes for a command.
fn wrap(text: &str) -> String {
    const WIDTH: usize = 80;
    let mut wrapped = String::new();
    let mut length = 0;
    for word in text.split(' ') {
        if length > 0 && length + 1 + word.len() > WIDTH && !word.starts_with(['.', '\'']) {
            wrapped.push('\n');
            length = 0;
        } else if length > 0 {
            wrapped.push(' ');
            length += 1;
        }
        wrapped += word;
        length += word.len();
    }
    wrapped
}

#[test]
fn roff_sees_no_command_in_text() {
    assert_eq!(escape("it's `-x` \\n ~/.a"), "it\\(aqs \\(ga\\-x\\(ga \\en \\(ti/.a");
    assert_eq!(escape(".SH"), "\\&.SH");
}
