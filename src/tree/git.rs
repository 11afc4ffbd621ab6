//! What only git can say, asked so that nothing of the repository's own runs.
//!
//! Plumbing commands: which untracked files are not ignored, whether the index is what the commit has,
//! which object a file's bytes are, whether a file is converted when it is added, and whether a setting
//! is on. None of them runs a filter, a hook or an external diff; `core.fsmonitor` and the network (a
//! partial clone fetches what it lacks) are switched off. No configuration but the repository's is read,
//! so a repository of somebody else is refused by git, as it should be: then this answers `None`.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use memchr::memmem;
use rustix::fs::OFlags;

/// How git is found and what it may know.
pub(crate) struct Git {
    program: PathBuf,
    /// HOME and `XDG_CONFIG_HOME`, where the user's own list of ignored files may be.
    places: Vec<(String, String)>,
}

/// What git says of files that it does not track.
pub(super) struct Untracked {
    pub(super) names: Vec<PathBuf>,
    /// There may be more: a directory could not be listed.
    pub(super) unreadable: bool,
}

/// Most bytes of an answer.
const ANSWER_MAX: u64 = 256 << 20;

/// Overrules the repository's configuration, whatever file it includes.
const SETTINGS: [&str; 7] = [
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.hooksPath=/dev/null",
    "core.sshCommand=false",
    "core.pager=cat",
    "diff.external=",
    "protocol.allow=never",
];

const VARIABLES: [(&str, &str); 9] = [
    ("LC_ALL", "C"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_ALLOW_PROTOCOL", "none"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_PAGER", "cat"),
];

impl Git {
    /// The git on a search path, relative directories left out; `None` where there is none.
    pub(crate) fn find(path: &str, variables: &[(String, String)]) -> Option<Self> {
        let absolute = path.split(':').filter(|directory| directory.starts_with('/'));
        let mut programs = absolute.map(|directory| Path::new(directory).join("git"));
        let program = programs.find(|program| program.is_file())?;
        let places = ["HOME", "XDG_CONFIG_HOME"];
        let known = variables.iter().filter(|(name, _)| places.contains(&name.as_str()));
        Some(Self { program, places: known.cloned().collect() })
    }

    fn command(&self, directory: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().envs(VARIABLES);
        command.envs(self.places.iter().map(|(name, value)| (name, value)));
        command.arg("--no-pager").arg("-C").arg(directory);
        command.args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        command
    }

    /// Untracked files below a directory that are not ignored, relative to it; a repository within is
    /// one entry that ends in a slash.
    pub(super) fn untracked(&self, directory: &Path) -> Option<Untracked> {
        const TOLD_MAX: u64 = 64 << 10;
        const CLOSED: &[u8] = b"could not open directory";
        let mut command = self.command(directory);
        command.args(["ls-files", "--others", "--exclude-standard", "-z"]);
        // What git cannot list it leaves out, says so, and succeeds. It must not wait for us to listen.
        let (complaints, told) = std::io::pipe().ok()?;
        rustix::fs::fcntl_setfl(&told, OFlags::NONBLOCK).ok()?;
        command.stderr(told);
        let names = answer(command, None)?;
        let mut said = Vec::new();
        complaints.take(TOLD_MAX).read_to_end(&mut said).ok()?;
        let names = names.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        Some(Untracked {
            names: names.map(|name| PathBuf::from(OsStr::from_bytes(name))).collect(),
            unreadable: memmem::find(&said, CLOSED).is_some(),
        })
    }

    /// A setting of the repository that is on unless somebody switched it off.
    pub(super) fn is_on(&self, directory: &Path, setting: &str) -> Option<bool> {
        let mut command = self.command(directory);
        command.args(["config", "--local", "--includes", "--type=bool", "--default=true", "--get"]);
        command.arg(setting);
        match answer(command, None)?.trim_ascii() {
            b"true" => Some(true),
            b"false" => Some(false),
            _ => None,
        }
    }

    /// Whether something below a directory is staged that the commit has not.
    pub(super) fn staged(&self, directory: &Path) -> Option<bool> {
        let mut command = self.command(directory);
        command.args(["diff-index", "--cached", "--quiet", "--no-ext-diff", "--no-textconv"]);
        command.args(["--ignore-submodules=all", "HEAD", "--", "."]);
        match command.status().ok()?.code() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        }
    }

    /// The ids of the objects that some files' bytes are, unfiltered. These are files whose time has
    /// moved and whose size has not; git itself would read them too.
    pub(super) fn blobs(&self, directory: &Path, names: &[&[u8]]) -> Option<Vec<String>> {
        let mut command = self.command(directory);
        command.args(["hash-object", "--no-filters", "--stdin-paths"]);
        let mut lines = names.join(&b'\n');
        lines.push(b'\n');
        let ids = String::from_utf8(answer(command, Some(&lines))?).ok()?;
        let ids: Vec<String> = ids.lines().map(str::to_owned).collect();
        (ids.len() == names.len()).then_some(ids)
    }

    /// Which of some files are of those whose bytes a filter, an encoding or `$Id$` changes when they are
    /// added. Conversions of line ends are not among these.
    pub(super) fn converted(&self, directory: &Path, names: &[&[u8]]) -> Option<Vec<bool>> {
        const ATTRIBUTES: [&str; 3] = ["filter", "ident", "working-tree-encoding"];
        let mut command = self.command(directory);
        command.args(["check-attr", "-z"]).args(ATTRIBUTES).arg("--");
        command.args(names.iter().map(|name| OsStr::from_bytes(name)));
        // Name, attribute and value, each with its zero.
        let said = answer(command, None)?;
        let values: Vec<&[u8]> = said.split(|byte| *byte == 0).skip(2).step_by(3).collect();
        let is_off = |value: &&[u8]| matches!(*value, b"unspecified" | b"unset");
        let files = values.chunks_exact(ATTRIBUTES.len());
        let converted: Vec<bool> = files.map(|values| !values.iter().all(is_off)).collect();
        (converted.len() == names.len()).then_some(converted)
    }
}

/// What a command prints, if it succeeds.
fn answer(mut command: Command, input: Option<&[u8]>) -> Option<Vec<u8>> {
    if input.is_some() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().ok()?;
    let mut stdin = child.stdin.take();
    let mut bytes = Vec::new();
    if let (Some(stdin), Some(input)) = (&mut stdin, input) {
        // Answers are shorter than questions here, and fit into the pipe.
        stdin.write_all(input).ok()?;
    }
    drop(stdin);
    let read = child.stdout.take()?.take(ANSWER_MAX).read_to_end(&mut bytes);
    let whole = read.is_ok_and(|length| (length as u64) < ANSWER_MAX);
    let _ = if whole { Ok(()) } else { child.kill() };
    (child.wait().ok()?.success() && whole).then_some(bytes)
}
