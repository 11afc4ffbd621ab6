//! What of the common sections a command's page has: the codes that it may end with, the files and the
//! variables that it reads. The tests of the commands hold every code that they see against the pages.

use crate::cli::manual::{self, Block, Section};

use super::page::{definition, nested};

/// Whoever reads the configuration and the state.
const READS: &[&str] = &["0", "2", "74", "78"];

/// What a job's end means, as `Exit::of_job` has it.
const OF_JOB: &[&str] = &["1", "3", "4", "5", "69", "75", "77"];

/// Whoever attends a job in the foreground.
const ATTENDS: &[&str] = &["129", "130", "143"];

const NO_SUCH_JOB: &[&str] = &["66"];

fn exits(command: &str) -> &'static [&'static [&'static str]] {
    match command {
        "consult" => &[READS, OF_JOB, ATTENDS],
        "retry" => &[READS, OF_JOB, ATTENDS, NO_SUCH_JOB],
        "job" | "follow" | "cancel" => &[READS, OF_JOB, NO_SUCH_JOB],
        "wait" => &[READS, OF_JOB, NO_SUCH_JOB, &["124"]],
        "events" => &[READS, NO_SUCH_JOB],
        "doctor" => &[READS, &["4", "69", "75", "77"]],
        "login" => &[READS, &["4", "69", "75"]],
        "prune" => &[READS, &["75"]],
        "schema" | "skill" => &[&["0", "2", "74"]],
        _ => &[READS],
    }
}

pub(super) fn exit_status(command: &str) -> String {
    let exits = exits(command);
    let told =
        manual::EXIT_CODES.iter().filter(|(code, _)| exits.iter().any(|some| some.contains(code)));
    let told: String = told.map(|(code, meaning)| definition(code, meaning)).collect();
    let rule = if ["wait", "cancel"].contains(&command) {
        ".PP\nOf several jobs the worst decides: see \\fBphone\\-opus\\fR(1).\n"
    } else {
        ""
    };
    format!(".SH EXIT STATUS\n{told}{rule}")
}

/// The terms of a section that are the command's; nothing where none is.
pub(super) fn common(command: &str, section: &Section) -> String {
    let told = |block: &Block| match block {
        Block::Terms(terms) => terms
            .iter()
            .filter(|(term, _)| matters(command, term))
            .map(|(term, meaning)| nested(term, meaning))
            .collect(),
        _ => String::new(),
    };
    let told: String = section.blocks.iter().map(told).collect();
    if told.is_empty() { told } else { format!(".SH {}\n{told}", section.title.to_uppercase()) }
}

fn matters(command: &str, term: &str) -> bool {
    let is_state = term.starts_with(' ') || term.contains("STATE_");
    let is_configuration = term.contains("CONFIG_") || term.contains("<KEY>");
    match command {
        "schema" => !is_state && !is_configuration && term != manual::EDITORS,
        "config" => !is_state && term != manual::EDITORS,
        "consult" => true,
        _ => term != manual::EDITORS,
    }
}
