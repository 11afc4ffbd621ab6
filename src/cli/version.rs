//! What `--version` says: the version, and the revision where the build was told of one.

use std::sync::LazyLock;

/// Set by a packager who builds from a repository; the version stays the one of Cargo.toml.
const REVISION: Option<&str> = option_env!("PHONE_OPUS_REVISION");

static TEXT: LazyLock<String> = LazyLock::new(|| with(REVISION));

pub(super) fn text() -> &'static str {
    &TEXT
}

fn with(revision: Option<&str>) -> String {
    let version = env!("CARGO_PKG_VERSION");
    match revision {
        Some(revision) if !revision.is_empty() => format!("{version} ({revision})"),
        _ => version.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_revision_follows_the_version() {
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(with(None), version);
        assert_eq!(with(Some("")), version);
        assert_eq!(with(Some("0a1b2c3")), format!("{version} (0a1b2c3)"));
    }
}
