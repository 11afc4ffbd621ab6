//! No dead source: every file is reached from a target of Cargo.toml by `mod` lines. A test module
//! that is not declared would otherwise never run, and nobody would notice.

use std::collections::BTreeSet;

use super::source::{modules, places};
use super::{File, assert_none, repository};

#[test]
fn every_source_file_is_compiled() {
    assert_none(&unreached(&repository()));
}

fn unreached(files: &[File]) -> Vec<String> {
    let roots = roots(files);
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    let mut next: Vec<&str> = roots.iter().map(String::as_str).collect();
    while let Some(path) = next.pop() {
        let Some(file) = files.iter().find(|file| file.path == path) else { continue };
        if !reached.insert(&file.path) {
            continue;
        }
        let is_root = roots.contains(&file.path);
        for module in modules(&file.text) {
            let places = places(&file.path, &module.name, is_root);
            let found = files.iter().filter(|file| places.contains(&file.path));
            next.extend(found.map(|file| file.path.as_str()));
        }
    }
    let sources = files.iter().filter(|file| file.is_rust());
    let dead = sources.filter(|file| !reached.contains(file.path.as_str()));
    dead.map(|file| format!("{} is in no target", file.path)).collect()
}

/// The targets' own files: those that a Cargo.toml names, and the examples, which cargo finds itself.
fn roots(files: &[File]) -> Vec<String> {
    let manifests = files.iter().filter(|file| file.path.ends_with("Cargo.toml"));
    let named = manifests.flat_map(|file| {
        let place = file.path.trim_end_matches("Cargo.toml");
        file.text.lines().filter_map(move |line| {
            let path = line.strip_prefix("path = \"")?.strip_suffix('"')?;
            Some(format!("{place}{path}"))
        })
    });
    let examples = files.iter().map(|file| &file.path).filter(|path| {
        let below = path.strip_prefix("examples/");
        below.is_some_and(|name| !name.contains('/') || name.split('/').skip(1).eq(["main.rs"]))
    });
    named.chain(examples.cloned()).collect()
}

#[test]
fn a_file_that_nothing_declares_is_refused() {
    let files = [
        File::new("Cargo.toml", "[[bin]]\npath = \"src/main.rs\"\n"),
        File::new("other/Cargo.toml", "[[bin]]\npath = \"one.rs\"\n"),
        File::new("other/one.rs", ""),
        File::new("other/two.rs", ""),
        File::new("src/main.rs", "mod a;\n"),
        File::new("src/a.rs", "mod b;\n"),
        File::new("src/a/b.rs", ""),
        File::new("src/b.rs", ""),
        File::new("tests/lost.rs", ""),
        File::new("examples/one.rs", ""),
        File::new("examples/two/main.rs", "mod part;\n"),
        File::new("examples/two/part.rs", ""),
        File::new("examples/two/other.rs", ""),
    ];
    assert_eq!(
        unreached(&files),
        [
            "other/two.rs is in no target",
            "src/b.rs is in no target",
            "tests/lost.rs is in no target",
            "examples/two/other.rs is in no target",
        ]
    );
}
