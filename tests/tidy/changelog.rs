//! The shape of CHANGELOG.md (<https://keepachangelog.com>): one heading a version, newest first, and
//! only the kinds of change that readers know.

use super::{assert_none, repository};

const KINDS: [&str; 6] = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];

#[test]
fn the_changelog_has_its_shape() {
    let files = repository();
    let changelog = files.iter().find(|file| file.path == "CHANGELOG.md").expect("it is there");
    assert_none(&complaints(&changelog.text, env!("CARGO_PKG_VERSION")));
}

/// `version` is the one that Cargo.toml says.
fn complaints(text: &str, version: &str) -> Vec<String> {
    let mut said = Vec::new();
    if !text.starts_with("# Changelog\n") {
        said.push("it begins with `# Changelog`".to_owned());
    }
    let headings: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    if headings.first() != Some(&"[Unreleased]") {
        said.push("the first heading is `## [Unreleased]`".to_owned());
    }
    let versions: Vec<Option<Version>> =
        headings.iter().skip(1).map(|heading| released(heading)).collect();
    let wrong = headings.iter().skip(1).zip(&versions).filter(|(_, version)| version.is_none());
    said.extend(wrong.map(|(heading, _)| format!("`{heading}` is not `[1.2.3] - 2001-02-03`")));
    if !versions.is_sorted_by(|newer, older| newer > older) {
        said.push("the newest version comes first".to_owned());
    }
    let current = number(version);
    if versions.iter().flatten().any(|version| Some(*version) > current) {
        said.push(format!("Cargo.toml is older ({version}) than the newest heading"));
    }
    let kinds = text.lines().filter_map(|line| line.strip_prefix("### "));
    let unknown = kinds.filter(|kind| !KINDS.contains(kind));
    said.extend(unknown.map(|kind| format!("`{kind}` is no kind of change: {}", KINDS.join(", "))));
    said
}

type Version = [u32; 3];

/// The version of `[1.2.3] - 2001-02-03`.
fn released(heading: &str) -> Option<Version> {
    let (version, date) = heading.strip_prefix('[')?.split_once("] - ")?;
    let shape: String = date.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    number(version).filter(|_| shape == "0000-00-00")
}

fn number(version: &str) -> Option<Version> {
    let parts: Vec<u32> =
        version.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    parts.try_into().ok()
}

#[test]
fn a_changelog_of_another_shape_is_refused() {
    let good = "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-01-02\n\n### Fixed\n\n## [0.1.0] - 2026-01-01\n";
    assert_eq!(complaints(good, "0.2.0"), [""; 0]);
    for (from, to, want) in [
        ("# Changelog\n", "# News\n", "it begins"),
        ("[Unreleased]", "[0.3.0] - 2026-01-03", "the first heading"),
        ("[0.2.0] -", "[0.2] -", "`[0.2] - 2026-01-02` is not"),
        ("[0.2.0] - 2026-01-02", "[0.2.0] - soon", "`[0.2.0] - soon` is not"),
        ("[0.1.0]", "[0.2.0]", "the newest version"),
        ("[0.2.0]", "[0.3.0]", "Cargo.toml is older"),
        ("### Fixed", "### Improved", "`Improved` is no kind"),
    ] {
        let said = complaints(&good.replacen(from, to, 1), "0.2.0");
        assert!(said.iter().any(|complaint| complaint.starts_with(want)), "{want}: {said:?}");
    }
}
