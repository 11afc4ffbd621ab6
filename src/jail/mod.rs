//! The jail: what an adviser may read and write, kept by the kernel and not by a promise.
//!
//! Three layers, each where it is to be had: Landlock (files, TCP, signals), a seccomp filter (what
//! Landlock leaves open), and bubblewrap around both (a read-only view of the file system, and
//! namespaces in which nothing survives). `probe` says what this host offers, `survey` makes the
//! policy out of places, `enter` puts it on.
//!
//! On macOS one layer stands for all three, and nobody has tried it: `seatbelt`, around the same policy.
//!
//! Deliberately absent: any knowledge of jobs and of Claude Code; it is told paths and ports.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the room that looks at the places it closes, and tries the kernel on a thread"
)]

#[cfg(target_os = "linux")]
mod call_arguments;
#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
pub(crate) mod enter;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod mounts;
pub(crate) mod policy;
pub(crate) mod probe;
mod raw_path;
#[cfg(any(target_os = "macos", test))]
pub(crate) mod seatbelt;
mod secrets;
pub(crate) mod survey;
#[cfg(target_os = "linux")]
mod withheld;

#[cfg(target_os = "macos")]
pub(crate) use seatbelt as enter;
