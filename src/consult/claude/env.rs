//! What changes in the environment between the caller and Claude Code.
//!
//! Authentication and proxies stay as they are (other secrets do not, see `withheld`), but for a credential that the configuration names: no
//! other stands beside it. `CLAUDE_CONFIG_DIR` is set where a consult has a home of its own. What goes
//! is what ties a process to a session that it is not part of: a consult is often started inside one.

use super::credentials::CREDENTIALS;

/// Names that a Claude Code session gives its children, and that would make a consult part of it.
const SESSION: [&str; 8] = [
    "CLAUDECODE",
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_SESSION_ID",
    "CLAUDE_CODE_CHILD_SESSION",
    "CLAUDE_CODE_CHILD_NOTES_DIR",
    "CLAUDE_EFFORT",
    "CLAUDE_PID",
    "AI_AGENT",
];

/// Prefixes of more such names; our own are replaced below.
const PREFIXES: [&str; 2] = ["CLAUDE_CODE_MESSAGING_", "PHONE_OPUS_"];

/// It wins over `--effort` (measured on 2.1.330: `low` here, `--effort max`, and `low` was sent), so
/// the caller's habit would silently replace the effort that the record says.
const EFFORT_LEVEL: &str = "CLAUDE_CODE_EFFORT_LEVEL";

/// Changes to make to the inherited environment; no name is in both lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EnvChanges {
    pub(crate) set: Vec<(String, String)>,
    /// Only names that were inherited.
    pub(crate) remove: Vec<String>,
}

/// What this consult brings along.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Own<'a> {
    /// The job's id, by which an observer finds every process of the consult.
    pub(crate) job: &'a str,
    /// How many consults Claude Code then runs inside of.
    pub(crate) depth: u32,
    /// The job's private directory for temporary files.
    pub(crate) tmpdir: &'a str,
    /// A home of its own.
    pub(crate) config_dir: Option<&'a str>,
    /// The credential that the configuration names: a variable and its value.
    pub(crate) credential: Option<(&'a str, &'a str)>,
    /// Inherited names that are kept from it.
    pub(crate) withheld: &'a [&'a str],
}

/// The changes that turn the environment with these names into Claude Code's.
pub(crate) fn environment<'a>(
    inherited: impl IntoIterator<Item = &'a str>,
    own: &Own<'_>,
) -> EnvChanges {
    let set = own_variables(own);
    let is_set = |name: &str| set.iter().any(|(own, _)| own == name);
    let is_replaced = |name: &str| own.credential.is_some() && CREDENTIALS.contains(&name);
    let is_withheld = |name: &str| own.withheld.contains(&name);
    let goes =
        |name: &&str| (is_foreign(name) || is_replaced(name) || is_withheld(name)) && !is_set(name);
    let remove = inherited.into_iter().filter(goes);
    EnvChanges { remove: remove.map(str::to_owned).collect(), set }
}

/// Whether a variable ties a process to a session that is not its own.
pub(crate) fn is_foreign(name: &str) -> bool {
    SESSION.contains(&name)
        || name == EFFORT_LEVEL
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn own_variables(own: &Own<'_>) -> Vec<(String, String)> {
    let zsh_prefix = format!("{}/zsh", own.tmpdir);
    let always = [
        ("PHONE_OPUS_JOB", own.job),
        ("PHONE_OPUS_DEPTH", &own.depth.to_string()),
        // A program that replaces itself while it answers, or talks to hosts that nobody asked for,
        // is no good adviser.
        ("DISABLE_AUTOUPDATER", "1"),
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
        // `@path` in a prompt would inline that file, one outside the working directory too.
        ("CLAUDE_CODE_DISABLE_ATTACHMENTS", "1"),
        ("TMPDIR", own.tmpdir),
        // It wins over TMPDIR, so the caller's must not stand.
        ("CLAUDE_CODE_TMPDIR", own.tmpdir),
        // zsh puts here-documents beside this prefix, /tmp/zsh by default, and asks no TMPDIR.
        ("TMPPREFIX", &zsh_prefix),
    ];
    let config_dir = own.config_dir.map(|directory| ("CLAUDE_CONFIG_DIR", directory));
    let all = always.into_iter().chain(config_dir).chain(own.credential);
    all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(inherited: &[&str]) -> EnvChanges {
        environment(inherited.iter().copied(), &own())
    }

    fn own() -> Own<'static> {
        Own { job: "j", depth: 2, tmpdir: "/t", config_dir: None, credential: None, withheld: &[] }
    }

    #[test]
    fn a_configured_credential_stands_alone_and_a_home_of_its_own_is_named() {
        let credential = Some(("CLAUDE_CODE_OAUTH_TOKEN", "t"));
        let own = Own { config_dir: Some("/s/claude"), credential, ..own() };
        let inherited = ["ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CONFIG_DIR"];
        let changes = environment(inherited, &own);
        assert_eq!(changes.remove, ["ANTHROPIC_API_KEY"]);
        for (name, value) in [("CLAUDE_CODE_OAUTH_TOKEN", "t"), ("CLAUDE_CONFIG_DIR", "/s/claude")]
        {
            assert!(changes.set.contains(&(name.to_owned(), value.to_owned())), "{name}");
        }
    }

    #[test]
    fn what_is_withheld_goes_and_a_credential_of_its_own_does_not() {
        let credential = Some(("ANTHROPIC_API_KEY", "k"));
        let withheld = &["GITHUB_TOKEN", "ANTHROPIC_API_KEY"];
        let own = Own { credential, withheld, ..own() };
        assert_eq!(
            environment(["GITHUB_TOKEN", "ANTHROPIC_API_KEY"], &own).remove,
            ["GITHUB_TOKEN"]
        );
    }

    #[test]
    fn what_ties_to_another_session_goes() {
        let mut inherited = SESSION.to_vec();
        inherited.extend(["CLAUDE_CODE_MESSAGING_SOCKET", "CLAUDE_CODE_MESSAGING_TOKEN"]);
        inherited.extend(["PHONE_OPUS_STATE_DIR", "PHONE_OPUS_MODEL", EFFORT_LEVEL]);
        assert_eq!(changes(&inherited).remove, inherited);
    }

    #[test]
    fn authentication_proxies_and_everything_else_stay() {
        let inherited = [
            "PATH",
            "HOME",
            "ANTHROPIC_API_KEY",
            "ANTHROPIC_BASE_URL",
            "CLAUDE_CODE_OAUTH_TOKEN",
            "CLAUDE_CODE_MAX_RETRIES",
            "CLAUDE_CONFIG_DIR",
            "HTTPS_PROXY",
            "https_proxy",
            "CLAUDECODEX",
        ];
        assert_eq!(changes(&inherited).remove, [""; 0]);
    }

    #[test]
    fn only_inherited_names_are_removed_and_none_is_both_set_and_removed() {
        assert_eq!(changes(&[]).remove, [""; 0]);
        let both = changes(&["PHONE_OPUS_JOB", "PHONE_OPUS_DEPTH", "TMPDIR", "CLAUDE_CODE_TMPDIR"]);
        assert_eq!(both.remove, [""; 0]);
    }

    #[test]
    fn our_own_variables_are_set() {
        let set = changes(&[]).set;
        for (name, value) in [
            ("PHONE_OPUS_JOB", "j"),
            ("PHONE_OPUS_DEPTH", "2"),
            ("TMPDIR", "/t"),
            ("TMPPREFIX", "/t/zsh"),
            ("DISABLE_AUTOUPDATER", "1"),
        ] {
            assert!(set.contains(&(name.to_owned(), value.to_owned())), "{name}");
        }
    }
}
