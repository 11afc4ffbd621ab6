//! Man pages and shell completions follow from the clap definition and from [`super::manual`], the
//! schema of the configuration file and its man page from the table of keys. They are checked in,
//! because a package must not run the program to build itself, and this keeps them in step.
#![expect(clippy::disallowed_methods, reason = "a test that reads and writes checked-in files")]

mod ends;
mod page;
mod settings;

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_complete::Shell;

use super::{Cli, manual, sections};

/// Set to rewrite the files instead of comparing them.
const UPDATE: &str = "PHONE_OPUS_TEST_UPDATE";

#[test]
fn man_pages_are_in_step() {
    let program = program();
    let names: Vec<&str> = page::command_names(&program).collect();
    keep("man/phone-opus.1", &page::program(&program, manual::PROGRAM));
    for command in program.get_subcommands() {
        let name = command.get_name();
        let page = page::command(command, sections(name), &names);
        keep(&format!("man/phone-opus-{name}.1"), &page);
    }
    keep("man/phone-opus-config.5", &settings::page(&names));
    let pages = fs::read_dir(repository().join("man")).expect("there");
    let pages: Vec<PathBuf> = pages.map(|page| page.expect("an entry").path()).collect();
    assert_eq!(pages.len(), names.len() + 2, "man/ holds a page of a command that is gone");
    for page in &pages {
        assert_whole(page);
    }
}

#[test]
fn completions_are_in_step() {
    for (shell, file) in [
        (Shell::Bash, "completions/phone-opus.bash"),
        (Shell::Zsh, "completions/_phone-opus"),
        (Shell::Fish, "completions/phone-opus.fish"),
    ] {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut program(), "phone-opus", &mut script);
        let script = String::from_utf8(script).expect("scripts are text");
        let lines: Vec<&str> = script.lines().map(str::trim_end).collect();
        keep(file, &(lines.join("\n") + "\n"));
    }
}

#[test]
fn the_readme_tells_every_exit_code_and_names_only_commands_and_flags_that_there_are() {
    let readme = fs::read_to_string(repository().join("README.md")).expect("it is there");
    for (code, meaning) in manual::EXIT_CODES {
        assert!(readme.contains(&format!("| {code} | {meaning} |")), "{code}: {meaning}");
    }
    let lines = readme.lines().filter(|line| line.starts_with("    "));
    for line in lines.filter(|line| line.contains("phone-opus ")) {
        for call in line.split("phone-opus ").skip(1) {
            assert_is_a_call(call, line);
        }
    }
}

/// Looks only at the words that could be a command or its flags.
#[track_caller]
fn assert_is_a_call(call: &str, line: &str) {
    let program = program();
    let words = call.split(['|', ')', ';', '#', '"']).next().unwrap_or_default();
    let mut words = words.split_whitespace();
    let Some(name) = words.next().filter(|word| !word.starts_with('-')) else { return };
    let command = program.find_subcommand(name);
    let command = command.unwrap_or_else(|| panic!("no command {name}: {line}"));
    for flag in words.filter_map(|word| word.strip_prefix("--")) {
        let flag = flag.split('=').next().unwrap_or_default();
        let known = command.get_arguments().any(|argument| argument.get_long() == Some(flag));
        assert!(known, "no flag --{flag}: {line}");
    }
}

#[test]
fn the_schema_of_the_configuration_file_is_in_step() {
    let text = serde_json::to_string_pretty(&crate::config::schema()).expect("JSON");
    keep("schemas/config-file.json", &(text + "\n"));
}

/// A page says how to use what it is about, how that ends and what it reads. A file does not end, and
/// schemas are read from no file.
fn assert_whole(path: &Path) {
    let text = fs::read_to_string(path).expect("text");
    for title in ["EXAMPLES", "EXIT STATUS", "FILES", "ENVIRONMENT", "SEE ALSO"] {
        let is_there = text.lines().any(|line| line == format!(".SH {title}"));
        let is_left_out = match title {
            "EXIT STATUS" => path.extension().is_some_and(|section| section == "5"),
            "FILES" => path.ends_with("phone-opus-schema.1"),
            _ => false,
        };
        assert!(is_there != is_left_out, "{}: {title}", path.display());
    }
}

/// The definition without what is hidden.
fn program() -> Command {
    let whole = manual::attach(Cli::command());
    let hidden = |command: &&Command| command.is_hide_set();
    let names: Vec<String> =
        whole.get_subcommands().filter(hidden).map(|c| c.get_name().to_owned()).collect();
    assert_eq!(names, ["__run", "__look", "__exec"]);
    let mut program = copy_without_hidden(&whole, Command::new("phone-opus"));
    program.build();
    program
}

fn copy_without_hidden(whole: &Command, empty: Command) -> Command {
    let mut copy = empty.version(env!("CARGO_PKG_VERSION"));
    if let Some(about) = whole.get_about() {
        copy = copy.about(about.clone());
    }
    if let Some(about) = whole.get_long_about() {
        copy = copy.long_about(about.clone());
    }
    copy = copy.subcommand_required(true).disable_help_subcommand(true);
    copy = copy.args(whole.get_arguments().filter(|a| !a.is_hide_set()).cloned());
    copy.subcommands(whole.get_subcommands().filter(|c| !c.is_hide_set()).cloned())
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn keep(name: &str, text: &str) {
    let path: PathBuf = repository().join(name);
    if crate::world::World::read().variable(UPDATE).is_some() {
        fs::create_dir_all(path.parent().expect("a file has a directory")).expect("made");
        fs::write(&path, text).expect("written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "{name} is out of step; {UPDATE}=1 cargo test generated:: rewrites it");
}
