//! What `claude --version` says.

/// The version in the output of `claude --version`: `2.1.330 (Claude Code)` is `2.1.330`.
///
/// The first word that starts like a version counts, so that a warning before it does no harm.
pub(crate) fn version(output: &str) -> Option<String> {
    output.split_whitespace().find(|word| is_version(word)).map(str::to_owned)
}

/// Two numbers with a dot between them, and then whatever a release adds (`-beta.1`).
fn is_version(word: &str) -> bool {
    let mut parts = word.splitn(3, '.');
    let mut number =
        || parts.next().is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
    number() && number()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_first_word_that_looks_like_one() {
        for (output, want) in [
            ("2.1.330 (Claude Code)\n", Some("2.1.330")),
            ("npm warn deprecated\n2.2.0-beta.1 (Claude Code)", Some("2.2.0-beta.1")),
            ("", None),
            ("v2 of nothing", None),
            (". .. 1. .1", None),
        ] {
            assert_eq!(version(output).as_deref(), want, "{output:?}");
        }
    }
}
