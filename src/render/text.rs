//! Foreign text made fit for a terminal: harmless, on one line, and no wider than asked.
//!
//! Prompts, labels, paths, tool names and errors come from elsewhere. Shown as they are, they could
//! move the cursor, rename the window or turn the reading direction round.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Whether colours may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    Off,
    On,
}

impl Colour {
    /// `text` between the escape sequence of one colour code and the reset.
    pub(crate) fn paint(self, code: u8, text: &str) -> String {
        match self {
            Colour::Off => text.to_owned(),
            Colour::On => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}

/// Text of any number of lines: newlines and tabs stay, every other control is spelt out.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    spell_out(text, |c| c == '\n' || c == '\t')
}

/// Text on one line: runs of white space become one blank, every control is spelt out.
pub(crate) fn one_line(text: &str) -> String {
    if is_one_line(text) {
        return text.to_owned();
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    spell_out(&words.join(" "), |_| false).into_owned()
}

/// A name as it is, its blanks included, with every control spelt out.
pub(crate) fn spelt_out(text: &str) -> Cow<'_, str> {
    spell_out(text, |_| false)
}

/// Cells that the text takes up on a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The start of a line, no wider than `width` cells; an ellipsis says that there was more.
pub(crate) fn cut(line: &str, width: usize) -> Cow<'_, str> {
    if line.width() <= width {
        return Cow::Borrowed(line);
    }
    let room = width.saturating_sub(1);
    let kept: String = within(line.chars(), room).collect();
    Cow::Owned(if width == 0 { String::new() } else { kept + "…" })
}

/// The end of a line, as [`cut`] keeps the start: the end of a path says most.
pub(crate) fn cut_start(line: &str, width: usize) -> Cow<'_, str> {
    if line.width() <= width {
        return Cow::Borrowed(line);
    }
    let room = width.saturating_sub(1);
    let mut kept: Vec<char> = within(line.chars().rev(), room).collect();
    kept.extend((width > 0).then_some('…'));
    Cow::Owned(kept.into_iter().rev().collect())
}

/// A path with the home directory written as `~`.
pub(crate) fn short_path(path: &str, home: Option<&str>) -> String {
    let rest = home.filter(|home| home.len() > 1).and_then(|home| path.strip_prefix(home));
    match rest {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => one_line(&format!("~{rest}")),
        _ => one_line(path),
    }
}

/// US dollars: cents, and two digits more where it would read as nothing.
pub(crate) fn dollars(amount: f64) -> String {
    if amount > 0.0 && amount < 0.01 { format!("${amount:.4}") } else { format!("${amount:.2}") }
}

/// `1 job`, `2 jobs`.
pub(crate) fn counted(number: u64, one: &str) -> String {
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}

/// Whether nothing is to be done for [`one_line`]; in doubt, no. Its bytes tell, as in [`spell_out`]:
/// what is white space begins with one of them too.
fn is_one_line(text: &str) -> bool {
    let may_be_white = |byte: u8| begins_what_acts(byte) || matches!(byte, 0xe1 | 0xe3);
    !text.bytes().fold(false, |so_far, byte| so_far | may_be_white(byte))
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.contains("  ")
}

fn within(chars: impl Iterator<Item = char>, room: usize) -> impl Iterator<Item = char> {
    let mut used = 0;
    chars.take_while(move |c| {
        used += c.width().unwrap_or(0);
        used <= room
    })
}

fn spell_out(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    // An answer is long, and nearly always has nothing in it: a look at its bytes is enough then.
    let may_act = |byte: u8| begins_what_acts(byte) && !(byte.is_ascii() && keep(byte.into()));
    let has_reason = text.bytes().fold(false, |so_far, byte| so_far | may_act(byte));
    if !has_reason || !text.chars().any(|c| acts(c) && !keep(c)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if keep(c) || !acts(c) => shown.push(c),
            // Writing to a String cannot fail.
            c if c.is_ascii() => _ = write!(shown, "\\x{:02x}", u32::from(c)),
            c => _ = write!(shown, "\\u{{{:x}}}", u32::from(c)),
        }
    }
    Cow::Owned(shown)
}

/// Whether a terminal would act on the character instead of showing it: controls, the marks that
/// change the reading direction, and the separators that break a line.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether what [`acts`] may begin with this byte, in UTF-8.
fn begins_what_acts(byte: u8) -> bool {
    byte < b' ' || matches!(byte, 0x7f | 0xc2 | 0xd8 | 0xe2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_acts_is_known_by_its_first_byte() {
        for c in ('\0'..=char::MAX).filter(|&c| acts(c)) {
            assert!(begins_what_acts(c.encode_utf8(&mut [0; 4]).as_bytes()[0]), "{c:?}");
        }
        for c in ('\0'..=char::MAX).filter(|&c| c.is_whitespace() || acts(c)) {
            assert!(c == ' ' || !is_one_line(&format!("a{c}b")), "{c:?}");
        }
        assert!(is_one_line("naïve a b") && !is_one_line("a  b") && !is_one_line(" a"));
    }

    #[test]
    fn no_escape_sequence_survives() {
        let nasty = "a\u{1b}]0;title\u{7}b\u{9b}31mc\u{202e}d\r\u{7f}";
        assert_eq!(harmless(nasty), r"a\x1b]0;title\x07b\u{9b}31mc\u{202e}d\x0d\x7f");
        assert!(!one_line(nasty).chars().any(char::is_control));
    }

    #[test]
    fn lines_and_tabs_of_an_answer_stay() {
        assert!(matches!(harmless("a\n\tb ü 猫"), Cow::Borrowed("a\n\tb ü 猫")));
        assert_eq!(one_line(" a\r\n\tb\u{2028}c "), "a b c");
    }

    #[test]
    fn what_is_cut_fits_in_cells_and_says_so() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("猫猫猫", 4), "猫…");
        assert_eq!(cut_start("/home/u/code", 6), "…/code");
        assert_eq!(cut_start("/猫猫", 4), "…猫");
        for at in [0, 1] {
            assert_eq!((width(&cut("猫猫", at)), width(&cut_start("猫猫", at))), (at, at));
        }
    }

    #[test]
    fn only_the_whole_home_is_shortened() {
        assert_eq!(short_path("/home/u/code", Some("/home/u")), "~/code");
        assert_eq!(short_path("/home/u", Some("/home/u")), "~");
        assert_eq!(short_path("/home/user", Some("/home/u")), "/home/user");
        assert_eq!(short_path("/srv", Some("/")), "/srv");
        assert_eq!(short_path("/srv\u{1b}[2J", None), r"/srv\x1b[2J");
    }

    #[test]
    fn small_amounts_do_not_read_as_nothing() {
        assert_eq!(dollars(1.234), "$1.23");
        assert_eq!(dollars(0.0042), "$0.0042");
        assert_eq!(dollars(0.0), "$0.00");
    }
}
