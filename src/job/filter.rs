//! Which rows of a list are wanted.

use memchr::memchr;
use memchr::memmem::Finder;

use super::brief::Brief;
use super::status::Status;

/// What is asked of a row; what is not set is not asked.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// One of these.
    pub(crate) statuses: Vec<Status>,
    pub(crate) cwd: Option<String>,
    pub(crate) label: Option<String>,
}

impl Filter {
    pub(crate) fn passes(&self, row: &Brief) -> bool {
        (self.statuses.is_empty() || self.statuses.contains(&row.status))
            && self.cwd.as_ref().is_none_or(|cwd| row.cwd == *cwd)
            && self.label.as_ref().is_none_or(|label| row.label.as_ref() == Some(label))
    }

    /// Tells whether a row that stands in the log as this JSON may pass, now or later; one that may not
    /// need not be parsed. It says no only where a text that no event changes is not in it, and
    /// where that is certain: nothing was cut, and nothing is spelt otherwise than we spell it.
    pub(crate) fn sieve(&self) -> impl Fn(&[u8]) -> bool + use<> {
        let texts = [&self.cwd, &self.label].into_iter().flatten().map(|text| as_json(text));
        let wanted: Vec<Finder<'_>> = texts.map(|text| Finder::new(&text).into_owned()).collect();
        let (whole, hex, slash) =
            (Finder::new("\"cut\":false"), Finder::new("\\u"), Finder::new("\\/"));
        move |raw| {
            let holds = |finder: &Finder<'_>| finder.find(raw).is_some();
            wanted.iter().all(holds)
                || !holds(&whole)
                || (memchr(b'\\', raw).is_some() && (holds(&hex) || holds(&slash)))
        }
    }
}

/// As it stands between quotes, in the one way in which we write it.
fn as_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(cwd: &str, label: Option<&str>, cut: bool) -> String {
        let label = label.map(str::to_owned);
        let row = Brief { cwd: cwd.to_owned(), label, cut, ..Brief::default() };
        serde_json::to_string(&row).expect("JSON")
    }

    fn labelled(label: &str) -> Filter {
        Filter { label: Some(label.to_owned()), ..Filter::default() }
    }

    #[test]
    fn what_may_not_pass_never_does() {
        for label in ["a", "b", "a b", "é", "\"", "a\nb", "\\", "/", "\u{1}", "cwd", ""] {
            let filter = labelled(label);
            for of_row in [None, Some(label), Some("other"), Some("\"")] {
                for cut in [false, true] {
                    let raw = raw("/srv", of_row, cut);
                    let row = serde_json::from_str(&raw).expect("a row");
                    assert!(
                        filter.sieve()(raw.as_bytes()) || !filter.passes(&row),
                        "{label}: {raw}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_row_without_the_text_need_not_be_parsed() {
        let filter = labelled("release");
        assert!(!filter.sieve()(raw("/srv", Some("other"), false).as_bytes()));
        assert!(filter.sieve()(raw("/srv", Some("release"), false).as_bytes()));
        let here = Filter { cwd: Some("/home/u".to_owned()), ..Filter::default() };
        assert!(!here.sieve()(raw("/srv", None, false).as_bytes()));
        assert!(here.sieve()(raw("/home/u", None, false).as_bytes()));
    }

    #[test]
    fn what_was_cut_escaped_or_written_by_others_may_pass() {
        let filter = labelled("release");
        assert!(filter.sieve()(raw("/srv", None, true).as_bytes()));
        assert!(filter.sieve()(br#"{"label":"releas\u0065","cut":false}"#));
        assert!(filter.sieve()(b"") && filter.sieve()(br#"{"cut" : true}"#));
    }

    #[test]
    fn all_that_is_asked_must_hold() {
        let row = Brief { cwd: "/srv".to_owned(), status: Status::Lost, ..Brief::default() };
        let asked = |statuses: &[Status], cwd: &str| {
            let cwd = Some(cwd.to_owned());
            Filter { statuses: statuses.to_vec(), cwd, label: None }.passes(&row)
        };
        assert!(Filter::default().passes(&row) && asked(&[Status::Failed, Status::Lost], "/srv"));
        assert!(
            !asked(&[Status::Failed], "/srv") && !asked(&[], "/") && !labelled("").passes(&row)
        );
    }
}
