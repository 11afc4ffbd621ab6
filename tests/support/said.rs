//! What a command said, in a form that can be compared word for word.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{World, schema};

/// The exit code and both streams; the world's own directory reads `ROOT`.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// An error as it must be told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal<'a> {
    pub(crate) exit: i32,
    pub(crate) code: &'a str,
    pub(crate) message: &'a str,
    pub(crate) hint: &'a str,
}

impl World {
    /// Runs a command to its end.
    pub(crate) fn say(&self, arguments: &[&str]) -> Said {
        self.say_of(&mut self.raw(arguments))
    }

    /// The same for a command that has its standard input, or more, set up already.
    pub(crate) fn say_of(&self, command: &mut Command) -> Said {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = command.spawn().expect("started").wait_with_output().expect("ended");
        let text = |bytes: &[u8]| {
            let root = self.path("").display().to_string();
            String::from_utf8_lossy(bytes).replace(root.trim_end_matches('/'), "ROOT")
        };
        assert_told(command, output.status.code());
        Said {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// Fails unless a command is refused in exactly these words, as text and under `--json`, and
    /// unless it leaves everything as it was.
    #[track_caller]
    pub(crate) fn assert_refused(&self, arguments: &[&str], refusal: Refusal<'_>) {
        self.assert_refused_of(|| self.raw(arguments), refusal);
    }

    /// The same for commands that a closure makes.
    #[track_caller]
    pub(crate) fn assert_refused_of(
        &self,
        mut command: impl FnMut() -> Command,
        refusal: Refusal<'_>,
    ) {
        let before = self.files();
        let said = self.say_of(&mut command());
        let message = refusal.message.replace('\n', "\n       ");
        let text = format!("error: {message}\nhint: {}\n", refusal.hint);
        assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("", text.as_str()));
        assert_eq!(said.code, Some(refusal.exit), "{said:#?}");
        let said = self.say_of(command().arg("--json"));
        let document = said.json();
        schema::assert_valid("error", &document);
        let error = &document["error"];
        assert_eq!(error["code"], refusal.code);
        assert_eq!(
            (&error["message"], &error["hint"]),
            (&refusal.message.into(), &refusal.hint.into())
        );
        assert_eq!((&error["exit_code"], said.code), (&refusal.exit.into(), Some(refusal.exit)));
        assert_eq!(said.stderr, "");
        assert_eq!(self.files(), before, "something was left behind");
    }

    /// Every path of this world with its size, to see that nothing was made or changed. What a
    /// runner moves by itself while its job runs is left out: the job's directory and the slots.
    pub(crate) fn files(&self) -> Vec<(String, u64)> {
        let mut found = Vec::new();
        collect(&self.path(""), &mut found);
        found.sort();
        found
    }
}

/// Every code that a command ends with is on its man page.
fn assert_told(command: &Command, code: Option<i32>) {
    let (Some(name), Some(code)) = (command.get_args().next(), code) else { return };
    let page = format!("man/phone-opus-{}.1", name.to_string_lossy());
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let Ok(text) = fs::read_to_string(&page) else { return };
    let is_told = text.contains(&format!(".TP\n\\fB{code}\\fR\n"));
    assert!(is_told, "{} has no exit code {code}: {command:?}", page.display());
}

fn collect(directory: &Path, found: &mut Vec<(String, u64)>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let (path, meta) = (entry.path(), entry.metadata().expect("metadata"));
        let size = if meta.is_file() { meta.len() } else { 0 };
        found.push((path.to_string_lossy().into_owned(), size));
        if meta.is_dir() && !directory.ends_with("state/jobs") && !path.ends_with("state/slots") {
            collect(&path, found);
        }
    }
}
