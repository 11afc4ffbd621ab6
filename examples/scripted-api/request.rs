//! One HTTP/1.1 request, read from a connection.
//!
//! Promises: a body arrives whole (by length or by chunks) or not at all; a body in any content
//! coding is read and reported, never decoded; everything has a limit.

use std::io::{self, BufRead, Read as _};

/// Longest line of a request head; real heads are a few kilobytes.
const MAX_LINE_BYTES: u64 = 64 << 10;
const MAX_HEADERS: usize = 256;
/// Far above the 32 MB that the real service accepts.
const MAX_BODY_BYTES: u64 = 256 << 20;

/// One request, body included. Header names are in lower case.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query, as sent.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    version: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Whether the client wants no further request on this connection.
    pub(crate) fn is_last(&self) -> bool {
        let wish = self.header("connection").unwrap_or_default();
        wish.eq_ignore_ascii_case("close")
            || (self.version == "HTTP/1.0" && !wish.eq_ignore_ascii_case("keep-alive"))
    }
}

/// The request up to its body; `None` at the end of the input.
pub(crate) fn read_head(input: &mut impl BufRead) -> io::Result<Option<Request>> {
    let Some(line) = read_line(input)? else { return Ok(None) };
    let mut words = line.split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(invalid("bad request line"));
    };
    let mut request = Request {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        version: version.to_owned(),
    };
    loop {
        let line = read_line(input)?.ok_or_else(|| invalid("request head cut off"))?;
        if line.is_empty() {
            return Ok(Some(request));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| invalid("bad header"))?;
        if request.headers.len() >= MAX_HEADERS {
            return Err(invalid("too many headers"));
        }
        request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

/// The body that the head announces.
pub(crate) fn read_body(input: &mut impl BufRead, head: &Request) -> io::Result<Vec<u8>> {
    let coding = head.header("transfer-encoding").unwrap_or_default();
    if coding.eq_ignore_ascii_case("chunked") {
        return read_chunks(input);
    }
    if !coding.is_empty() {
        return Err(invalid("unknown transfer-encoding"));
    }
    let length = head.header("content-length").unwrap_or("0");
    let length = length.trim().parse().map_err(|_| invalid("bad content-length"))?;
    let mut body = Vec::new();
    read_bytes(input, length, &mut body)?;
    Ok(body)
}

/// One line without its end; `None` at the end of the input.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let read = input.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        return Err(invalid("line too long or cut off"));
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).map(Some).map_err(|_| invalid("head is not UTF-8"))
}

fn read_chunks(input: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(input)?.ok_or_else(|| invalid("chunk cut off"))?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(digits, 16).map_err(|_| invalid("bad chunk size"))?;
        if size == 0 {
            break;
        }
        read_bytes(input, size, &mut body)?;
        read_line(input)?;
    }
    // Trailers, then an empty line.
    while read_line(input)?.is_some_and(|line| !line.is_empty()) {}
    Ok(body)
}

fn read_bytes(input: &mut impl BufRead, count: u64, body: &mut Vec<u8>) -> io::Result<()> {
    if count.saturating_add(body.len() as u64) > MAX_BODY_BYTES {
        return Err(invalid("request body too large"));
    }
    let read = input.by_ref().take(count).read_to_end(body)?;
    if read as u64 != count {
        return Err(invalid("request body cut off"));
    }
    Ok(())
}

fn invalid(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}
