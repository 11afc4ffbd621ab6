//! The journal as a whole: what is promised of the log, whatever happens to it.

mod check;
mod codec;
mod damage;
mod faults;
mod histories;
mod index;
mod memory;
mod model;
mod old;
mod processes;
mod prune;
mod reading;
mod storms;
mod support;
mod versions;

/// Whether a test has taken a safeguard away from this process, to show that it notices the loss:
/// `lock`, `sync`, `seal`, or the `refusal` of what could not be written. Nothing but this test program knows the variable.
pub(super) fn goes_without(safeguard: &str) -> bool {
    static WITHOUT: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    let without = WITHOUT.get_or_init(|| std::env::var("PHONE_OPUS_TEST_WITHOUT").ok());
    without.as_deref() == Some(safeguard)
}
