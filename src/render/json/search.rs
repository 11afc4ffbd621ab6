//! The `search` document: where words were found.

use serde::Serialize;

use super::SCHEMA_VERSION;
use crate::job::id::JobId;
use crate::job::search::Hit;
use crate::render::time::rfc3339;

/// What `search --json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct SearchDocument<'a> {
    schema_version: u32,
    text: &'a str,
    matches: Vec<Match<'a>>,
    count: usize,
    /// There are more matches.
    truncated: bool,
}

/// One place in which the words were found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Match<'a> {
    job_id: String,
    unix_ms: i64,
    at: Option<String>,
    field: &'static str,
    before: &'a str,
    found: &'a str,
    after: &'a str,
}

/// Renders one place.
pub(crate) fn found(job: JobId, unix_ms: i64, hit: &Hit) -> Match<'_> {
    Match {
        job_id: job.to_string(),
        unix_ms,
        at: rfc3339(unix_ms),
        field: hit.field,
        before: &hit.before,
        found: &hit.found,
        after: &hit.after,
    }
}

/// Renders all of them, in the order given.
pub(crate) fn search<'a>(
    text: &'a str,
    matches: Vec<Match<'a>>,
    truncated: bool,
) -> SearchDocument<'a> {
    let count = matches.len();
    SearchDocument { schema_version: SCHEMA_VERSION, text, matches, count, truncated }
}
