//! One man page: `clap_mangen`'s sections for what clap knows, our own for the rest.

use clap::{Arg, Command};
use clap_mangen::Man;

use super::ends;
use crate::cli::manual::{self, Block, Section};

/// The day of the text, not of the build: a page must come out the same on every day.
pub(super) const DATE: &str = "2026-11-23";

/// The page of the program.
pub(super) fn program(program: &Command, sections: &[Section]) -> String {
    let command = program
        .clone()
        .subcommand_help_heading("COMMANDS")
        .override_usage("phone-opus [OPTIONS] COMMAND ...")
        .mut_args(with_values_in_words);
    let man = man(command, "PHONE-OPUS");
    let mut page = head(&man);
    page += &rendered(|out| man.render_subcommands_section(out));
    page += &rendered(|out| man.render_options_section(out));
    page += &ours(sections);
    let names: Vec<&str> = command_names(program).collect();
    page += &see_also("", &names);
    tidy(&page)
}

/// The commands that are told of.
pub(super) fn command_names(program: &Command) -> impl Iterator<Item = &str> {
    program.get_subcommands().map(Command::get_name)
}

/// The page of one command; `names` are all commands.
pub(super) fn command(command: &Command, sections: &[Section], names: &[&str]) -> String {
    let name = command.get_name();
    let title = format!("phone-opus-{name}");
    // The names of a command are static in clap; the tests leak a few bytes for that.
    let display: &'static str = Box::leak(title.clone().into_boxed_str());
    let own: String = command.get_subcommands().map(below).collect();
    let usage = usage(&mut command.clone());
    let command = command
        .clone()
        .name(display)
        .display_name(display)
        .bin_name(format!("phone-opus {name}"))
        .long_about(sentences(command))
        .override_usage(usage)
        .mut_args(with_values_in_words);
    let man = man(command, &title.to_uppercase());
    let mut page = head(&man);
    if !own.is_empty() {
        page += ".SH COMMANDS\n";
        page += &own;
    }
    page += &rendered(|out| man.render_options_section(out));
    page += &in_order(name, sections);
    page += &see_also(name, names);
    tidy(&page)
}

/// What a command is for, each paragraph as whole sentences.
fn sentences(command: &Command) -> String {
    let about = command.get_long_about().or(command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    let paragraphs = about.split("\n\n").map(|text| format!("{}.", text.trim_end_matches('.')));
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

/// A command's own sections and what is common to all pages, in the order that manuals have.
fn in_order(name: &str, sections: &[Section]) -> String {
    const LAST: [&str; 4] = ["Exit status", "Files", "Environment", manual::EXAMPLES_TITLE];
    let own = |title: &str| sections.iter().any(|section| section.title == title);
    let mut parts: Vec<(&str, String)> =
        sections.iter().map(|section| (section.title, ours([section]))).collect();
    parts.push((LAST[0], ends::exit_status(name)));
    let common = manual::COMMON.iter().filter(|section| !own(section.title));
    parts.extend(common.map(|section| (section.title, ends::common(name, section))));
    parts.sort_by_key(|(title, _)| {
        LAST.iter().position(|last| last == title).map_or(0, |at| at + 1)
    });
    parts.into_iter().map(|(_, text)| text).collect()
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

/// A command below the page's own: how it is called, what it does, and its arguments.
fn below(command: &Command) -> String {
    let usage = usage(&mut command.clone().bin_name(command.get_name().to_owned()));
    let about = command.get_long_about().or(command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    let told = |argument: &&Arg| {
        !argument.is_hide_set() && !argument.is_global_set() && argument.get_id() != "help"
    };
    let arguments: String = command.get_arguments().filter(told).map(argument).collect();
    let arguments = if arguments.is_empty() { arguments } else { format!(".RS\n{arguments}.RE\n") };
    definition(&usage, &about.replace("\n\n", ". ")) + &arguments
}

fn argument(argument: &Arg) -> String {
    let argument = with_values_in_words(argument.clone());
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    definition(argument.to_string().trim_matches(['[', ']']), &help)
}

/// All other pages; without a name they are those that the program's own page names.
pub(super) fn see_also(name: &str, names: &[&str]) -> String {
    let program = (!name.is_empty()).then(|| "\\fBphone\\-opus\\fR(1)".to_owned());
    let others = names.iter().filter(|other| **other != name);
    let pages = others.map(|other| format!("\\fBphone\\-opus\\-{other}\\fR(1)"));
    let settings =
        (name != super::settings::NAME).then(|| "\\fBphone\\-opus\\-config\\fR(5)".to_owned());
    let pages: Vec<String> = program.into_iter().chain(pages).chain(settings).collect();
    format!(".SH SEE ALSO\n{}\n", pages.join(",\n"))
}

pub(super) fn ours<'a>(sections: impl IntoIterator<Item = &'a Section>) -> String {
    let section = |Section { title, blocks }: &Section| {
        let mut text = format!(".SH {}\n", title.to_uppercase());
        for (at, block) in blocks.iter().enumerate() {
            text += &roff(block, at == 0);
        }
        text
    };
    sections.into_iter().map(section).collect()
}

fn roff(block: &Block, is_first: bool) -> String {
    let paragraph = if is_first { "" } else { ".PP\n" };
    match block {
        Block::Text(text) => format!("{paragraph}{}\n", escape(text)),
        Block::Code(lines) => {
            let lines: Vec<String> = lines.iter().map(|line| escape(line)).collect();
            format!("{paragraph}.nf\n{}\n.fi\n", lines.join("\n"))
        }
        Block::Terms(terms) => terms.iter().map(|(term, meaning)| nested(term, meaning)).collect(),
    }
}

/// A term that is set off by blanks stands below the one before it.
pub(super) fn nested(term: &str, meaning: &str) -> String {
    let text = definition(term.trim(), meaning);
    if term.starts_with(' ') { format!(".RS\n{text}.RE\n") } else { text }
}

pub(super) fn definition(term: &str, meaning: &str) -> String {
    format!(".TP\n\\fB{}\\fR\n{}\n", escape(term), escape(meaning))
}

/// Text in which roff sees no command, and which can be copied as it stands.
pub(super) fn escape(text: &str) -> String {
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
pub(super) fn tidy(text: &str) -> String {
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
