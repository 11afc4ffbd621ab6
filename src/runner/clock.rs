//! Time, handed in as a value, so that no other file of this room reads a clock.

/// Two readings of time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    /// Milliseconds since 1970, for people. Never used to decide anything.
    pub(crate) unix_ms: fn() -> i64,
    /// Milliseconds since boot, time asleep included, for deadlines: `std::time::Instant` stands
    /// still while a laptop sleeps, and a watchdog on it does not fire on waking.
    pub(crate) boot_ms: fn() -> u64,
}
