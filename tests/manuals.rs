//! What the man pages and the skill tell people to type is typed here, line by line, with the fake Claude
//! Code: an example that does not run is not shipped. It stands as it is typed but for two things: an id
//! becomes that of a job that is there, and what would go on for ever is run without its --follow.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::json;

use super::support::mcp::Client;
use super::support::{World, example, program};

/// How the examples call a job that they have not made.
const AN_ID: &str = "3f9a1c";

/// A shell in which the examples find what they name: the program, a git with something to show, a
/// jq, a claude that takes a server, a job from before.
struct Shell {
    world: World,
    /// The job from before.
    earlier: String,
}

impl Shell {
    fn new() -> Self {
        let mut world = World::new();
        for directory in ["bin", "home/.codex", "cwd/src"] {
            fs::create_dir_all(world.path(directory)).expect("made");
        }
        let bin = world.path("bin");
        symlink(program(), bin.join("phone-opus")).expect("linked");
        let path = std::env::var("PATH").expect("a PATH");
        if !std::env::split_paths(&path).any(|directory| directory.join("jq").exists()) {
            symlink(example("little-jq"), bin.join("jq")).expect("linked");
        }
        script(&bin.join("git"), "[ \"$1\" = diff ] && echo '+ a line'");
        script(
            &bin.join("claude"),
            "[ \"$1\" = mcp ] && case $2 in add | add-json) ;; *) exit 1 ;; esac",
        );
        world.set("PATH", &format!("{}:{path}", bin.display()));
        world.set("ANTHROPIC_API_KEY", "of-the-examples");
        let earlier = world.submit("An earlier question.");
        world.finish(&earlier);
        fs::copy(world.state().join("events.jsonl"), world.path("cwd/seen.jsonl")).expect("copied");
        Self { world, earlier }
    }

    /// Runs lines as one script, which stops at the first that fails.
    #[track_caller]
    fn run(&self, what: &str, lines: &str) {
        let mut shell = std::process::Command::new("sh");
        self.world.dress(&mut shell);
        let lines = &lines.replace(AN_ID, &self.earlier).replace(" --follow", "");
        let shell = shell.args(["-euc", lines]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = shell.output().expect("run");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{what}: {}\n{said}\n{lines}", output.status);
    }

    fn finish_all(&self) {
        let jobs = self.world.json(&["jobs", "--limit", "100", "--json=job_id"]);
        for job in jobs["jobs"].as_array().expect("a list") {
            self.world.finish(job["job_id"].as_str().expect("an id"));
        }
    }
}

fn script(path: &Path, body: &str) {
    fs::write(path, format!("#!/bin/sh\n{body}\n")).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("allowed");
}

fn repository(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The lines of a page's EXAMPLES as they are read on a terminal.
fn examples(page: &str) -> String {
    let section = page.split(".SH EXAMPLES\n").nth(1).expect("a section");
    let section = section.split("\n.SH ").next().unwrap_or(section);
    let mut is_code = false;
    let mut lines = String::new();
    for line in section.lines() {
        match line {
            ".nf" => is_code = true,
            ".fi" => is_code = false,
            _ if is_code => lines += &(unescaped(line) + "\n"),
            _ => {}
        }
    }
    lines
}

fn unescaped(line: &str) -> String {
    [("\\-", "-"), ("\\(aq", "'"), ("\\(ga", "`"), ("\\(ha", "^"), ("\\(ti", "~"), ("\\e", "\\")]
        .iter()
        .fold(line.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[test]
fn every_example_of_every_man_page_runs() {
    let mut pages: Vec<PathBuf> = fs::read_dir(repository("man"))
        .expect("there")
        .map(|page| page.expect("an entry").path())
        .collect();
    pages.sort();
    for page in pages {
        let shell = Shell::new();
        let lines = examples(&fs::read_to_string(&page).expect("text"));
        assert!(lines.contains("phone-opus"), "{} has no examples", page.display());
        shell.run(&page.display().to_string(), &lines);
        shell.finish_all();
    }
}

#[test]
fn every_command_of_the_skill_runs_in_the_order_of_the_text() {
    let skill = fs::read_to_string(repository("skills/phone-opus/SKILL.md")).expect("text");
    let blocks: Vec<&str> = skill.split("```sh\n").skip(1).collect();
    let blocks: Vec<&str> = blocks.iter().filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 5, "the skill has lost its commands");
    let shell = Shell::new();
    shell.run("the skill", &blocks.concat());
    shell.finish_all();
}

#[test]
fn what_the_skill_names_in_its_sentences_is_there() {
    let skill = fs::read_to_string(repository("skills/phone-opus/SKILL.md")).expect("text");
    let world = World::new();
    let help = world.say(&["consult", "--help"]).stdout;
    for flag in ["--cwd", "--web", "--bg", "--label", "--session"] {
        assert!(skill.contains(flag) && help.contains(flag), "{flag}");
    }
    let mut client = Client::open(&world);
    let tools = client.request("tools/list", json!({}));
    let tools = tools["result"]["tools"].as_array().expect("a list");
    for name in ["consult", "consult_wait", "consult_job", "consult_cancel"] {
        assert!(skill.contains(&format!("`{name}`")), "{name}");
        assert!(tools.iter().any(|tool| tool["name"] == name), "{name}");
    }
}
