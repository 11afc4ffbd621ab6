//! How a file looks: it says what it is for, it is short, and it names no machine.

use super::source::{functions, test_files, without_tests};
use super::{File, assert_none, repository};

/// Most lines of a file, its tests left out: of the program, and of the tools of its tests.
const LONGEST_SOURCE: usize = 250;
const LONGEST_EXAMPLE: usize = 300;

/// Most lines of a function, tests and examples included.
const LONGEST_FUNCTION: usize = 70;

/// Files that may be longer, and why.
const LONG_FILES: [(&str, &str); 1] =
    [("examples/fake-claude.rs", "a list of faults, each of which is read beside the others")];

#[test]
fn every_source_file_says_what_it_promises() {
    assert_none(&undocumented(&repository()));
}

#[test]
fn files_are_short() {
    assert_none(&long_files(&repository(), &LONG_FILES));
}

#[test]
fn functions_are_short() {
    assert_none(&long_functions(&repository()));
}

#[test]
fn no_line_ends_with_a_blank_and_every_file_with_a_newline() {
    assert_none(&blanks(&repository()));
}

#[test]
fn no_file_names_a_place_on_somebodys_machine() {
    assert_none(&machine_paths(&repository()));
}

fn undocumented(files: &[File]) -> Vec<String> {
    let sources = files.iter().filter(|file| file.is_rust());
    let silent = sources.filter(|file| !file.text.starts_with("//! "));
    silent.map(|file| format!("{} does not begin with //!", file.path)).collect()
}

fn long_files(files: &[File], exceptions: &[(&str, &str)]) -> Vec<String> {
    let tests = test_files(files);
    let sources = files.iter().filter(|file| file.is_rust() && !tests.contains(&file.path));
    let long: Vec<(&str, usize)> = sources
        .map(|file| (file.path.as_str(), without_tests(&file.text).lines().count()))
        .filter(|(path, lines)| *lines > most(path))
        .collect();
    let new = long
        .iter()
        .filter(|(path, _)| !exceptions.iter().any(|(known, _)| known == path))
        .map(|(path, lines)| format!("{path} has {lines} lines, and {} is the most", most(path)));
    let old = exceptions
        .iter()
        .filter(|(known, _)| !long.iter().any(|(path, _)| path == known))
        .map(|(known, _)| format!("{known} needs no exception any more"));
    new.chain(old).collect()
}

fn most(path: &str) -> usize {
    if path.starts_with("examples/") { LONGEST_EXAMPLE } else { LONGEST_SOURCE }
}

fn long_functions(files: &[File]) -> Vec<String> {
    let of_file = |file: &File| {
        let long = functions(&file.text).into_iter().filter(|(_, lines)| *lines > LONGEST_FUNCTION);
        let say = |(name, lines)| format!("{}: {name} has {lines} lines", file.path);
        long.map(say).collect::<Vec<_>>()
    };
    files.iter().filter(|file| file.is_rust()).flat_map(of_file).collect()
}

/// What a program has written stands as it was written.
const RECORDED: [&str; 3] = ["tests/logs/", "tests/streams/", "fuzz/corpus/"];

fn blanks(files: &[File]) -> Vec<String> {
    let of_file = |file: &File| {
        let lines = file.text.lines().enumerate();
        let blank = lines.filter(|(_, line)| line.ends_with([' ', '\t', '\r']));
        let mut said: Vec<String> =
            blank.map(|(at, _)| format!("{}:{}: a blank at the end", file.path, at + 1)).collect();
        if !file.text.is_empty() && !file.text.ends_with('\n') {
            said.push(format!("{}: no newline at the end", file.path));
        }
        said
    };
    let is_written = |file: &&File| !RECORDED.iter().any(|place| file.path.starts_with(place));
    files.iter().filter(is_written).flat_map(of_file).collect()
}

/// Absolute paths that only one machine has: homes of people, and places where things were built.
fn machine_paths(files: &[File]) -> Vec<String> {
    let of_file = |file: &File| {
        let lines = file.text.lines().enumerate();
        let wrong =
            lines.filter(|(_, line)| line.match_indices('/').any(|(at, _)| leaks(line, at)));
        let say = |(at, _)| format!("{}:{}: a path of one machine", file.path, at + 1);
        wrong.map(say).collect::<Vec<_>>()
    };
    files.iter().flat_map(of_file).collect()
}

/// Whether an absolute path begins here that names a machine.
fn leaks(line: &str, at: usize) -> bool {
    /// People who are in examples only.
    const NOBODY: [&str; 3] = ["u", "user", "you"];
    let within = |c: char| c.is_alphanumeric() || "_-./~}$)*<>".contains(c);
    if line[..at].ends_with(within) {
        return false;
    }
    let end = |c: char| !c.is_alphanumeric() && !"_-./".contains(c);
    let path = line[at..].split(end).next().unwrap_or_default();
    let mut names = path.split('/').skip(1);
    match (names.next(), names.next()) {
        (Some("root" | "work" | "workspace"), _) => true,
        (Some("home" | "Users"), Some(who)) => !who.is_empty() && !NOBODY.contains(&who),
        (Some("tmp"), Some(what)) => {
            ["dev", "t-", "nix-", "build"].iter().any(|p| what.starts_with(p))
        }
        _ => false,
    }
}

#[test]
fn a_file_without_a_word_about_itself_is_refused() {
    let files = [File::new("src/a.rs", "//! A.\n"), File::new("src/b.rs", "use a;\n")];
    assert_eq!(undocumented(&files), ["src/b.rs does not begin with //!"]);
}

#[test]
fn a_long_file_and_a_needless_exception_are_refused_and_tests_do_not_count() {
    let long = "//\n".repeat(LONGEST_SOURCE + 1);
    let short = format!("//\n\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
    let files = [
        File::new("src/a.rs", &long),
        File::new("src/b.rs", &short),
        File::new("src/known.rs", &long),
        File::new("tests/t.rs", &long),
    ];
    let said = long_files(&files, &[("src/known.rs", "reason"), ("src/b.rs", "reason")]);
    assert_eq!(
        said,
        ["src/a.rs has 251 lines, and 250 is the most", "src/b.rs needs no exception any more",]
    );
}

#[test]
fn a_long_function_is_refused() {
    let of = |lines: usize| format!("fn f() {{\n{}}}\n", "    x;\n".repeat(lines - 2));
    let files = [File::new("a.rs", &of(LONGEST_FUNCTION)), File::new("b.rs", &of(71))];
    assert_eq!(long_functions(&files), ["b.rs: f has 71 lines"]);
}

#[test]
fn a_blank_at_the_end_and_a_missing_newline_are_refused() {
    let files =
        [File::new("a", "x \ny\n"), File::new("b", "x\ny"), File::new("tests/logs/c", "x ")];
    assert_eq!(blanks(&files), ["a:1: a blank at the end", "b: no newline at the end"]);
}

#[test]
fn a_path_of_one_machine_is_refused_and_others_are_not() {
    for (before, after, want) in [
        ("see /ro", "ot/.cargo", true),
        ("\"/ho", "me/alice/x\"", true),
        ("(/Us", "ers/alice)", true),
        ("/wo", "rk", true),
        ("=/tmp/de", "v-x", true),
        ("/ho", "me/u/code", false),
        ("/ho", "me/", false),
        ("$HOME/wo", "rk", false),
        ("src/wo", "rk", false),
        ("https://example.org/wo", "rk", false),
        ("/tmp/", "zsh", false),
        ("/proc/self/ro", "ot", false),
    ] {
        let line = format!("{before}{after}");
        assert_eq!(!machine_paths(&[File::new("f", &line)]).is_empty(), want, "{line}");
    }
}
