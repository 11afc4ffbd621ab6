//! What this host could enforce: asked, not guessed.

#[cfg(target_os = "linux")]
mod linux;

use std::path::{Path, PathBuf};

#[cfg(target_os = "macos")]
pub(crate) use super::seatbelt::probe;
#[cfg(target_os = "linux")]
pub(super) use linux::abi_number;
#[cfg(target_os = "linux")]
pub(crate) use linux::probe;

/// What there is, as values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    /// Landlock's ABI as far as this program knows it; `None` where the kernel has it not.
    pub(crate) landlock_abi: Option<u32>,
    pub(crate) seccomp: bool,
    pub(crate) bwrap: Bwrap,
    /// Whether macOS's sandbox-exec is there.
    pub(crate) seatbelt: bool,
}

/// bubblewrap, which needs user namespaces (or root) besides being installed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(target_os = "macos", expect(dead_code, reason = "there is none on macOS"))]
pub(crate) enum Bwrap {
    Works { program: PathBuf, version: String },
    Fails { program: PathBuf, why: String },
    Missing,
}

impl Bwrap {
    /// The program, where it works.
    pub(crate) fn program(&self) -> Option<&Path> {
        match self {
            Bwrap::Works { program, .. } => Some(program),
            Bwrap::Fails { .. } | Bwrap::Missing => None,
        }
    }
}
