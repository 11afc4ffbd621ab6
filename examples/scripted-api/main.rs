//! A scripted Messages API on loopback, so that the real Claude Code can run offline and every
//! answer and every failure can be ordered by name.
//!
//! ```text
//! scripted-api [--port 0] [--port-file FILE] [--log FILE.jsonl] [--scenario NAME|FILE.json]
//!              [--bodies] [--exit-with-parent]
//! ```
//!
//! It listens on 127.0.0.1 only. The first line on standard output is
//! `{"base_url":"http://127.0.0.1:41233","pid":123,"port":41233}`; point `ANTHROPIC_BASE_URL` at
//! that address and set any `ANTHROPIC_API_KEY` (or, for `429_limit`, any
//! `CLAUDE_CODE_OAUTH_TOKEN`).
//!
//! A request gets the first scenario found in this order:
//!
//! 1. a marker in the newest real user prompt: `[[scenario:write]]`, with parameters
//!    `[[scenario:bash {"command":"touch x"}]]`;
//! 2. a prefix of the base URL: `/s/NAME`, or `/s/NAME/k/KEY` for a retry counter of its own;
//! 3. the last `POST /__scenario` (a JSON scenario, or the name of a built-in one);
//! 4. `--scenario`, or the variable `FAKE_SCENARIO`;
//! 5. `text`.
//!
//! That order is kept by [`choice`]. What a scenario can say is in [`scenario`], the named ones
//! are in [`builtin`], the other addresses and the log are in [`server`] and [`log`].
//!
//! With `--exit-with-parent` the server ends when its standard input does, so a test that dies
//! leaves nothing behind. Give it a pipe then: with an empty input it ends at once.

#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a program of its own: the rooms are not here")]

mod builtin;
mod choice;
mod conversation;
mod gate;
mod http;
mod log;
mod reply;
mod request;
mod scenario;
mod server;
mod sha1;
mod stream;

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use serde_json::json;

use crate::log::Log;
use crate::scenario::Scenario;
use crate::server::Server;

const USAGE: &str = "usage: scripted-api [--port N] [--port-file FILE] [--log FILE] \
                     [--scenario NAME|FILE.json] [--bodies] [--exit-with-parent]";

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => return fail(&format!("{problem}\n{USAGE}"), 2),
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => fail(&problem, 1),
    }
}

fn fail(problem: &str, code: u8) -> ExitCode {
    // Nothing is left to do if even standard error is closed.
    let _ = writeln!(io::stderr(), "scripted-api: {problem}");
    ExitCode::from(code)
}

/// The command line, as typed.
#[derive(Debug, Default)]
struct Options {
    port: u16,
    port_file: Option<PathBuf>,
    log: Option<PathBuf>,
    scenario: Option<String>,
    bodies: bool,
    exit_with_parent: bool,
}

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        while let Some(flag) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{flag} needs a value"));
            match flag.as_str() {
                "--port" => {
                    let text = value()?;
                    options.port = text.parse().map_err(|_| format!("not a port: {text}"))?;
                }
                "--port-file" => options.port_file = Some(value()?.into()),
                "--log" => options.log = Some(value()?.into()),
                "--scenario" => options.scenario = Some(value()?),
                "--bodies" => options.bodies = true,
                "--exit-with-parent" => options.exit_with_parent = true,
                _ => return Err(format!("unknown argument: {flag}")),
            }
        }
        Ok(options)
    }
}

fn run(options: &Options) -> Result<(), String> {
    let named = options.scenario.clone().or_else(|| std::env::var("FAKE_SCENARIO").ok());
    let scenario = named.map(|spec| Scenario::load(&spec)).transpose()?;
    let server = Arc::new(Server::new(Log::new(options.log.clone()), scenario, options.bodies));

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))
        .map_err(|error| format!("cannot listen on port {}: {error}", options.port))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    announce(address.port(), options.port_file.as_deref())
        .map_err(|error| format!("cannot announce the port: {error}"))?;

    if options.exit_with_parent {
        // The listener may end with the process: returning from `main` is the way out.
        thread::spawn(move || accept(&listener, &server));
        io::copy(&mut io::stdin(), &mut io::sink()).map_err(|error| error.to_string())?;
        return Ok(());
    }
    accept(&listener, &server);
    Ok(())
}

fn announce(port: u16, port_file: Option<&Path>) -> io::Result<()> {
    let line = json!({
        "port": port,
        "base_url": format!("http://127.0.0.1:{port}"),
        "pid": std::process::id(),
    });
    // The file first, renamed into place: who has read the line finds the file, and whole.
    if let Some(path) = port_file {
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(".tmp");
        std::fs::write(&unfinished, port.to_string())?;
        std::fs::rename(&unfinished, path)?;
    }
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

fn accept(listener: &TcpListener, server: &Arc<Server>) {
    // A failed accept is the failure of one client; the next one may be well.
    for stream in listener.incoming().flatten() {
        let server = Arc::clone(server);
        thread::spawn(move || server.serve(stream));
    }
}
