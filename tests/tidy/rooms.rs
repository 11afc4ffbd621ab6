//! Which room may use which. The order of the table is the order of the house: a room uses only
//! rooms below it, so there are no circles.
//!
//! Tests are left out: they may reach where they want.

use std::collections::BTreeSet;

use super::source::{code, test_files};
use super::{File, assert_none, repository};

/// Every arrow there is. `room::module` allows that module of the room alone.
const ROOMS: [(&str, &[&str]); 16] = [
    ("main", &["cli", "failure", "runner::signals", "world"]),
    (
        "cli",
        &[
            "doctor", "mcp", "failure", "render", "runner", "jail", "journal", "job", "consult",
            "config", "skill", "world",
        ],
    ),
    (
        "doctor",
        &[
            "mcp::clients",
            "failure",
            "render",
            "runner",
            "jail::probe",
            "journal",
            "job",
            "consult",
        ],
    ),
    ("mcp", &["failure", "render", "runner", "journal", "job", "consult"]),
    ("failure", &["runner", "journal", "job", "consult"]),
    ("runner", &["jail", "journal", "tree", "job", "consult", "redact"]),
    ("jail", &[]),
    ("journal", &["job"]),
    ("tree", &["job"]),
    ("render", &["job", "consult"]),
    ("job", &["consult", "redact"]),
    ("consult", &[]),
    ("redact", &[]),
    ("config", &[]),
    ("skill", &[]),
    ("world", &[]),
];

#[test]
fn the_arrows_between_rooms_are_the_ones_that_were_decided() {
    assert_none(&complaints(&ROOMS, &uses(&repository())));
}

#[test]
fn every_arrow_points_down() {
    assert_none(&upward(&ROOMS));
}

/// One room's use of another: the room, and `other` or `other::module`.
type Use = (String, String);

/// Arrows that are not allowed, and allowed ones that nothing uses.
fn complaints(rooms: &[(&str, &[&str])], uses: &BTreeSet<Use>) -> Vec<String> {
    let allows = |arrow: &str, used: &str| {
        used == arrow || used.strip_prefix(arrow).is_some_and(|rest| rest.starts_with("::"))
    };
    let new = uses.iter().filter_map(|(room, used)| {
        let arrows = rooms.iter().find(|(name, _)| name == room).map(|(_, arrows)| *arrows);
        match arrows {
            None => Some(format!("{room} is a new room: put it into its place in the table")),
            Some(arrows) if arrows.iter().any(|arrow| allows(arrow, used)) => None,
            Some(_) => Some(format!("{room} uses {used}, and no arrow allows it")),
        }
    });
    let old = rooms.iter().flat_map(|(room, arrows)| arrows.iter().map(move |arrow| (room, arrow)));
    let old = old
        .filter(|(room, arrow)| {
            !uses.iter().any(|(from, used)| from == *room && allows(arrow, used))
        })
        .map(|(room, arrow)| format!("{room} may use {arrow}, and does not any more"));
    new.chain(old).collect()
}

fn upward(rooms: &[(&str, &[&str])]) -> Vec<String> {
    let place = |arrow: &str| {
        let room = arrow.split("::").next();
        rooms.iter().position(|(name, _)| Some(*name) == room)
    };
    let arrows = rooms
        .iter()
        .enumerate()
        .flat_map(|(at, (room, arrows))| arrows.iter().map(move |arrow| (at, *room, *arrow)));
    arrows
        .filter(|(at, _, arrow)| place(arrow).is_none_or(|place| place <= *at))
        .map(|(_, room, arrow)| format!("{room} stands below {arrow}, or {arrow} is no room"))
        .collect()
}

/// What the source uses, tests left out.
fn uses(files: &[File]) -> BTreeSet<Use> {
    let tests = test_files(files);
    let sources = files.iter().filter(|file| file.is_rust() && file.path.starts_with("src/"));
    sources.filter(|file| !tests.contains(&file.path)).flat_map(of_file).collect()
}

fn of_file(file: &File) -> Vec<Use> {
    let modules = module_path(&file.path);
    let code = code(&file.text);
    let room = modules.first().cloned().unwrap_or_else(|| "main".to_owned());
    let mut used = paths_after(&code, "crate::");
    let to_root = "super::".repeat(modules.len().max(1));
    used.extend(paths_after(&code, &to_root));
    if modules.is_empty() {
        used = ROOMS
            .iter()
            .flat_map(|(name, _)| {
                let below = paths_after(&code, &format!("{name}::"));
                below.into_iter().map(move |path| format!("{name}::{}", self::name(&path)))
            })
            .collect();
    }
    let foreign = used.into_iter().filter(|used| used.split("::").next() != Some(&room));
    foreign.map(|used| (room.clone(), used)).collect()
}

/// `src/a/b.rs` is `a::b`, `src/a/mod.rs` is `a`, `src/main.rs` is the root.
fn module_path(path: &str) -> Vec<String> {
    let path = path.trim_start_matches("src/").trim_end_matches(".rs");
    let path = path.trim_end_matches("/mod");
    path.split('/').filter(|name| *name != "main").map(str::to_owned).collect()
}

/// Each path that follows `start` in the code, two names deep; a group gives one for each member.
fn paths_after(code: &str, start: &str) -> Vec<String> {
    let begins = |at: usize| {
        !code[..at].ends_with(|before: char| before.is_alphanumeric() || "_:".contains(before))
    };
    code.match_indices(start)
        .filter(|(at, _)| begins(*at))
        .flat_map(|(at, _)| members(&code[at + start.len()..]))
        .map(|path| path.split("::").take(2).map(name).collect::<Vec<_>>())
        .map(|names| {
            names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join("::")
        })
        .collect()
}

fn members(path: &str) -> Vec<&str> {
    match path.strip_prefix('{').and_then(|group| group.split_once('}')) {
        Some((group, _)) => group.split(',').map(str::trim).collect(),
        None => vec![path],
    }
}

/// The name that a text begins with.
fn name(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

#[test]
fn a_new_arrow_an_unused_one_and_a_new_room_are_refused() {
    let rooms: [(&str, &[&str]); 2] = [("top", &["low::door", "low::gone"]), ("low", &[])];
    let uses = [("top", "low::door::x"), ("top", "low::window"), ("low", "top"), ("new", "low")]
        .map(|(room, used)| (room.to_owned(), used.to_owned()));
    let said = complaints(&rooms, &uses.into());
    assert_eq!(
        said,
        [
            "low uses top, and no arrow allows it",
            "new is a new room: put it into its place in the table",
            "top uses low::window, and no arrow allows it",
            "top may use low::gone, and does not any more",
        ]
    );
}

#[test]
fn an_arrow_that_points_up_or_nowhere_is_refused() {
    let rooms: [(&str, &[&str]); 2] = [("top", &["low", "nowhere"]), ("low", &["top::door"])];
    assert_eq!(
        upward(&rooms),
        [
            "top stands below nowhere, or nowhere is no room",
            "low stands below top::door, or top::door is no room",
        ]
    );
}

#[test]
fn uses_are_found_however_they_are_written() {
    let source = "\
use crate::{render, world};
use crate::job::id::JobId;
use super::super::journal::read;
fn f() -> crate::failure::Failure { crate::cli::own() }
// crate::comment
#[cfg(test)]
mod tests {
    use crate::config;
}
";
    let files = [
        File::new("src/cli/x.rs", source),
        File::new("src/job/mod.rs", "use super::consult::reply;\n"),
        File::new("src/main.rs", "mod cli;\nfn main() { runner::signals::go(cli::run()) }\n"),
        File::new("src/y.rs", "#[cfg(test)]\nmod probe;\n"),
        File::new("src/y/probe.rs", "use crate::config;\n"),
    ];
    let found: Vec<String> =
        uses(&files).iter().map(|(room, used)| format!("{room} → {used}")).collect();
    assert_eq!(
        found,
        [
            "cli → failure::Failure",
            "cli → job::id",
            "cli → journal::read",
            "cli → render",
            "cli → world",
            "job → consult::reply",
            "main → cli::run",
            "main → runner::signals",
        ]
    );
}
