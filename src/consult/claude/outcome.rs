//! How a run ended, judged by everything that is known of it.
//!
//! In this order: an answer is an answer, whatever else happened; then what we did to the run; then
//! what Claude Code said of its failure; then standard error; then the exit.

use super::account::account;
use super::classify::{self, Evidence};
use super::result::ResultLine;
use super::stream::Stream;
use super::words::{clip, last_lines, seconds, signal_name};
use crate::consult::failure::{Code, Failure};
use crate::consult::reply::{Outcome, Partial, Reply};

/// How the process went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Code(i32),
    Signal(i32),
    /// It had closed its output and stayed, so we ended it, whatever its status then was.
    Dismissed,
    /// Nobody saw it: the one who would have waited for it died.
    Unknown,
}

/// Why we ended the run, where we did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    Cancelled,
    Timeout {
        limit_ms: u64,
    },
    IdleTimeout {
        limit_ms: u64,
    },
    /// The runner itself was told to end.
    Interrupted {
        signal: i32,
    },
}

/// What the run came to.
///
/// `total_cost_usd_before` is what the session had cost before this run; `None` is a new session.
pub(crate) fn conclude(
    stream: &Stream,
    exit: Exit,
    stderr_tail: &str,
    stop: Option<Stop>,
    total_cost_usd_before: Option<f64>,
) -> Outcome {
    // An answer was paid for. It is not thrown away because the process went on to crash, exited
    // with 1 (plan mode does, with a complete answer), or was being stopped when it arrived.
    if let Some(reply) = reply(stream, total_cost_usd_before) {
        return Outcome::Succeeded(reply);
    }
    let partial = partial(stream, total_cost_usd_before);
    let mut failure = match stop {
        Some(Stop::Cancelled) => return Outcome::Cancelled(partial),
        Some(stop) => stopped(stop),
        None => failed(stream, exit, stderr_tail),
    };
    match exit {
        Exit::Code(code) => failure.exit_code = Some(code),
        Exit::Signal(signal) => failure.signal = failure.signal.or(Some(signal)),
        Exit::Dismissed | Exit::Unknown => {}
    }
    Outcome::Failed(failure, partial)
}

/// The whole answer, if the stream holds one.
pub(crate) fn reply(stream: &Stream, total_cost_usd_before: Option<f64>) -> Option<Reply> {
    let result = stream.result().filter(|result| result.is_success())?;
    Some(Reply { response: result.response()?, account: account(stream, total_cost_usd_before) })
}

/// What there is of an answer, and what it took.
pub(crate) fn partial(stream: &Stream, total_cost_usd_before: Option<f64>) -> Partial {
    Partial { partial_text: stream.partial_text(), account: account(stream, total_cost_usd_before) }
}

fn stopped(stop: Stop) -> Failure {
    match stop {
        Stop::Cancelled => Failure::new(Code::Interrupted, "Cancelled."),
        Stop::Timeout { limit_ms } => {
            let detail = format!("No answer within the limit of {}.", seconds(limit_ms));
            Failure::new(Code::Timeout, detail)
        }
        Stop::IdleTimeout { limit_ms } => {
            let detail = format!("Claude Code said nothing for {}.", seconds(limit_ms));
            Failure::new(Code::IdleTimeout, detail)
        }
        Stop::Interrupted { signal } => {
            let detail = format!("The runner received {}.", signal_name(signal));
            Failure { signal: Some(signal), ..Failure::new(Code::Interrupted, detail) }
        }
    }
}

fn failed(stream: &Stream, exit: Exit, stderr_tail: &str) -> Failure {
    if stream.result().is_some_and(ResultLine::is_success) {
        let detail = "Claude Code reported success, and its answer holds no text.";
        return Failure::new(Code::EmptyAnswer, detail);
    }
    let quote = last_lines(stderr_tail);
    let Some(evidence) = Evidence::of(stream.result(), stream.api_error()) else {
        return unexplained(stream, exit, stderr_tail, quote);
    };
    let said = evidence.text.trim();
    let detail = match (said, quote.as_str()) {
        ("", "") => format!("Claude Code ended with {}, and no words.", evidence.subtype),
        ("", quote) => quote.to_owned(),
        (said, _) => clip(said),
    };
    let mut failure = Failure::new(evidence.code(), detail);
    failure.api_status = evidence.status;
    if failure.code == Code::RateLimited {
        let resets = stream.live().limit_resets_unix_ms;
        failure.retry_at_unix_ms = resets.or_else(|| classify::reset_in(said));
    }
    failure
}

/// The run said nothing of why it ended.
fn unexplained(stream: &Stream, exit: Exit, stderr_tail: &str, quote: String) -> Failure {
    if let Some(code) = classify::by_stderr(stderr_tail) {
        return Failure::new(code, quote);
    }
    let (code, what) = by_exit(stream, exit);
    let detail = if quote.is_empty() { what } else { clip(&format!("{what}\n{quote}")) };
    Failure::new(code, detail)
}

fn by_exit(stream: &Stream, exit: Exit) -> (Code, String) {
    match exit {
        Exit::Signal(signal) => (Code::Interrupted, killed_by(signal)),
        // A program that handles a signal, or a wrapper around one, exits with 128 + its number.
        Exit::Code(code @ 129..=159) => (Code::Interrupted, killed_by(code - 128)),
        // The shell's and env's words for a program that cannot be run.
        Exit::Code(code @ (126 | 127)) if !stream.spoke() => {
            (Code::SpawnFailed, format!("Claude Code could not be run (exit code {code})."))
        }
        // On SIGINT it exits with 0 and often prints no result; other causes are not known.
        Exit::Code(0) => {
            let what = "Claude Code exited with 0 and no result, as it does when interrupted.";
            (Code::BadOutput, what.to_owned())
        }
        Exit::Code(code) => {
            (Code::BadOutput, format!("Claude Code exited with {code} and no result."))
        }
        Exit::Dismissed => {
            let what = "Claude Code closed its output without a result, and did not end by itself.";
            (Code::BadOutput, what.to_owned())
        }
        Exit::Unknown => (Code::BadOutput, "Claude Code ended without a result.".to_owned()),
    }
}

fn killed_by(signal: i32) -> String {
    let name = signal_name(signal);
    // The one signal that a kernel out of memory sends.
    let guess = if signal == 9 { " (possibly by the kernel's out-of-memory killer)" } else { "" };
    format!("Claude Code was ended by {name}{guess}, before it had a result.")
}

#[cfg(test)]
mod tests;
