//! The answer as it grows: finished blocks, and the block that is being written.
//!
//! A finished block arrives whole, after the deltas that announced it, and takes their place, so
//! nothing is counted twice. When an attempt breaks off and is made again, what the first one said
//! stays until the second one says something: it may be all there will ever be.

/// Most bytes that are kept. The end matters most, so the start is what goes.
const KEPT_MAX: usize = 8 << 20;

#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Finished blocks, blank lines between them.
    done: String,
    /// Deltas of the block that is not finished.
    open: String,
    /// Bytes dropped from the front.
    cut: usize,
    /// A message has started and not stopped.
    streaming: bool,
    /// Where in `done` the current message began.
    start: usize,
    /// Where in `done` an attempt began that was abandoned: the next text replaces all from there.
    stale: Option<usize>,
}

impl Answer {
    pub(super) fn message_started(&mut self) {
        if self.streaming {
            self.message_abandoned(0);
        } else if self.stale.is_none() {
            self.settle();
        }
        self.streaming = true;
        self.start = self.done.len();
    }

    pub(super) fn message_stopped(&mut self) {
        self.streaming = false;
    }

    /// The attempt is void from this block on; the blocks before it stand.
    pub(super) fn message_abandoned(&mut self, from_block: u64) {
        let from = if from_block == 0 { self.start } else { self.done.len() };
        self.stale = Some(self.stale.map_or(from, |earlier| earlier.min(from)));
        self.streaming = false;
    }

    pub(super) fn block_started(&mut self) {
        if self.stale.is_none() {
            self.settle();
        }
    }

    pub(super) fn delta(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.supersede();
        self.open.push_str(text);
        self.trim();
    }

    /// A whole block: takes the place of its own deltas.
    pub(super) fn block_finished(&mut self, text: &str) {
        if is_blank(text) {
            return;
        }
        self.supersede();
        self.open.clear();
        self.push(text);
        self.trim();
    }

    /// All there is; `None` when that is nothing but white space.
    pub(super) fn text(&self) -> Option<String> {
        if is_blank(&self.done) && is_blank(&self.open) {
            return None;
        }
        let mark = match self.cut {
            0 => String::new(),
            bytes => format!("[the first {bytes} bytes are cut]\n\n"),
        };
        let gap = if self.done.is_empty() || self.open.is_empty() { "" } else { "\n\n" };
        Some([&mark, self.done.as_str(), gap, self.open.as_str()].concat())
    }

    /// Bytes of the answer so far, what was cut included.
    pub(super) fn bytes(&self) -> u64 {
        (self.cut + self.done.len() + self.open.len()) as u64
    }

    /// A block whose end was not seen, but that another one follows, is as finished as it will be.
    fn settle(&mut self) {
        let open = std::mem::take(&mut self.open);
        if !is_blank(&open) {
            self.push(&open);
        }
    }

    fn supersede(&mut self) {
        if let Some(from) = self.stale.take() {
            self.open.clear();
            self.done.truncate(from);
        }
    }

    fn push(&mut self, text: &str) {
        if !self.done.is_empty() {
            self.done.push_str("\n\n");
        }
        self.done.push_str(text);
    }

    /// Cuts in steps of an eighth, so that the cost of moving what stays is spread.
    fn trim(&mut self) {
        let kept = self.done.len() + self.open.len();
        if kept <= KEPT_MAX + KEPT_MAX / 8 {
            return;
        }
        let from_done = drop_front(&mut self.done, kept - KEPT_MAX);
        let from_open = drop_front(&mut self.open, (kept - KEPT_MAX).saturating_sub(from_done));
        self.cut += from_done + from_open;
        self.start = self.start.saturating_sub(from_done);
        self.stale = self.stale.map(|from| from.saturating_sub(from_done));
    }
}

/// Drops `count` bytes from the front, or a few more up to the next character; says how many.
fn drop_front(text: &mut String, count: usize) -> usize {
    let end = text.ceil_char_boundary(count.min(text.len()));
    text.drain(..end);
    end
}

fn is_blank(text: &str) -> bool {
    text.trim_ascii().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_block_takes_the_place_of_its_deltas() {
        let mut answer = Answer::default();
        answer.message_started();
        answer.block_started();
        answer.delta("Hel");
        answer.delta("lo");
        assert_eq!(answer.text().as_deref(), Some("Hello"));
        answer.block_finished("Hello!");
        answer.message_stopped();
        answer.message_started();
        answer.delta("Mo");
        assert_eq!(answer.text().as_deref(), Some("Hello!\n\nMo"));
    }

    #[test]
    fn a_block_that_was_never_confirmed_is_kept_when_another_follows() {
        let mut answer = Answer::default();
        answer.delta("one");
        answer.block_started();
        answer.delta("two");
        assert_eq!(answer.text().as_deref(), Some("one\n\ntwo"));
    }

    #[test]
    fn an_abandoned_attempt_stays_until_the_next_one_says_something() {
        for announced in [true, false] {
            let mut answer = Answer::default();
            answer.block_finished("before");
            answer.message_started();
            answer.delta("first att");
            if announced {
                answer.message_abandoned(0);
            }
            answer.message_started();
            answer.block_started();
            answer.delta("");
            assert_eq!(answer.text().as_deref(), Some("before\n\nfirst att"));
            answer.delta("second");
            assert_eq!(answer.text().as_deref(), Some("before\n\nsecond"));
        }
    }

    #[test]
    fn blocks_before_the_abandoned_one_stand() {
        let mut answer = Answer::default();
        answer.message_started();
        answer.block_finished("kept");
        answer.delta("void");
        answer.message_abandoned(1);
        answer.block_finished("again");
        assert_eq!(answer.text().as_deref(), Some("kept\n\nagain"));
    }

    #[test]
    fn white_space_is_no_answer() {
        let mut answer = Answer::default();
        answer.block_finished(" \n");
        answer.delta("\n");
        assert_eq!(answer.text(), None);
    }

    #[test]
    fn the_end_is_kept_and_the_cut_is_marked() {
        let mut answer = Answer::default();
        answer.block_finished(&"a".repeat(KEPT_MAX));
        answer.delta(&"é".repeat(KEPT_MAX));
        answer.delta("end");
        let text = answer.text().expect("text");
        assert!(text.starts_with("[the first ") && text.ends_with("éend"));
        assert!(text.len() <= KEPT_MAX + KEPT_MAX / 8 + 64, "{}", text.len());
        assert_eq!(answer.bytes(), 3 * KEPT_MAX as u64 + 3);
    }
}
