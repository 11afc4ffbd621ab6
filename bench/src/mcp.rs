//! The server of agents: how soon it answers, how fast, and what it holds in memory, beside servers on
//! the SDK's own transport.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Bench;
use crate::ids::id;
use crate::measure::{Times, in_turns, say};
use crate::memory::{mb, pss};
use crate::table::Row;

/// Jobs in the log that is asked about.
const JOBS: u64 = 1000;

/// The servers that are measured: our own, and what it stands beside.
const SERVERS: [&str; 5] =
    ["phone-opus", "SDK stdio()", "SDK stdio_pipes()", "SDK stdio() + look-up", "echo"];

pub(crate) fn rows(bench: &mut Bench) {
    let state = bench.log("mcp", JOBS, 2000, 6000);
    let commands = || {
        let mut own = bench.own(&state);
        own.args(["mcp", "serve"]);
        let alternative = |arguments: &[&str]| {
            let mut command = Command::new(&bench.programs.alternatives);
            command.args(arguments);
            command
        };
        let state = state.to_str().expect("UTF-8");
        [
            own,
            alternative(&["sdk"]),
            alternative(&["sdk", "--pipes"]),
            alternative(&["sdk", "--state", state]),
            alternative(&["echo"]),
        ]
    };
    let first = first_answers(bench.rounds, commands);
    let mut servers = commands().map(Server::start);
    servers.iter_mut().for_each(Server::initialize);
    let idle = pss(servers[0].pid());
    let idle_sdk = pss(servers[1].pid());
    let calls = calls(&mut servers, bench.rounds * 40);
    for _ in 0..10_000 {
        servers[0].call(&id(JOBS - 1));
    }
    let after = pss(servers[0].pid());
    report(bench, &first, &calls, [idle, after, idle_sdk]);
}

fn report(bench: &mut Bench, first: &[Times], calls: &[Times], memory: [u64; 3]) {
    let beside = |times: &[Times], of: fn(&Times) -> Duration| {
        let said = times.iter().zip(SERVERS).skip(1);
        said.map(|(times, name)| format!("{name} {}", say(of(times))))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let row = |what: &str, most: Duration, time: Duration, beside: String| Row {
        what: what.to_owned(),
        target: say(most),
        measured: say(time),
        is_met: Some(time <= most),
        beside,
    };
    let (p50, most) = (calls[0].p50(), Duration::from_micros(50));
    bench.table.row(row("MCP: `consult_job`, p50", most, p50, beside(calls, Times::p50)));
    let (begin, most) = (first[0].p25(), Duration::from_millis(3));
    bench.table.row(row("MCP: start to first answer", most, begin, beside(first, Times::p25)));
    let [idle, after, idle_sdk] = memory;
    bench.table.row(Row {
        what: "MCP: memory (PSS), idle".to_owned(),
        target: "6 MB".to_owned(),
        measured: format!("{:.2} MB", mb(idle)),
        is_met: Some(mb(idle) <= 6.0),
        beside: format!("after 10,000 calls {:.2} MB; SDK {:.2} MB", mb(after), mb(idle_sdk)),
    });
}

/// From the start of the process until it has answered the first message.
fn first_answers(rounds: usize, commands: impl Fn() -> [Command; 5]) -> [Times; 5] {
    let one = |nth: usize| {
        let command = commands().into_iter().nth(nth).expect("one of five");
        let begun = Instant::now();
        let mut server = Server::start(command);
        server.initialize();
        begun.elapsed()
    };
    in_turns(
        rounds,
        [&mut || one(0), &mut || one(1), &mut || one(2), &mut || one(3), &mut || one(4)],
    )
}

/// The same call to each server in turn, while the others have nothing to do.
fn calls(servers: &mut [Server; 5], rounds: usize) -> Vec<Times> {
    let job = id(JOBS - 1);
    let mut times = vec![Times::default(); servers.len()];
    for round in 0..rounds + 50 {
        for (server, times) in servers.iter_mut().zip(&mut times) {
            let time = server.call(&job);
            if round >= 50 {
                times.push(time);
            }
        }
    }
    times
}

/// A running server and its pipes.
struct Server {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    last_id: u64,
    line: String,
}

impl Server {
    fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("starts");
        let input = child.stdin.take().expect("a pipe");
        let output = BufReader::with_capacity(1 << 16, child.stdout.take().expect("a pipe"));
        Self { child, input, output, last_id: 0, line: String::new() }
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    fn initialize(&mut self) {
        let params = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": { "name": "bench", "version": "1" },
        });
        self.request("initialize", &params);
        let done = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        self.input.write_all(format!("{done}\n").as_bytes()).expect("written");
        self.drain_echo(&done);
    }

    /// The echo sends notifications back as well.
    fn drain_echo(&mut self, sent: &Value) {
        if self.line.contains("\"method\"") {
            self.read();
            assert_eq!(self.line.trim_end(), sent.to_string());
        }
    }

    fn call(&mut self, job: &str) -> Duration {
        let params = json!({ "name": "consult_job", "arguments": { "job_id": job } });
        self.request("tools/call", &params)
    }

    /// From the first byte sent to the last one received.
    fn request(&mut self, method: &str, params: &Value) -> Duration {
        self.last_id += 1;
        let id = self.last_id;
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        let bytes = format!("{request}\n");
        let begun = Instant::now();
        self.input.write_all(bytes.as_bytes()).expect("written");
        self.read();
        let time = begun.elapsed();
        let is_answer = self.line.contains(&format!("\"id\":{id}"));
        let is_good = !self.line.contains("\"error\"") && !self.line.contains("\"isError\":true");
        assert!(is_answer && is_good, "{}", self.line);
        time
    }

    fn read(&mut self) {
        self.line.clear();
        self.output.read_line(&mut self.line).expect("read");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
