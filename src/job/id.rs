//! Job ids, and the ways in which a person names one.

use std::fmt;

use uuid::Uuid;

/// The id of a job: a UUID, written in lower case with hyphens everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct JobId(Uuid);

impl JobId {
    /// Characters of an id as it is written.
    pub(crate) const LEN: usize = 36;

    pub(crate) const fn new(uuid: Uuid) -> Self {
        Self(uuid)
    }

    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// In the order of the written form.
    pub(crate) const fn bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }

    /// Reads the canonical form only, so that one job has one spelling on disk.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() != Self::LEN || text.bytes().any(|b| b.is_ascii_uppercase()) {
            return None;
        }
        Uuid::try_parse(text).ok().map(Self)
    }

    /// The low half of the number that the id is.
    #[cfg_attr(target_os = "macos", expect(dead_code, reason = "no limit is a mark there"))]
    pub(crate) fn low_bits(self) -> u64 {
        self.0.as_u64_pair().1
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

/// What was typed where an id is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selector {
    Id(JobId),
    /// The start of an id, lower case, six characters or more.
    Prefix(String),
    /// `@last`: the job that was submitted last.
    Last,
}

/// Fewest characters of a prefix: shorter ones stop being unique within a few hundred jobs.
pub(crate) const PREFIX_MIN: usize = 6;

impl std::str::FromStr for Selector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lower = text.to_ascii_lowercase();
        if lower == "@last" {
            return Ok(Selector::Last);
        }
        if let Some(id) = JobId::parse(&lower) {
            return Ok(Selector::Id(id));
        }
        let looks_like_id = lower.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        if looks_like_id && (PREFIX_MIN..JobId::LEN).contains(&lower.len()) {
            return Ok(Selector::Prefix(lower));
        }
        Err(format!(
            "a job is named by its id, by the first {PREFIX_MIN} or more characters of it, or by @last"
        ))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Selector::Id(id) => id.fmt(f),
            Selector::Prefix(prefix) => f.write_str(prefix),
            Selector::Last => f.write_str("@last"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0b4e0a52-7f43-4f5e-9a2b-3c1d5e6f7a8b";

    #[test]
    fn an_id_has_one_spelling() {
        assert_eq!(JobId::parse(ID).map(|id| id.to_string()).as_deref(), Some(ID));
        for wrong in [&ID.to_uppercase(), &ID.replace('-', ""), "", "nope"] {
            assert_eq!(JobId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_selector_takes_ids_prefixes_and_last_and_nothing_else() {
        assert_eq!(ID.to_uppercase().parse(), Ok(Selector::Id(JobId::parse(ID).expect("id"))));
        assert_eq!("0B4E0A".parse(), Ok(Selector::Prefix("0b4e0a".to_owned())));
        assert_eq!("@last".parse(), Ok(Selector::Last));
        for wrong in ["0b4e0", "", "@first", "nothex", "0b4e0a52-7f43-4f5e-9a2b-3c1d5e6f7a8b1"] {
            assert!(wrong.parse::<Selector>().is_err(), "{wrong}");
        }
    }
}
