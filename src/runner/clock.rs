//! Time, handed in as a value: what is recorded, and what a consult's limits are kept by. Short waits
//! for a lock or a handshake use `Instant` where they stand.

/// Two readings of time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    /// Milliseconds since 1970, for people. Never used to decide anything.
    pub(crate) unix_ms: fn() -> i64,
    /// Milliseconds since boot, time asleep included, for deadlines: `std::time::Instant` stands
    /// still while a laptop sleeps, and a watchdog on it does not fire on waking.
    pub(crate) boot_ms: fn() -> u64,
}
