//! Lengths of time as people write them: "90s", "20m", "1.5h", "30d", "500ms" or bare seconds.
//!
//! What is printed is accepted again and means the same. Whole milliseconds are the grain, because
//! that is what a request records.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The forms that [`parse_duration`] takes, for messages.
pub(crate) const DURATION_FORMS: &str =
    "a duration such as \"90s\", \"20m\", \"1.5h\", \"30d\", \"500ms\" or bare seconds";

/// Units and their milliseconds, largest first, which is the order that printing tries them in.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// The longest duration, 100 years of milliseconds: far from every overflow of a clock.
const LONGEST_MS: f64 = 100.0 * 365.0 * 24.0 * 3_600_000.0;

/// A limit on time that can be switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    Off,
    After(Duration),
}

impl Limit {
    /// The limit in milliseconds; `None` when there is none.
    pub(crate) fn as_millis(self) -> Option<u64> {
        match self {
            Limit::Off => None,
            Limit::After(duration) => u64::try_from(duration.as_millis()).ok(),
        }
    }
}

impl FromStr for Limit {
    type Err = String;

    /// A duration, or one of the ways to say that there is no limit: `off`, `none` and zero.
    fn from_str(text: &str) -> Result<Self, String> {
        if matches!(text.trim(), "off" | "none") {
            return Ok(Limit::Off);
        }
        let duration = parse_duration(text)?;
        Ok(if duration.is_zero() { Limit::Off } else { Limit::After(duration) })
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Off => f.pad("off"),
            Limit::After(duration) => f.pad(&format_duration(*duration)),
        }
    }
}

/// Reads a duration: a number, with a fraction if need be, and a unit (`ms`, `s`, `m`, `h` or `d`);
/// without a unit the number is seconds. The result is whole milliseconds.
///
/// # Errors
/// One sentence on what is wrong: not a duration, negative, longer than 100 years, or so short that
/// it would become nothing.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let trimmed = text.trim();
    let number_ends = trimmed
        .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-' || c == '+'))
        .unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(number_ends);
    let unit_ms = unit_ms(unit.trim()).ok_or_else(|| not_a_duration(text))?;
    if number.starts_with('-') {
        return Err(format!("{text:?} is negative; a duration is not"));
    }
    whole_ms(text, decimal(number).ok_or_else(|| not_a_duration(text))? * unit_ms)
}

/// A number of seconds as a duration, under the same rules.
pub(crate) fn seconds(seconds: f64) -> Result<Duration, String> {
    if seconds.is_nan() {
        return Err("nan is not a duration".to_owned());
    }
    if seconds < 0.0 {
        return Err(format!("{seconds} is negative; a duration is not"));
    }
    whole_ms(&seconds.to_string(), seconds * 1000.0)
}

/// Prints a duration in the largest unit that needs no fraction. Below a millisecond nothing is kept.
pub(crate) fn format_duration(duration: Duration) -> String {
    let ms = duration.as_millis();
    let exact = UNITS.iter().find(|(_, unit)| ms.is_multiple_of(u128::from(*unit)));
    match exact {
        Some((unit, unit_ms)) if ms > 0 => format!("{}{unit}", ms / u128::from(*unit_ms)),
        _ => "0s".to_owned(),
    }
}

/// Digits with at most one point among them. `f64` alone would take `inf`, `nan` and `1e9` as well.
fn decimal(number: &str) -> Option<f64> {
    let plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if plain { number.parse().ok() } else { None }
}

fn unit_ms(unit: &str) -> Option<f64> {
    match unit {
        "ms" => Some(1.0),
        "" | "s" => Some(1000.0),
        "m" => Some(60_000.0),
        "h" => Some(3_600_000.0),
        "d" => Some(86_400_000.0),
        _ => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be in range"
)]
fn whole_ms(text: &str, ms: f64) -> Result<Duration, String> {
    if ms > LONGEST_MS {
        return Err(format!("{text:?} is longer than 100 years"));
    }
    let rounded = ms.round();
    if rounded < 1.0 && ms > 0.0 {
        return Err(format!("{text:?} is shorter than a millisecond"));
    }
    Ok(Duration::from_millis(rounded as u64))
}

fn not_a_duration(text: &str) -> String {
    format!("{text:?} is not {DURATION_FORMS}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_form_is_read() {
        for (text, ms) in [
            ("90s", 90_000),
            ("20m", 1_200_000),
            ("1h", 3_600_000),
            ("500ms", 500),
            ("45", 45_000),
            ("2.5", 2500),
            ("1.5m", 90_000),
            ("0", 0),
            (" 0.1 h ", 360_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_a_reason() {
        for (text, reason) in [
            ("", "is not a duration"),
            ("soon", "is not a duration"),
            ("5 days", "is not a duration"),
            ("1h30m", "is not a duration"),
            ("1.2.3s", "is not a duration"),
            ("+5s", "is not a duration"),
            (".", "is not a duration"),
            ("nan", "is not a duration"),
            ("inf", "is not a duration"),
            ("1e9", "is not a duration"),
            ("-5s", "negative"),
            ("99999999999999999999h", "100 years"),
            ("0.2ms", "shorter than a millisecond"),
        ] {
            let error = parse_duration(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn bare_numbers_obey_the_same_rules() {
        assert_eq!(seconds(2.5), Ok(Duration::from_millis(2500)));
        for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 1e-9, 1e300] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_printed_reads_back() {
        for (ms, printed) in [
            (0, "0s"),
            (1, "1ms"),
            (1500, "1500ms"),
            (90_000, "90s"),
            (1_200_000, "20m"),
            (7_200_000, "2h"),
        ] {
            let duration = Duration::from_millis(ms);
            assert_eq!(format_duration(duration), printed);
            assert_eq!(parse_duration(printed), Ok(duration));
        }
    }

    #[test]
    fn a_limit_is_switched_off_by_word_or_by_zero() {
        for off in ["off", "none", "0", "0s"] {
            assert_eq!(off.parse(), Ok(Limit::Off), "{off}");
        }
        let limit: Limit = "20m".parse().expect("reads");
        assert_eq!((limit.as_millis(), limit.to_string().as_str()), (Some(1_200_000), "20m"));
        assert_eq!(Limit::Off.to_string().parse(), Ok(Limit::Off));
        assert!("never".parse::<Limit>().is_err());
    }
}
