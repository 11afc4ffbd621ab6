//! Whatever a peer sends: every request is answered, nothing else matters, and the server lives.

use std::io::Write;
use std::os::fd::AsFd;

use serde_json::{Value, json};

use crate::support::World;
use crate::support::mcp::{Client, until_unread};

/// What is expected of one input.
enum Expect {
    /// An error with this id and code.
    Error(Value, i64),
    /// An answer of any kind with this id.
    Answer(Value),
    /// Nothing.
    Nothing,
}

use Expect::{Answer, Error, Nothing};

fn deep(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

type Input = (&'static str, Vec<u8>, Expect);

fn inputs() -> Vec<Input> {
    [no_json(), no_request(), ids(), methods_and_params(), arguments(), others()]
        .into_iter()
        .flatten()
        .collect()
}

fn text(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn call(id: &str, arguments: &str) -> Vec<u8> {
    text(&format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"consult_jobs","arguments":{arguments}}}}}"#
    ))
}

fn no_json() -> Vec<Input> {
    vec![
        ("an empty line", text(""), Nothing),
        ("white space", text(" \t \r"), Nothing),
        ("a word", text("hello"), Error(Value::Null, -32700)),
        ("half an object", text(r#"{"jsonrpc":"2.0","id":1"#), Error(json!(1), -32700)),
        ("a quote", text("\""), Error(Value::Null, -32700)),
        ("an HTTP request", text("GET / HTTP/1.1"), Error(Value::Null, -32700)),
        ("a header of another framing", text("Content-Length: 20"), Error(Value::Null, -32700)),
        (
            "two objects on a line",
            text(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}{}"#),
            Error(json!(1), -32700),
        ),
        ("a NUL", vec![0], Error(Value::Null, -32700)),
        (
            "NULs around a request",
            text("\0{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"ping\"}\0"),
            Error(json!(3), -32700),
        ),
        (
            "a byte order mark",
            text("\u{feff}{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"ping\"}"),
            Error(json!(4), -32700),
        ),
        ("bytes that are not UTF-8", vec![0xff, 0xfe, b'{'], Error(Value::Null, -32700)),
        (
            "bad UTF-8 in a string",
            [
                br#"{"jsonrpc":"2.0","id":5,"method":"ping","params":{"a":""#.as_slice(),
                &[0xc3, 0x28],
                b"\"}}",
            ]
            .concat(),
            Error(json!(5), -32700),
        ),
    ]
}

fn no_request() -> Vec<Input> {
    vec![
        (
            "half a surrogate pair",
            text(r#"{"jsonrpc":"2.0","id":6,"method":"tools/call","params":{"name":"\ud83d"}}"#),
            Error(json!(6), -32602),
        ),
        ("a number", text("42"), Error(Value::Null, -32600)),
        ("a string", text("\"ping\""), Error(Value::Null, -32600)),
        ("null", text("null"), Error(Value::Null, -32600)),
        ("true", text("true"), Error(Value::Null, -32600)),
        ("an empty batch", text("[]"), Error(Value::Null, -32600)),
        (
            "a batch",
            text(r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#),
            Error(Value::Null, -32600),
        ),
        ("an empty object", text("{}"), Error(Value::Null, -32600)),
        ("no version", text(r#"{"id":7,"method":"ping"}"#), Error(json!(7), -32600)),
        (
            "version 1.0",
            text(r#"{"jsonrpc":"1.0","id":8,"method":"ping"}"#),
            Error(json!(8), -32600),
        ),
        (
            "a version that is a number",
            text(r#"{"jsonrpc":2.0,"id":9,"method":"ping"}"#),
            Error(json!(9), -32600),
        ),
        ("no method", text(r#"{"jsonrpc":"2.0","id":10}"#), Error(json!(10), -32600)),
        (
            "a method that is a number",
            text(r#"{"jsonrpc":"2.0","id":11,"method":1}"#),
            Error(json!(11), -32600),
        ),
        (
            "a method that is null",
            text(r#"{"jsonrpc":"2.0","id":12,"method":null}"#),
            Error(json!(12), -32600),
        ),
        (
            "a key twice",
            text(r#"{"jsonrpc":"2.0","id":13,"id":14,"method":"ping"}"#),
            Error(json!(13), -32600),
        ),
    ]
}

fn ids() -> Vec<Input> {
    vec![
        (
            "an id that is null",
            text(r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#),
            Error(Value::Null, -32600),
        ),
        (
            "an id that is an object",
            text(r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#),
            Error(Value::Null, -32600),
        ),
        (
            "an id that is a list",
            text(r#"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#),
            Error(Value::Null, -32600),
        ),
        (
            "an id that is true",
            text(r#"{"jsonrpc":"2.0","id":true,"method":"ping"}"#),
            Error(Value::Null, -32600),
        ),
        (
            "an id with a fraction",
            text(r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#),
            Error(Value::Null, -32600),
        ),
        (
            "an id beyond all integers",
            text(r#"{"jsonrpc":"2.0","id":99999999999999999999,"method":"ping"}"#),
            Error(Value::Null, -32600),
        ),
        (
            "the largest id",
            text(r#"{"jsonrpc":"2.0","id":9223372036854775807,"method":"ping"}"#),
            Answer(json!(i64::MAX)),
        ),
        ("a negative id", text(r#"{"jsonrpc":"2.0","id":-3,"method":"ping"}"#), Answer(json!(-3))),
        ("an empty id", text(r#"{"jsonrpc":"2.0","id":"","method":"ping"}"#), Answer(json!(""))),
        (
            "an id with escapes",
            text(r#"{"jsonrpc":"2.0","id":"a\"\u00e9\n","method":"ping"}"#),
            Answer(json!("a\"\u{e9}\n")),
        ),
        (
            "an id that looks like a number",
            text(r#"{"jsonrpc":"2.0","id":"1","method":"ping"}"#),
            Answer(json!("1")),
        ),
    ]
}

fn methods_and_params() -> Vec<Input> {
    vec![
        (
            "an unknown method",
            text(r#"{"jsonrpc":"2.0","id":15,"method":"nope"}"#),
            Error(json!(15), -32601),
        ),
        (
            "an empty method",
            text(r#"{"jsonrpc":"2.0","id":16,"method":""}"#),
            Error(json!(16), -32601),
        ),
        (
            "a method of ours that is none",
            text(r#"{"jsonrpc":"2.0","id":17,"method":"consult"}"#),
            Error(json!(17), -32601),
        ),
        (
            "params in a list",
            text(r#"{"jsonrpc":"2.0","id":18,"method":"tools/list","params":[]}"#),
            Error(json!(18), -32602),
        ),
        (
            "params that are a string",
            text(r#"{"jsonrpc":"2.0","id":19,"method":"tools/call","params":"x"}"#),
            Error(json!(19), -32602),
        ),
        (
            "a call without params",
            text(r#"{"jsonrpc":"2.0","id":20,"method":"tools/call"}"#),
            Error(json!(20), -32602),
        ),
        (
            "a call without a name",
            text(r#"{"jsonrpc":"2.0","id":21,"method":"tools/call","params":{}}"#),
            Error(json!(21), -32602),
        ),
        (
            "a tool name that is a number",
            text(r#"{"jsonrpc":"2.0","id":22,"method":"tools/call","params":{"name":1}}"#),
            Error(json!(22), -32602),
        ),
        (
            "an unknown tool",
            text(r#"{"jsonrpc":"2.0","id":23,"method":"tools/call","params":{"name":"rm"}}"#),
            Error(json!(23), -32602),
        ),
    ]
}

fn arguments() -> Vec<Input> {
    vec![
        ("arguments in a list", call("24", "[]"), Error(json!(24), -32602)),
        ("arguments that are a string", call("25", "\"x\""), Error(json!(25), -32602)),
        ("arguments that are null", call("26", "null"), Answer(json!(26))),
        (
            "an argument that is too deep",
            call("27", &format!("{{\"limit\":{}}}", deep(2000))),
            Error(json!(27), -32600),
        ),
        (
            "a very deep argument",
            call("28", &format!("{{\"limit\":{}}}", deep(200_000))),
            Error(json!(28), -32600),
        ),
        ("a deep line that never closes", text(&"[".repeat(100_000)), Error(Value::Null, -32600)),
        (
            "deep objects that never close",
            text(&"{\"a\":".repeat(50_000)),
            Error(Value::Null, -32700),
        ),
        ("a number out of range", call("29", "{\"limit\":1e999}"), Error(json!(29), -32600)),
        ("a huge integer", call("30", "{\"limit\":99999999999999999999999999}"), Answer(json!(30))),
        (
            "a cursor that is a number",
            text(r#"{"jsonrpc":"2.0","id":31,"method":"tools/list","params":{"cursor":1}}"#),
            Error(json!(31), -32602),
        ),
        (
            "a prompt without a name",
            text(r#"{"jsonrpc":"2.0","id":32,"method":"prompts/get","params":{}}"#),
            Error(json!(32), -32602),
        ),
        (
            "a resource without an address",
            text(r#"{"jsonrpc":"2.0","id":33,"method":"resources/read","params":{}}"#),
            Error(json!(33), -32602),
        ),
        (
            "a second initialize without params",
            text(r#"{"jsonrpc":"2.0","id":34,"method":"initialize"}"#),
            Error(json!(34), -32602),
        ),
        (
            "_meta that is a string",
            text(r#"{"jsonrpc":"2.0","id":35,"method":"tools/list","params":{"_meta":"x"}}"#),
            Answer(json!(35)),
        ),
    ]
}

fn others() -> Vec<Input> {
    vec![
        ("a response to nothing", text(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#), Nothing),
        (
            "an error to nothing",
            text(r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}"#),
            Nothing,
        ),
        (
            "an unknown notification",
            text(r#"{"jsonrpc":"2.0","method":"notifications/nope"}"#),
            Nothing,
        ),
        (
            "a notification with odd params",
            text(r#"{"jsonrpc":"2.0","method":"notifications/initialized","params":7}"#),
            Nothing,
        ),
        (
            "a cancellation of nothing",
            text(
                r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":4711}}"#,
            ),
            Nothing,
        ),
        (
            "a cancellation without an id",
            text(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{}}"#),
            Nothing,
        ),
        (
            "progress that nobody waits for",
            text(
                r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}"#,
            ),
            Nothing,
        ),
        (
            "subscriptions",
            text(
                r#"{"jsonrpc":"2.0","id":36,"method":"subscriptions/listen","params":{"notifications":{}}}"#,
            ),
            Error(json!(36), -32601),
        ),
        (
            "a log level",
            text(
                r#"{"jsonrpc":"2.0","id":37,"method":"logging/setLevel","params":{"level":"debug"}}"#,
            ),
            Error(json!(37), -32601),
        ),
        (
            "a carriage return",
            text("{\"jsonrpc\":\"2.0\",\"id\":38,\"method\":\"ping\"}\r"),
            Answer(json!(38)),
        ),
        (
            "blanks before",
            text("   {\"jsonrpc\":\"2.0\",\"id\":39,\"method\":\"ping\"}"),
            Answer(json!(39)),
        ),
        (
            "a key more",
            text(r#"{"jsonrpc":"2.0","id":40,"method":"ping","extra":{"id":1}}"#),
            Answer(json!(40)),
        ),
    ]
}

#[track_caller]
fn check(client: &mut Client, what: &str, expect: Expect) {
    match expect {
        Nothing => {}
        Answer(id) => {
            let answer = client.next();
            assert_eq!(answer["id"], id, "{what}: {answer:#}");
        }
        Error(id, code) => {
            let answer = client.next();
            assert_eq!(
                (&answer["id"], &answer["error"]["code"]),
                (&id, &code.into()),
                "{what}: {answer:#}"
            );
            assert!(answer.get("id").is_some() && answer["jsonrpc"] == "2.0", "{what}");
        }
    }
    // Nothing more is said than what was expected, and the server lives.
    client.send(&json!({ "jsonrpc": "2.0", "id": "alive", "method": "ping" }));
    let pong = client.next();
    assert_eq!((&pong["id"], &pong["result"]), (&"alive".into(), &json!({})), "{what}: {pong:#}");
}

#[test]
fn every_hostile_line_gets_its_answer_in_an_open_session() {
    let world = World::new();
    let mut client = Client::open(&world);
    let all = inputs();
    assert!(all.len() >= 60, "{}", all.len());
    for (what, mut bytes, expect) in all {
        bytes.push(b'\n');
        client.send_bytes(&bytes);
        check(&mut client, what, expect);
    }
    assert!(world.events().is_empty());
    client.hang_up();
    assert_eq!(client.end(), Some(0));
}

#[test]
fn no_first_line_of_any_kind_ends_the_server() {
    let world = World::new();
    let mut client = Client::silent(&world);
    for (what, mut bytes, expect) in inputs() {
        bytes.push(b'\n');
        client.send_bytes(&bytes);
        // Before a session is open the same lines may be refused for that.
        if let Answer(id) | Error(id, _) = expect {
            let answer = client.next();
            assert_eq!(answer["id"], id, "{what}: {answer:#}");
        }
        check(&mut client, what, Nothing);
    }
    assert_eq!(client.initialize("late")["result"]["serverInfo"]["name"], "phone_opus");
    for first in ["notifications/initialized", "ping", "tools/list"] {
        let mut client = Client::silent(&world);
        let id = if first.starts_with("notifications") { Value::Null } else { json!(1) };
        let mut message = json!({ "jsonrpc": "2.0", "method": first });
        if !id.is_null() {
            message["id"] = id;
        }
        client.send(&message);
        assert!(client.initialize("late")["result"].is_object(), "{first}");
    }
}

#[test]
fn a_giant_line_is_refused_by_its_id_wherever_that_stands() {
    let world = World::new();
    let mut client = Client::open(&world);
    let chunk = vec![b'x'; 1 << 20];
    for (head, tail) in [
        (r#"{"jsonrpc":"2.0","id":"big","method":"tools/call","params":{"name":""#, r#""}}"#),
        (
            r#"{"method":"tools/call","params":{"id":0,"name":""#,
            r#""},"jsonrpc":"2.0","id":"big"}"#,
        ),
    ] {
        client.send_bytes(head.as_bytes());
        for _ in 0..100 {
            client.send_bytes(&chunk);
        }
        client.send_bytes(tail.as_bytes());
        client.send_bytes(b"\n");
        check(&mut client, "giant", Error(json!("big"), -32600));
    }
    // Twice the longest line is what a growing buffer may have taken, and nothing of the 100 MB.
    assert!(client.peak_memory() < 120 << 10, "{} KiB", client.peak_memory());
}

#[test]
fn a_prompt_as_large_as_claude_takes_arrives_whole() {
    let world = World::new();
    let mut client = Client::open(&world);
    let prompt = format!("FAKE:ok {}", "line\n\"é\"".repeat(900_000));
    let job = client.json("consult", json!({ "prompt": prompt, "background": true }));
    let job = world.finish(job["job_id"].as_str().expect("an id"));
    assert_eq!(job["request"]["prompt"].as_str().expect("text").len(), prompt.len());
}

#[test]
fn a_request_may_come_byte_by_byte() {
    let world = World::new();
    let mut client = Client::open(&world);
    for byte in b"{\"jsonrpc\":\"2.0\",\"id\":\"slow\",\"method\":\"ping\"}\n" {
        client.send_bytes(&[*byte]);
    }
    assert_eq!(client.answer(&json!("slow"))["result"], json!({}));
}

#[test]
fn requests_in_flight_with_one_id_are_all_answered() {
    let world = World::new();
    let gate = world.path("gate");
    let id = world.submit(&format!("FAKE:mode=gate,gate={}", gate.display()));
    world.until_status(&id, "running");
    let mut client = Client::open(&world);
    let wait = json!({
        "jsonrpc": "2.0", "id": "same", "method": "tools/call",
        "params": { "name": "consult_wait", "arguments": { "job_ids": [id], "render": "json" } },
    });
    for _ in 0..50 {
        client.send(&wait);
    }
    std::fs::write(gate, "").expect("opened");
    for _ in 0..50 {
        let answer = client.answer(&json!("same"));
        assert_eq!(answer["result"]["structuredContent"]["finished"], 1);
    }
}

#[test]
fn ten_thousand_pings_that_nobody_reads_take_bounded_memory() {
    const PINGS: usize = 10_000;
    let world = World::new();
    let mut client = Client::silent_unread(&world);
    let mut stdin = client.take_stdin();
    let input = stdin.as_fd().try_clone_to_owned().expect("copied");
    let before = client.peak_memory();
    let writer = std::thread::spawn(move || {
        let mut lines = Vec::new();
        for id in 0..PINGS {
            let filler = "x".repeat(2000);
            let params = json!({ "_meta": { "filler": filler } });
            let ping = json!({ "jsonrpc": "2.0", "id": id, "method": "ping", "params": params });
            lines.extend(format!("{ping}\n").into_bytes());
        }
        stdin.write_all(&lines).expect("taken in the end");
        stdin
    });
    until_unread(client.pid(), &input);
    drop(input);
    let grown = client.peak_memory() - before;
    assert!(grown < 16 << 10, "{grown} KiB for 20 MB that wait");
    client.read_on();
    for id in 0..PINGS {
        assert_eq!(client.next()["id"], id, "every one, in order before a session is open");
    }
    drop(writer.join().expect("written"));
    assert_eq!(client.end(), Some(0));
}
