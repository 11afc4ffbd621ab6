//! The wording of a failure's detail.

/// Most characters of a failure's detail.
pub(super) const DETAIL_MAX: usize = 2000;

/// Most lines of standard error that a detail quotes.
const STDERR_LINES: usize = 5;

/// Linux's numbers; those that differ elsewhere are not in the list.
pub(super) fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        other => return format!("signal {other}"),
    };
    name.to_owned()
}

pub(super) fn seconds(ms: u64) -> String {
    match ms % 1000 {
        0 => format!("{} s", ms / 1000),
        rest => format!("{}.{rest:03} s", ms / 1000),
    }
}

/// The last lines of standard error that are not empty: programs say last what matters most.
pub(super) fn last_lines(stderr: &str) -> String {
    let lines: Vec<&str> = stderr.lines().map(str::trim_end).filter(|l| !l.is_empty()).collect();
    clip(&lines[lines.len().saturating_sub(STDERR_LINES)..].join("\n"))
}

pub(super) fn clip(text: &str) -> String {
    match text.char_indices().nth(DETAIL_MAX) {
        Some((end, _)) => text[..end].to_owned(),
        None => text.to_owned(),
    }
}
