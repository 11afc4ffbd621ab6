//! Crash points for the tests: a process that reaches the point named in `PHONE_OPUS_TEST_PAUSE` stops
//! itself, and the test kills it there, or lets it go on.
//!
//! Debug builds only; in the binary that ships these are empty functions.

/// Stops this process if the test asked for this point.
#[cfg(debug_assertions)]
pub(super) fn at(point: &str) {
    if std::env::var("PHONE_OPUS_TEST_PAUSE")
        .is_ok_and(|wanted| wanted.split(',').any(|p| p == point))
    {
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP);
    }
}

#[cfg(not(debug_assertions))]
pub(super) fn at(_point: &str) {}
