//! The codec of a line: bytes in, values out. No files.
//!
//! A head that has our own layout is read at fixed offsets, which costs nanoseconds. Any other
//! layout that JSON allows is read by serde: the checksums decide whether a line counts, not its
//! spelling.

use std::borrow::Cow;

use crc32c::crc32c;
use memchr::memchr;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::job::id::JobId;

/// Bytes of `,"seal":"`, four numbers, and `"}` with the newline.
pub(super) const TRAILER_LEN: usize = SEAL.len() + 4 * DIGITS + END.len();

const SEAL: &[u8] = b",\"seal\":\"";
const END: &[u8] = b"\"}\n";
const DATA: &[u8] = b",\"data\":";
const DIGITS: usize = 8;

const BEFORE_JOB: &str = "{\"v\":1,\"job\":\"";
const BEFORE_EVENT: &str = "\",\"event\":\"";
const BEFORE_TIME: &str = ",\"unix_ms\":";
const BEFORE_BRIEF: &str = "\"brief\":";

/// The only version of the line there is. Another one is foreign: what it means is not known here.
const VERSION: u64 = 1;

/// Writes a line, newline included. `brief` and `data` are JSON without line breaks. `None` where
/// the line would be 4 GiB or longer.
pub(super) fn encode(
    job: JobId,
    event: &str,
    unix_ms: i64,
    brief: &str,
    data: &str,
) -> Option<Vec<u8>> {
    debug_assert!(!brief.contains('\n') && !data.contains('\n'), "one event is one line");
    let event = serde_json::Value::from(event);
    let mut line = format!(
        "{BEFORE_JOB}{job}\",\"event\":{event}{BEFORE_TIME}{unix_ms},{BEFORE_BRIEF}{brief}"
    )
    .into_bytes();
    let head_len = u32::try_from(line.len()).ok()?;
    let head_crc = crc32c(&line);
    line.extend_from_slice(DATA);
    line.extend_from_slice(data.as_bytes());
    let len = u32::try_from(line.len() + TRAILER_LEN).ok()?;
    let line_crc = crc32c(&line);
    line.extend_from_slice(SEAL);
    line.extend(format!("{len:08x}{head_len:08x}{head_crc:08x}{line_crc:08x}").bytes());
    line.extend_from_slice(END);
    Some(line)
}

/// The end of a line, which says where it began and how to check it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trailer {
    /// Bytes of the line, newline included.
    pub(super) len: u32,
    /// Bytes before `,"data":`.
    pub(super) head_len: u32,
    pub(super) head_crc: u32,
    /// CRC-32C of everything before `,"seal"`.
    pub(super) line_crc: u32,
}

impl Trailer {
    /// `None` where the bytes do not have the shape, or the lengths contradict each other.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let digits = bytes.strip_prefix(SEAL)?.strip_suffix(END)?;
        if digits.len() != 4 * DIGITS {
            return None;
        }
        let trailer = Self {
            len: hex(&digits[..8])?,
            head_len: hex(&digits[8..16])?,
            head_crc: hex(&digits[16..24])?,
            line_crc: hex(&digits[24..])?,
        };
        (u64::from(trailer.head_len) + TRAILER_LEN as u64 <= u64::from(trailer.len))
            .then_some(trailer)
    }

    pub(super) fn head_holds(&self, head: &[u8]) -> bool {
        crc32c(head) == self.head_crc
    }

    /// Checks a whole line, from its first byte to its newline.
    pub(super) fn line_holds(&self, line: &[u8]) -> bool {
        line.len() == self.len as usize
            && crc32c(&line[..line.len() - TRAILER_LEN]) == self.line_crc
    }
}

/// Lower case only, as they are written.
fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, digit| match digit {
        b'0'..=b'9' => Some(number << 4 | u32::from(digit - b'0')),
        b'a'..=b'f' => Some(number << 4 | u32::from(digit - b'a' + 10)),
        _ => None,
    })
}

/// Whether these bytes are the start of a line as it is written, or that start cut off.
pub(super) fn begins_as_ours(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let length = bytes.len().min(BEFORE_JOB.len());
    length > 0 && bytes[..length] == BEFORE_JOB.as_bytes()[..length]
}

/// What a line says before its payload.
#[derive(Debug, PartialEq)]
pub(super) struct Head<'a> {
    pub(super) job: JobId,
    pub(super) event: Cow<'a, str>,
    pub(super) unix_ms: i64,
    /// As it stands in the line, unread; empty where there is none.
    pub(super) brief: &'a [u8],
}

impl<'a> Head<'a> {
    /// Reads a head of our own layout without parsing JSON. The brief is taken as it is: a scan of
    /// everything does this for every line.
    pub(super) fn at_fixed_offsets(head: &'a [u8]) -> Option<Self> {
        let rest = head.strip_prefix(BEFORE_JOB.as_bytes())?;
        let (job, rest) = rest.split_at_checked(JobId::LEN)?;
        let job = JobId::parse(std::str::from_utf8(job).ok()?)?;
        let (event, rest) = until(b'"', rest.strip_prefix(BEFORE_EVENT.as_bytes())?)?;
        let (unix_ms, rest) = until(b',', rest.strip_prefix(BEFORE_TIME.as_bytes())?)?;
        let brief = rest.strip_prefix(BEFORE_BRIEF.as_bytes())?;
        if !is_plain(event) || !is_json_integer(unix_ms) || memchr(b'\n', brief).is_some() {
            return None;
        }
        Some(Self { job, event: Cow::Borrowed(event), unix_ms: unix_ms.parse().ok()?, brief })
    }

    /// Reads a whole line of any layout.
    pub(super) fn by_serde(line: &'a [u8]) -> Option<Self> {
        Outer::parse(line)?.into_head()
    }
}

/// The payload of a whole line of any layout, as it stands there.
pub(super) fn data(line: &[u8]) -> Option<&str> {
    Outer::parse(line)?.data.map(RawValue::get)
}

/// The payload of a line of our own layout, unparsed: what follows it may still be a newer
/// version's key, so whoever fails to read it tries [`data`].
pub(super) fn data_after(head_len: usize, line: &[u8]) -> Option<&str> {
    let end = line.len().checked_sub(TRAILER_LEN)?;
    std::str::from_utf8(line.get(head_len..end)?.strip_prefix(DATA)?).ok()
}

/// The brief by itself, where newer keys follow it in the head.
pub(super) fn first_value(text: &str) -> Option<&str> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    values.next()?.ok().map(RawValue::get)
}

/// The text before the first such byte, and what is after it.
fn until(end: u8, bytes: &[u8]) -> Option<(&str, &[u8])> {
    let at = memchr(end, bytes)?;
    Some((std::str::from_utf8(&bytes[..at]).ok()?, &bytes[at + 1..]))
}

/// Nothing in it that JSON would have escaped.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\')
}

fn is_json_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'))
}

/// A line as serde sees it; keys that are not known are skipped.
#[derive(Deserialize)]
struct Outer<'a> {
    v: u64,
    #[serde(borrow)]
    job: Cow<'a, str>,
    #[serde(borrow)]
    event: Cow<'a, str>,
    unix_ms: i64,
    #[serde(borrow)]
    brief: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

impl<'a> Outer<'a> {
    /// One event is one line: a line break anywhere but at the end makes it none.
    fn parse(line: &'a [u8]) -> Option<Self> {
        let body = line.strip_suffix(b"\n").unwrap_or(line);
        if body.contains(&b'\n') {
            return None;
        }
        serde_json::from_slice(body).ok().filter(|outer: &Self| outer.v == VERSION)
    }

    fn into_head(self) -> Option<Head<'a>> {
        Some(Head {
            job: JobId::parse(&self.job)?,
            event: self.event,
            unix_ms: self.unix_ms,
            brief: self.brief.map_or(&[], |brief| brief.get().as_bytes()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The checksums were computed by another program, bit by bit from the polynomial 0x82F63B78.
    const GOLDEN: &str = concat!(
        r#"{"v":1,"job":"0b4e0a52-7f43-4f5e-9a2b-3c1d5e6f7a8b","event":"queued","unix_ms":1790000000000"#,
        r#","brief":{"status":"queued"},"data":{"é":1},"seal":"000000b400000078d22feccae5c80fe3"}"#,
        "\n"
    );

    const ID: &str = "0b4e0a52-7f43-4f5e-9a2b-3c1d5e6f7a8b";

    fn id() -> JobId {
        JobId::parse(ID).expect("id")
    }

    #[test]
    fn a_line_is_written_byte_for_byte_as_agreed() {
        let line =
            encode(id(), "queued", 1_790_000_000_000, r#"{"status":"queued"}"#, r#"{"é":1}"#);
        assert_eq!(String::from_utf8(line.expect("short")).expect("UTF-8"), GOLDEN);
    }

    #[test]
    fn job_and_event_lie_at_fixed_offsets() {
        assert_eq!(&GOLDEN[14..50], ID);
        assert_eq!(&GOLDEN[61..67], "queued");
    }

    #[test]
    fn what_was_written_is_read_back() {
        let line = GOLDEN.as_bytes();
        let trailer = Trailer::parse(&line[line.len() - TRAILER_LEN..]).expect("trailer");
        let head = &line[..trailer.head_len as usize];
        assert_eq!(trailer.len as usize, line.len());
        assert!(trailer.head_holds(head) && trailer.line_holds(line));
        let read = Head::at_fixed_offsets(head).expect("head");
        assert_eq!((read.job, &*read.event, read.unix_ms), (id(), "queued", 1_790_000_000_000));
        assert_eq!(read.brief, br#"{"status":"queued"}"#);
        assert_eq!(Head::by_serde(line), Some(read));
        assert_eq!(data_after(head.len(), line), Some(r#"{"é":1}"#));
        assert_eq!(data(line), Some(r#"{"é":1}"#));
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let line = GOLDEN.as_bytes();
        for at in 0..line.len() {
            for bit in 0..8 {
                let mut bytes = line.to_vec();
                bytes[at] ^= 1 << bit;
                let whole = Trailer::parse(&bytes[bytes.len() - TRAILER_LEN..]).is_some_and(|t| {
                    t.head_holds(&bytes[..t.head_len as usize]) && t.line_holds(&bytes)
                });
                assert!(!whole, "bit {bit} of byte {at}");
            }
        }
    }

    #[test]
    fn a_trailer_of_another_shape_is_none() {
        let good = &GOLDEN.as_bytes()[GOLDEN.len() - TRAILER_LEN..];
        let upper =
            String::from_utf8(good.to_vec()).expect("ASCII").replace("000000b4", "000000B4");
        for wrong in [&good[1..], b"", upper.as_bytes(), &[b'0'; TRAILER_LEN]] {
            assert_eq!(Trailer::parse(wrong), None);
        }
    }

    #[test]
    fn other_spellings_are_read_by_serde_only() {
        let spaced = format!(
            r#" {{ "event" : "que\u0075ed", "data": {{"a": 2}}, "job":"{ID}", "unix_ms": -5, "v": 1 }}"#
        );
        assert_eq!(Head::at_fixed_offsets(spaced.as_bytes()), None);
        let head = Head::by_serde(spaced.as_bytes()).expect("head");
        assert_eq!(
            (head.job, &*head.event, head.unix_ms, head.brief),
            (id(), "queued", -5, &b""[..])
        );
        assert_eq!(data(spaced.as_bytes()), Some(r#"{"a": 2}"#));
    }

    #[test]
    fn a_line_of_another_version_is_foreign() {
        let newer = GOLDEN.replace("\"v\":1", "\"v\":2");
        assert_eq!(Head::at_fixed_offsets(newer.as_bytes()), None);
        assert_eq!(Head::by_serde(newer.as_bytes()), None);
    }
}
