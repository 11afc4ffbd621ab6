//! Words in the payloads, newest line first. One line in memory, however long the log.

use super::error::Error;
use super::read::Log;
use crate::job::id::JobId;
use crate::job::search::{Hit, Needle};
use crate::job::status::Status;

/// Words that were found in a line of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) job: JobId,
    pub(crate) event: String,
    pub(crate) unix_ms: i64,
    pub(crate) hit: Hit,
}

impl Log {
    /// At most `limit` matches, the newest first, and whether there are more. Only lines that carry
    /// what somebody wrote are read beyond their heads.
    pub(crate) fn search(
        &self,
        needle: &Needle,
        limit: usize,
    ) -> Result<(Vec<Match>, bool), Error> {
        let mut matches = Vec::new();
        for item in self.back() {
            let Some(line) = item?.into_line().filter(|line| has_words(&line.event)) else {
                continue;
            };
            let Some(event) = self.event(&line)? else { continue };
            for hit in needle.hits(&event) {
                if matches.len() == limit {
                    return Ok((matches, true));
                }
                let (job, unix_ms) = (line.job, line.unix_ms);
                let found = Match { job, event: line.event.clone(), unix_ms, hit };
                // A line that was repeated is one match.
                if !matches.contains(&found) {
                    matches.push(found);
                }
            }
        }
        Ok((matches, false))
    }
}

fn has_words(event: &str) -> bool {
    event == "queued" || Status::parse(event).is_some_and(Status::is_terminal)
}
