//! What the long help and the man pages say beyond the arguments: one text for both of them.

use std::fmt::Write;

/// A part of a manual with a heading of its own.
pub(super) struct Section {
    /// As it stands in a sentence; man pages have it in capitals.
    pub(super) title: &'static str,
    pub(super) blocks: &'static [Block],
}

pub(super) enum Block {
    /// A paragraph.
    Text(&'static str),
    /// Words and what they mean.
    Terms(&'static [(&'static str, &'static str)]),
    /// Lines for a shell, as they are.
    Code(&'static [&'static str]),
}

/// What belongs to the program as a whole.
pub(super) const PROGRAM: &[Section] = &[JOBS, EXIT_STATUS, FILES, ENVIRONMENT, EXAMPLES];

/// The heading that every man page has, with lines that a test runs.
pub(super) const EXAMPLES_TITLE: &str = "Examples";

const EXAMPLES: Section = Section {
    title: EXAMPLES_TITLE,
    blocks: &[Block::Code(&[
        r#"phone-opus consult "Is the locking in src/cache.rs sound?""#,
        r#"id=$(phone-opus consult --bg "Why is start-up slow?")"#,
        r#"phone-opus wait "$id" && phone-opus job "$id" --response"#,
        "phone-opus jobs --here",
    ])],
};

const JOBS: Section = Section {
    title: "Jobs",
    blocks: &[Block::Text(
        "A job is named by its id, by the first 6 or more characters of it, or by @last.",
    )],
};

/// The numbers are those of `failure::Exit`.
pub(super) const EXIT_CODES: &[(&str, &str)] = &[
    ("0", "succeeded"),
    ("1", "the job failed"),
    ("2", "wrong usage"),
    ("3", "the job was cancelled"),
    ("4", "the job failed because authentication is wanted"),
    ("5", "the job was lost: its process died without an answer"),
    ("66", "there is no such job"),
    ("69", "Claude Code was not found"),
    ("74", "the state directory or the output cannot be read or written"),
    ("75", "try later: usage limit, busy session or lock, unfinished job"),
    ("77", "a required sandbox is not to be had"),
    ("78", "wrong configuration"),
    ("124", "the deadline of a wait has passed; the jobs go on"),
    ("129", "hung up; the job goes on"),
    ("130", "interrupted by Ctrl-C; the job was cancelled"),
    ("143", "terminated; the job goes on"),
];

const EXIT_STATUS: Section = Section {
    title: "Exit status",
    blocks: &[
        Block::Terms(EXIT_CODES),
        Block::Text(
            "Of several jobs the first of 74, 78, 2, 66, 69, 77, 4, 1, 5, 3, 75, 124, 0 that occurs.",
        ),
    ],
};

/// Of these sections each command's page has what concerns it, unless it has one of that title itself.
#[cfg(test)]
pub(super) const COMMON: &[Section] = &[FILES, ENVIRONMENT];

const FILES: Section = Section {
    title: "Files",
    blocks: &[Block::Terms(&[
        ("$XDG_STATE_HOME/phone-opus/", "the state directory (else ~/.local/state)"),
        ("  events.jsonl", "the log: one line of JSON for each change of each job"),
        ("  events.index", "where each job's lines are; can be deleted at any moment"),
        ("  jobs/ID/transcript.jsonl", "what Claude Code printed"),
        ("  jobs/ID/stderr.log", "what it said on standard error"),
        ("$XDG_CONFIG_HOME/phone-opus/config.toml", "the configuration (else ~/.config)"),
    ])],
};

pub(super) const EDITORS: &str = "VISUAL, EDITOR";

const ENVIRONMENT: Section = Section {
    title: "Environment",
    blocks: &[Block::Terms(&[
        ("PHONE_OPUS_STATE_DIR", "another state directory; an absolute path"),
        (
            "PHONE_OPUS_<KEY>",
            "a key of the configuration, such as PHONE_OPUS_MODEL: see phone-opus-config(5)",
        ),
        (EDITORS, "the editor of `consult --edit`"),
        ("NO_COLOR, CLICOLOR_FORCE", "whether colour is used, without --color"),
    ])],
};

/// The program's definition with all that its help tells. Nothing else needs it, so that no other
/// start pays for it.
pub(super) fn attach(program: clap::Command) -> clap::Command {
    let with_manual = |command: clap::Command| match super::sections(command.get_name()) {
        [] => command,
        sections => command.after_long_help(help(sections)),
    };
    program.after_long_help(help(PROGRAM)).mut_subcommands(with_manual)
}

/// The sections as the end of a long help.
pub(super) fn help(sections: &[Section]) -> String {
    let sections = sections.iter().map(|Section { title, blocks }| {
        let blocks: Vec<String> = blocks.iter().map(block).collect();
        format!("{title}:\n{}", blocks.join("\n"))
    });
    sections.collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

fn block(block: &Block) -> String {
    let mut text = String::new();
    let mut line = |line: &str| writeln!(text, "    {line}").expect("writing to memory");
    match block {
        Block::Text(text) => line(text),
        Block::Code(lines) => lines.iter().for_each(|code| line(code)),
        Block::Terms(terms) => {
            let width = terms.iter().map(|(term, _)| term.len()).max().unwrap_or_default();
            for (term, meaning) in *terms {
                line(&format!("{term:width$}  {meaning}"));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    #[test]
    fn every_exit_code_is_told() {
        let hidden = [Exit::CannotExec.code()];
        let told: Vec<u8> =
            EXIT_CODES.iter().map(|(code, _)| code.parse().expect("a number")).collect();
        let there: Vec<u8> = Exit::ALL
            .iter()
            .map(|exit| exit.code())
            .filter(|code| !hidden.contains(code))
            .collect();
        assert_eq!(told, there);
    }

    #[test]
    fn a_help_has_its_terms_in_columns() {
        let section = Section {
            title: "Words",
            blocks: &[Block::Terms(&[("a", "first"), ("long", "second")]), Block::Code(&["a --b"])],
        };
        let want = "Words:\n    a     first\n    long  second\n\n    a --b";
        assert_eq!(help(&[section]), want);
    }
}
