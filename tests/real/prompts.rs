//! Prompts and answers arrive as they were written, however long and whatever they look like.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::api::texts;
use super::offline::Offline;
use super::support::contains;

/// What scenario `big` answers by default, and what one argument can never hold.
const MEBIBYTE: usize = 1 << 20;

#[test]
fn a_prompt_of_one_megabyte_arrives_whole() {
    let offline = Offline::new();
    let prompt = numbered_lines("question");
    let file = offline.world.path("prompt.txt");
    fs::write(&file, &prompt).expect("written");
    let ended = offline.consult(&["--prompt-file", file.to_str().expect("text")]);
    assert_eq!(ended.exit, Some(0), "{:#}", ended.job["failure"]);
    let request = offline.api.asked_once();
    assert!(texts(&request).contains(prompt.trim_end()), "it was changed on its way");
}

#[test]
fn an_answer_of_one_megabyte_is_printed_byte_for_byte() {
    let offline = Offline::new();
    let id = offline.world.submit("say it all [[scenario:big]]");
    offline.world.finish(&id);
    let printed = offline.world.command(["job", &id, "--response"]).assert().success();
    let printed = &printed.get_output().stdout;
    let expected = numbered_lines("line");
    assert_eq!(printed.len(), expected.len());
    assert!(*printed == expected.as_bytes(), "it was changed on its way");
}

#[test]
fn a_prompt_that_looks_like_a_command_reaches_the_model() {
    let offline = Offline::new();
    let ended = offline.consult(&["/context"]);
    assert_eq!(ended.exit, Some(0), "{ended:#?}");
    assert_eq!(ended.job["result"]["response"], "Hello from the fake API.");
    let request = offline.api.asked_once();
    assert!(request["user_text"].as_str().expect("a prompt").ends_with("\n\n/context"));
}

#[test]
fn a_file_that_a_prompt_mentions_is_not_sent_with_it() {
    let offline = Offline::new();
    let inside = offline.world.cwd().join("notes.txt");
    let outside = offline.world.path("home").join("secret.txt");
    fs::write(&inside, "an inner word\n").expect("written");
    fs::write(&outside, "a private word\n").expect("written");
    let hostname = fs::read_to_string("/etc/hostname").unwrap_or_default();
    let prompt = format!("@/etc/hostname @{} @notes.txt", outside.display());
    let ended = offline.consult(&[&prompt]);
    assert_eq!(ended.exit, Some(0), "{ended:#?}");
    let request = offline.api.asked_once();
    assert!(request["user_text"].as_str().expect("a prompt").ends_with(&prompt));
    let body = request["body"]["messages"].to_string();
    assert!(!body.contains("an inner word"), "{body}");
    assert!(!body.contains("a private word"), "{body}");
    let lines = texts(&request);
    assert!(!lines.lines().any(|line| line == hostname.trim() && !line.is_empty()), "{lines}");
}

#[test]
fn a_secret_in_a_prompt_reaches_the_model_and_no_file_of_ours() {
    let offline = Offline::new();
    // Put together here, so that no scanner of repositories finds one.
    let secret = ["ghp", "_", "0123456789abcdefghijABCDEFGHIJ", "klmnop"].concat();
    let ended = offline.consult(&[&format!("is {secret} a good token?")]);
    assert_eq!(ended.exit, Some(0), "{ended:#?}");
    assert!(texts(&offline.api.asked_once()).contains(&format!("is {secret} a good token?")));
    let recorded = &ended.job["request"]["prompt"];
    assert_eq!(recorded, "is [redacted: github token] a good token?");
    offline.world.assert_quiet();
    let state = offline.world.state();
    let (theirs, ours): (Vec<_>, Vec<_>) =
        files_with(&state, &secret).into_iter().partition(|path| is_record(path, &state));
    assert!(ours.is_empty(), "{ours:?}");
    // Without a sandbox it is in the user's home.
    let has_home = state.join("homes").is_dir();
    assert_eq!(!theirs.is_empty(), has_home, "what a resume needs is where it is said to be");
    offline.world.command(["prune", "--keep", "0", "--yes"]).assert().success();
    assert_eq!(files_with(&state, &secret), Vec::<PathBuf>::new(), "and goes with its last job");
}

/// Claude Code's own record of a conversation, as README tells of it: `homes/SESSION/projects/…`.
fn is_record(path: &Path, state: &Path) -> bool {
    let mut below = path.strip_prefix(state).expect("below it").iter();
    below.next() == Some("homes".as_ref()) && below.nth(1) == Some("projects".as_ref())
}

/// The files below a directory that have a text in them.
fn files_with(directory: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("read").flatten() {
        let kind = entry.file_type().expect("known");
        if kind.is_dir() {
            found.extend(files_with(&entry.path(), text));
        } else if kind.is_file()
            && contains(&fs::read(entry.path()).expect("read"), text.as_bytes())
        {
            found.push(entry.path());
        }
    }
    found
}

/// A mebibyte in the form of scenario `big`'s answer, with a word of its own on every line.
fn numbered_lines(word: &str) -> String {
    let filling = "x".repeat(84);
    let mut text = String::new();
    for number in 0.. {
        writeln!(text, "{word} {number:07} {filling}").expect("a string takes everything");
        if text.len() >= MEBIBYTE {
            break;
        }
    }
    text.truncate(MEBIBYTE);
    text
}
