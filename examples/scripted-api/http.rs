//! One client's connection: take a request, write a response in one piece or in chunks, or break.
//!
//! Promises: what is written is sent at once; [`Connection::reset_on_close`] makes the peer see a
//! reset instead of an orderly end; a wait ends when the client goes. Knows nothing of scenarios.

use std::io::{self, BufReader, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::request::{self, Request};

/// How often a waiting answer looks whether its client is still there.
const PEER_CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// One client. The only owner of its socket, so dropping it closes the connection.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: BufReader<TcpStream>,
}

/// What a response has besides its status and body.
#[derive(Debug, Default)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) extra: Vec<(String, String)>,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        // Chunks must leave when they are written: the pauses between them are part of the script.
        stream.set_nodelay(true)?;
        Ok(Self { socket: BufReader::with_capacity(64 << 10, stream) })
    }

    /// The next request; `None` when the client has closed the connection.
    pub(crate) fn read_request(&mut self) -> io::Result<Option<Request>> {
        let Some(mut request) = request::read_head(&mut self.socket)? else { return Ok(None) };
        if request.header("expect").is_some_and(|wish| wish.eq_ignore_ascii_case("100-continue")) {
            self.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        request.body = request::read_body(&mut self.socket, &request)?;
        Ok(Some(request))
    }

    /// A whole response. `with_body` is false for HEAD, which gets the length alone.
    pub(crate) fn respond(&self, head: &Head, body: &[u8], with_body: bool) -> io::Result<()> {
        let mut bytes = head.encode(&format!("content-length: {}", body.len()));
        if with_body {
            bytes.extend_from_slice(body);
        }
        self.write_all(&bytes)
    }

    /// The head of a response whose body follows by [`Self::chunk`] and [`Self::end_chunks`].
    pub(crate) fn begin_chunks(&self, head: &Head) -> io::Result<()> {
        self.write_all(&head.encode("transfer-encoding: chunked"))
    }

    /// One piece of a body, sent at once. An empty piece would end the body, so it is left out.
    pub(crate) fn chunk(&self, data: &[u8]) -> io::Result<()> {
        if data.is_empty() {
            return Ok(());
        }
        let mut bytes = format!("{:x}\r\n", data.len()).into_bytes();
        bytes.extend_from_slice(data);
        bytes.extend_from_slice(b"\r\n");
        self.write_all(&bytes)
    }

    pub(crate) fn end_chunks(&self) -> io::Result<()> {
        self.write_all(b"0\r\n\r\n")
    }

    /// Makes the coming close a reset (RST), which also discards what was not yet delivered.
    pub(crate) fn reset_on_close(&self) -> io::Result<()> {
        let socket = self.socket.get_ref();
        Ok(rustix::net::sockopt::set_socket_linger(socket, Some(Duration::ZERO))?)
    }

    /// Waits, and fails as soon as the client is seen to have gone.
    pub(crate) fn pause(&self, time: Duration) -> io::Result<()> {
        let socket = self.socket.get_ref();
        let start = Instant::now();
        let mut waiting = Ok(());
        while waiting.is_ok() {
            let left = time.saturating_sub(start.elapsed());
            if left.is_zero() {
                break;
            }
            socket.set_read_timeout(Some(left.min(PEER_CHECK_INTERVAL)))?;
            waiting = match socket.peek(&mut [0]) {
                Ok(0) => Err(io::Error::new(
                    io::ErrorKind::ConnectionReset,
                    "client closed during a wait",
                )),
                // The next request is already here; it has to wait, and so must this loop.
                Ok(_) => {
                    thread::sleep(left.min(PEER_CHECK_INTERVAL));
                    Ok(())
                }
                Err(error) if is_timeout(&error) => Ok(()),
                Err(error) => Err(error),
            };
        }
        socket.set_read_timeout(None)?;
        waiting
    }

    fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        self.socket.get_ref().write_all(bytes)
    }
}

impl Head {
    pub(crate) fn new(status: u16, content_type: &'static str) -> Self {
        Self { status, content_type, extra: Vec::new() }
    }

    fn encode(&self, framing: &str) -> Vec<u8> {
        let mut text = format!(
            "HTTP/1.1 {} {}\r\nserver: scripted-api/1\r\ncontent-type: {}\r\n{framing}\r\n\
             request-id: {}\r\n",
            self.status,
            reason(self.status),
            self.content_type,
            short_id("req_", 20),
        );
        for (name, value) in &self.extra {
            text.extend([name, ": ", value, "\r\n"]);
        }
        text.push_str("\r\n");
        text.into_bytes()
    }
}

/// An identifier like the service's: a prefix and `digits` random hexadecimal digits.
pub(crate) fn short_id(prefix: &str, digits: usize) -> String {
    let random = Uuid::new_v4().simple().to_string();
    format!("{prefix}{}", random.get(..digits).unwrap_or(&random))
}

fn is_timeout(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        _ => "Scripted",
    }
}
