//! From what was typed to a job: full ids, unique prefixes, `@last`.

use super::context::{CLOCK, Context};
use crate::failure::{Exit, Failure};
use crate::job::brief::Brief;
use crate::job::fold::Job;
use crate::job::id::{JobId, Selector};
use crate::journal::find::Found;
use crate::journal::place::State;
use crate::journal::read::Log;
use crate::runner::observe;

/// A job that is there, as it really stands.
pub(super) fn find(
    selector: &Selector,
    context: &mut Context<'_>,
) -> Result<(State, Job), Failure> {
    let state = context.state()?.ok_or_else(|| no_such_job(selector))?;
    let id = resolve(&state, selector)?;
    let job = observe::job(&state, id, CLOCK)?.ok_or_else(|| no_such_job(selector))?;
    Ok((state, job))
}

/// The id that a selector means.
pub(super) fn resolve(state: &State, selector: &Selector) -> Result<JobId, Failure> {
    if let Selector::Id(id) = selector {
        return Ok(*id);
    }
    let Some(log) = Log::open(state)? else { return Err(no_such_job(selector)) };
    match log.find(selector)? {
        Found::One(id) => Ok(id),
        Found::None => Err(no_such_job(selector)),
        Found::Ambiguous(candidates) => Err(ambiguous(selector, &candidates)),
    }
}

/// The jobs that selectors mean, each once and in the order given; one that means none fails all.
pub(super) fn each_once<'a>(
    state: &State,
    selectors: &'a [Selector],
) -> Result<Vec<(JobId, &'a Selector)>, Failure> {
    let mut found: Vec<(JobId, &Selector)> = Vec::new();
    for selector in selectors {
        let id = resolve(state, selector)?;
        if found.iter().all(|(other, _)| *other != id) {
            found.push((id, selector));
        }
    }
    Ok(found)
}

pub(super) fn no_such_job(selector: &Selector) -> Failure {
    let message = match selector {
        Selector::Last => "there is no job yet".to_owned(),
        Selector::Id(id) => format!("there is no job {id}"),
        Selector::Prefix(prefix) => format!("there is no job whose id starts with {prefix}"),
    };
    let hint = "`phone-opus jobs` lists the jobs of this state directory.";
    Failure::new(Exit::NoSuchJob, "no_such_job", message).hinted(hint)
}

fn ambiguous(selector: &Selector, candidates: &[(JobId, Brief)]) -> Failure {
    use std::fmt::Write as _;
    let mut hint = "Give more characters of one of these:".to_owned();
    for (id, brief) in candidates {
        let prompt = crate::render::text::one_line(&brief.prompt);
        let _ = write!(hint, "\n  {id}  {:9}  {prompt}", brief.status);
    }
    let message = format!("{selector} is the start of more than one job's id");
    Failure::new(Exit::Usage, "ambiguous_id", message).hinted(hint)
}
