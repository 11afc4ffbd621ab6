//! The man page of the configuration file: every key, once, from the table of keys.

use super::page::{DATE, definition, escape, ours, see_also, tidy};
use crate::cli::manual::{Block, EXAMPLES_TITLE, Section};
use crate::config::{Config, Entry, KEYS, Key};

/// What the page is called where pages name each other.
pub(super) const NAME: &str = "config(5)";

/// The longest default, in characters, that the page prints.
const LONGEST_DEFAULT: usize = 60;

const DESCRIPTION: &[&str] = &[
    "The file is TOML, and every key in it is optional. A flag overrules the environment, which \
     overrules the file, which overrules the default. A key of this version that is misspelt, or a \
     value that does not fit, is an error with its line and column; nothing is passed over.",
    "Nothing of it is ever read from the directory that is consulted: whoever wrote a project has \
     no say in which program runs or where a question goes.",
    "A key is also an environment variable, which is named with it below. Lists are separated by \
     commas there. An empty variable counts as one that is not set.",
    "`phone-opus config show` prints each value in force and where it came from, `phone-opus config \
     template` a file with every key, and `phone-opus schema config-file` a JSON Schema for editors.",
];

const SECTIONS: &[Section] = &[
    Section {
        title: "Files",
        blocks: &[Block::Terms(&[
            ("$XDG_CONFIG_HOME/phone-opus/config.toml", "the file, if the variable is set"),
            ("~/.config/phone-opus/config.toml", "the file otherwise"),
        ])],
    },
    Section {
        title: "Environment",
        blocks: &[Block::Terms(&[
            ("PHONE_OPUS_<KEY>", "overrules the key of that name: PHONE_OPUS_MODEL is model"),
            ("PHONE_OPUS_STATE_DIR", "is a place and no key: see phone-opus(1)"),
        ])],
    },
    Section {
        title: EXAMPLES_TITLE,
        blocks: &[Block::Code(&[
            "mkdir -p ~/.config/phone-opus",
            "phone-opus config template > ~/.config/phone-opus/config.toml",
            "echo 'idle_timeout = \"30m\"' >> ~/.config/phone-opus/config.toml",
            "phone-opus config check",
        ])],
    },
];

pub(super) fn page(names: &[&str]) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let title =
        format!("PHONE-OPUS-CONFIG 5 {DATE} \"phone-opus {version}\" \"phone-opus manual\"");
    let paragraphs: Vec<String> = DESCRIPTION.iter().map(|text| escape(text)).collect();
    let description = paragraphs.join("\n.PP\n");
    let defaults = Config::default().entries();
    let keys: String =
        KEYS.iter().zip(&defaults).map(|(key, entry)| paragraph(key, entry)).collect();
    let page = [
        ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n.TH ",
        &title,
        "\n.SH NAME\nphone\\-opus\\-config \\- configuration file of phone\\-opus\n",
        ".SH SYNOPSIS\n$XDG_CONFIG_HOME/phone\\-opus/config.toml\n.br\n",
        "\\(ti/.config/phone\\-opus/config.toml\n.SH DESCRIPTION\n",
        &description,
        "\n.SH KEYS\n",
        &keys,
        &ours(SECTIONS),
        &see_also(NAME, names),
    ];
    tidy(&page.concat())
}

/// One key: what it is for, what it takes, its default, its variable.
fn paragraph(key: &Key, default: &Entry) -> String {
    let text = default.value.to_string();
    let default = if default.value.is_null() {
        "It is not set by default.".to_owned()
    } else if text.chars().count() > LONGEST_DEFAULT {
        "The default is long: `phone-opus config show` prints it.".to_owned()
    } else {
        format!("The default is {text}.")
    };
    let head = definition(key.name, key.doc);
    let takes = escape(&format!("It takes {}. {default}", key.accepts));
    format!("{head}.IP\n{takes}\n.IP\nEnvironment: \\fB{}\\fR\n", escape(&key.env()))
}
