//! The programs that are measured: phone-opus as it is released, the alternatives, and C programs
//! that do nothing or play Claude Code.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Where they are.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) own: PathBuf,
    pub(crate) alternatives: PathBuf,
    /// A static C program that does nothing.
    pub(crate) nothing: PathBuf,
    /// Stands in for Claude Code: answers at once, or with `stay` in its path never.
    pub(crate) claude: PathBuf,
    pub(crate) claude_that_stays: PathBuf,
}

/// What Claude Code prints at least, for an answer.
const CLAUDE: &str = r#"
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--version") || !strcmp(argv[i], "--help")) return puts("2.1.330 (Claude Code)") < 0;
    puts("{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"s\",\"model\":\"opus\"}");
    fflush(stdout);
    while (STAYS) pause();
    puts("{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"result\":\"42\"}");
    return 0;
}
"#;

impl Programs {
    /// Builds what is not built. `work` takes the C programs.
    pub(crate) fn build(work: &Path) -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.parent().expect("the repository");
        let c = |name: &str, source: &str| compile(&work.join(name), source);
        Self {
            own: built(root, &["--bins"]),
            alternatives: built(here, &["--bin", "alternatives"]),
            nothing: c("nothing", "int main(void) { return 0; }\n"),
            claude: c("claude", &CLAUDE.replace("STAYS", "0")),
            claude_that_stays: c("claude-that-stays", &CLAUDE.replace("STAYS", "1")),
        }
    }
}

/// The release build of a program, found by what cargo says of it.
fn built(root: &Path, which: &[&str]) -> PathBuf {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "--message-format=json-render-diagnostics"]).args(which);
    let output = cargo.current_dir(root).stderr(Stdio::inherit()).output().expect("cargo starts");
    assert!(output.status.success(), "cargo could not build the program");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut programs = messages.filter_map(|message| Some(message["executable"].as_str()?.into()));
    programs.next_back().expect("cargo names the program")
}

fn compile(path: &Path, source: &str) -> PathBuf {
    let file = path.with_extension("c");
    std::fs::write(&file, source).expect("written");
    let mut cc = Command::new("cc");
    cc.args(["-O2", "-static", "-o"]).arg(path).arg(&file);
    assert!(cc.status().expect("cc starts").success(), "cc could not build {}", file.display());
    path.to_owned()
}
