//! Man pages and shell completions follow from the clap definition. They are checked in, because a
//! package must not run the program to build itself, and this keeps them in step.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_complete::Shell;

use super::Cli;

/// Set to rewrite the files instead of comparing them.
const UPDATE: &str = "PHONE_OPUS_TEST_UPDATE";

#[test]
fn man_pages_are_in_step() {
    let program = program();
    keep("man/phone-opus.1", &page(&program));
    for command in program.get_subcommands() {
        let name = format!("phone-opus-{}", command.get_name());
        // A page's names are static in clap; the tests leak a few bytes for that.
        let display: &'static str = Box::leak(name.clone().into_boxed_str());
        let command = command
            .clone()
            .name(display)
            .bin_name(name.replacen('-', " ", 2).replace("phone opus", "phone-opus"));
        keep(&format!("man/{name}.1"), &page(&command));
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
        keep(file, &tidy(&String::from_utf8(script).expect("scripts are text")));
    }
}

/// The definition without what is hidden.
fn program() -> Command {
    let whole = Cli::command();
    let hidden = |command: &&Command| command.is_hide_set();
    let names: Vec<String> =
        whole.get_subcommands().filter(hidden).map(|c| c.get_name().to_owned()).collect();
    assert_eq!(names, ["__run", "__exec"]);
    let mut program = Command::new("phone-opus");
    program = copy_without_hidden(&whole, program);
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
    if let Some(help) = whole.get_after_long_help() {
        copy = copy.after_long_help(help.clone());
    }
    copy = copy.subcommand_required(true).disable_help_subcommand(true);
    copy = copy.args(whole.get_arguments().filter(|a| !a.is_hide_set()).cloned());
    copy.subcommands(whole.get_subcommands().filter(|c| !c.is_hide_set()).cloned())
}

fn page(command: &Command) -> String {
    let name = command.get_name().to_uppercase();
    let man = clap_mangen::Man::new(command.clone())
        .title(name)
        .section("1")
        .date("2026-11-23")
        .source(concat!("phone-opus ", env!("CARGO_PKG_VERSION")))
        .manual("phone-opus manual");
    let mut text = Vec::new();
    man.render(&mut text).expect("writing to memory");
    tidy(&String::from_utf8(text).expect("pages are text"))
}

/// The generators leave blanks at line ends and breaks before nothing, which the linters refuse.
fn tidy(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut kept: Vec<&str> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let next = lines.get(at + 1).copied().unwrap_or(".SH");
        let stray_break = *line == ".br" && (next.starts_with('.') || next.is_empty());
        if !stray_break {
            kept.push(line);
        }
    }
    kept.join("\n") + "\n"
}

fn keep(name: &str, text: &str) {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if crate::world::World::read().variable(UPDATE).is_some() {
        fs::create_dir_all(path.parent().expect("a file has a directory")).expect("made");
        fs::write(&path, text).expect("written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "{name} is out of step; {UPDATE}=1 cargo test generated:: rewrites it");
}
