//! macOS has no `/proc`: what its `ps` prints of processes. Pure, and so tested anywhere; nobody has
//! held it against a Mac.

/// What is asked for, without headings and however long the lines get.
#[cfg(target_os = "macos")]
pub(super) const FORMAT: [&str; 3] = ["-ww", "-o", "pid=,ppid=,stat=,lstart=,command="];

/// One process.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) pid: i32,
    pub(super) parent: i32,
    /// `T` when it is stopped, `Z` when it is dead and not reaped.
    pub(super) state: char,
    /// The second it was started in, its date and time read as one number: 20261128010203.
    pub(super) start_time: u64,
    /// Its command line, and behind that, where it was asked for, its environment.
    pub(super) words: Vec<String>,
}

impl Row {
    pub(super) fn has_word(&self, wanted: &str) -> bool {
        self.words.iter().any(|word| word == wanted)
    }
}

/// The rows of a print-out with times of UTC; what is none is passed over.
pub(super) fn rows(text: &str) -> Vec<Row> {
    text.lines().filter_map(row).collect()
}

fn row(line: &str) -> Option<Row> {
    let mut words = line.split_ascii_whitespace();
    let (pid, parent) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let state = words.next()?.chars().next()?;
    let _weekday = words.next()?;
    let (month, day, time, year) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let start_time = second(year, month, day, time)?;
    Some(Row { pid, parent, state, start_time, words: words.map(str::to_owned).collect() })
}

fn second(year: &str, month: &str, day: &str, time: &str) -> Option<u64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = u64::try_from(MONTHS.iter().position(|name| *name == month)? + 1).ok()?;
    let mut number = year.parse::<u64>().ok()? * 100 + month;
    number = number * 100 + day.parse::<u64>().ok()?;
    for part in time.split(':') {
        number = number * 100 + part.parse::<u64>().ok()?;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_and_what_is_none_is_passed_over() {
        let text = "  501     1 Ss+  Sat Nov 28 01:02:03 2026     /bin/sleep 9 A=b\n\
                    no row\n  502   501 Z    Sun Feb  1 23:59:59 2026     (sleep)\n";
        let found = rows(text);
        let [first, second] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((first.pid, first.parent, first.state), (501, 1, 'S'));
        assert_eq!(first.start_time, 20_261_128_010_203);
        assert!(first.has_word("A=b") && !first.has_word("A"));
        assert_eq!((second.parent, second.state), (501, 'Z'));
        assert_eq!(second.start_time, 20_260_201_235_959);
    }
}
