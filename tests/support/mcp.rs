//! A small MCP client: JSON lines over pipes, nothing checked and nothing repaired, so that tests can
//! say anything and see everything.
#![allow(clippy::needless_pass_by_value, reason = "`json!` makes values, and tests are read")]

use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};

use serde_json::{Value, json};

use super::{PATIENCE, World, kill, program, until};

/// A running server and its pipes.
pub(crate) struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    unread: Option<ChildStdout>,
    sender: Option<Sender<String>>,
    lines: Receiver<String>,
    /// What came while something else was waited for.
    stash: Vec<Value>,
    last_id: i64,
}

/// The revision that most clients of 2026 open with.
pub(crate) const LEGACY: &str = "2025-11-25";
pub(crate) const MODERN: &str = "2026-07-28";

impl Client {
    /// A server that nothing was said to yet.
    pub(crate) fn silent(world: &World) -> Self {
        Self::of(world.raw(["mcp", "serve"]))
    }

    /// The same with a program of another name.
    pub(crate) fn silent_as(world: &World, path: &std::path::Path) -> Self {
        let mut command = std::process::Command::new(path);
        world.dress(&mut command);
        command.args(["mcp", "serve"]);
        Self::of(command)
    }

    /// A server whose answers nobody reads until [`Client::read_on`].
    pub(crate) fn silent_unread(world: &World) -> Self {
        Self::unread(world.raw(["mcp", "serve"]))
    }

    fn of(command: std::process::Command) -> Self {
        let mut client = Self::unread(command);
        client.read_on();
        client
    }

    fn unread(mut command: std::process::Command) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("started");
        let (sender, lines) = channel();
        let (stdin, unread) = (child.stdin.take(), child.stdout.take());
        Self { child, stdin, unread, sender: Some(sender), lines, stash: Vec::new(), last_id: 1000 }
    }

    /// Starts to read.
    pub(crate) fn read_on(&mut self) {
        let stdout = self.unread.take().expect("unread");
        let sender = self.sender.take().expect("unread");
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
    }

    /// All that was said and not looked at, up to the end of a server that has ended.
    pub(crate) fn rest(&mut self) -> Vec<Value> {
        let mut rest = std::mem::take(&mut self.stash);
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            rest.push(serde_json::from_str(&line).expect("JSON"));
        }
        rest
    }

    /// A session that was opened with `initialize`.
    pub(crate) fn open(world: &World) -> Self {
        let mut client = Self::silent(world);
        client.initialize("test");
        client
    }

    pub(crate) fn initialize(&mut self, name: &str) -> Value {
        let id = self.begin_session(name);
        self.answer(&json!(id))
    }

    /// The same without waiting for the answer; returns its id.
    pub(crate) fn begin_session(&mut self, name: &str) -> i64 {
        let params = json!({
            "protocolVersion": LEGACY,
            "capabilities": {},
            "clientInfo": { "name": name, "version": "1" },
        });
        let id = self.begin("initialize", params);
        self.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        id
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a message.
    pub(crate) fn send(&mut self, message: &Value) {
        self.send_bytes(format!("{message}\n").as_bytes());
    }

    /// Sends bytes as they are. A server that is gone takes none, which a later look shows.
    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("open");
        let _ = stdin.write_all(bytes).and_then(|()| stdin.flush());
    }

    /// The writing end, to be used elsewhere.
    pub(crate) fn take_stdin(&mut self) -> ChildStdin {
        self.stdin.take().expect("open")
    }

    /// Sends a request without waiting; returns its id.
    pub(crate) fn begin(&mut self, method: &str, params: Value) -> i64 {
        self.last_id += 1;
        let id = self.last_id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    /// Sends a request and returns the whole answer.
    pub(crate) fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.begin(method, params);
        self.answer(&json!(id))
    }

    /// The answer to a request.
    #[track_caller]
    pub(crate) fn answer(&mut self, id: &Value) -> Value {
        self.find(|message| message["id"] == *id && message.get("method").is_none())
    }

    /// The next message that fits, also one that came before.
    #[track_caller]
    pub(crate) fn find(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.stash.iter().position(&fits) {
            return self.stash.remove(at);
        }
        loop {
            let message = self.next();
            if fits(&message) {
                return message;
            }
            self.stash.push(message);
        }
    }

    /// The next line, which must be JSON.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Value {
        let line = self.lines.recv_timeout(PATIENCE).expect("the server says something");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"))
    }

    /// Calls a tool and returns its result.
    #[track_caller]
    pub(crate) fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self.request("tools/call", json!({ "name": tool, "arguments": arguments }));
        assert!(answer["error"].is_null(), "{answer:#}");
        answer["result"].clone()
    }

    /// Calls a tool for JSON; it must succeed, and text and structure must agree.
    #[track_caller]
    pub(crate) fn json(&mut self, tool: &str, mut arguments: Value) -> Value {
        arguments["render"] = "json".into();
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], false, "{result:#}");
        structured(&result)
    }

    /// Calls a tool that must fail, and returns the fault.
    #[track_caller]
    pub(crate) fn fault(&mut self, tool: &str, mut arguments: Value) -> Value {
        arguments["render"] = "json".into();
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], true, "{result:#}");
        structured(&result)["fault"].clone()
    }

    /// Calls a tool for text.
    #[track_caller]
    pub(crate) fn text(&mut self, tool: &str, arguments: Value) -> String {
        let result = self.call(tool, arguments);
        assert!(result.get("structuredContent").is_none(), "porcelain is text only: {result:#}");
        result["content"][0]["text"].as_str().expect("text").to_owned()
    }

    /// Waits until a server whose answers nobody reads has given some, and does nothing more.
    pub(crate) fn until_at_rest(&self) {
        let output = self.unread.as_ref().expect("unread");
        until("it does nothing more", || {
            let is_unread = rustix::io::ioctl_fionread(output).expect("a pipe") > 0;
            (is_unread && is_asleep(self.pid())).then_some(())
        });
    }

    /// Closes the end that the server's answers come out of.
    pub(crate) fn close_output(&mut self) {
        self.unread = None;
    }

    /// Closes standard input.
    pub(crate) fn hang_up(&mut self) {
        self.stdin = None;
    }

    /// Waits for the server's end and returns its exit code.
    #[track_caller]
    pub(crate) fn end(&mut self) -> Option<i32> {
        super::exit_code(&mut self.child)
    }

    pub(crate) fn signal(&self, name: &str) {
        kill(self.pid(), name);
    }

    /// Most memory that the server has had, KiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("alive");
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("told");
        line.split_whitespace().nth(1).expect("a number").parse().expect("a number")
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn structured(result: &Value) -> Value {
    let text = result["content"][0]["text"].as_str().expect("text");
    let same: Value = serde_json::from_str(text).expect("JSON as text");
    assert_eq!(same, result["structuredContent"]);
    same
}

/// The `_meta` of a request in the modern era.
pub(crate) fn meta(capabilities: Value) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    })
}

/// Another file with the program under test in it.
pub(crate) fn copy_of_program(path: &std::path::Path) {
    std::fs::copy(program(), path).expect("copied");
}

/// Waits until a process leaves what stands in its standard input, of which `input` is the other end.
/// A thread that were willing to read it would be awake.
pub(crate) fn until_unread(pid: u32, input: &OwnedFd) {
    until("it reads no more", || {
        let waits = rustix::io::ioctl_fionread(input).expect("a pipe") > 0;
        (waits && is_asleep(pid)).then_some(())
    });
}

/// Whether every thread of a process sleeps.
fn is_asleep(pid: u32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    threads.flatten().all(|thread| {
        let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| rest.starts_with(" S"))
    })
}
