//! Private keys of several lines: PEM, PGP, SSH2 and `PuTTY`; also where their line ends were escaped
//! once or twice (`\n`, `\\n`), and where something stands before each line: a diff's sign, a
//! quotation mark, a line's number, a file's name.
//!
//! What begins a key is certain. So each line after it is judged by the base64 in it alone.

use memchr::memmem::find;

use super::find::{Secret, is_random, run};

/// Longest key, bytes, escapes and what stands before its lines included; the rest of a longer one
/// stays.
pub(super) const LONGEST: usize = 64 << 10;

/// Fewest bytes of base64: a block with less is an example, or code that looks for one.
const FEWEST: usize = 40;

/// How the keys of one kind begin and end.
pub(super) struct Form {
    pub(super) begin: &'static [u8],
    pub(super) end: &'static [u8],
    /// What closes the line of either; empty where it is the line's end.
    pub(super) close: &'static [u8],
}

pub(super) const FORMS: [Form; 3] = [
    Form { begin: b"-----BEGIN ", end: b"-----END ", close: b"-----" },
    Form { begin: b"---- BEGIN ", end: b"---- END ", close: b"----" },
    Form { begin: b"PuTTY-User-Key-File-", end: b"Private-MAC: ", close: b"" },
];

impl Form {
    /// How long the line is that a text begins with, from `word` (its begin or its end) on.
    fn heading(&self, text: &[u8], word: &[u8]) -> Option<usize> {
        const LONGEST_NAME: usize = 48;
        let rest = text.strip_prefix(word)?;
        if self.close.is_empty() {
            let code = run(rest, |byte| byte.is_ascii_hexdigit(), 128).len();
            return Some(word.len() + if word == self.end { code } else { 0 });
        }
        let name = run(rest, is_name, LONGEST_NAME);
        let is_private = find(name, b"PRIVATE KEY").is_some();
        let closes = rest[name.len()..].starts_with(self.close);
        (is_private && closes).then_some(word.len() + name.len() + self.close.len())
    }
}

/// The private key that begins at `at`, to the end of the line that ends it. One whose end is missing
/// reaches as far as its lines do.
pub(super) fn private_key(text: &[u8], at: usize) -> Option<Secret> {
    let form = FORMS.iter().find(|form| text[at..].starts_with(form.begin))?;
    let start = at + form.heading(&text[at..], form.begin)?;
    let room = before_next_key(&text[start..text.len().min(start + LONGEST)]);
    let ends = find(room, form.end);
    let closing = ends.and_then(|ends| Some(ends + form.heading(&room[ends..], form.end)?));
    let lines = Lines::judge(&room[..ends.unwrap_or(room.len())]);
    let length = closing.filter(|_| lines.is_whole()).or(lines.reach())?;
    Some(Secret { start: at, end: start + length, what: "private key" })
}

/// What stands before the word that begins another key.
fn before_next_key(room: &[u8]) -> &[u8] {
    let next = FORMS.iter().filter_map(|form| find(room, form.begin)).min();
    let Some(next) = next else { return room };
    let blank = room[..next].iter().rposition(u8::is_ascii_whitespace);
    &room[..blank.map_or(next, |blank| blank + 1)]
}

/// What the lines after the first one of a key are.
#[derive(Default)]
struct Lines {
    /// Where the last line ends that is certainly one of a key.
    end: usize,
    /// Letters and digits of base64.
    letters: usize,
    headers: usize,
    /// Lines that are none of a key. The last one may look so, if it is short.
    strays: usize,
    had_last: bool,
}

impl Lines {
    const MOST_HEADERS: usize = 16;
    const MOST_STRAYS: usize = 2;

    fn judge(body: &[u8]) -> Self {
        let mut lines = Self::default();
        let mut at = 0;
        while at < body.len() && lines.strays <= Self::MOST_STRAYS {
            let (length, gap) = line(&body[at..]);
            lines.add(&body[at..at + length], at);
            at += length + gap;
        }
        lines
    }

    fn add(&mut self, line: &[u8], at: usize) {
        let begun = self.end > 0;
        if let Some(end) = long_word(line, begun) {
            self.end = at + end;
            self.letters += letters(line);
        } else if let Some(end) = last_word(line).filter(|_| begun && !self.had_last) {
            self.had_last = true;
            self.end = at + end;
        } else if is_word(line) {
            self.letters += letters(line);
        } else if is_blank(line) {
            // Between two lines of a key, as between paragraphs.
        } else if self.headers < Self::MOST_HEADERS && is_header(line, begun) {
            self.headers += 1;
        } else {
            // Before the first line of a key nothing else may stand.
            self.strays += if begun { 1 } else { Self::MOST_STRAYS + 1 };
        }
    }

    /// Whether these are the lines of a key whose end is there.
    const fn is_whole(&self) -> bool {
        self.letters >= FEWEST && self.strays <= if self.end > 0 { Self::MOST_STRAYS } else { 0 }
    }

    /// How far they reach without it.
    fn reach(&self) -> Option<usize> {
        (self.end > 0 && self.letters >= FEWEST).then_some(self.end)
    }
}

/// The length of the first line, and of the line's end after it, spelt as itself or as an escape.
fn line(text: &[u8]) -> (usize, usize) {
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let escapes = run(&text[at..], |byte| byte == b'\\', usize::MAX).len();
        match byte {
            b'\n' | b'\r' => return (at, 1),
            b'\\' if matches!(text.get(at + escapes), Some(b'n' | b'r')) => {
                return (at, escapes + 1);
            }
            _ => at += escapes.max(1),
        }
    }
    (at, 0)
}

/// Where the last word of base64 ends that is too long and too mixed for a name. Once a key has
/// `begun`, length is enough.
fn long_word(line: &[u8], begun: bool) -> Option<usize> {
    const MIXED: usize = 24;
    const LONG: usize = 48;
    let is_long = |word: &[u8]| {
        let has = |is: fn(&u8) -> bool| word.iter().any(is);
        let cases = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
        (word.len() >= LONG && (begun || cases))
            || (word.len() >= MIXED && cases && has(u8::is_ascii_digit))
    };
    words(line).filter(|(_, word)| is_long(word)).last().map(|(end, _)| end)
}

/// Where a short word of base64 ends, with nothing but a sign or two after it.
fn last_word(line: &[u8]) -> Option<usize> {
    const SHORTEST: usize = 8;
    const SIGNS: usize = 12;
    let (end, word) = words(line).max_by_key(|(_, word)| word.len())?;
    let fits = word.len() >= SHORTEST && line.len() - end <= SIGNS && is_random(word, true);
    fits.then_some(end)
}

/// The words of base64 in a line, and where each ends.
fn words(line: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut end = 0;
    line.split(|byte| !is_base64(*byte)).map(move |word| {
        end += word.len() + 1;
        (end - 1, word)
    })
}

/// Whether a line is one word of base64 and signs around it.
fn is_word(line: &[u8]) -> bool {
    let is_letter = |byte: &u8| is_base64(*byte);
    let first = line.iter().position(is_letter).unwrap_or(0);
    let last = line.iter().rposition(is_letter).unwrap_or(0);
    line.get(first..=last).is_some_and(|word| word.iter().all(is_letter))
}

/// Whether this is a `Name: value`, which stands before the first line of a key; `PuTTY` has one more
/// between the public and the private lines.
fn is_header(line: &[u8], begun: bool) -> bool {
    let named = find(line, b": ").filter(|at| *at > 0);
    let named = named.is_some_and(|at| line[at - 1].is_ascii_alphanumeric());
    if begun { find(line, b"Private-Lines: ").is_some() } else { named }
}

/// Whether nothing is in a line but what stands before it: a number and a sign (`key.pem:4:`, `4 |`),
/// or a terminal's colours.
fn is_blank(line: &[u8]) -> bool {
    const COLOURS: usize = 24;
    let last = line.iter().rposition(u8::is_ascii_alphanumeric);
    last.is_none_or(|last| line[last].is_ascii_digit() && last + 1 < line.len())
        || (line.len() <= COLOURS && line.contains(&b'\x1b'))
}

fn letters(line: &[u8]) -> usize {
    line.iter().filter(|byte| byte.is_ascii_alphanumeric()).count()
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' '
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}
