//! One job on one line.

use super::took;
use crate::job::fold::Job;
use crate::render::json::{cost_usd, failure_code, num_turns};
use crate::render::text::{dollars, one_line};

/// The line that `wait` prints for a job: `ID STATUS`, then its failure's code, time and cost where
/// it has them. Fields are parted by one blank and have none in them.
pub(crate) fn wait(job: &Job) -> String {
    let mut words = vec![job.id.to_string(), job.status().to_string()];
    words.extend(failure_code(job).map(one_line));
    words.extend(took(job).map(|took| took.replace(' ', "")));
    words.extend(cost_usd(job).map(dollars));
    words.join(" ")
}

/// What the foreground says after an answer: what it took, and how to go on.
pub(crate) fn closing(job: &Job) -> String {
    let turns = num_turns(job)
        .map(|turns| format!("{turns} {}", if turns == 1 { "turn" } else { "turns" }));
    let facts: Vec<String> =
        [took(job), turns, cost_usd(job).map(dollars)].into_iter().flatten().collect();
    let session = one_line(&job.queued.session.id);
    let parts = [
        format!("job {}", job.id),
        facts.join(", "),
        changed(job),
        format!("to go on: --session {session}"),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" · ")
}

/// A fact that the reader may want to weigh; it may well be their own doing.
fn changed(job: &Job) -> String {
    let changed = job.tree_changed() == Some(true);
    if changed { "the directory changed meanwhile".to_owned() } else { String::new() }
}

/// What the foreground says when it leaves a job that goes on.
pub(crate) fn left_running(job: &Job) -> String {
    let id = job.id;
    format!(
        "The job goes on; `phone-opus wait {id}` waits for it, `phone-opus cancel {id}` ends it."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn a_line_of_wait_starts_with_id_and_status() {
        let done = sample::job(&[sample::queued(), sample::started(), sample::succeeded()]);
        assert_eq!(wait(&done), "0b4e0a52-7f43-4f5e-9a2b-3c1d5e6f7a8b succeeded 2m05s $1.25");
        let failed = sample::job(&[sample::queued(), sample::failed()]);
        assert_eq!(wait(&failed), "0b4e0a52-7f43-4f5e-9a2b-3c1d5e6f7a8b failed rate_limited $1.25");
        let queued = sample::job(&[sample::queued()]);
        assert_eq!(wait(&queued), "0b4e0a52-7f43-4f5e-9a2b-3c1d5e6f7a8b queued");
    }

    #[test]
    fn an_answer_is_followed_by_what_it_took_and_how_to_go_on() {
        let done = sample::job(&[sample::queued(), sample::started(), sample::succeeded()]);
        assert_eq!(
            closing(&done),
            "job 0b4e0a52-7f43-4f5e-9a2b-3c1d5e6f7a8b · 2m 05s, 7 turns, $1.25 · \
             the directory changed meanwhile · \
             to go on: --session 5e55104e-0000-4000-8000-000000000001"
        );
    }

    #[test]
    fn who_leaves_a_job_is_told_how_to_come_back() {
        let running = sample::job(&[sample::queued(), sample::started()]);
        assert!(
            left_running(&running)
                .contains("`phone-opus wait 0b4e0a52-7f43-4f5e-9a2b-3c1d5e6f7a8b`")
        );
    }
}
