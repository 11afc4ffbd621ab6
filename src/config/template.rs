//! The text of a new `config.toml`: every key with its doc, its values and its default, all of it
//! commented out, so that a later default is not frozen by an earlier file.

use super::keys::{Config, KEYS, Key};
use super::show::Entry;

const HEAD: &str = "\
# Configuration of phone-opus. Every key is optional; take away the \"# \" before one to set it.
# Flags overrule the environment (PHONE_OPUS_<KEY>), and the environment overrules this file.
# What is in force, and where it came from: phone-opus config show
";

/// The template, ready to be written to a file.
pub(crate) fn template() -> String {
    let defaults = Config::default().entries();
    let keys = KEYS.iter().zip(&defaults).map(|(key, default)| paragraph(key, default));
    std::iter::once(HEAD.to_owned()).chain(keys).collect()
}

fn paragraph(key: &Key, default: &Entry) -> String {
    let (name, doc, accepts, example) = (key.name, key.doc, key.accepts, key.example);
    if default.value.is_null() || default.value == "off" {
        format!("\n# {doc}\n# Takes {accepts}. Not set by default.\n# {name} = {example}\n")
    } else {
        // JSON's strings, numbers, switches and lists of them are TOML as well.
        format!("\n# {doc}\n# Takes {accepts}.\n# {name} = {}\n", default.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{File, Flags, Origin, resolve};

    fn uncommented() -> String {
        let assignments = template()
            .lines()
            .filter_map(|line| line.strip_prefix("# "))
            .filter(|line| KEYS.iter().any(|key| line.starts_with(&format!("{} = ", key.name))))
            .collect::<Vec<_>>()
            .join("\n");
        assignments + "\n"
    }

    #[test]
    fn every_key_is_in_the_template_and_reads_when_uncommented() {
        let text = uncommented();
        assert_eq!(text.lines().count(), KEYS.len());
        let from_file = Origin::File("config.toml".into());
        // Of two credentials one is enough.
        for one in ["credentials.token_file", "credentials.key_file"] {
            let without = |line: &&str| !line.starts_with(one);
            let text = text.lines().filter(without).collect::<Vec<_>>().join("\n");
            let file = File { path: "config.toml".as_ref(), text: &text };
            let config = resolve(Some(file), &|_| None, &[], &Flags::default()).expect("reads");
            let entries = config.entries();
            assert!(entries.iter().all(|entry| entry.origin == from_file || entry.key == one));
        }
    }

    #[test]
    fn the_template_as_it_is_changes_nothing() {
        let text = template();
        let file = File { path: "config.toml".as_ref(), text: &text };
        let config = resolve(Some(file), &|_| None, &[], &Flags::default()).expect("reads");
        assert_eq!(config, Config::default());
    }

    #[test]
    fn a_paragraph_says_what_a_key_is_for_and_what_it_takes() {
        let expected = "
# Longest silence of Claude Code; 0 or \"off\" is no limit.
# Takes a duration such as \"90s\", \"20m\", \"1.5h\", \"30d\", \"500ms\" or bare seconds, or \"off\".
# idle_timeout = \"20m\"
";
        assert!(template().contains(expected), "{}", template());
    }
}
