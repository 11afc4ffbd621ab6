//! The MCP door: a server on standard input and output that turns tool calls into jobs.
//!
//! What it promises:
//! - A call never loses a job: whatever ends the call, the client or this server, the job lives on,
//!   is in the log, and is found again by its id, here or at the shell.
//! - Nothing waits behind a consult: queries, pings and cancels are answered while others run or are
//!   being submitted.
//! - The end of input, SIGINT, SIGTERM and SIGHUP end the server at once, and so does a client that
//!   takes no answers any more. A job is then in the log and has its runner, or is not in the log.
//! - When the program behind its launch path was replaced, it becomes the new one once it is idle,
//!   in place: same process, same connection, not a byte of input lost.
//!
//! Nothing about jobs is decided here: parse, one verb of a room below, render. What it shares with
//! the shell's door comes through [`desk::Desk`].
//!
//! Deliberately absent: requests to the client, log messages, and anything on standard error that
//! is not an error.
#![expect(
    clippy::disallowed_methods,
    reason = "the threads and clocks of a server, and the program that it becomes"
)]

mod alarm;
mod arguments;
mod call;
mod catalogue;
pub(crate) mod clients;
pub(crate) mod desk;
mod end;
mod ends;
mod fault;
mod format;
mod gate;
mod glances;
mod prompts;
mod resources;
mod rollout;
mod server;
mod session;
mod shared;
pub(crate) mod snippet;
mod tasks;
mod telemetry;
mod tools;
mod transport;

pub(crate) use session::serve;
