//! Streams as the real program printed them (`tests/streams`, 2.1.330), and as it never would.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const REAL: [(&str, &str); 6] = [
    ("text", include_str!("../../../../tests/streams/text.jsonl")),
    ("read", include_str!("../../../../tests/streams/read.jsonl")),
    ("thinking", include_str!("../../../../tests/streams/thinking.jsonl")),
    ("429_limit", include_str!("../../../../tests/streams/429_limit.jsonl")),
    ("drop_mid_once", include_str!("../../../../tests/streams/drop_mid_once.jsonl")),
    ("error_event", include_str!("../../../../tests/streams/error_event.jsonl")),
];

fn real(name: &str) -> Stream {
    let (_, lines) = REAL.iter().find(|(known, _)| *known == name).expect("a recorded stream");
    Stream::recover(lines.lines())
}

fn read_lines(lines: &[serde_json::Value]) -> Stream {
    Stream::recover(lines.iter().map(ToString::to_string))
}

fn assistant(id: &str, text: &str) -> serde_json::Value {
    let content = [json!({"type": "text", "text": text})];
    json!({"type": "assistant", "message": {"id": id, "model": "claude-real", "content": content}})
}

fn delta(text: &str) -> serde_json::Value {
    json!({"type": "stream_event", "event": {"type": "content_block_delta", "index": 0,
        "delta": {"type": "text_delta", "text": text}}})
}

fn answer(text: &str) -> serde_json::Value {
    json!({"type": "result", "subtype": "success", "is_error": false, "result": text})
}

#[test]
fn a_real_answer_is_read_once_though_it_is_said_twice() {
    for (name, want) in [
        ("text", "Hello from the fake API."),
        ("thinking", "Thought it through."),
        ("drop_mid_once", "complete after a drop"),
    ] {
        let stream = real(name);
        assert_eq!(stream.partial_text().as_deref(), Some(want), "{name}");
        assert_eq!(stream.live().text_bytes, want.len() as u64, "{name}");
        assert_eq!(stream.live().turns, 1, "{name}");
        assert_eq!(stream.live().model.as_deref(), Some("claude-opus-5-5"), "{name}");
        assert_eq!(stream.live().version.as_deref(), Some("2.1.330"), "{name}");
        assert_eq!(stream.live().cwd.as_deref(), Some("/project"), "{name}");
        assert!(stream.live().session_id.is_some() && stream.live().cost_usd.is_some(), "{name}");
    }
}

#[test]
fn retries_and_limits_are_told() {
    assert_eq!(real("drop_mid_once").live().api_retries, 1);
    assert_eq!(real("text").live().limit_resets_unix_ms, None);
    assert!(real("429_limit").live().limit_resets_unix_ms.is_some_and(|ms| ms % 1000 == 0));
}

#[test]
fn a_limit_that_turns_nobody_away_is_not_worth_waiting_for() {
    for (status, want) in [("allowed", None), ("allowed_warning", None), ("rejected", Some(5000))] {
        let info = json!({"status": status, "resetsAt": 5});
        let stream = read_lines(&[json!({"type": "rate_limit_event", "rate_limit_info": info})]);
        assert_eq!(stream.live().limit_resets_unix_ms, want, "{status}");
    }
}

#[test]
fn what_was_said_before_an_api_error_is_kept_and_the_error_is_no_part_of_it() {
    let stream = real("error_event");
    assert_eq!(stream.partial_text().as_deref(), Some("part"));
    assert_eq!(stream.live().turns, 0);
    assert_eq!(stream.api_error().and_then(|error| error.status), Some(529));
}

#[test]
fn a_tool_is_in_use_from_its_call_to_its_result() {
    let mut stream = Stream::default();
    let mut seen = Vec::new();
    for line in REAL[1].1.lines() {
        stream.line(line.as_bytes());
        if seen.last() != Some(&stream.live().tool) {
            seen.push(stream.live().tool.clone());
        }
    }
    assert_eq!(seen, [None, Some("Read".to_owned()), None]);
    assert_eq!(stream.live().turns, 2);
    let text = stream.partial_text().expect("text");
    assert!(text.starts_with("Calling Read.\n\nRESULT<<"), "{text}");
}

#[test]
fn a_subagents_words_are_not_the_answer() {
    let mut subagent = assistant("m", "inner");
    subagent["parent_tool_use_id"] = json!("toolu_1");
    let mut inner_delta = delta("inner");
    inner_delta["parent_tool_use_id"] = json!("toolu_1");
    let stream = read_lines(&[subagent, inner_delta]);
    assert_eq!((stream.partial_text(), stream.live().turns), (None, 0));
}

#[test]
fn deltas_say_what_they_add_to_the_answer() {
    let mut stream = Stream::default();
    let thinking = json!({"type": "stream_event", "event": {"type": "content_block_delta",
        "delta": {"type": "thinking_delta", "thinking": "hm"}}});
    for (line, want) in [(delta("a"), "a"), (thinking, "")] {
        assert_eq!(stream.line(line.to_string().as_bytes()), Line::Delta(want.to_owned()));
    }
    assert_eq!(stream.line(answer("a").to_string().as_bytes()), Line::Result);
    assert_eq!(stream.line(assistant("m", "a").to_string().as_bytes()), Line::Event);
}

#[test]
fn a_transcript_gives_what_the_stream_gave() {
    let stream = read_lines(&[
        json!({"type": "phone_opus_text", "text": "Hel"}),
        json!({"type": "phone_opus_cut"}),
        json!({"type": "phone_opus_text", "text": "lo"}),
    ]);
    assert_eq!(stream.partial_text().as_deref(), Some("Hello"));
    let stream = read_lines(&[
        json!({"type": "phone_opus_text", "text": "Hello"}),
        assistant("m1", "Hello"),
        json!({"type": "phone_opus_text", "text": "more"}),
    ]);
    assert_eq!(stream.partial_text().as_deref(), Some("Hello\n\nmore"));
}

#[test]
fn an_answer_gives_way_only_to_another_answer() {
    let error = json!({"type": "result", "subtype": "error_during_execution", "is_error": true});
    for (lines, want) in [
        (vec![error.clone(), answer("a")], Some("a")),
        (vec![answer("a"), error.clone()], Some("a")),
        (vec![answer("a"), answer(" "), answer("b")], Some("b")),
        (vec![answer(" "), error], None),
    ] {
        let stream = read_lines(&lines);
        assert_eq!(stream.result().and_then(ResultLine::response).as_deref(), want);
    }
}

#[test]
fn noise_is_no_sign_of_life_and_changes_nothing() {
    let deep = format!(r#"{{"type":{}1{}}}"#, "[".repeat(5000), "]".repeat(5000));
    let noise: [&[u8]; 16] = [
        b"",
        b"   ",
        b"npm WARN deprecated something",
        b"[1,2,3]",
        br#"["assistant"]"#,
        br#""str""#,
        b"null",
        b"17",
        b"{",
        b"{}",
        br#"{"type":7}"#,
        br#"{"kind":"assistant"}"#,
        br#"{"type": "assist"#,
        b"\xff\xfe\x00 not utf8",
        b"\0\0\0",
        deep.as_bytes(),
    ];
    let mut stream = Stream::default();
    for line in noise {
        assert_eq!(stream.line(line), Line::Noise, "{:?}", String::from_utf8_lossy(line));
    }
    assert!(!stream.spoke());
    assert_eq!(stream.live(), &Live::default());
}

#[test]
fn an_unknown_kind_stands_beside_the_messages() {
    let mut stream = Stream::default();
    for line in [r#"{"type":"wat"}"#, r#"  {"new":[],"type":"w"}  "#, r#"{"type":"system"}"#] {
        assert_eq!(stream.line(line.as_bytes()), Line::Aside, "{line}");
    }
    assert!(stream.spoke());
}

#[test]
fn a_field_of_an_unexpected_shape_spoils_no_other() {
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let line = format!(
        r#"{{"result":"paid","usage":{deep},"errors":7,"num_turns":"two","is_error":false,
        "permission_denials":{{}},"total_cost_usd":1,"x":{deep},"subtype":"success","type":"result"}}"#
    );
    let mut stream = Stream::default();
    assert_eq!(stream.line(line.as_bytes()), Line::Result);
    let result = stream.result().expect("a result");
    assert_eq!(result.response().as_deref(), Some("paid"));
    assert_eq!((result.num_turns, result.total_cost_usd, &result.usage), (None, Some(1.0), &None));
}

#[test]
fn the_order_of_keys_does_not_matter() {
    for line in [
        r#"{"type":"result","subtype":"success","is_error":false,"result":"a"}"#,
        r#"{"result":"a","is_error":false,"subtype":"success","type":"result"}"#,
    ] {
        let stream = Stream::recover([line]);
        assert!(stream.result().is_some_and(ResultLine::is_answer), "{line}");
    }
}

#[test]
fn lone_surrogates_and_torn_characters_do_not_cost_the_answer() {
    let line = br#"{"type":"result","subtype":"success","result":"a\ud83db\\ud83d \uD83D\uDE00 X","k\ud83d":1}"#;
    let torn: Vec<u8> = line.iter().map(|b| if *b == b'X' { 0xff } else { *b }).collect();
    let stream = Stream::recover([torn]);
    let response = stream.result().and_then(ResultLine::response);
    assert_eq!(response.as_deref(), Some("a\u{fffd}b\\ud83d \u{1f600} \u{fffd}"));
}

#[test]
fn a_line_of_5_mb_is_read_whole() {
    let text = "A line of an answer that goes on and on, é.\n".repeat(120_000);
    let stream = read_lines(&[delta("é"), assistant("m", &text), answer(&text)]);
    assert_eq!(stream.partial_text().map(|text| text.len()), Some(text.len()));
    assert_eq!(stream.result().and_then(ResultLine::response), Some(text));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(lines in prop::collection::vec(any::<Vec<u8>>(), 0..8)) {
        Stream::recover(lines);
    }

    #[test]
    fn no_damaged_line_makes_it_panic(
        which in 0..REAL.len(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut bytes = REAL[which].1.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        Stream::recover(bytes.split(|b| *b == b'\n'));
    }

    #[test]
    fn a_stream_that_was_cut_gives_a_beginning_of_the_same_text(
        which in 0..REAL.len(), at in any::<prop::sample::Index>(),
    ) {
        let (name, lines) = REAL[which];
        let whole = real(name).partial_text().unwrap_or_default();
        let bytes = lines.as_bytes();
        let (before, after) = bytes.split_at(at.index(bytes.len()));
        let text = |bytes: &[u8]| Stream::recover(bytes.split(|b| *b == b'\n')).partial_text();
        prop_assert!(whole.starts_with(&text(before).unwrap_or_default()));
        prop_assert!(text(after).unwrap_or_default().len() <= whole.len());
    }
}
