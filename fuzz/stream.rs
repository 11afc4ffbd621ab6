//! Any bytes as what Claude Code prints: nothing panics, and an answer that comes after them is the
//! answer, however the process then ends.
#![no_main]

#[allow(dead_code, reason = "the program uses all of it")]
#[path = "../src/consult/mod.rs"]
mod consult;

use libfuzzer_sys::fuzz_target;

use consult::claude::outcome::{Exit, Stop, conclude};
use consult::claude::stream::{Line, Stream};
use consult::reply::Outcome;

const ANSWER: &[u8] =
    br#"{"type":"result","subtype":"success","is_error":false,"result":"the last word"}"#;

fuzz_target!(|bytes: &[u8]| {
    let mut stream = Stream::default();
    for line in bytes.split(|&byte| byte == b'\n') {
        stream.line(line);
    }
    let text = stream.partial_text();
    let live = stream.live();
    assert!(text.is_none_or(|text| text.len() as u64 <= live.text_bytes + 64));
    let stderr = String::from_utf8_lossy(bytes);
    for exit in [Exit::Code(0), Exit::Code(137), Exit::Signal(9), Exit::Dismissed, Exit::Unknown] {
        let _ = conclude(&stream, exit, &stderr, None, Some(0.5));
    }
    assert_eq!(stream.line(ANSWER), Line::Result);
    let outcome = conclude(&stream, Exit::Code(1), &stderr, Some(Stop::Cancelled), None);
    let Outcome::Succeeded(reply) = outcome else { panic!("the answer was dropped: {outcome:?}") };
    assert_eq!(reply.response, "the last word");
});
