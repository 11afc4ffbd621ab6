//! A scripted stand-in for the `claude` program (Claude Code), for tests by fault injection.
//!
//! It promises to behave, seen from outside, like Claude Code 2.1.330 called with `-p`: the same
//! shapes of lines on standard output, the same exit codes, and one chosen fault. It never opens a
//! socket, and writes no file but its trace (mode `write` tries to, which is its purpose).
//!
//! # Choosing a mode
//!
//! The first of these that is there decides; without any the mode is `ok`:
//!
//! 1. a directive in the prompt (standard input, or else the last argument):
//!    `FAKE:mode=slow,secs=3`. Its value ends at the first character outside `[A-Za-z0-9_=,./-]`;
//!    the first directive wins;
//! 2. the environment variable `FAKE_CLAUDE`, in the same syntax without `FAKE:`;
//! 3. a file `fake-claude.mode` beside the executable: that one works where the environment is
//!    scrubbed and the prompt wrapped.
//!
//! A word without `=` is the mode: `FAKE:hang`. The numbers are `secs` (default 1), `lines` (5),
//! `mb` (10) and `n` (20). "Beside" means the directory that argument 0 names, if it names one,
//! and then that of the running executable, so a copy or a link finds its own files.
//!
//! # Modes
//!
//! | mode | what it does | parameters |
//! | --- | --- | --- |
//! | `ok` | init, assistant text, result, exit 0 | |
//! | `echo` | as `ok`; the answer is the prompt | |
//! | `slow` | `lines` assistant lines, `secs` apart, then `ok` | `lines` `secs` |
//! | `silent` | nothing for `secs`, then `ok` | `secs` |
//! | `hang` | init, survives TERM, INT and HUP, sleeps for ever | |
//! | `grandchild` | init, one sleeper in a session of its own and one in the group; hangs | |
//! | `grandok` | the same sleepers, holding stdout open, but a result and exit 0 | |
//! | `daemon` | a double-forked sleeper: own session, no environment, survives TERM; hangs as `hang` | |
//! | `big` | `mb` MiB of assistant lines, and as much noise on stderr, then `ok` | `mb` |
//! | `bigline` | one assistant line of `mb` MiB, then `ok` | `mb` |
//! | `bigresult` | an answer of `mb` MiB, in the assistant line and in the result | `mb` |
//! | `badjson` | noise, half an object, bytes that are not UTF-8, then `ok` | |
//! | `onlynoise` | the same noise alone, exit 0, no result | |
//! | `empty` | no output, exit 0 | |
//! | `exit1` | a message on stderr, exit 1, no result | |
//! | `iserror`, `iserror0` | a result with `is_error`, exit 1 or 0 | |
//! | `maxturns`, `maxbudget` | a result that names the limit, without an answer, exit 1 | |
//! | `sigkill`, `sigsegv` | kills itself after init | |
//! | `resultkill` | `ok`, then dies of SIGKILL | |
//! | `closestdout` | `ok`, then closes stdout and stderr and sleeps for ever | |
//! | `closeearly` | the same without any result | |
//! | `trickle` | one byte every `secs`, never a newline | `secs` |
//! | `fork` | `n` children with one child each, half of them in own sessions, all sleeping | `n` |
//! | `write` | tries to change files and signal its parent; the answer says what worked | `state` `victim` |
//! | `recurse` | runs `$FAKE_RECURSE` in a shell; the answer is its exit status and output | |
//! | `env` | the answer is what the trace records | |
//! | `unauth` `nologin` `forbidden` `ratelimit` `overloaded` `apierror` `model404` `network` `toolong` `refusal` | that API failure, exit 1 | `secs` until the rate limit ends |
//! | `nosession` | `--resume` of an unknown session: no init, exit 1 | |
//! | `inuse` | the session id is taken: stderr only, exit 1 | |
//! | `emptyanswer` | success with the answer "" | |
//! | `surrogate` | an answer with half a surrogate pair, as JSON may escape it | |
//! | `keyorder` | as `ok`; the result line says `"type":"result"` last | |
//! | `partial` | `lines` text deltas, `secs` apart, then hangs with the block open; obeys TERM | `lines` `secs` |
//! | `tools` | a tool call, its result and one denied permission around `ok` | |
//! | `retry` | two `api_retry` lines, then `ok` | |
//! | `gate` | init, waits for the file `gate` to appear, then `ok` | `gate` |
//! | `cost` | `ok` with the given total cost | `usd` |
//! | `sayfile` | the answer is the text of the file `path` | `path` |
//!
//! # Other doors
//!
//! - `--version` and `--help` answer as Claude Code does. With a file `fake-claude.old` beside it,
//!   or `FAKE_CLAUDE_OLD` set, it is a release that does not know `--restricted`.
//! - `FAKE_CLAUDE_TRACE` names a file (or `fake-claude.trace` lies beside it) that gets one JSON
//!   line at each start: what the process was given.
//! - With `--include-partial-messages`, each text is preceded by its stream events.
//! - `auth login` logs in: a file of credentials appears in `CLAUDE_CONFIG_DIR`. With
//!   `FAKE_CLAUDE=nologin` it is a logged-out stub.
//! - A first argument `__child-…` is the program starting itself, where a script would fork.

#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a program of its own: the rooms are not here")]

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;
use std::{env, thread};

use beside::Beside;
use claude::Claude;

/// Exit status for a call that makes no sense: an unknown mode, a parameter that is no number.
const MISUSE: u8 = 2;

fn main() -> ExitCode {
    let args: Vec<OsString> = env::args_os().collect();
    let first = args.get(1).and_then(|arg| arg.to_str()).unwrap_or_default();
    let outcome = match first {
        "--version" | "-v" => write_out(b"9.9.9 (Claude Code)\n").map(|()| 0),
        "--help" | "-h" => usage::print(Beside::of(&args).is_old_release()).map(|()| 0),
        "auth" => auth::run(&args),
        child if child.starts_with("__child-") => children::run(child, args.get(2)),
        _ => consult(&args),
    };
    outcome.map_or_else(|error| report(&error), ExitCode::from)
}

/// One call with a prompt: read it, trace it, act out the mode.
fn consult(args: &[OsString]) -> io::Result<u8> {
    let beside = Beside::of(args);
    let claude = Claude::start(args, &beside);
    trace::append(&claude, &beside);
    if beside.is_old_release() && claude.argv.iter().any(|arg| arg == "--restricted") {
        complain("error: unknown option '--restricted'");
        return Ok(1);
    }
    modes::act(&claude)
}

fn report(error: &io::Error) -> ExitCode {
    complain(&format!("fake-claude: {error}"));
    match error.kind() {
        io::ErrorKind::InvalidInput => ExitCode::from(MISUSE),
        _ => ExitCode::FAILURE,
    }
}

/// Writes at once: whoever watches must see each line when it is said, also if we are killed next.
fn write_out(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// Says something on stderr. A closed stderr is no reason to fail: the caller may not want it.
fn complain(text: &str) {
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}

fn forever() -> ! {
    loop {
        thread::sleep(Duration::from_hours(1));
    }
}

/// `claude auth login`.
mod auth {
    use std::ffi::OsString;
    use std::path::PathBuf;
    use std::{env, fs, io};

    pub(crate) fn run(args: &[OsString]) -> io::Result<u8> {
        let place = env::var_os("CLAUDE_CONFIG_DIR").map(PathBuf::from);
        let (Some(place), true) = (place, args.get(2).is_some_and(|word| word == "login")) else {
            return Ok(super::MISUSE);
        };
        let stub = env::var_os("FAKE_CLAUDE").is_some_and(|spec| spec == "nologin");
        let token = if stub { "" } else { "fake-refresh-token" };
        let words: Vec<_> = args.iter().skip(3).map(|word| word.to_string_lossy()).collect();
        let text = format!(r#"{{"claudeAiOauth":{{"refreshToken":"{token}"}}}}"#);
        fs::write(place.join(".credentials.json"), text)?;
        fs::write(place.join("asked"), words.join(" "))?;
        Ok(u8::from(stub))
    }
}

/// The files that steer the fake, wherever it was copied or linked to.
mod beside {
    use std::env;
    use std::ffi::OsString;
    use std::path::{Path, PathBuf};

    pub(crate) struct Beside(Vec<PathBuf>);

    impl Beside {
        /// The path as invoked comes first: a link in a test's own directory belongs to that test,
        /// while the executable behind it is shared by all of them.
        pub(crate) fn of(args: &[OsString]) -> Self {
            let invoked = args.first().map(PathBuf::from);
            let named = invoked.filter(|path| path.components().count() > 1);
            let running = env::current_exe().ok();
            let places = named.into_iter().chain(running);
            Self(places.filter_map(|path| path.parent().map(Path::to_path_buf)).collect())
        }

        pub(crate) fn find(&self, name: &str) -> Option<PathBuf> {
            self.0.iter().map(|directory| directory.join(name)).find(|path| path.exists())
        }

        /// Whether to behave like 2.1.197, which did not have all the flags of 2.1.330.
        pub(crate) fn is_old_release(&self) -> bool {
            env::var_os("FAKE_CLAUDE_OLD").is_some() || self.find("fake-claude.old").is_some()
        }
    }
}

/// What `--help` prints.
mod usage {
    use std::io;

    const HEAD: &str = "\
Usage: claude [options] [command] [prompt]

Claude Code - starts an interactive session by default, use -p/--print for
non-interactive output

Arguments:
  prompt                                Your prompt

Options:
  --disable-slash-commands              Disable all skills
  --effort <level>                      Effort level for the current session
                                        (low, medium, high, xhigh, max)
  -h, --help                            Display help for command
  --include-partial-messages            Include partial message chunks as they
                                        arrive (only works with --print and
                                        --output-format=stream-json)
  --input-format <format>               Input format (only works with --print)
  --max-budget-usd <amount>             Maximum dollar amount to spend on API
                                        calls (only works with --print)
  --mcp-config <configs...>             Load MCP servers from JSON files or
                                        strings
  --model <model>                       Model for the current session
  --output-format <format>              Output format (only works with --print):
                                        \"text\", \"json\" or \"stream-json\"
  --permission-mode <mode>              Permission mode to use for the session
  -p, --print                           Print response and exit
";
    const RESTRICTED: &str = "  \
  --restricted                          Restricted mode: removes the built-in
                                        tools that run commands or code
";
    const TAIL: &str = "  \
  -r, --resume [value]                  Resume a conversation by session ID
  --safe-mode                           Start with all customizations disabled
  --session-id <uuid>                   Use a specific session ID for the
                                        conversation (must be a valid UUID)
  --setting-sources <sources>           Comma-separated list of setting sources
                                        to load (user, project, local).
  --settings <file-or-json>             Settings file or JSON string to load
                                        more settings from
  --strict-mcp-config                   Only use MCP servers from --mcp-config,
                                        ignoring all other MCP configurations
  --tools <tools...>                    Built-in tools to make available: \"\" for
                                        none, \"default\" for the default set, or
                                        tool names (e.g. \"Bash,Edit,Read\")
  --verbose                             Override the verbose setting
  -v, --version                         Output the version number
";

    pub(crate) fn print(old_release: bool) -> io::Result<()> {
        let restricted = if old_release { "" } else { RESTRICTED };
        super::write_out([HEAD, restricted, TAIL].concat().as_bytes())
    }
}

/// The scripted part: which mode, with which parameters.
mod spec {
    use std::collections::BTreeMap;
    use std::str::FromStr;
    use std::time::Duration;
    use std::{env, fs, io};

    use super::beside::Beside;

    pub(crate) struct Spec(BTreeMap<String, String>);

    impl Spec {
        pub(crate) fn choose(prompt: &str, beside: &Beside) -> Self {
            let said = directive(prompt).map(str::to_owned);
            let text = said.or_else(from_environment).or_else(|| from_file(beside));
            Self::parse(&text.unwrap_or_default())
        }

        fn parse(text: &str) -> Self {
            let words = text.split(',').filter(|word| !word.is_empty());
            let pairs = words.map(|word| word.split_once('=').unwrap_or(("mode", word)));
            Self(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
        }

        pub(crate) fn mode(&self) -> &str {
            self.get("mode").unwrap_or("ok")
        }

        pub(crate) fn get(&self, key: &str) -> Option<&str> {
            self.0.get(key).map(String::as_str)
        }

        pub(crate) fn number<T: FromStr>(&self, key: &str, default: T) -> io::Result<T> {
            let Some(text) = self.get(key) else { return Ok(default) };
            text.parse().map_err(|_| misuse(&format!("{key}={text} is not a number")))
        }

        pub(crate) fn required(&self, key: &str) -> io::Result<&str> {
            self.get(key).ok_or_else(|| misuse(&format!("this mode needs {key}=")))
        }

        pub(crate) fn secs(&self) -> io::Result<Duration> {
            let secs = self.number("secs", 1.0)?;
            Duration::try_from_secs_f64(secs).map_err(|error| misuse(&error.to_string()))
        }

        pub(crate) fn mebibytes(&self) -> io::Result<usize> {
            self.number("mb", 10)
        }
    }

    fn misuse(message: &str) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidInput, message)
    }

    /// The value of the first `FAKE:` that has one.
    fn directive(prompt: &str) -> Option<&str> {
        let is_value = |c: char| c.is_ascii_alphanumeric() || "_=,./-".contains(c);
        let rests = prompt.match_indices("FAKE:").map(|(at, word)| &prompt[at + word.len()..]);
        rests
            .map(|rest| &rest[..rest.find(|c| !is_value(c)).unwrap_or(rest.len())])
            .find(|value| !value.is_empty())
    }

    fn from_environment() -> Option<String> {
        env::var("FAKE_CLAUDE").ok().filter(|text| !text.is_empty())
    }

    fn from_file(beside: &Beside) -> Option<String> {
        let text = fs::read_to_string(beside.find("fake-claude.mode")?).ok()?;
        Some(text.trim().to_owned())
    }
}

/// What the caller handed over: arguments and standard input.
mod call {
    use std::ffi::{OsStr, OsString};
    use std::io::{self, IsTerminal, Read};

    use serde_json::Value;

    pub(crate) fn arguments(args: &[OsString]) -> Vec<String> {
        args.iter().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect()
    }

    /// The value of the first such flag, given as `--flag value` or as `--flag=value`.
    pub(crate) fn flag<'a>(argv: &'a [String], name: &str) -> Option<&'a str> {
        argv.iter().enumerate().find_map(|(at, arg)| match arg.strip_prefix(name)? {
            "" => argv.get(at + 1).map(String::as_str),
            rest => rest.strip_prefix('='),
        })
    }

    /// The prompt as it was given. A last argument that is a flag is no prompt.
    pub(crate) fn prompt_bytes(args: &[OsString]) -> Vec<u8> {
        let piped = standard_input();
        if !piped.is_empty() {
            return piped;
        }
        let last = args.iter().skip(1).next_back().map(OsString::as_os_str);
        let last = last.map(OsStr::as_encoded_bytes).unwrap_or_default();
        if last.starts_with(b"-") { Vec::new() } else { last.to_vec() }
    }

    /// What can be read of it: an unreadable standard input counts as an empty one.
    fn standard_input() -> Vec<u8> {
        let mut bytes = Vec::new();
        if !io::stdin().is_terminal() {
            let _ = io::stdin().lock().read_to_end(&mut bytes);
        }
        bytes
    }

    pub(crate) fn prompt_text(bytes: &[u8], argv: &[String]) -> String {
        let text = String::from_utf8_lossy(bytes).into_owned();
        match flag(argv, "--input-format") {
            Some("stream-json") => message_text(&text).unwrap_or(text),
            _ => text,
        }
    }

    /// The text inside the first line of `--input-format stream-json`.
    fn message_text(lines: &str) -> Option<String> {
        let message: Value = serde_json::from_str(lines.lines().next()?).ok()?;
        let content = message.pointer("/message/content")?;
        let text = content.as_str().or_else(|| content.pointer("/0/text")?.as_str());
        text.map(str::to_owned)
    }
}

/// JSON written with the keys in the order in which they are given, as the real program's are.
/// (A `serde_json` map may sort them.)
mod json {
    use serde_json::Value;

    #[derive(Default)]
    pub(crate) struct Object(String);

    impl Object {
        pub(crate) fn of_type(kind: &str) -> Self {
            Self::default().with("type", kind)
        }

        pub(crate) fn with(self, key: &str, value: impl Into<Value>) -> Self {
            self.raw(key, &value.into().to_string())
        }

        pub(crate) fn with_some(self, key: &str, value: Option<impl Into<Value>>) -> Self {
            match value {
                Some(value) => self.with(key, value),
                None => self,
            }
        }

        /// A value that is JSON already, well formed or not.
        pub(crate) fn raw(mut self, key: &str, json: &str) -> Self {
            self.0.push(if self.0.is_empty() { '{' } else { ',' });
            self.0.extend(["\"", key, "\":", json]);
            self
        }

        pub(crate) fn end(mut self) -> String {
            self.0.push('}');
            self.0
        }
    }

    /// A text together with its JSON string, which need not be what `serde_json` would write.
    pub(crate) struct Text {
        pub(crate) plain: String,
        pub(crate) json: String,
    }

    impl Text {
        /// Half a surrogate pair: legal as a JSON escape, but not as a Rust string.
        pub(crate) fn with_lone_surrogate() -> Self {
            let plain = "broken \u{fffd} here".to_owned();
            Self { plain, json: r#""broken \ud83d here""#.to_owned() }
        }
    }

    impl From<&str> for Text {
        fn from(text: &str) -> Self {
            Self { plain: text.to_owned(), json: Value::from(text).to_string() }
        }
    }
}

/// One run of the fake, and everything it can say.
mod claude {
    use std::cell::Cell;
    use std::ffi::OsString;
    use std::time::Instant;
    use std::{env, io, process};

    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::beside::Beside;
    use super::call;
    use super::json::{Object, Text};
    use super::spec::Spec;

    pub(crate) const MODEL: &str = "claude-fake-1";
    const MESSAGE_ID: &str = "msg_fake";
    const RESULT_UUID: &str = "00000000-0000-4000-8000-000000000000";

    /// Deltas of one text: about as long as the real ones, and not too many for a huge text.
    /// Three bytes may be added to reach the end of a character.
    const DELTA_BYTES: usize = 297;
    const DELTAS: usize = 50;

    #[derive(Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Format {
        Text,
        Json,
        Stream,
    }

    pub(crate) struct Claude {
        pub(crate) argv: Vec<String>,
        pub(crate) prompt: String,
        pub(crate) prompt_len: usize,
        pub(crate) spec: Spec,
        pub(crate) session_id: String,
        pub(crate) format: Format,
        partial_messages: bool,
        started: Instant,
        lines_said: Cell<u32>,
    }

    /// How a run ended: what the result line says.
    pub(crate) struct Verdict {
        pub(crate) subtype: &'static str,
        pub(crate) is_error: bool,
        pub(crate) answer: Option<Text>,
        pub(crate) errors: Vec<String>,
        pub(crate) api_error_status: Option<u16>,
        pub(crate) api_error_type: Option<&'static str>,
        pub(crate) stop_reason: Option<&'static str>,
        pub(crate) terminal_reason: Option<&'static str>,
        pub(crate) num_turns: u32,
        pub(crate) total_cost_usd: f64,
        pub(crate) permission_denials: Value,
    }

    impl Verdict {
        pub(crate) fn success(answer: Text) -> Self {
            Self {
                subtype: "success",
                is_error: false,
                answer: Some(answer),
                errors: Vec::new(),
                api_error_status: None,
                api_error_type: None,
                stop_reason: Some("end_turn"),
                terminal_reason: Some("completed"),
                num_turns: 1,
                total_cost_usd: 0.01,
                permission_denials: json!([]),
            }
        }

        /// An end without an answer, for a reason of Claude Code's own.
        pub(crate) fn stopped(subtype: &'static str, error: String) -> Self {
            let errors = vec![error];
            Self { subtype, is_error: true, answer: None, errors, ..Self::success("".into()) }
        }

        fn tokens(&self) -> (u32, u32) {
            if self.total_cost_usd > 0.0 { (10, 5) } else { (0, 0) }
        }

        fn usage(&self) -> Value {
            let (input, output) = self.tokens();
            json!({"input_tokens": input, "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0, "output_tokens": output, "service_tier": "standard"})
        }

        fn model_usage(&self) -> Value {
            let (input, output) = self.tokens();
            if input == 0 {
                return json!({});
            }
            json!({MODEL: {"inputTokens": input, "outputTokens": output,
                "cacheReadInputTokens": 0, "cacheCreationInputTokens": 0,
                "costUSD": self.total_cost_usd, "contextWindow": 1_000_000}})
        }
    }

    impl Claude {
        pub(crate) fn start(command_line: &[OsString], beside: &Beside) -> Self {
            let started = Instant::now();
            let argv = call::arguments(command_line);
            let bytes = call::prompt_bytes(command_line);
            let prompt = call::prompt_text(&bytes, &argv);
            Self {
                spec: Spec::choose(&prompt, beside),
                prompt_len: bytes.len(),
                session_id: session_id(&argv),
                format: format(&argv),
                partial_messages: argv.iter().any(|arg| arg == "--include-partial-messages"),
                lines_said: Cell::new(0),
                argv,
                prompt,
                started,
            }
        }

        pub(crate) fn flag(&self, name: &str) -> Option<&str> {
            call::flag(&self.argv, name)
        }

        /// One line of the event stream; in the other formats there is no such thing.
        pub(crate) fn emit(&self, line: Object) -> io::Result<()> {
            match self.format {
                Format::Stream => write_line(line),
                Format::Json | Format::Text => Ok(()),
            }
        }

        pub(crate) fn init(&self) -> io::Result<()> {
            let cwd = env::current_dir().unwrap_or_default();
            let line = Object::of_type("system")
                .with("subtype", "init")
                .with("cwd", cwd.to_string_lossy())
                .with("session_id", &*self.session_id)
                .with("tools", json!(["Read", "Grep", "Glob"]))
                .with("mcp_servers", json!([]))
                .with("model", MODEL)
                .with("permissionMode", self.flag("--permission-mode").unwrap_or("default"))
                .with("slash_commands", json!([]))
                .with("apiKeySource", "none")
                .with("claude_code_version", "9.9.9")
                .with("output_style", "default")
                .with("uuid", self.line_id());
            self.emit(line)
        }

        pub(crate) fn say(&self, text: &str) -> io::Result<()> {
            let deltas: Vec<String> = pieces(text).map(|piece| Text::from(piece).json).collect();
            self.say_in_pieces(&Text::from(text), &deltas)
        }

        /// An assistant's text; the stream events before it carry `deltas`, which are JSON strings.
        /// (The real program may close the block only after the assistant line.)
        pub(crate) fn say_in_pieces(&self, text: &Text, deltas: &[String]) -> io::Result<()> {
            if self.partial_messages {
                self.open_text_block()?;
                deltas.iter().try_for_each(|delta| self.text_delta(delta))?;
                self.stream_event(Object::of_type("content_block_stop").with("index", 0))?;
            }
            let block = Object::of_type("text").raw("text", &text.json).end();
            self.assistant(&block)?;
            if self.partial_messages {
                self.close_message()?;
            }
            Ok(())
        }

        /// An assistant line with one content block, given as JSON.
        pub(crate) fn assistant(&self, block: &str) -> io::Result<()> {
            let message = message_head(MODEL)
                .raw("content", &format!("[{block}]"))
                .with("stop_reason", Value::Null)
                .with("stop_sequence", Value::Null)
                .with("usage", json!({"input_tokens": 1, "output_tokens": 1}))
                .end();
            let line = Object::of_type("assistant")
                .raw("message", &message)
                .with("parent_tool_use_id", Value::Null)
                .with("session_id", &*self.session_id)
                .with("uuid", self.line_id());
            self.emit(line)
        }

        pub(crate) fn open_text_block(&self) -> io::Result<()> {
            self.emit(self.system("status").with("status", "requesting"))?;
            let message = message_head(MODEL)
                .with("content", json!([]))
                .with("stop_reason", Value::Null)
                .with("stop_sequence", Value::Null)
                .with("usage", json!({"input_tokens": 1, "output_tokens": 1}))
                .end();
            self.stream_event(Object::of_type("message_start").raw("message", &message))?;
            let block = Object::of_type("text").with("text", "").end();
            let start = Object::of_type("content_block_start").with("index", 0);
            self.stream_event(start.raw("content_block", &block))
        }

        /// A piece of the text block that is open; `json` is a JSON string.
        pub(crate) fn text_delta(&self, json: &str) -> io::Result<()> {
            let delta = Object::of_type("text_delta").raw("text", json).end();
            let event = Object::of_type("content_block_delta").with("index", 0);
            self.stream_event(event.raw("delta", &delta))
        }

        fn close_message(&self) -> io::Result<()> {
            let end = json!({"stop_reason": "end_turn", "stop_sequence": null});
            let delta = Object::of_type("message_delta").with("delta", end);
            self.stream_event(delta.with("usage", json!({"output_tokens": 1})))?;
            self.stream_event(Object::of_type("message_stop"))
        }

        fn stream_event(&self, event: Object) -> io::Result<()> {
            let line = Object::of_type("stream_event")
                .raw("event", &event.end())
                .with("session_id", &*self.session_id)
                .with("parent_tool_use_id", Value::Null)
                .with("uuid", self.line_id());
            self.emit(line)
        }

        /// The start of a `system` line; it has its ids first, because the rest varies.
        pub(crate) fn system(&self, subtype: &str) -> Object {
            Object::of_type("system")
                .with("subtype", subtype)
                .with("session_id", &*self.session_id)
                .with("uuid", self.line_id())
        }

        pub(crate) fn result(&self, verdict: &Verdict) -> io::Result<()> {
            match self.format {
                Format::Text => self.plain_result(verdict),
                Format::Json | Format::Stream => {
                    write_line(self.verdict_fields(Object::of_type("result"), verdict))
                }
            }
        }

        /// The same result, but with its type at the end of the line, where a real one may have it.
        pub(crate) fn result_with_type_last(&self, verdict: &Verdict) -> io::Result<()> {
            match self.format {
                Format::Text => self.plain_result(verdict),
                Format::Json | Format::Stream => {
                    let fields = self.verdict_fields(Object::default(), verdict);
                    write_line(fields.with("type", "result"))
                }
            }
        }

        #[expect(clippy::unused_self, reason = "stands beside the other ways to print a result")]
        fn plain_result(&self, verdict: &Verdict) -> io::Result<()> {
            let answer = verdict.answer.as_ref().map(|text| text.plain.as_str());
            let text = answer.unwrap_or_else(|| verdict.errors.first().map_or("", String::as_str));
            super::write_out(format!("{text}\n").as_bytes())
        }

        fn verdict_fields(&self, object: Object, verdict: &Verdict) -> Object {
            let mut object = object
                .with("subtype", verdict.subtype)
                .with("is_error", verdict.is_error)
                .with("duration_ms", self.elapsed_ms())
                .with("duration_api_ms", 1)
                .with("num_turns", verdict.num_turns);
            if let Some(answer) = &verdict.answer {
                object = object.raw("result", &answer.json);
                object = object.with("api_error_status", verdict.api_error_status);
            }
            let errors = Some(&verdict.errors).filter(|errors| !errors.is_empty());
            object
                .with_some("errors", errors.cloned())
                .with_some("api_error_type", verdict.api_error_type)
                .with("stop_reason", verdict.stop_reason)
                .with("session_id", &*self.session_id)
                .with("total_cost_usd", verdict.total_cost_usd)
                .with("usage", verdict.usage())
                .with("modelUsage", verdict.model_usage())
                .with("permission_denials", verdict.permission_denials.clone())
                .with_some("terminal_reason", verdict.terminal_reason)
                .with("fast_mode_state", "off")
                .with("safety_stops", 0)
                .with("queued_turn_count", 0)
                .with("result_index", 0)
                .with("uuid", RESULT_UUID)
        }

        fn elapsed_ms(&self) -> u64 {
            u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
        }

        /// A UUID of its own for each line, without chance: the same run always says the same.
        pub(crate) fn line_id(&self) -> String {
            let number = self.lines_said.get() + 1;
            self.lines_said.set(number);
            let seed = u128::from(process::id()) << 32 | u128::from(number);
            Uuid::from_u128(seed | 0x4000_8000_0000_0000_0000).to_string()
        }
    }

    fn write_line(line: Object) -> io::Result<()> {
        let mut text = line.end();
        text.push('\n');
        super::write_out(text.as_bytes())
    }

    pub(crate) fn message_head(model: &str) -> Object {
        Object::default()
            .with("id", MESSAGE_ID)
            .with("type", "message")
            .with("role", "assistant")
            .with("model", model)
    }

    fn session_id(argv: &[String]) -> String {
        let flags = ["--resume", "-r", "--session-id"];
        let given = flags.into_iter().filter_map(|name| call::flag(argv, name));
        let given = given.filter(|id| !id.is_empty()).map(str::to_owned).next();
        given.unwrap_or_else(|| format!("5e551011-fa4e-4000-8000-{:012x}", process::id()))
    }

    fn format(argv: &[String]) -> Format {
        match call::flag(argv, "--output-format") {
            Some("stream-json") => Format::Stream,
            None | Some("text") => Format::Text,
            Some(_) => Format::Json,
        }
    }

    /// Cuts a text at character boundaries. Rounding up keeps the number of pieces within
    /// [`DELTAS`], however long the characters are.
    fn pieces(text: &str) -> impl Iterator<Item = &str> {
        let size = DELTA_BYTES.max(text.len().div_ceil(DELTAS));
        let mut rest = text;
        std::iter::from_fn(move || {
            let (piece, left) = rest.split_at(rest.ceil_char_boundary(size));
            rest = left;
            (!piece.is_empty()).then_some(piece)
        })
    }
}

/// The modes. Each function acts out one of them and returns the exit status.
mod modes {
    use std::process::Command;
    use std::time::{Duration, SystemTime};
    use std::{env, fs, io, path::Path, thread};

    use serde_json::{Value, json};

    use super::claude::{Claude, Format, Verdict};
    use super::json::{Object, Text};
    use super::{api, children, complain, death, forever, intruder, trace, write_out};

    const ANSWER: &str = "fake answer: 42";

    /// What none of the lines of the stream is: noise, and JSON of the wrong shape.
    const NOISE: &[u8] = b"npm WARN deprecated something\n\n   \n[1,2,3]\n\"str\"\nnull\n\
        {\"type\":\"wat\"}\n{\"type\": \"assist\n\xff\xfe\x00 not utf8\n";

    /// Modes that do not begin with an init line, or must be ready for signals before it: whoever
    /// reads that line may send one at once.
    pub(crate) fn act(claude: &Claude) -> io::Result<u8> {
        match claude.spec.mode() {
            "empty" => Ok(0),
            "exit1" => Ok(fail("fake-claude: Error: something broke")),
            "inuse" => Ok(session_in_use(claude)),
            "nosession" => no_session(claude),
            "onlynoise" => done(write_out(NOISE)),
            "trickle" => trickle(claude),
            "silent" => {
                thread::sleep(claude.spec.secs()?);
                claude.init()?;
                ok(claude, ANSWER)
            }
            "hang" => {
                death::survive()?;
                claude.init()?;
                forever()
            }
            "daemon" => {
                death::survive()?;
                claude.init()?;
                claude.say(&format!("daemon {}", children::daemon()?))?;
                forever()
            }
            mode => {
                claude.init()?;
                after_init(claude, mode)
            }
        }
    }

    fn after_init(claude: &Claude, mode: &str) -> io::Result<u8> {
        match mode {
            "ok" => ok(claude, ANSWER),
            "echo" => ok(claude, &claude.prompt),
            "env" => ok(claude, &trace::facts(claude).to_string()),
            "write" => ok(claude, &intruder::attempts(&claude.spec).to_string()),
            "recurse" => ok(claude, &recurse()?.to_string()),
            "sayfile" => ok(claude, &text_of(claude.spec.required("path")?)?),
            "slow" => slow(claude),
            "partial" => partial(claude),
            "gate" => gate(claude),
            "retry" => retry(claude),
            "tools" => tools(claude),
            "big" => big(claude),
            "bigline" => {
                claude.say(&"y".repeat(claude.spec.mebibytes()? << 20))?;
                ok(claude, ANSWER)
            }
            "bigresult" => ok(claude, &"z".repeat(claude.spec.mebibytes()? << 20)),
            "badjson" => {
                write_out(NOISE)?;
                ok(claude, ANSWER)
            }
            "surrogate" => surrogate(claude),
            "keyorder" => {
                claude.say(ANSWER)?;
                done(claude.result_with_type_last(&Verdict::success(ANSWER.into())))
            }
            "cost" => cost(claude),
            "emptyanswer" => empty_answer(claude),
            "maxturns" => max_turns(claude),
            "maxbudget" => max_budget(claude),
            "iserror" => is_error(claude, "Invalid API key · Please run /login").map(|()| 1),
            "iserror0" => is_error(claude, "API Error: 529 overloaded").map(|()| 0),
            "ratelimit" => rate_limit(claude),
            "grandchild" | "grandok" => grandchildren(claude, mode),
            "fork" => {
                children::fork(claude.spec.number("n", 20)?)?;
                forever()
            }
            "sigkill" => death::by_kill(),
            "sigsegv" => death::by_segfault(),
            "resultkill" => {
                ok(claude, ANSWER)?;
                death::by_kill()
            }
            "closestdout" => {
                ok(claude, ANSWER)?;
                close_and_stay()
            }
            "closeearly" => close_and_stay(),
            other => match api::Failure::named(other, claude) {
                Some(failure) => failure.play(claude),
                None => Ok(unknown(other)),
            },
        }
    }

    fn done(said: io::Result<()>) -> io::Result<u8> {
        said.map(|()| 0)
    }

    fn fail(message: &str) -> u8 {
        complain(message);
        1
    }

    fn unknown(mode: &str) -> u8 {
        complain(&format!("fake-claude: unknown mode '{mode}'"));
        super::MISUSE
    }

    /// The ordinary end: the answer as the assistant's text, and again in the result.
    fn ok(claude: &Claude, answer: &str) -> io::Result<u8> {
        claude.say(answer)?;
        done(claude.result(&Verdict::success(answer.into())))
    }

    fn slow(claude: &Claude) -> io::Result<u8> {
        let pause = claude.spec.secs()?;
        for step in 0..claude.spec.number("lines", 5)? {
            claude.say(&format!("step {step}"))?;
            thread::sleep(pause);
        }
        ok(claude, ANSWER)
    }

    /// The beginning of an answer that never becomes a whole block, let alone a result.
    fn partial(claude: &Claude) -> io::Result<u8> {
        let pause = claude.spec.secs()?;
        claude.open_text_block()?;
        for step in 0..claude.spec.number("lines", 5)? {
            claude.text_delta(&Text::from(&*format!("piece {step} ")).json)?;
            thread::sleep(pause);
        }
        forever()
    }

    fn trickle(claude: &Claude) -> io::Result<u8> {
        let pause = claude.spec.secs()?;
        loop {
            write_out(b"{")?;
            thread::sleep(pause);
        }
    }

    fn gate(claude: &Claude) -> io::Result<u8> {
        let gate = Path::new(claude.spec.required("gate")?);
        while !gate.exists() {
            thread::sleep(Duration::from_millis(5));
        }
        ok(claude, ANSWER)
    }

    fn retry(claude: &Claude) -> io::Result<u8> {
        for (attempt, delay_ms) in [(1, 611), (2, 1163)] {
            let line = claude
                .system("api_retry")
                .with("attempt", attempt)
                .with("max_retries", 10)
                .with("retry_delay_ms", delay_ms)
                .with("error_status", 529)
                .with("error", "overloaded");
            claude.emit(line)?;
        }
        ok(claude, ANSWER)
    }

    fn tools(claude: &Claude) -> io::Result<u8> {
        let call = Object::of_type("tool_use")
            .with("id", "toolu_fake_read")
            .with("name", "Read")
            .with("input", json!({"file_path": "README.md"}));
        claude.assistant(&call.end())?;
        claude.emit(tool_result(claude))?;
        claude.say(ANSWER)?;
        let denials = json!([{"tool_name": "Write", "tool_use_id": "toolu_fake_write",
            "tool_input": {"file_path": "notes.txt", "content": "x"}}]);
        let answered = Verdict::success(ANSWER.into());
        done(claude.result(&Verdict { num_turns: 2, permission_denials: denials, ..answered }))
    }

    fn tool_result(claude: &Claude) -> Object {
        let content = json!([{"type": "tool_result", "tool_use_id": "toolu_fake_read",
            "content": "1\t# A file"}]);
        Object::of_type("user")
            .with("message", json!({"role": "user", "content": content}))
            .with("parent_tool_use_id", Value::Null)
            .with("session_id", &*claude.session_id)
            .with("uuid", claude.line_id())
            .with("tool_use_result", json!({"type": "text", "file": {"filePath": "README.md"}}))
    }

    /// Both streams at once, so that whoever reads them one after the other gets stuck.
    fn big(claude: &Claude) -> io::Result<u8> {
        let chunk = "x".repeat(8000);
        let noise = format!("noise {chunk}");
        for _ in 0..claude.spec.mebibytes()? * 128 {
            claude.say(&chunk)?;
            complain(&noise);
        }
        ok(claude, ANSWER)
    }

    fn surrogate(claude: &Claude) -> io::Result<u8> {
        let text = Text::with_lone_surrogate();
        claude.say_in_pieces(&text, std::slice::from_ref(&text.json))?;
        done(claude.result(&Verdict::success(text)))
    }

    fn cost(claude: &Claude) -> io::Result<u8> {
        let total_cost_usd = claude.spec.number("usd", 0.01)?;
        claude.say(ANSWER)?;
        done(claude.result(&Verdict { total_cost_usd, ..Verdict::success(ANSWER.into()) }))
    }

    /// The model was asked twice and said nothing: there is no assistant line at all.
    fn empty_answer(claude: &Claude) -> io::Result<u8> {
        done(claude.result(&Verdict { num_turns: 2, ..Verdict::success("".into()) }))
    }

    fn is_error(claude: &Claude, message: &str) -> io::Result<()> {
        claude.result(&Verdict { is_error: true, ..Verdict::success(message.into()) })
    }

    fn max_turns(claude: &Claude) -> io::Result<u8> {
        let turns = claude.flag("--max-turns").unwrap_or("1");
        let error = format!("Reached maximum number of turns ({turns})");
        let stopped = Verdict::stopped("error_max_turns", error);
        claude.result(&Verdict { terminal_reason: Some("max_turns"), ..stopped })?;
        Ok(1)
    }

    fn max_budget(claude: &Claude) -> io::Result<u8> {
        let budget = claude.flag("--max-budget-usd").unwrap_or("0.0001");
        let error = format!("Reached maximum budget (${budget})");
        let stopped = Verdict::stopped("error_max_budget_usd", error);
        claude.result(&Verdict { terminal_reason: Some("budget_exhausted"), ..stopped })?;
        Ok(1)
    }

    fn session_in_use(claude: &Claude) -> u8 {
        fail(&format!("Error: Session ID {} is already in use.", claude.session_id))
    }

    /// Without an event stream the real program says this on stderr alone.
    fn no_session(claude: &Claude) -> io::Result<u8> {
        let error = format!("No conversation found with session ID: {}", claude.session_id);
        complain(&error);
        if claude.format == Format::Stream {
            let stopped = Verdict::stopped("error_during_execution", error);
            claude.result(&Verdict {
                stop_reason: None,
                terminal_reason: None,
                num_turns: 0,
                total_cost_usd: 0.0,
                ..stopped
            })?;
        }
        Ok(1)
    }

    fn rate_limit(claude: &Claude) -> io::Result<u8> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let resets_at = (now + claude.spec.secs()?).as_secs();
        let info = json!({"status": "rejected", "resetsAt": resets_at,
            "rateLimitType": "five_hour", "isUsingOverage": false});
        let line = Object::of_type("rate_limit_event")
            .with("rate_limit_info", info)
            .with("uuid", claude.line_id())
            .with("session_id", &*claude.session_id);
        claude.emit(line)?;
        api::Failure::rate_limit().play(claude)
    }

    fn grandchildren(claude: &Claude, mode: &str) -> io::Result<u8> {
        let leaves_them_behind = mode == "grandok";
        let (apart, near) = children::grandchildren(leaves_them_behind)?;
        claude.say(&format!("grandchildren {apart} {near}"))?;
        if leaves_them_behind {
            let answer = format!("left {apart} {near} behind");
            return done(claude.result(&Verdict::success((&*answer).into())));
        }
        forever()
    }

    fn close_and_stay() -> io::Result<u8> {
        death::close_output()?;
        forever()
    }

    fn recurse() -> io::Result<Value> {
        let script = env::var_os("FAKE_RECURSE").unwrap_or_else(|| "true".into());
        let output = Command::new("/bin/sh").arg("-c").arg(script).output()?;
        Ok(json!({"rc": death::exit_number(output.status),
            "out": end_of(&output.stdout), "err": end_of(&output.stderr)}))
    }

    /// The last 2000 characters or a little more, so that an answer stays an answer.
    fn end_of(bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes);
        text[text.floor_char_boundary(text.len().saturating_sub(2000))..].to_owned()
    }

    fn text_of(path: &str) -> io::Result<String> {
        Ok(String::from_utf8_lossy(&fs::read(path)?).into_owned())
    }
}

/// Failures of the API: an answer that the program made up itself, and a result that says so.
mod api {
    use std::borrow::Cow;
    use std::io;

    use serde_json::{Value, json};

    use super::claude::{Claude, MODEL, Verdict, message_head};
    use super::json::{Object, Text};

    pub(crate) struct Failure {
        status: Option<u16>,
        api_type: Option<&'static str>,
        error: &'static str,
        stop_reason: &'static str,
        terminal_reason: &'static str,
        message: Cow<'static, str>,
    }

    impl Failure {
        pub(crate) fn rate_limit() -> Self {
            Self::by_status(429, "rate_limit_error", "rate_limit", LIMIT_HIT)
        }

        /// The failure that a mode is named for, if it is one that the table lists.
        pub(crate) fn named(mode: &str, claude: &Claude) -> Option<Self> {
            let failure = match mode {
                "unauth" => Self::by_status(401, "authentication_error", AUTH, INVALID_KEY),
                "nologin" => Self::local(AUTH, "Not logged in · Please run /login"),
                "forbidden" => Self::by_status(403, "permission_error", AUTH, FORBIDDEN),
                "overloaded" => Self::by_status(529, "overloaded_error", SERVER, OVERLOADED),
                "apierror" => Self::by_status(500, "api_error", SERVER, INTERNAL),
                "network" => Self::local(SERVER, REFUSED_CONNECTION),
                "model404" => Self {
                    message: no_such_model(claude.flag("--model").unwrap_or(MODEL)).into(),
                    ..Self::by_status(404, "not_found_error", "model_not_found", "")
                },
                "toolong" => Self {
                    terminal_reason: "prompt_too_long",
                    ..Self::by_status(400, "invalid_request_error", INVALID, TOO_LONG)
                },
                "refusal" => Self { stop_reason: "refusal", ..Self::local(INVALID, REFUSAL) },
                _ => return None,
            };
            Some(failure)
        }

        /// A failure that the API answered with an HTTP status.
        fn by_status(
            status: u16,
            api_type: &'static str,
            error: &'static str,
            message: &'static str,
        ) -> Self {
            let (status, api_type) = (Some(status), Some(api_type));
            Self { status, api_type, ..Self::local(error, message) }
        }

        /// A failure without an HTTP status.
        fn local(error: &'static str, message: &'static str) -> Self {
            Self {
                status: None,
                api_type: None,
                error,
                stop_reason: "stop_sequence",
                terminal_reason: "api_error",
                message: Cow::Borrowed(message),
            }
        }

        pub(crate) fn play(&self, claude: &Claude) -> io::Result<u8> {
            claude.emit(self.synthetic_message(claude))?;
            claude.result(&Verdict {
                is_error: true,
                api_error_status: self.status,
                api_error_type: self.api_type,
                stop_reason: Some(self.stop_reason),
                terminal_reason: Some(self.terminal_reason),
                total_cost_usd: 0.0,
                ..Verdict::success(Text::from(&*self.message))
            })?;
            Ok(1)
        }

        /// The failure told as if the assistant had said it.
        fn synthetic_message(&self, claude: &Claude) -> Object {
            let text = Object::of_type("text").with("text", &*self.message).end();
            let message = message_head("<synthetic>")
                .raw("content", &format!("[{text}]"))
                .with("stop_reason", self.stop_reason)
                .with("stop_sequence", "")
                .with("usage", json!({"input_tokens": 0, "output_tokens": 0}))
                .end();
            Object::of_type("assistant")
                .raw("message", &message)
                .with("parent_tool_use_id", Value::Null)
                .with("session_id", &*claude.session_id)
                .with("uuid", claude.line_id())
                .with("error", self.error)
                .with("is_api_error_message", true)
                .with_some("api_error_status", self.status)
                .with_some("api_error_type", self.api_type)
        }
    }

    const AUTH: &str = "authentication_failed";
    const SERVER: &str = "server_error";
    const INVALID: &str = "invalid_request";

    const INVALID_KEY: &str = "Invalid API key · Fix external API key";
    const FORBIDDEN: &str = "Failed to authenticate. API Error: 403 Your account does not have \
        permission (fake)";
    const LIMIT_HIT: &str = "You've hit your 5-hour limit · resets 4:06pm (UTC)";
    const OVERLOADED: &str = "API Error: 529 Overloaded. This is a server-side issue, usually \
        temporary — try again in a moment.";
    const INTERNAL: &str = "API Error: 500 Internal server error (fake). This is a server-side \
        issue, usually temporary — try again in a moment.";
    const REFUSED_CONNECTION: &str = "API Error: Connection refused — a firewall or proxy may be \
        blocking it (ECONNREFUSED)";
    const TOO_LONG: &str = "Prompt is too long · the request is ~250000 tokens (limit 200000) but \
        this conversation is only ~264 tokens — the rest is system prompt, tool definitions, and \
        attachment content.";
    const REFUSAL: &str = "API Error: Opus 5.5's safeguards flagged this message \
        (https://www.anthropic.com/legal/aup). This sometimes happens with safe, normal \
        conversations.\n\nTry rephrasing the request in a new session or change your model.";

    fn no_such_model(model: &str) -> String {
        format!(
            "There's an issue with the selected model ({model}). It may not exist or you may not \
             have access to it. Run --model to pick a different model."
        )
    }
}

/// What a process may do to itself: not die when told to, die untold, or fall silent.
mod death {
    use std::fs::OpenOptions;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;
    use std::sync::Arc;
    use std::{io, thread, time::Duration};

    use rustix::process::{Signal, getpid, kill_process};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    /// A handler that does nothing of note survives a signal as well as ignoring it does, and our
    /// children don't inherit it.
    pub(crate) fn survive() -> io::Result<()> {
        for signal in [SIGTERM, SIGINT, SIGHUP] {
            signal_hook::flag::register(signal, Arc::default())?;
        }
        Ok(())
    }

    pub(crate) fn by_kill() -> ! {
        by(Signal::KILL)
    }

    pub(crate) fn by_segfault() -> ! {
        by(Signal::SEGV)
    }

    /// Repeated, because Rust's own SIGSEGV handler takes the first one: finding no overflowed
    /// stack, it restores the default and returns.
    fn by(signal: Signal) -> ! {
        loop {
            let _ = kill_process(getpid(), signal);
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Gives up stdout and stderr. Replacing them by a device that nobody reads closes our ends of
    /// the pipes, and leaves no hole that a file opened later could fall into.
    pub(crate) fn close_output() -> io::Result<()> {
        let nowhere = OpenOptions::new().write(true).open("/dev/null")?;
        rustix::stdio::dup2_stderr(&nowhere)?;
        rustix::stdio::dup2_stdout(&nowhere)?;
        Ok(())
    }

    /// The exit code, or the negated number of the signal.
    pub(crate) fn exit_number(status: ExitStatus) -> i32 {
        let signal = status.signal().unwrap_or_default();
        status.code().unwrap_or(-signal)
    }
}

/// Processes below the fake. Safe Rust cannot fork, so each is this program again, told by a
/// hidden first argument what to be.
mod children {
    use std::ffi::OsString;
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;
    use std::{env, io, io::Read, thread};

    use rustix::process::{Pid, getsid, setsid};

    use super::{death, forever, write_out};

    const SLEEP: &str = "__child-sleep";
    const SLEEP_APART: &str = "__child-sleep-apart";
    const SLEEP_DEAF: &str = "__child-sleep-deaf";
    const FORK: &str = "__child-fork";
    const DAEMON: &str = "__child-daemon";

    /// The life of such a child. Without `secs` it sleeps for ever.
    pub(crate) fn run(role: &str, secs: Option<&OsString>) -> io::Result<u8> {
        match role {
            SLEEP => {}
            SLEEP_APART => drop(setsid()?),
            SLEEP_DEAF => fall_deaf()?,
            FORK => drop(again(SLEEP_APART)?.spawn()?),
            DAEMON => return leave_daemon(),
            other => return Err(io::Error::new(io::ErrorKind::InvalidInput, other)),
        }
        sleep(secs);
        Ok(0)
    }

    /// One sleeper in a session of its own and one in our group, by their process ids.
    pub(crate) fn grandchildren(hold_output: bool) -> io::Result<(u32, u32)> {
        let apart = sleeper(SLEEP_APART, "600", hold_output)?;
        let near = sleeper(SLEEP, "601", hold_output)?;
        await_own_session(&apart)?;
        Ok((apart.id(), near.id()))
    }

    /// `count` children, each of which starts another. They keep our standard streams, as forked
    /// ones would.
    pub(crate) fn fork(count: u32) -> io::Result<()> {
        (0..count).try_for_each(|_| again(FORK)?.spawn().map(drop))
    }

    /// Starts the sleeper that nothing ties to us any more, and returns its process id.
    pub(crate) fn daemon() -> io::Result<String> {
        let output = again(DAEMON)?.stdin(Stdio::null()).stderr(Stdio::null()).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The middle of the double fork: it leads the session, and its end orphans the sleeper.
    fn leave_daemon() -> io::Result<u8> {
        setsid()?;
        let mut command = again(SLEEP_DEAF)?;
        command.arg("602").env_clear().stdin(Stdio::null()).stderr(Stdio::null());
        let mut sleeper = command.stdout(Stdio::piped()).spawn()?;
        await_closed_output(&mut sleeper)?;
        write_out(sleeper.id().to_string().as_bytes())?;
        Ok(0)
    }

    fn again(role: &str) -> io::Result<Command> {
        let mut command = Command::new(env::current_exe()?);
        command.arg(role);
        Ok(command)
    }

    fn sleeper(role: &str, secs: &str, hold_output: bool) -> io::Result<Child> {
        let mut command = again(role)?;
        command.arg(secs).stdin(Stdio::null());
        if !hold_output {
            command.stdout(Stdio::null()).stderr(Stdio::null());
        }
        command.spawn()
    }

    fn sleep(secs: Option<&OsString>) {
        let Some(secs) = secs.and_then(|secs| secs.to_str()?.parse().ok()) else { forever() };
        thread::sleep(Duration::from_secs(secs));
    }

    /// Says so, and only then lets go of its output: the end of it is the sign that it is ready.
    fn fall_deaf() -> io::Result<()> {
        death::survive()?;
        write_out(b"deaf")?;
        death::close_output()
    }

    /// The child changes its session itself, a moment after it is there. Our caller must not learn
    /// of it before that.
    fn await_own_session(child: &Child) -> io::Result<()> {
        let pid = Pid::from_child(child);
        while getsid(Some(pid))? != pid {
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Returns once the child has said that it is deaf, and let go of the pipe.
    fn await_closed_output(child: &mut Child) -> io::Result<()> {
        let Some(mut stdout) = child.stdout.take() else { return Ok(()) };
        stdout.read_to_end(&mut Vec::new()).map(drop)
    }
}

/// Mode `write`: does what a read-only process must not be able to do.
mod intruder {
    use std::fs::{self, OpenOptions, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use std::{env, io};

    use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};
    use rustix::process::{Pid, getppid, test_kill_process};
    use serde_json::{Map, Value};

    use super::spec::Spec;

    /// Tries everything, in this order, and tells by name what worked (`OK`) and what did not
    /// (kind and number of the error).
    pub(crate) fn attempts(spec: &Spec) -> Value {
        let mut report = Map::new();
        let mut attempt = |name: &str, outcome: io::Result<()>| {
            report.insert(name.to_owned(), describe(outcome).into());
        };
        for (name, path) in places(spec) {
            attempt(name, fs::write(path, "x"));
        }
        let victim = Path::new(spec.get("victim").unwrap_or("victim"));
        attempt("mkdir", fs::create_dir("d.fake"));
        attempt("unlink", fs::remove_file(victim));
        attempt("chmod", fs::set_permissions(victim, Permissions::from_mode(0o777)));
        attempt("rename", fs::rename(victim, "victim2"));
        attempt("truncate", truncate(victim));
        attempt("utime", touch(victim));
        attempt("symlink", symlink("a", "l.fake"));
        attempt("kill0_parent", parent().and_then(|pid| Ok(test_kill_process(pid)?)));
        attempt("parent_environ", parent().and_then(read_environment));
        attempt("shadow", fs::read("/etc/shadow").map(drop));
        attempt("subprocess", run_true());
        Value::Object(report)
    }

    fn describe(outcome: io::Result<()>) -> String {
        let Err(error) = outcome else { return "OK".to_owned() };
        let number = error.raw_os_error().map(|number| number.to_string());
        format!("{:?} {}", error.kind(), number.unwrap_or_default())
    }

    fn places(spec: &Spec) -> Vec<(&'static str, PathBuf)> {
        let home = env::home_dir().unwrap_or_default();
        let tmpdir = env::var_os("TMPDIR").map_or_else(|| "/tmp".into(), PathBuf::from);
        let mut places = vec![
            ("cwd", "x.fake".into()),
            ("home", home.join("x.fake")),
            ("tmp", "/tmp/x.fake".into()),
            ("tmpdir", tmpdir.join("x.fake")),
            ("devnull", "/dev/null".into()),
            ("devshm", "/dev/shm/x.fake".into()),
        ];
        places.extend(spec.get("state").map(|path| ("state", path.into())));
        places
    }

    fn truncate(path: &Path) -> io::Result<()> {
        OpenOptions::new().write(true).open(path)?.set_len(0)
    }

    fn touch(path: &Path) -> io::Result<()> {
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        let times = Timestamps { last_access: now, last_modification: now };
        Ok(utimensat(CWD, path, &times, AtFlags::empty())?)
    }

    fn parent() -> io::Result<Pid> {
        getppid().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn read_environment(pid: Pid) -> io::Result<()> {
        fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).map(drop)
    }

    fn run_true() -> io::Result<()> {
        let status = Command::new("true").status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(status.to_string())) }
    }
}

/// What the process was given, for mode `env` and for the trace file.
mod trace {
    use std::fs::{self, OpenOptions};
    use std::io::{self, Write};
    use std::path::{Path, PathBuf};
    use std::{env, process};

    use rustix::fs::{Mode, RawMode};
    use rustix::process::{Pid, Resource, getpgid, getppid, getrlimit, getsid, umask};
    use serde_json::{Map, Value, json};

    use super::beside::Beside;
    use super::claude::Claude;

    /// As much of the prompt as a trace line shows.
    const PROMPT_BYTES: usize = 4096;

    /// Appends one line, if a trace is wanted. A trace that cannot be written fails nothing.
    pub(crate) fn append(claude: &Claude, beside: &Beside) {
        let Some(path) = wanted(beside) else { return };
        if let Err(error) = append_line(&path, &format!("{}\n", facts(claude))) {
            super::complain(&format!("trace: {error}"));
        }
    }

    fn wanted(beside: &Beside) -> Option<PathBuf> {
        let named = env::var_os("FAKE_CLAUDE_TRACE").filter(|path| !path.is_empty());
        named.map(PathBuf::from).or_else(|| beside.find("fake-claude.trace"))
    }

    /// In one write, so that the lines of several starts at once stay whole.
    fn append_line(path: &Path, line: &str) -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(line.as_bytes())
    }

    /// The signals ignored always include SIGPIPE: Rust's runtime sets that itself.
    pub(crate) fn facts(claude: &Claude) -> Value {
        let prompt = &claude.prompt[..claude.prompt.floor_char_boundary(PROMPT_BYTES)];
        json!({
            "mode": claude.spec.mode(),
            "argv": claude.argv,
            "prompt": prompt,
            "prompt_len": claude.prompt_len,
            "cwd": env::current_dir().ok().map(|path| path.to_string_lossy().into_owned()),
            "pid": process::id(),
            "ppid": raw(getppid()),
            "pgid": raw(getpgid(None).ok()),
            "sid": raw(getsid(None).ok()),
            "umask": format!("0o{:o}", current_umask()),
            "fds": open_files(),
            "env": environment(),
            "sigign": status_field("SigIgn"),
            "sigblk": status_field("SigBlk"),
            "nofile": limit(Resource::Nofile),
            "core": limit(Resource::Core),
        })
    }

    /// Zero stands for a process that we cannot see: a parent outside our pid namespace.
    fn raw(pid: Option<Pid>) -> i32 {
        pid.map_or(0, |pid| pid.as_raw_nonzero().get())
    }

    /// It can only be read by setting it.
    fn current_umask() -> RawMode {
        let mask = umask(Mode::empty());
        umask(mask);
        mask.bits()
    }

    /// Number and target of each open descriptor. Listed first and looked up then, because the
    /// listing holds one open itself, which must not be counted.
    fn open_files() -> Map<String, Value> {
        let listing = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
        let paths: Vec<PathBuf> = listing.map(|entry| entry.path()).collect();
        paths.iter().filter_map(|path| open_file(path)).collect()
    }

    fn open_file(path: &Path) -> Option<(String, Value)> {
        let target = fs::read_link(path).ok()?.to_string_lossy().into_owned();
        Some((path.file_name()?.to_string_lossy().into_owned(), target.into()))
    }

    fn environment() -> Map<String, Value> {
        let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        env::vars_os().map(|(key, value)| (lossy(key), lossy(value).into())).collect()
    }

    /// The values of such lines in the kernel's account of us; none where it keeps no such file.
    fn status_field(name: &str) -> Vec<String> {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let lines = status.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        lines.map(|value| value.trim().to_owned()).collect()
    }

    /// Soft and hard limit; -1 stands for none.
    fn limit(resource: Resource) -> Value {
        let limit = getrlimit(resource);
        let number = |value: Option<u64>| value.map_or(json!(-1), Value::from);
        json!([number(limit.current), number(limit.maximum)])
    }
}
