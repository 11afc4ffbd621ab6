//! For the tests: layers that this run is to do without, as on a kernel that has none of them.
//!
//! `PHONE_OPUS_TEST_WITHOUT=landlock,seccomp,bwrap`, in debug builds only; in the binary that ships
//! the answer is always no.

/// Whether a test wants to see how it goes without this layer.
#[cfg(debug_assertions)]
pub(super) fn withheld(layer: &str) -> bool {
    std::env::var("PHONE_OPUS_TEST_WITHOUT")
        .is_ok_and(|layers| layers.split(',').any(|withheld| withheld == layer))
}

#[cfg(not(debug_assertions))]
pub(super) fn withheld(_layer: &str) -> bool {
    false
}
