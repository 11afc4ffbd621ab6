//! The argument list of one call of Claude Code.
//!
//! The prompt is never in it: it goes through standard input, because an argument is visible to
//! every user of the host, is limited to 128 KiB, and would be eaten by a variadic flag.

use serde::{Deserialize, Serialize};

use crate::consult::request::Request;

/// Tools that `dontAsk` denies unless they are also named in `--allowedTools`.
const WEB_TOOLS: [&str; 2] = ["WebFetch", "WebSearch"];

/// Flags that only some versions have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Flags {
    /// `--restricted`: keeps the file tools inside the working directory, `@path` mentions too.
    /// In 2.1.330; 2.1.197 exits with 1 on it.
    pub(crate) restricted: bool,
}

impl Flags {
    /// Reads the output of `claude --help`. What it does not list is not used.
    pub(crate) fn from_help(help: &str) -> Self {
        Self { restricted: lists(help, "--restricted") }
    }
}

/// Whether the help has an entry for `flag`: a line whose leading words are flags and name it.
/// A mention in another flag's description does not count.
fn lists(help: &str, flag: &str) -> bool {
    help.lines().any(|line| {
        line.split([' ', '\t', ','])
            .filter(|word| !word.is_empty())
            .take_while(|word| word.starts_with('-'))
            .any(|word| word == flag)
    })
}

/// What stands between the adviser and a shell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Shell {
    /// It has none.
    #[default]
    None,
    /// `dontAsk`'s own classifier decides about each command.
    Asked,
    /// Every command runs: the kernel is the wall.
    Allowed,
}

const SHELL_TOOL: &str = "Bash";

/// The conversation that a call belongs to; the id is a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conversation<'a> {
    /// Starts one under an id of our choice, so that every failure still names one to resume.
    New(&'a str),
    Resume(&'a str),
}

/// Everything after the program's name.
///
/// `settings_file` is the path of what [`super::settings::carried_settings`] made. The variadic
/// flags (`--mcp-config`, `--tools`, `--allowedTools`) come last and each is followed by a flag or
/// by the end, so none can swallow anything.
pub(crate) fn arguments(
    request: &Request,
    conversation: Conversation<'_>,
    flags: &Flags,
    settings_file: Option<&str>,
    shell: Shell,
) -> Vec<String> {
    let mut argv = Arguments::default();
    // Partial messages are the sign of life that the idle clock needs: without them the stream is
    // silent until a block ends.
    argv.words(&[
        "-p",
        "--output-format",
        "stream-json",
        "--verbose",
        "--include-partial-messages",
    ]);
    argv.flag("--permission-mode", "dontAsk");
    // No hooks, allow rules, memory files or servers of the user's or of the consulted project's.
    argv.flag("--setting-sources", "");
    argv.words(&["--strict-mcp-config", "--disable-slash-commands"]);
    if flags.restricted {
        argv.words(&["--restricted"]);
    }
    match conversation {
        Conversation::New(id) => argv.flag("--session-id", id),
        Conversation::Resume(id) => argv.flag("--resume", id),
    }
    argv.flag("--model", &request.model);
    argv.flag("--effort", &request.effort);
    argv.optional("--max-turns", request.max_turns);
    argv.optional("--max-budget-usd", request.max_budget_usd);
    argv.optional("--settings", settings_file);
    argv.flag("--mcp-config", r#"{"mcpServers":{}}"#);
    let is_on_offer = |tool: &&str| *tool != SHELL_TOOL || shell != Shell::None;
    let tools: Vec<&str> = request.tools.iter().map(String::as_str).filter(is_on_offer).collect();
    argv.flag("--tools", &tools.join(","));
    let is_allowed = |tool: &&str| match *tool {
        SHELL_TOOL => shell == Shell::Allowed,
        tool => WEB_TOOLS.contains(&tool),
    };
    let allowed = tools.into_iter().filter(is_allowed).collect::<Vec<_>>().join(",");
    argv.optional("--allowedTools", (!allowed.is_empty()).then_some(allowed));
    argv.0
}

#[derive(Default)]
struct Arguments(Vec<String>);

impl Arguments {
    fn words(&mut self, words: &[&str]) {
        self.0.extend(words.iter().map(ToString::to_string));
    }

    fn flag(&mut self, name: &str, value: &str) {
        self.words(&[name, value]);
    }

    fn optional(&mut self, name: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.flag(name, &value.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0b4e0a52-7f43-4f5e-9a2b-3c1d5e6f7a8b";

    fn request() -> Request {
        Request { prompt: "SECRET".to_owned(), ..Request::default() }
    }

    /// The value after `flag`, which must stand there once.
    fn value<'a>(argv: &'a [String], flag: &str) -> Option<&'a str> {
        let at = argv.iter().position(|arg| arg == flag)?;
        assert_eq!(argv.iter().filter(|arg| *arg == flag).count(), 1, "{flag}");
        argv.get(at + 1).map(String::as_str)
    }

    #[test]
    fn the_plain_call_is_the_measured_one() {
        let argv =
            arguments(&request(), Conversation::New(ID), &Flags::default(), None, Shell::None);
        let want = format!(
            "-p --output-format stream-json --verbose --include-partial-messages --permission-mode \
             dontAsk --setting-sources  --strict-mcp-config --disable-slash-commands --session-id \
             {ID} --model opus --effort max --mcp-config {{\"mcpServers\":{{}}}} --tools \
             Read,Grep,Glob"
        );
        assert_eq!(argv.join(" "), want);
        assert_eq!(value(&argv, "--setting-sources"), Some(""));
    }

    #[test]
    fn what_is_set_is_passed_on() {
        let request = Request { max_turns: Some(7), max_budget_usd: Some(0.5), ..request() };
        let flags = Flags { restricted: true };
        let argv =
            arguments(&request, Conversation::Resume(ID), &flags, Some("s.json"), Shell::None);
        for (flag, want) in [
            ("--resume", ID),
            ("--max-turns", "7"),
            ("--max-budget-usd", "0.5"),
            ("--settings", "s.json"),
        ] {
            assert_eq!(value(&argv, flag), Some(want));
        }
        assert_eq!(value(&argv, "--session-id"), None);
        assert!(argv.contains(&"--restricted".to_owned()));
    }

    #[test]
    fn the_web_is_both_offered_and_allowed() {
        let tools = ["Read", "WebFetch", "WebSearch"].map(str::to_owned).to_vec();
        let request = Request { web: true, tools, ..request() };
        let argv = arguments(&request, Conversation::New(ID), &Flags::default(), None, Shell::None);
        assert_eq!(value(&argv, "--tools"), Some("Read,WebFetch,WebSearch"));
        assert_eq!(value(&argv, "--allowedTools"), Some("WebFetch,WebSearch"));
    }

    #[test]
    fn a_shell_is_offered_only_behind_a_wall_and_allowed_only_behind_the_kernels() {
        let tools = ["Read", "Bash", "WebFetch"].map(str::to_owned).to_vec();
        let request = Request { tools, ..request() };
        for (shell, tools, allowed) in [
            (Shell::None, "Read,WebFetch", "WebFetch"),
            (Shell::Asked, "Read,Bash,WebFetch", "WebFetch"),
            (Shell::Allowed, "Read,Bash,WebFetch", "Bash,WebFetch"),
        ] {
            let argv = arguments(&request, Conversation::New(ID), &Flags::default(), None, shell);
            assert_eq!(value(&argv, "--tools"), Some(tools));
            assert_eq!(value(&argv, "--allowedTools"), Some(allowed));
        }
    }

    #[test]
    fn no_tools_is_an_empty_list_and_not_the_default_one() {
        let request = Request { tools: Vec::new(), ..request() };
        let argv = arguments(&request, Conversation::New(ID), &Flags::default(), None, Shell::None);
        assert_eq!(value(&argv, "--tools"), Some(""));
        assert_eq!(value(&argv, "--allowedTools"), None);
    }

    #[test]
    fn the_prompt_is_never_an_argument_and_no_variadic_flag_eats_a_word() {
        let tools = ["Read", "WebFetch"].map(str::to_owned).to_vec();
        let request = Request { tools, max_turns: Some(1), ..request() };
        let flags = Flags { restricted: true };
        let argv = arguments(&request, Conversation::New(ID), &flags, Some("s.json"), Shell::None);
        assert!(!argv.iter().any(|arg| arg.contains("SECRET")));
        for variadic in ["--tools", "--allowedTools", "--mcp-config"] {
            let at = argv.iter().position(|arg| arg == variadic).expect(variadic);
            assert!(argv.get(at + 2).is_none_or(|next| next.starts_with("--")), "{variadic}");
        }
    }

    #[test]
    fn only_a_flag_with_an_entry_of_its_own_counts_as_listed() {
        for (help, want) in [
            ("  --restricted            Restricted mode", true),
            ("  -x, --restricted  Restricted mode", true),
            ("  --restricted-paths <p>  Other", false),
            ("  --other   Refused with --restricted", false),
            ("  --safe --restricted", true),
            ("", false),
        ] {
            assert_eq!(Flags::from_help(help).restricted, want, "{help:?}");
        }
    }
}
