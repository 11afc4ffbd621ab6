//! What is said on standard error while a consult runs: a line that is redrawn on a terminal, and
//! the same words as plain lines elsewhere.

use crate::render::text::{cut, dollars, one_line};
use crate::render::time::length;

/// Silence shorter than this is thinking, and not worth a word; milliseconds.
const STALLED_MS: u64 = 30_000;

/// How a live job stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Pulse {
    /// Since the start, milliseconds; `None` while the job waits for its turn.
    pub(crate) elapsed_ms: Option<u64>,
    pub(crate) turns: u64,
    /// The tool in use, if one is.
    pub(crate) tool: Option<String>,
    /// Since the last sign of work, milliseconds.
    pub(crate) silent_ms: Option<u64>,
    /// US dollars so far, where that is known.
    pub(crate) cost_usd: Option<f64>,
    /// Bytes of answer text so far.
    pub(crate) text_bytes: u64,
}

/// One line for a terminal of `width` cells, without newline or escape sequences.
pub(crate) fn progress(pulse: &Pulse, width: usize) -> String {
    let Some(elapsed) = pulse.elapsed_ms else { return cut(QUEUED, width).into_owned() };
    let writing = (pulse.text_bytes > 0).then(|| bytes(pulse.text_bytes));
    let words =
        [Some(length(elapsed)), turns(pulse), tool(pulse), writing, stalled(pulse), cost(pulse)];
    let line = words.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    cut(&line, width).into_owned()
}

/// One line for a log. It has nothing that grows by itself, as time, silence and bytes do, so it
/// differs from the line before it only when something happened.
pub(crate) fn progress_plain(pulse: &Pulse) -> String {
    if pulse.elapsed_ms.is_none() {
        return QUEUED.to_owned();
    }
    let writing = (pulse.text_bytes > 0).then(|| "writing".to_owned());
    let words = [Some("running".to_owned()), turns(pulse), tool(pulse), writing, cost(pulse)];
    words.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

const QUEUED: &str = "queued: waiting for its turn";

fn turns(pulse: &Pulse) -> Option<String> {
    match pulse.turns {
        0 => None,
        1 => Some("1 turn".to_owned()),
        many => Some(format!("{many} turns")),
    }
}

fn tool(pulse: &Pulse) -> Option<String> {
    pulse.tool.as_deref().map(one_line)
}

fn stalled(pulse: &Pulse) -> Option<String> {
    let silent = pulse.silent_ms.filter(|silent| *silent >= STALLED_MS)?;
    Some(format!("stalled for {}", length(silent)))
}

fn cost(pulse: &Pulse) -> Option<String> {
    pulse.cost_usd.map(dollars)
}

fn bytes(number: u64) -> String {
    if number < 1024 {
        format!("{number} B written")
    } else {
        format!("{} KiB written", number / 1024)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pulse() -> Pulse {
        Pulse {
            elapsed_ms: Some(125_000),
            turns: 3,
            tool: Some("Grep".to_owned()),
            silent_ms: Some(42_000),
            cost_usd: Some(0.12),
            text_bytes: 2100,
        }
    }

    #[test]
    fn a_terminal_sees_all_that_is_known() {
        assert_eq!(
            progress(&pulse(), 80),
            "2m 05s · 3 turns · Grep · 2 KiB written · stalled for 42s · $0.12"
        );
        assert_eq!(progress(&Pulse { elapsed_ms: Some(0), ..Pulse::default() }, 80), "0ms");
    }

    #[test]
    fn a_narrow_terminal_sees_the_start() {
        assert_eq!(progress(&pulse(), 20), "2m 05s · 3 turns · …");
    }

    #[test]
    fn a_short_silence_is_no_stall() {
        let thinking = Pulse { silent_ms: Some(29_999), ..pulse() };
        assert!(!progress(&thinking, 80).contains("stalled"));
    }

    #[test]
    fn a_job_that_waits_for_its_turn_says_so() {
        let queued = Pulse { elapsed_ms: None, ..pulse() };
        assert_eq!(progress(&queued, 80), QUEUED);
        assert_eq!(progress_plain(&queued), QUEUED);
    }

    #[test]
    fn a_log_sees_no_new_line_while_nothing_happens() {
        let later = Pulse {
            elapsed_ms: Some(130_000),
            silent_ms: Some(47_000),
            text_bytes: 3000,
            ..pulse()
        };
        assert_eq!(progress_plain(&pulse()), progress_plain(&later));
        assert_eq!(progress_plain(&pulse()), "running, 3 turns, Grep, writing, $0.12");
    }

    #[test]
    fn the_name_of_a_tool_cannot_steer_the_terminal() {
        let nasty = Pulse { tool: Some("x\u{1b}[2J\n".to_owned()), ..pulse() };
        for line in [progress(&nasty, 80), progress_plain(&nasty)] {
            assert!(!line.chars().any(char::is_control), "{line}");
        }
    }
}
