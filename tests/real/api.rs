//! A scripted Messages API of the test's own, and what it was asked.
//!
//! It ends with the test, also when that is killed: its standard input is our pipe.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::support::{example, until};

pub(crate) struct Api {
    server: Child,
    port: u16,
}

impl Api {
    pub(crate) fn start() -> Self {
        let mut server = Command::new(example("scripted-api"))
            .args(["--bodies", "--exit-with-parent"])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the scripted API starts");
        let mut line = String::new();
        let output = server.stdout.take().expect("piped");
        BufReader::new(output).read_line(&mut line).expect("it announces itself");
        let announced: Value = serde_json::from_str(&line).expect("JSON");
        let port = announced["port"].as_u64().expect("a port");
        Self { server, port: u16::try_from(port).expect("a port") }
    }

    /// What `ANTHROPIC_BASE_URL` has to be.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Everything that was noted, oldest first.
    pub(crate) fn log(&self) -> Vec<Value> {
        serde_json::from_str(&self.call("GET", "/__log")).expect("a JSON array")
    }

    /// The requests to the model, oldest first.
    pub(crate) fn asked(&self) -> Vec<Value> {
        self.log().into_iter().filter(|record| record["kind"] == "main").collect()
    }

    /// The only request to the model that there was.
    #[track_caller]
    pub(crate) fn asked_once(&self) -> Value {
        let mut asked = self.asked();
        assert_eq!(asked.len(), 1, "{asked:#?}");
        asked.remove(0)
    }

    /// Lets the answers of scenario `held` end.
    pub(crate) fn release(&self) {
        self.call("POST", "/__release");
    }

    /// Waits until a client went away before its answer was complete.
    pub(crate) fn until_client_gone(&self) {
        until("the client has gone", || {
            self.log().iter().any(|record| record["kind"] == "client_gone").then_some(())
        });
    }

    /// Sets what is answered to prompts without a marker.
    pub(crate) fn order(&self, scenario: &Value) {
        self.say("POST", "/__scenario", &scenario.to_string());
    }

    fn call(&self, method: &str, path: &str) -> String {
        self.say(method, path, "")
    }

    fn say(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        let length = body.len();
        let head = format!("host: localhost\r\ncontent-length: {length}\r\nconnection: close");
        write!(stream, "{method} {path} HTTP/1.1\r\n{head}\r\n\r\n{body}").expect("sent");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("answered");
        let (head, body) = response.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.starts_with("HTTP/1.1 200 "), "{response}");
        body.to_owned()
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        drop(self.server.stdin.take());
        let _ = self.server.wait();
    }
}

/// All the texts of a request's messages, reminders included, as the model would read them.
pub(crate) fn texts(request: &Value) -> String {
    let messages = request["body"]["messages"].as_array().expect("messages");
    messages.iter().flat_map(|message| content(&message["content"])).collect::<Vec<_>>().join("\n")
}

fn content(content: &Value) -> Vec<&str> {
    match content {
        Value::String(text) => vec![text],
        blocks => {
            let blocks = blocks.as_array().into_iter().flatten();
            blocks.filter_map(|block| block["text"].as_str()).collect()
        }
    }
}
