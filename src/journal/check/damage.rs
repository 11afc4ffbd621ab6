//! What a line that does not count is: cut off, changed, blank bytes, or somebody else's.

use super::Fault;
use crate::journal::error::Error;
use crate::journal::read::Log;
use crate::journal::record::{TRAILER_LEN, Trailer, begins_as_ours};

/// Bytes that are enough to know how a line begins.
const START: u64 = 64;

/// Bytes that are summed at a time.
const PIECE: u64 = 1 << 20;

/// What a damaged line is, told from its two ends.
pub(super) fn kind(log: &Log, offset: u64, len: u64) -> Result<Fault, Error> {
    let end = offset + len;
    let start = log.bytes(offset, offset + len.min(START))?;
    let tail = log.bytes(end - len.min(TRAILER_LEN as u64), end)?;
    if let Some(trailer) = Trailer::parse(&tail) {
        let is_whole = u64::from(trailer.len) == len && line_holds(log, offset, trailer)?;
        return Ok(if is_whole { Fault::Foreign } else { Fault::Seal });
    }
    let content = tail.strip_suffix(b"\n").unwrap_or(&tail);
    Ok(if start.first() == Some(&0) || content.last() == Some(&0) {
        Fault::Nuls
    } else if begins_as_ours(&start) {
        Fault::Torn
    } else {
        Fault::Foreign
    })
}

/// The checksum of a line of any length, in bounded memory.
pub(super) fn line_holds(log: &Log, offset: u64, trailer: Trailer) -> Result<bool, Error> {
    let end = offset + u64::from(trailer.len) - TRAILER_LEN as u64;
    let (mut at, mut crc) = (offset, 0);
    while at < end {
        let to = end.min(at + PIECE);
        crc = crc32c::crc32c_append(crc, &log.bytes(at, to)?);
        at = to;
    }
    Ok(crc == trailer.line_crc)
}
