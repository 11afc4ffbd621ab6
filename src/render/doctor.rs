//! What `doctor` found, for people and for programs.

use serde::Serialize;

use super::json::SCHEMA_VERSION;
use super::text::{Colour, counted, one_line};
use crate::job::id::JobId;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    Ok,
    /// Something to know, or to put in order; consults work.
    Warn,
    /// Consults do not work, or not all of them.
    Error,
}

/// One line of a report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Finding {
    /// What was looked at.
    pub(crate) check: &'static str,
    pub(crate) level: Level,
    /// A stable word for scripts.
    pub(crate) code: &'static str,
    /// What there is, without a full stop.
    pub(crate) message: String,
    /// What to do, where there is something to do.
    pub(crate) advice: Option<String>,
    pub(crate) job_id: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) place: Option<Place>,
    /// `--fix` does something about it.
    pub(crate) fixable: bool,
    /// The exit code of a command that meets it; of errors only.
    pub(crate) exit_code: Option<u8>,
}

/// A place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Place {
    pub(crate) line: u64,
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

/// One thing that `--fix` did, or tried to do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Fix {
    pub(crate) check: &'static str,
    pub(crate) message: String,
    pub(crate) job_id: Option<String>,
    pub(crate) path: Option<String>,
    /// Why it could not be done.
    pub(crate) error: Option<String>,
}

/// The whole report. After a fix the findings are what is left.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Report {
    schema_version: u32,
    /// Nothing is an error.
    ok: bool,
    errors: usize,
    warnings: usize,
    findings: Vec<Finding>,
    fixes: Vec<Fix>,
    exit_code: u8,
}

impl Finding {
    /// A finding that needs nothing to be done.
    pub(crate) fn new(
        check: &'static str,
        level: Level,
        code: &'static str,
        message: String,
    ) -> Self {
        Self {
            check,
            level,
            code,
            message,
            advice: None,
            job_id: None,
            path: None,
            place: None,
            fixable: false,
            exit_code: None,
        }
    }

    /// Says whose it is.
    pub(crate) fn of_job(mut self, job: JobId) -> Self {
        self.job_id = Some(job.to_string());
        self
    }
}

/// Puts a report together.
pub(crate) fn report(findings: Vec<Finding>, fixes: Vec<Fix>, exit_code: u8) -> Report {
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let (errors, warnings) = (count(Level::Error), count(Level::Warn));
    Report {
        schema_version: SCHEMA_VERSION,
        ok: errors == 0,
        errors,
        warnings,
        findings,
        fixes,
        exit_code,
    }
}

/// The report for a person: what was done, then a line for each finding, with what to do below it.
pub(crate) fn human(report: &Report, colour: Colour) -> String {
    let checks = report.findings.iter().map(|finding| finding.check);
    let checks = checks.chain(report.fixes.iter().map(|fix| fix.check));
    let width = checks.map(str::len).max().unwrap_or_default();
    let line = |(word, code): (&str, u8), check: &str, message: &str| {
        let gap = " ".repeat(WORD - word.len());
        format!("{}{gap}  {check:width$}  {}", colour.paint(code, word), one_line(message))
    };
    let fixes = report.fixes.iter().map(|fix| match &fix.error {
        None => line(("FIXED", GREEN), fix.check, &fix.message),
        Some(error) => line(("FAILED", RED), fix.check, &format!("{}: {error}", fix.message)),
    });
    let findings = report.findings.iter().flat_map(|finding| {
        let word = match finding.level {
            Level::Ok => ("OK", GREEN),
            Level::Warn => ("WARN", YELLOW),
            Level::Error => ("ERROR", RED),
        };
        let advice = finding.advice.as_deref().map(one_line);
        let advice = advice.map(|advice| format!("{:1$}→ {advice}", "", WORD + width + 4));
        std::iter::once(line(word, finding.check, &finding.message)).chain(advice)
    });
    fixes.chain(findings).map(|line| line + "\n").collect()
}

/// Cells of the longest word in the first column.
const WORD: usize = "FAILED".len();

/// Codes of the terminal.
const RED: u8 = 31;
const GREEN: u8 = 32;
const YELLOW: u8 = 33;

/// What is to be said beside a report: what it comes to, and what `--fix` would do.
pub(crate) fn closing(report: &Report) -> String {
    let count = |number: usize, one: &str| counted(number as u64, one);
    let fixable = report.findings.iter().filter(|finding| finding.fixable).count();
    let found = match (report.errors, report.warnings) {
        (0, 0) => "All is well.".to_owned(),
        (0, warnings) => format!("{}; consults work.", count(warnings, "warning")),
        (errors, warnings) => {
            format!("{}, {}.", count(errors, "error"), count(warnings, "warning"))
        }
    };
    if fixable == 0 {
        return found;
    }
    format!("{found} `phone-opus doctor --fix` takes care of {fixable} of them.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    fn finding(level: Level, message: &str, advice: Option<&str>) -> Finding {
        let advice = advice.map(str::to_owned);
        Finding { advice, ..Finding::new("log", level, "word", message.to_owned()) }
    }

    fn fix(error: Option<&str>) -> Fix {
        Fix {
            check: "files",
            message: "it is removed".to_owned(),
            job_id: Some(sample::ID.to_owned()),
            path: None,
            error: error.map(str::to_owned),
        }
    }

    #[test]
    fn what_was_done_comes_first_and_advice_stands_below_its_finding() {
        let findings = vec![
            finding(Level::Ok, "fine", None),
            finding(Level::Warn, "torn \u{1b}[2J\nline", Some("Mend it.")),
            finding(Level::Error, "gone", Some("Bring it back.")),
        ];
        let report = report(findings, vec![fix(None), fix(Some("no space"))], 74);
        let expected = "\
FIXED   files  it is removed
FAILED  files  it is removed: no space
OK      log    fine
WARN    log    torn \\x1b[2J line
               → Mend it.
ERROR   log    gone
               → Bring it back.
";
        assert_eq!(human(&report, Colour::Off), expected);
        let coloured = human(&report, Colour::On);
        assert!(coloured.contains("\u{1b}[33mWARN\u{1b}[0m    log    torn"), "{coloured}");
    }

    #[test]
    fn the_closing_words_count_and_name_the_fix() {
        let fixable = Finding { fixable: true, ..finding(Level::Warn, "x", None) };
        for (findings, words) in [
            (vec![], "All is well."),
            (vec![finding(Level::Ok, "x", None)], "All is well."),
            (
                vec![fixable.clone(), fixable],
                "2 warnings; consults work. `phone-opus doctor --fix` takes care of 2 of them.",
            ),
            (vec![finding(Level::Error, "x", None)], "1 error, 0 warnings."),
        ] {
            assert_eq!(closing(&report(findings, Vec::new(), 0)), words);
        }
    }
}
