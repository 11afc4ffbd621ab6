//! `stats` and `search` for a person.

use crate::job::id::JobId;
use crate::job::search::Hit;
use crate::job::status::Status;
use crate::job::totals::Totals;
use crate::render::text::{Colour, counted, dollars, one_line};
use crate::render::time::{ago, length, rfc3339};

/// The totals as aligned `key  value` lines.
pub(crate) fn stats(totals: &Totals) -> String {
    let states = Status::ALL.into_iter().filter(|status| totals.in_status(*status) > 0);
    let states: Vec<String> =
        states.map(|status| format!("{} {status}", totals.in_status(status))).collect();
    let mut rows = vec![
        ("jobs".to_owned(), totals.jobs.to_string()),
        ("states".to_owned(), states.join(", ")),
        ("cost".to_owned(), dollars(totals.cost_usd)),
        ("turns".to_owned(), totals.turns.to_string()),
        ("time".to_owned(), length(totals.duration_ms)),
    ];
    let day = |unix_ms: i64| rfc3339(unix_ms).unwrap_or_default();
    rows.extend(totals.first_created_unix_ms.map(|at| ("first".to_owned(), day(at))));
    rows.extend(totals.last_updated_unix_ms.map(|at| ("last".to_owned(), day(at))));
    rows.extend(totals.models.iter().map(|(model, (jobs, cost))| {
        (
            format!("model {}", one_line(model)),
            format!("{}, {}", counted(*jobs, "job"), dollars(*cost)),
        )
    }));
    let failures = totals.failures.iter();
    rows.extend(
        failures.map(|(code, jobs)| (format!("failed {}", one_line(code)), jobs.to_string())),
    );
    let width = rows.iter().map(|(key, _)| key.chars().count()).max().unwrap_or_default();
    let lines: Vec<String> =
        rows.iter().map(|(key, value)| format!("{key:width$}  {value}\n")).collect();
    lines.concat()
}

/// A place in which words were found, on one line.
pub(crate) fn found(
    job: JobId,
    unix_ms: i64,
    hit: &Hit,
    now_unix_ms: i64,
    colour: Colour,
) -> String {
    // Code of the terminal: bold.
    const BOLD: u8 = 1;
    let mut id = job.to_string();
    id.truncate(8);
    let age = ago(unix_ms, now_unix_ms);
    let shown = |text: &str| {
        let kept = one_line(text);
        let blank = |is: bool| if is { " " } else { "" };
        let starts = !kept.is_empty() && text.starts_with(char::is_whitespace);
        let ends = text.ends_with(char::is_whitespace);
        format!("{}{kept}{}", blank(starts), blank(ends))
    };
    let found = colour.paint(BOLD, &shown(&hit.found));
    let text = format!("{}{found}{}", shown(&hit.before), shown(&hit.after));
    format!("{id}  {age:11}  {:12}  {}\n", hit.field, text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn totals_are_told_with_what_they_come_from() {
        let mut totals = Totals::default();
        totals.add(&sample::brief(&[sample::queued(), sample::started(), sample::succeeded()]));
        totals.add(&sample::brief(&[sample::queued(), sample::failed()]));
        let expected = "\
jobs                 2
states               1 succeeded, 1 failed
cost                 $2.50
turns                14
time                 4m 08s
first                2026-09-21T14:13:20.000Z
last                 2026-09-21T14:15:27.000Z
model opus           2 jobs, $2.50
failed rate_limited  1
";
        assert_eq!(stats(&totals), expected);
    }

    #[test]
    fn what_was_found_stands_in_its_words_on_one_line() {
        let hit = Hit {
            field: "response",
            before: "src/a.rs:\n ".to_owned(),
            found: "Lock".to_owned(),
            after: " is\u{1b}[2J".to_owned(),
        };
        let now = sample::QUEUED_MS + 180_000;
        let line = found(sample::id(), sample::QUEUED_MS, &hit, now, Colour::Off);
        assert_eq!(line, "0b4e0a52  3 min ago    response      src/a.rs: Lock is\\x1b[2J\n");
        let coloured = found(sample::id(), sample::QUEUED_MS, &hit, now, Colour::On);
        assert!(coloured.contains("\u{1b}[1mLock\u{1b}[0m"));
    }
}
