//! Where the question may come from, alone and together, and what is left alone.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::process::{Child, ChildStdin, Command, Stdio};

use super::support::said::{Refusal, Said};
use super::support::{World, program, until};

/// Asks with something on standard input.
fn piped(world: &World, arguments: &[&str], input: &str) -> Said {
    fs::write(world.path("input"), input).expect("written");
    let mut command = world.raw([&["consult", "--quiet"], arguments].concat());
    world.say_of(command.stdin(File::open(world.path("input")).expect("opened")))
}

/// The question of the newest job, as it was recorded.
fn asked(world: &World) -> String {
    world.job("@last")["request"]["prompt"].as_str().expect("a prompt").to_owned()
}

fn succeeded(said: &Said) {
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), "fake answer: 42\n"), "{said:#?}");
}

#[test]
fn the_question_is_an_argument_a_pipe_or_a_file_to_the_byte() {
    let world = World::new();
    let text = "  What is\n\tthis?\u{1b}[0m \0 ü\r\n\n";
    succeeded(&piped(&world, &["-"], text));
    assert_eq!(asked(&world), text);
    succeeded(&piped(&world, &[], text));
    assert_eq!(asked(&world), text);
    fs::write(world.path("question"), text).expect("written");
    let file = world.path("question").display().to_string();
    succeeded(&world.say(&["consult", "--prompt-file", &file]));
    assert_eq!(asked(&world), text);
    let argument = text.replace('\0', "");
    succeeded(&world.say(&["consult", &argument]));
    assert_eq!(asked(&world), argument);
    succeeded(&world.say(&["consult", "--", "--help"]));
    assert_eq!(asked(&world), "--help");
}

#[test]
fn a_pipe_beside_a_question_is_joined_as_a_marked_block() {
    let world = World::new();
    succeeded(&piped(&world, &["Review this."], "+ a line\n"));
    assert_eq!(asked(&world), "Review this.\n\n<stdin>\n+ a line\n</stdin>");
    succeeded(&piped(&world, &["Review this."], "no newline"));
    assert_eq!(asked(&world), "Review this.\n\n<stdin>\nno newline\n</stdin>");
    fs::write(world.path("question"), "From a file.\n").expect("written");
    let file = world.path("question").display().to_string();
    succeeded(&piped(&world, &["--prompt-file", &file], "text\n"));
    assert_eq!(asked(&world), "From a file.\n\n\n<stdin>\ntext\n</stdin>");
}

#[test]
fn standard_input_without_text_adds_nothing_to_a_question() {
    let world = World::new();
    for input in ["", "\n \n"] {
        let said = piped(&world, &["x"], input);
        succeeded(&said);
        assert_eq!((asked(&world).as_str(), said.stderr.as_str()), ("x", ""));
    }
    for redirection in ["< /dev/null", "<&-", "< /dev/zero"] {
        let mut shell = Command::new("/bin/sh");
        world.dress(&mut shell);
        let script = format!("exec \"$0\" consult --quiet x {redirection}");
        let said = world.say_of(shell.args(["-c", &script]).arg(program()));
        succeeded(&said);
        assert_eq!((asked(&world).as_str(), said.stderr.as_str()), ("x", ""), "{redirection}");
    }
}

#[test]
fn a_closed_standard_input_is_an_empty_one() {
    let world = World::new();
    for arguments in ["consult", "consult -"] {
        let mut shell = Command::new("/bin/sh");
        world.dress(&mut shell);
        let script = format!("exec \"$0\" {arguments} <&-");
        let said = world.say_of(shell.args(["-c", &script]).arg(program()));
        assert_eq!(said.code, Some(2));
        assert!(said.stderr.starts_with("error: standard input is empty\nhint: "), "{said:#?}");
    }
}

/// A consult whose standard input is a pipe that we hold.
fn held(world: &World, arguments: &[&str]) -> (Child, ChildStdin) {
    let mut command = world.raw([&["consult"], arguments].concat());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("started");
    let stdin = child.stdin.take().expect("piped");
    (child, stdin)
}

#[test]
fn a_pipe_that_stays_silent_is_left_alone_with_one_warning() {
    let world = World::new();
    let (mut child, stdin) = held(&world, &["--quiet", "x"]);
    until("the consult ends though its input stays open", || child.try_wait().expect("asked"));
    drop(stdin);
    assert_eq!(asked(&world), "x");
    let (child, stdin) = held(&world, &["--bg", "x"]);
    let output = child.wait_with_output().expect("ended");
    drop(stdin);
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "warning: standard input is open and silent for 3 s; it is left alone (close it, or use \
         < /dev/null)\n"
    );
    assert_eq!(output.status.code(), Some(0));
    world.finish("@last");
}

#[test]
fn a_pipe_that_speaks_is_read_to_its_end() {
    let world = World::new();
    let (mut child, mut stdin) = held(&world, &["--quiet", "x"]);
    stdin.write_all(b"first, ").expect("written");
    stdin.write_all(b"second\n").expect("written");
    drop(stdin);
    let mut answer = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut answer).expect("text");
    child.wait().expect("ended");
    assert_eq!(answer, "fake answer: 42\n");
    assert_eq!(asked(&world), "x\n\n<stdin>\nfirst, second\n</stdin>");
}

/// A world whose editor is a script; it is given the draft as `$1`.
fn edited_by(script: &str) -> World {
    let mut world = World::new();
    let editor = world.path("editor");
    let mut options = File::options();
    options.write(true).create(true).truncate(true).mode(0o755);
    let mut file = options.open(&editor).expect("made");
    file.write_all(format!("#!/bin/sh\n{script}\n").as_bytes()).expect("written");
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).expect("executable");
    world.set("EDITOR", &format!("{} --wait", editor.display()));
    world
}

fn no_draft_is_left(world: &World) {
    assert_eq!(fs::read_dir(world.path("tmp")).expect("there").count(), 0);
}

#[test]
fn an_editor_starts_from_what_was_given_and_its_text_is_asked() {
    let world =
        edited_by("test \"$1\" = --wait && stat -c %a \"$2\" > mode && echo more >> \"$2\"");
    succeeded(&world.say(&["consult", "--quiet", "--edit", "start "]));
    assert_eq!(asked(&world), "start more\n");
    assert_eq!(fs::read_to_string(world.cwd().join("mode")).expect("written"), "600\n");
    succeeded(&piped(&world, &["--edit", "-"], "piped "));
    assert_eq!(asked(&world), "piped more\n");
    succeeded(&piped(&world, &["--edit"], "piped "));
    assert_eq!(asked(&world), "piped more\n");
    succeeded(&world.say(&["consult", "--quiet", "--edit"]));
    assert_eq!(asked(&world), "more\n");
    fs::write(world.path("question"), "file ").expect("written");
    let file = world.path("question").display().to_string();
    succeeded(&world.say(&["consult", "--quiet", "--edit", "--prompt-file", &file]));
    assert_eq!(asked(&world), "file more\n");
    assert_eq!(fs::read_to_string(file).expect("there"), "file ", "the file itself is not edited");
    no_draft_is_left(&world);
}

#[test]
fn visual_comes_before_editor() {
    let mut world = edited_by("echo wrong > \"$2\"");
    world.set("VISUAL", "echo right >");
    succeeded(&world.say(&["consult", "--quiet", "--edit"]));
    assert_eq!(asked(&world), "right\n");
}

#[test]
fn what_an_editor_prints_is_not_the_answer() {
    let world = edited_by("echo chatter; echo x > \"$2\"");
    let said = world.say(&["consult", "--quiet", "--edit"]);
    assert_eq!(said.stdout, "fake answer: 42\n");
}

#[test]
fn an_empty_draft_calls_the_consult_off() {
    let world = edited_by(": > \"$2\"");
    let refusal = Refusal {
        exit: 2,
        code: "empty_prompt",
        message: "the edited prompt is empty",
        hint: "Say what you want a second opinion on: phone-opus consult \"…\".",
    };
    world.assert_refused(&["consult", "--edit", "start"], refusal);
    world.assert_refused(&["consult", "--edit"], refusal);
    no_draft_is_left(&world);
}

#[test]
fn an_editor_that_fails_calls_the_consult_off() {
    let mut world = World::new();
    world.set("EDITOR", "false");
    let refusal = |message| Refusal {
        exit: 2,
        code: "usage",
        message,
        hint: "Nothing was asked. Set VISUAL or EDITOR to an editor that waits.",
    };
    let failed = "the editor `false` failed (exit status: 1)";
    world.assert_refused(&["consult", "--edit", "start"], refusal(failed));
    world.set("EDITOR", "kill -KILL $$;");
    let killed = "the editor `kill -KILL $$;` failed (signal: 9 (SIGKILL))";
    world.assert_refused(&["consult", "--edit", "start"], refusal(killed));
    no_draft_is_left(&world);
}
