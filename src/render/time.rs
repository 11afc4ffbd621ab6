//! Times and lengths of time as text.

use std::num::NonZero;

use time::OffsetDateTime;
use time::format_description::well_known::Iso8601;
use time::format_description::well_known::iso8601::{Config, EncodedConfig, TimePrecision};

/// RFC 3339 with exactly three digits of fraction, so that texts sort as times do.
const MILLISECONDS: EncodedConfig = Config::DEFAULT
    .set_time_precision(TimePrecision::Second { decimal_digits: NonZero::new(3) })
    .encode();

/// A time in UTC as RFC 3339 with milliseconds; `None` outside the years 0 to 9999.
pub(crate) fn rfc3339(unix_ms: i64) -> Option<String> {
    let nanoseconds = i128::from(unix_ms) * 1_000_000;
    let time = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok()?;
    time.format(&Iso8601::<MILLISECONDS>).ok()
}

/// A length of time in its two largest units: `850ms`, `42s`, `2m 05s`, `3h 07m`, `4d 01h`.
pub(crate) fn length(ms: u64) -> String {
    let seconds = ms / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    if ms < 1000 {
        format!("{ms}ms")
    } else if minutes == 0 {
        format!("{seconds}s")
    } else if hours == 0 {
        format!("{minutes}m {:02}s", seconds % 60)
    } else if days == 0 {
        format!("{hours}h {:02}m", minutes % 60)
    } else {
        format!("{days}d {:02}h", hours % 24)
    }
}

/// How long ago something was: `now`, `42 s ago`, `3 min ago`, `5 h ago`, `12 days ago`. A time that
/// lies ahead, as after a clock was set back, is `now`.
pub(crate) fn ago(unix_ms: i64, now_unix_ms: i64) -> String {
    let seconds = between(unix_ms, now_unix_ms) / 1000;
    match seconds {
        0 => "now".to_owned(),
        1..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// Milliseconds from one time to a later one; 0 where it is not later.
pub(crate) fn between(from_unix_ms: i64, to_unix_ms: i64) -> u64 {
    u64::try_from(to_unix_ms.saturating_sub(from_unix_ms)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_utc_with_milliseconds() {
        assert_eq!(rfc3339(0).as_deref(), Some("1970-01-01T00:00:00.000Z"));
        assert_eq!(rfc3339(1_790_000_000_007).as_deref(), Some("2026-09-21T14:13:20.007Z"));
        assert_eq!(rfc3339(-1).as_deref(), Some("1969-12-31T23:59:59.999Z"));
    }

    #[test]
    fn a_time_that_has_no_such_text_has_none() {
        for wild in [i64::MIN, i64::MAX, 253_402_300_800_000] {
            assert_eq!(rfc3339(wild), None, "{wild}");
        }
    }

    #[test]
    fn a_length_shows_its_two_largest_units() {
        for (ms, text) in [
            (0, "0ms"),
            (999, "999ms"),
            (42_999, "42s"),
            (125_000, "2m 05s"),
            (11_220_000, "3h 07m"),
            (349_200_000, "4d 01h"),
            (u64::MAX, "213503982334d 14h"),
        ] {
            assert_eq!(length(ms), text);
        }
    }

    #[test]
    fn an_age_is_told_in_one_unit_and_never_lies_ahead() {
        for (ago_ms, text) in [
            (-5000, "now"),
            (999, "now"),
            (42_000, "42 s ago"),
            (180_000, "3 min ago"),
            (18_000_000, "5 h ago"),
            (12 * 86_400_000, "12 days ago"),
        ] {
            assert_eq!(ago(0, ago_ms), text);
        }
        assert_eq!(ago(i64::MIN, i64::MAX), "106751991167 days ago");
    }
}
