//! Bytes to lines, in bounded memory: of a line that is too long only its id is kept.

use serde_json::value::RawValue;

use super::identify::Finder;

/// Longest message, bytes: a prompt may have 10 MB, and each of its bytes may take two in JSON.
pub(crate) const LINE_MAX: usize = 32 << 20;

/// One line without its newline.
#[derive(Debug)]
pub(crate) enum Line {
    Whole(Vec<u8>),
    /// It was longer than [`LINE_MAX`] and is gone, but for its id.
    Giant {
        id: Option<Box<RawValue>>,
    },
}

/// Collects lines from pieces of any size.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    rest: Vec<u8>,
    giant: Option<Finder>,
}

impl Lines {
    /// Goes on where an earlier process stopped.
    pub(crate) fn resume(rest: Vec<u8>, giant: Option<Finder>) -> Self {
        Self { rest, giant }
    }

    /// The bytes of the unfinished line, or what is known of it where it is a giant.
    pub(crate) fn into_parts(self) -> (Vec<u8>, Option<Finder>) {
        (self.rest, self.giant)
    }

    /// Takes a piece, and gives each line that it completes.
    pub(super) fn feed(&mut self, piece: &[u8], mut line: impl FnMut(Line)) {
        let mut parts = piece.split(|&byte| byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            self.push(part);
            if parts.peek().is_some() {
                line(self.complete());
            }
        }
    }

    /// What is left at the end of input: a last line without its newline counts.
    pub(super) fn end(mut self) -> Option<Line> {
        let is_empty = self.rest.is_empty() && self.giant.is_none();
        (!is_empty).then(|| self.complete())
    }

    fn push(&mut self, part: &[u8]) {
        if let Some(finder) = &mut self.giant {
            return finder.feed(part);
        }
        self.rest.extend_from_slice(part);
        if self.rest.len() > LINE_MAX {
            let mut finder = Finder::default();
            finder.feed(&std::mem::take(&mut self.rest));
            self.giant = Some(finder);
        }
    }

    fn complete(&mut self) -> Line {
        match self.giant.take() {
            Some(finder) => Line::Giant { id: finder.id() },
            None => Line::Whole(std::mem::take(&mut self.rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(lines: &mut Lines, piece: &[u8]) -> Vec<String> {
        let mut all = Vec::new();
        lines.feed(piece, |line| match line {
            Line::Whole(bytes) => all.push(String::from_utf8(bytes).expect("text")),
            Line::Giant { id } => all.push(format!("giant {}", id.expect("an id").get())),
        });
        all
    }

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        let mut lines = Lines::resume(b"{\"a\"".to_vec(), None);
        assert_eq!(collect(&mut lines, b":1}\n\n{"), ["{\"a\":1}", ""]);
        assert_eq!(collect(&mut lines, b"}"), Vec::<String>::new());
        assert!(matches!(lines.end(), Some(Line::Whole(rest)) if rest == b"{}"));
    }

    #[test]
    fn of_a_giant_only_its_id_is_kept_and_the_next_line_is_whole() {
        let mut lines = Lines::default();
        let chunk = vec![b'x'; 1 << 20];
        assert!(collect(&mut lines, b"{\"params\":\"").is_empty());
        for _ in 0..=LINE_MAX >> 20 {
            assert!(collect(&mut lines, &chunk).is_empty());
        }
        assert!(lines.rest.capacity() == 0);
        assert_eq!(collect(&mut lines, b"\",\"id\":12}\nnext\n"), ["giant 12", "next"]);
    }
}
