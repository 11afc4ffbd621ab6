//! The event log: one append-only file in which every change of every job is one line of JSON.
//!
//! # On disk
//!
//! ```text
//! events.jsonl      the log (0600)
//! events.lock       its lock, never renamed, never removed
//! events.jsonl.new  the next log, while prune writes it
//! events.index      where the lines of each job lie; disposable, see `index`
//! jobs/ID/          what is live of a job: lock, prompt, tmp/, transcript.jsonl, outcome, stderr.log
//! sessions/         one lock a session
//! slots/            the host-wide limit of running consults
//! ```
//!
//! # A line
//!
//! ```text
//! {"v":1,"job":"<uuid>","event":"queued","unix_ms":N,"brief":{…},"data":{…},"seal":"<32 hex digits>"}\n
//! ```
//!
//! The seal is four numbers of eight lower-case hex digits: the bytes of the line with its newline,
//! the bytes of its head (all before `,"data":`), the CRC-32C of the head, and the CRC-32C of all
//! before `,"seal"`. So a reader hops backwards over payloads without reading them, and a line that
//! is torn or damaged is known as such. `brief` is the job's list row after the event; `data` is
//! what the event adds. Every number is relative to the line: a line may be copied as it is.
//!
//! # Appending
//!
//! Lock; open the log by its path; fold what the decision depends on; decide; write the line with
//! one `write`, after a newline where the last line is torn; unlock; then sync, for the events that
//! are acknowledged. A failed write is truncated away; where that fails too, the next writer seals
//! off what is left. Nothing that was in the log is ever changed. Readers take no lock and write
//! nothing; they end at the last newline there was when they began.
//!
//! # Assumptions about the medium
//!
//! 1. `flock` excludes every other process that shares the file system, and ends with its holder.
//!    That is why network file systems are refused.
//! 2. `write` with `O_APPEND` puts its bytes at the end, in order. It may stop anywhere, when the
//!    disk is full or the process is killed: what it leaves is a prefix of the line.
//! 3. Bytes are durable once `fdatasync` has returned success, and a name once `fsync` of its
//!    directory has. After a failure nothing is known of any byte not synced before.
//! 4. Until then a power cut may leave any of it: old bytes, new bytes or NULs, in any block.
//! 5. What was durable stays as it is. Where it does not, the checksums tell, and the line is
//!    counted as damaged; nothing is repaired from guesses.
//!
//! # Why a log, and not a file for each job or a database
//!
//! A state change is one append and so can be neither half done nor lost to a racing writer. The
//! history is there to be read with jq or tail, no daemon or format of our own in between. Listing
//! a file for each job takes as long as there are jobs; the newest ten lines of a log do not.
//!
//! Writers need a handler for SIGXFSZ, installed by `main`: its default action kills the process
//! where a file-size limit should be an error like a full disk, and ignoring it would be inherited.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the room that owns the log's files, and polls for its lock"
)]

pub(crate) mod place;

pub(crate) mod append;
pub(crate) mod line;
pub(crate) mod read;

pub(crate) mod check;
pub(crate) mod find;
pub(crate) mod history;
pub(crate) mod index;
pub(crate) mod memory;
pub(crate) mod prune;
pub(crate) mod repair;
pub(crate) mod search;
pub(crate) mod survey;
pub(crate) mod tail;

pub(crate) mod error;

mod back;
mod claim;
mod durable;
mod forward;
mod layer;
pub(crate) mod lock;
pub(crate) mod medium;
mod private;
mod record;
mod window;
mod write;

#[cfg(test)]
mod tests;
