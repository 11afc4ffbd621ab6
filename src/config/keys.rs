//! The table of keys. What is configurable is said here once; parsing, defaults, `config show`, the
//! template, the man page, the JSON Schema of the file and the options of the Nix module follow from it.
//!
//! Keys are only added. None of them is a secret: every value may be shown.

use std::time::Duration;

use super::Setting;
use super::duration::Limit;
use super::layers::Layers;
use super::problem::Warning;
use super::reader;
use super::show::{Entry, Shown};

/// What the table says about one key, whatever its type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// As it is written in the file: `model`, or `mcp.cancel_on_disconnect` for one in a table.
    pub(crate) name: &'static str,
    /// One line, with the unit where there is one.
    pub(crate) doc: &'static str,
    /// What its values are, to follow the words "takes".
    pub(crate) accepts: &'static str,
    /// A value in TOML.
    pub(crate) example: &'static str,
    /// Whether its reader takes a value: what the schema of the file is made from.
    #[cfg(test)]
    pub(super) takes: fn(&reader::Found) -> bool,
}

impl Key {
    /// The environment variable that sets this key.
    pub(crate) fn env(&self) -> String {
        format!("PHONE_OPUS_{}", self.name.to_ascii_uppercase().replace('.', "_"))
    }

    /// The table that it stands in, if it does.
    pub(crate) fn table(&self) -> Option<&'static str> {
        self.name.split_once('.').map(|(table, _)| table)
    }
}

/// A key's name: its field's, unless it stands in a table.
macro_rules! name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $path:literal) => {
        $path
    };
}

macro_rules! keys {
    ($($(#[doc = $doc:literal])+ $name:ident $(as $path:literal)?: $type:ty = $default:expr, $reader:path;)*) => {
        /// Every key, in the order of the documentation.
        pub(crate) const KEYS: &[Key] = &[$(Key {
            name: name!($name $($path)?),
            doc: concat!($($doc),+).trim_ascii(),
            accepts: $reader.accepts,
            example: $reader.example,
            #[cfg(test)]
            takes: |found| ($reader.read)(found).is_ok(),
        }),*];

        /// The configuration in force: every value, each knowing where it came from.
        #[derive(Debug, Clone, PartialEq)]
        pub(crate) struct Config {
            $($(#[doc = $doc])+ pub(crate) $name: Setting<$type>,)*
            /// What is set in the environment and means nothing to this version.
            pub(crate) warnings: Vec<Warning>,
        }

        impl Config {
            /// Picks every key's value; what does not fit is noted in `layers`.
            pub(super) fn pick(layers: &mut Layers) -> Self {
                Self {
                    $($name: layers.pick(name!($name $($path)?), &$reader, $default),)*
                    warnings: Vec::new(),
                }
            }

            /// Every key with its value and origin, in the order of the documentation.
            pub(crate) fn entries(&self) -> Vec<Entry> {
                vec![$(Entry {
                    key: name!($name $($path)?),
                    value: self.$name.value.shown(),
                    origin: self.$name.origin.clone(),
                }),*]
            }
        }
    };
}

keys! {
    /// The Claude Code program; without it, `claude` on PATH.
    claude_bin: Option<String> = None, reader::PROGRAM;
    /// The model that is asked, by name or alias.
    model: String = "opus".to_owned(), reader::TEXT;
    /// How hard the model thinks: low, medium, high, xhigh or max.
    effort: String = "max".to_owned(), reader::EFFORT;
    /// Most turns of one consult; without it, no limit.
    max_turns: Option<u32> = None, reader::COUNT_OR_NONE;
    /// Most US dollars that one consult may cost; without it, no limit.
    max_budget_usd: Option<f64> = None, reader::DOLLARS_OR_NONE;
    /// Longest time from start to answer; "off" is no limit.
    timeout: Limit = Limit::Off, reader::LIMIT;
    /// Longest silence of Claude Code; 0 or "off" is no limit.
    idle_timeout: Limit = Limit::After(Duration::from_mins(20)), reader::LIMIT;
    /// Time that Claude Code has to end by itself before it is killed.
    grace: Duration = Duration::from_secs(5), reader::DURATION;
    /// Most consults that run at once on this host; further ones wait.
    max_running: u32 = 4, reader::COUNT;
    /// How deep consults may nest: 1 means that a consulted Claude consults nobody.
    max_depth: u32 = 1, reader::COUNT;
    /// Words put before every prompt; false leaves them out.
    prefix: Option<String> = Some(PREFIX.to_owned()), reader::TEXT_OR_FALSE;
    /// What the adviser may use; Bash only where a sandbox is in force and the credentials allow it.
    tools: Vec<String> = reader::TOOLS.map(str::to_owned).to_vec(), reader::TOOL_LIST;
    /// Whether the adviser may also search and fetch the web; what can fetch can also leak.
    web: bool = false, reader::SWITCH;
    /// How much of a sandbox a consult gets: what the host has, all that matters or no consult, or none.
    sandbox: String = "auto".to_owned(), reader::SANDBOX;
    /// A file, readable for you alone, with the token that `claude setup-token` printed.
    token_file as "credentials.token_file": Option<String> = None, reader::FILE;
    /// A file, readable for you alone, with an API key; a token's file cannot stand beside it.
    key_file as "credentials.key_file": Option<String> = None, reader::FILE;
    /// Whether a consult is cancelled when the MCP client that waits for it cancels its call or goes away.
    mcp_cancel_on_disconnect as "mcp.cancel_on_disconnect": bool = false, reader::SWITCH;
    /// How long ago an ended job must have ended to be removed by itself; "off" removes none by age.
    retention_older_than as "retention.older_than": Limit = Limit::Off, reader::LIMIT;
    /// How many ended jobs stay when others are removed by themselves; with an age, both must hold.
    retention_keep as "retention.keep": Option<u32> = None, reader::COUNT_OR_NONE;
    /// Whether secrets of known shapes are replaced by markers in the log and in transcripts.
    redact: bool = true, reader::SWITCH;
    /// Whether the state directory may lie on NFS, SMB or FUSE, whose locks are not to be trusted.
    allow_network_fs: bool = false, reader::SWITCH;
}

/// What Claude is told before the question, unless the key `prefix` says otherwise.
pub(crate) const PREFIX: &str = "\
You are giving a second opinion to another model or to a person, who will act on it; you are not \
doing the work yourself. You are in read-only advisory mode: your tools are for reading and \
searching. If a shell is among them, it is for looking too (git log, rg, a type check): nothing \
can be written but below $TMPDIR, which goes when you end. So do not try to change anything. Look \
at the code itself before you judge it. Answer with a report that can be acted on: the most important finding first, \
each with a path:line reference, why it matters and what to do about it. Say plainly what you are \
certain of, having seen it, and what is a guess. If the question cannot be answered from what you \
can read, say what is missing.";
