//! Reading Rust by its looks: rustfmt has laid it out, so lines and indentation say enough.

use std::collections::BTreeSet;

use super::File;

/// The part of a file before its unit tests.
pub(crate) fn without_tests(text: &str) -> &str {
    let tests = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    &text[..tests]
}

/// The same without comments, in which names mean nothing.
pub(crate) fn code(text: &str) -> String {
    let lines = without_tests(text).lines().map(|line| match line.find("//") {
        Some(at) if line[..at].trim().is_empty() || line[..at].ends_with(' ') => &line[..at],
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A module that a file declares.
pub(crate) struct Declared {
    pub(crate) name: String,
    /// Compiled for tests only.
    pub(crate) is_test: bool,
}

/// The modules that a file declares to be in files of their own.
pub(crate) fn modules(text: &str) -> Vec<Declared> {
    let mut is_test = false;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        let words: Vec<&str> = line.trim_end_matches(';').split(' ').collect();
        if let (true, [.., "mod", name]) = (line.ends_with(';'), words.as_slice()) {
            found.push(Declared { name: (*name).to_owned(), is_test });
        }
        is_test = line == "#[cfg(test)]";
    }
    found
}

/// Where the file of a module may be that `parent` declares.
pub(crate) fn places(parent: &str, name: &str, is_root: bool) -> [String; 2] {
    let (directory, file) = parent.rsplit_once('/').unwrap_or(("", parent));
    let stem = file.trim_end_matches(".rs");
    let base =
        if is_root || stem == "mod" { directory.to_owned() } else { format!("{directory}/{stem}") };
    [format!("{base}/{name}.rs"), format!("{base}/{name}/mod.rs")]
}

/// The files that are compiled for tests only, all of tests/ among them.
pub(crate) fn test_files(files: &[File]) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = files
        .iter()
        .map(|file| file.path.clone())
        .filter(|path| path.starts_with("tests/"))
        .collect();
    loop {
        let before = found.len();
        for file in files.iter().filter(|file| file.is_rust()) {
            let within = found.contains(&file.path);
            let is_root = file.path == "src/main.rs";
            for module in modules(&file.text).iter().filter(|module| within || module.is_test) {
                let places = places(&file.path, &module.name, is_root);
                let there = |place: &&String| files.iter().any(|file| file.path == **place);
                found.extend(places.iter().find(there).cloned());
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// The lines of each function, by name.
pub(crate) fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let named = lines.iter().enumerate().filter_map(|(at, line)| Some((at, function_name(line)?)));
    named.filter_map(|(at, name)| Some((name.to_owned(), length(&lines[at..])?))).collect()
}

fn function_name(line: &str) -> Option<&str> {
    const BEFORE: [&str; 6] = ["pub", "const", "async", "unsafe", "extern", "default"];
    let (before, after) = line.trim_start().split_once("fn ")?;
    let is_modifier = |word: &str| {
        let word = word.split('(').next().unwrap_or_default();
        BEFORE.contains(&word) || word.starts_with('"')
    };
    let is_function = before.split_whitespace().all(is_modifier);
    is_function.then(|| after.split(['(', '<']).next().unwrap_or_default())
}

/// From the function's first line to its closing brace, which rustfmt puts below the first letter.
/// `None` where there is no body.
fn length(lines: &[&str]) -> Option<usize> {
    let first = lines[0];
    if first.ends_with('}') {
        return Some(1);
    }
    let indent = &first[..first.len() - first.trim_start().len()];
    let (bodiless, end) = (format!("{indent})"), format!("{indent}}}"));
    for (at, line) in lines.iter().enumerate() {
        if line.ends_with(';') && (at == 0 || line.starts_with(&bodiless)) {
            return None;
        }
        if *line == end {
            return Some(at + 1);
        }
    }
    None
}

#[test]
fn tests_and_comments_are_told_from_code() {
    let text = "//! crate::a\nuse crate::b; // crate::c\nlet u = \"http://x\";\n\n#[cfg(test)]\nmod tests {\n    use crate::d;\n}\n";
    assert_eq!(code(text), "\nuse crate::b; \nlet u = \"http://x\";\n");
}

#[test]
fn functions_are_measured_from_name_to_brace() {
    let text = "\
fn one() {}

pub(crate) const fn two(
    a: u8,
) -> u8 {
    a
}

impl T {
    fn three(&self) {
        if a {
        }
    }
    fn four(&self);
}
";
    let want = [("one", 1), ("two", 5), ("three", 4)].map(|(name, n)| (name.to_owned(), n));
    assert_eq!(functions(text), want);
}

#[test]
fn what_only_tests_compile_is_a_test_file() {
    let files = [
        File::new("src/main.rs", "mod a;\n#[cfg(test)]\nmod b;\nmod c;\n"),
        File::new("src/a.rs", "#[cfg(test)]\nmod tests;\n"),
        File::new("src/a/tests.rs", "mod deep;\n"),
        File::new("src/a/tests/deep.rs", ""),
        File::new("src/b.rs", ""),
        File::new("src/c/mod.rs", ""),
        File::new("tests/t.rs", ""),
    ];
    let found: Vec<String> = test_files(&files).into_iter().collect();
    assert_eq!(found, ["src/a/tests.rs", "src/a/tests/deep.rs", "src/b.rs", "tests/t.rs"]);
}
