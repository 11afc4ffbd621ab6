//! `jobs` for a person: one line for each job, fitted to the width of the terminal.
//!
//! Where there is too little room the prompt gives way first, then directory and label, and at last
//! whole columns; id, status and age stay.

use super::human::status;
use super::text::{Colour, cut, cut_start, dollars, one_line, short_path, width};
use super::time::{ago, between, length};
use crate::job::brief::Brief;
use crate::job::id::JobId;

const GAP: &str = "  ";

/// Columns from left to right: title, fewest cells when shrunk, and what stays of a cell then.
const COLUMNS: [(&str, usize, Keep); 8] = [
    ("ID", 0, Keep::Whole),
    ("STATUS", 0, Keep::Whole),
    ("AGE", 0, Keep::Whole),
    ("TOOK", 0, Keep::Whole),
    ("COST", 0, Keep::Whole),
    ("LABEL", 8, Keep::Start),
    ("CWD", 12, Keep::End),
    ("PROMPT", 16, Keep::Start),
];

const STATUS: usize = 1;
const TOOK: usize = 3;
const COST: usize = 4;
const LABEL: usize = 5;
const CWD: usize = 6;
const PROMPT: usize = 7;

/// What of a cell stays when it has to shrink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    Whole,
    Start,
    End,
}

type Cells = [String; COLUMNS.len()];

/// How to show a list, apart from what is in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look<'a> {
    /// Milliseconds since 1970.
    pub(crate) now_unix_ms: i64,
    /// Cells of a line; `None`, off a terminal, cuts nothing.
    pub(crate) width: Option<usize>,
    /// The user's home directory, shown as `~`.
    pub(crate) home: Option<&'a str>,
    pub(crate) colour: Colour,
}

/// The table with its head, in the order given; nothing at all where there is no row.
pub(crate) fn jobs(rows: &[(JobId, Brief)], look: &Look<'_>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let cells: Vec<Cells> = rows.iter().map(|(id, brief)| cells(*id, brief, look)).collect();
    let widths = fit(natural(&cells), look.width.unwrap_or(usize::MAX));
    let head = line(&COLUMNS.map(|(title, ..)| title.to_owned()), &widths, |_, text| text);
    let body = cells.iter().zip(rows).map(|(cells, (_, brief))| {
        line(cells, &widths, |column, text| match column {
            STATUS => status(brief.status, look.colour) + &text[brief.status.name().len()..],
            _ => text,
        })
    });
    std::iter::once(head).chain(body).collect()
}

/// What is to be said beside a list that is empty or cut. It is talk, and no row.
pub(crate) fn note(shown: usize, truncated: bool) -> Option<String> {
    match (shown, truncated) {
        (0, _) => {
            Some("There are no jobs to show; `phone-opus consult \"…\"` makes one.".to_owned())
        }
        (_, true) => Some("There are more jobs; --limit N shows up to N.".to_owned()),
        (_, false) => None,
    }
}

fn cells(id: JobId, brief: &Brief, look: &Look<'_>) -> Cells {
    let mut id = id.to_string();
    id.truncate(8);
    [
        id,
        brief.status.to_string() + if brief.stale == Some(true) { " (stale)" } else { "" },
        ago(brief.updated_unix_ms, look.now_unix_ms),
        took(brief).unwrap_or_default(),
        brief.cost_usd.map(dollars).unwrap_or_default(),
        brief.label.as_deref().map(one_line).unwrap_or_default(),
        short_path(&brief.cwd, look.home),
        one_line(&brief.prompt),
    ]
}

/// From the start to the end of a job that has both.
fn took(brief: &Brief) -> Option<String> {
    Some(length(between(brief.started_unix_ms?, brief.finished_unix_ms?)))
}

/// Cells that each column wants; a column that has nothing to show wants none.
fn natural(rows: &[Cells]) -> [usize; COLUMNS.len()] {
    std::array::from_fn(|column| {
        let widest = rows.iter().map(|cells| width(&cells[column])).max().unwrap_or(0);
        if widest == 0 { 0 } else { widest.max(COLUMNS[column].0.len()) }
    })
}

/// Leaves out the columns for which there is no room even when all are shrunk, then shrinks the rest.
fn fit(mut widths: [usize; COLUMNS.len()], room: usize) -> [usize; COLUMNS.len()] {
    for column in [LABEL, CWD, TOOK, COST, PROMPT] {
        if total(&shrunk(&widths)) > room {
            widths[column] = 0;
        }
    }
    let least = shrunk(&widths);
    for column in [PROMPT, CWD, LABEL] {
        let surplus = total(&widths).saturating_sub(room);
        widths[column] -= surplus.min(widths[column] - least[column]);
    }
    widths
}

fn shrunk(widths: &[usize; COLUMNS.len()]) -> [usize; COLUMNS.len()] {
    std::array::from_fn(|column| match COLUMNS[column] {
        (_, _, Keep::Whole) => widths[column],
        (_, least, _) => widths[column].min(least),
    })
}

fn total(widths: &[usize]) -> usize {
    let shown = widths.iter().filter(|width| **width > 0).count();
    widths.iter().sum::<usize>() + shown.saturating_sub(1) * GAP.len()
}

fn line(cells: &Cells, widths: &[usize], paint: impl Fn(usize, String) -> String) -> String {
    let shown: Vec<String> = (0..cells.len())
        .filter(|column| widths[*column] > 0)
        .map(|column| paint(column, cell(&cells[column], widths[column], COLUMNS[column].2)))
        .collect();
    format!("{}\n", shown.join(GAP).trim_end())
}

fn cell(text: &str, cells: usize, keep: Keep) -> String {
    let text = match keep {
        Keep::Whole => text.into(),
        Keep::Start => cut(text, cells),
        Keep::End => cut_start(text, cells),
    };
    let padding = cells.saturating_sub(width(&text));
    format!("{text}{}", " ".repeat(padding))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    const LOOK: Look<'_> = Look {
        now_unix_ms: sample::QUEUED_MS + 300_000,
        width: None,
        home: Some("/home/u"),
        colour: Colour::Off,
    };

    fn two() -> [(JobId, Brief); 2] {
        let done = sample::brief(&[sample::queued(), sample::started(), sample::succeeded()]);
        let mut running = sample::brief(&[sample::queued(), sample::started(), sample::progress()]);
        running.label = None;
        running.prompt =
            "Look at every file below src and say what is wrong with the 猫 handling".to_owned();
        running.cwd = "/home/u/work/projects/phone".to_owned();
        [(sample::id(), done), (sample::id(), running)]
    }

    fn shown(width: Option<usize>, colour: Colour) -> String {
        jobs(&two(), &Look { width, colour, ..LOOK })
    }

    #[test]
    fn off_a_terminal_nothing_is_cut() {
        let expected = "\
ID        STATUS     AGE        TOOK    COST   LABEL        CWD                    PROMPT
0b4e0a52  succeeded  2 min ago  2m 05s  $1.25  lock review  ~/code                 Is the lock safe?
0b4e0a52  running    4 min ago          $0.25               ~/work/projects/phone  Look at every file below src and say what is wrong with the 猫 handling
";
        assert_eq!(shown(None, Colour::Off), expected);
    }

    #[test]
    fn on_a_terminal_the_prompt_gives_way_first_and_paths_keep_their_end() {
        let expected = "\
ID        STATUS     AGE        TOOK    COST   LABEL        CWD           PROMPT
0b4e0a52  succeeded  2 min ago  2m 05s  $1.25  lock review  ~/code        Is the lock saf…
0b4e0a52  running    4 min ago          $0.25               …jects/phone  Look at every f…
";
        assert_eq!(shown(Some(90), Colour::Off), expected);
    }

    #[test]
    fn a_line_is_never_wider_than_the_terminal_while_id_status_and_age_fit() {
        for columns in 30..200 {
            for line in shown(Some(columns), Colour::Off).lines() {
                assert!(width(line) <= columns, "{columns}: {line}");
            }
        }
        let narrow = "\
ID        STATUS     AGE
0b4e0a52  succeeded  2 min ago
0b4e0a52  running    4 min ago
";
        assert_eq!(shown(Some(30), Colour::Off), narrow);
    }

    #[test]
    fn colour_does_not_move_the_columns() {
        let coloured = shown(Some(90), Colour::On);
        let stripped =
            coloured.replace("\u{1b}[32m", "").replace("\u{1b}[36m", "").replace("\u{1b}[0m", "");
        assert_ne!(coloured, stripped);
        assert_eq!(stripped, shown(Some(90), Colour::Off));
    }

    #[test]
    fn nothing_in_a_row_can_steer_the_terminal() {
        let [(id, mut brief), _] = two();
        for text in [&mut brief.cwd, &mut brief.prompt, brief.label.get_or_insert_default()] {
            *text = "\u{1b}[2J\r\n\u{202e}x".to_owned();
        }
        let shown = jobs(&[(id, brief)], &LOOK);
        assert_eq!(shown.lines().count(), 2);
        assert!(!shown.contains(['\u{1b}', '\r', '\u{202e}']));
    }

    #[test]
    fn an_answer_that_is_stale_says_so() {
        let [(id, mut brief), _] = two();
        brief.stale = Some(true);
        let shown = jobs(&[(id, brief)], &Look { colour: Colour::On, ..LOOK });
        assert!(shown.contains("\u{1b}[32msucceeded\u{1b}[0m (stale)  2 min ago"), "{shown}");
    }

    #[test]
    fn an_empty_list_and_a_cut_one_say_so() {
        assert_eq!(jobs(&[], &LOOK), "");
        let none = "There are no jobs to show; `phone-opus consult \"…\"` makes one.";
        assert_eq!(note(0, false).as_deref(), Some(none));
        let more = "There are more jobs; --limit N shows up to N.";
        assert_eq!(note(2, true).as_deref(), Some(more));
        assert_eq!(note(2, false), None);
    }
}
