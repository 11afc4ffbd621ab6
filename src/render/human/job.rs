//! `job ID`: what was asked, how it stands, and then the answer or what went wrong.

use super::ending::{block, explanation};
use super::{took, tree};
use crate::job::enforcement::Enforcement;
use crate::job::fold::{Ending, Job};
use crate::render::json::{cost_usd, model, num_turns, recovered};
use crate::render::text::{Colour, cut, dollars, one_line};
use crate::render::time::{ago, between, length, rfc3339};

type Row = (&'static str, String);

/// One job: aligned `key  value` lines, then the answer, or the failure with what to do.
pub(crate) fn job(job: &Job, now_unix_ms: i64, colour: Colour) -> String {
    let rows = [asked(job, now_unix_ms, colour), ran(job, now_unix_ms)].concat();
    let rows: Vec<String> = rows.iter().map(|(key, value)| format!("{key:7}  {value}\n")).collect();
    let ending = match &job.ending {
        Some(Ending::Succeeded(end)) => block(&end.reply.response),
        _ => explanation(job),
    };
    let gap = if ending.is_empty() { "" } else { "\n" };
    rows.concat() + gap + &ending
}

/// What was settled when the job was queued, and how it stands.
fn asked(job: &Job, now_unix_ms: i64, colour: Colour) -> Vec<Row> {
    let request = &job.queued.request;
    let at = rfc3339(job.created_unix_ms).unwrap_or_default();
    let age = ago(job.created_unix_ms, now_unix_ms);
    let mut rows = vec![("job", job.id.to_string()), ("status", status(job, colour))];
    rows.extend(request.label.as_deref().map(|label| ("label", one_line(label))));
    rows.push(("asked", format!("{at} ({age})")));
    rows.push(("cwd", one_line(&request.cwd)));
    rows.push(("prompt", preview(&request.prompt)));
    rows.push(("model", asked_model(job)));
    rows.push(("session", session(job)));
    rows
}

/// What is known since it started.
fn ran(job: &Job, now_unix_ms: i64) -> Vec<Row> {
    let live = !job.status().is_terminal();
    let elapsed = live.then(|| length(between(job.created_unix_ms, now_unix_ms)));
    let recorded = job.started.as_ref().and_then(|started| started.enforcement.as_ref());
    let jail = recorded.and_then(Enforcement::of_json);
    let tool = job.progress.as_ref().filter(|_| live).and_then(|progress| progress.tool.as_deref());
    [
        ("elapsed", elapsed),
        ("took", took(job)),
        ("turns", num_turns(job).map(|turns| turns.to_string())),
        ("tool", tool.map(one_line)),
        ("cost", cost_usd(job).map(dollars)),
        ("tree", tree::tree(job)),
        ("tools", tree::tools(job)),
        ("denied", tree::denied(job)),
        ("claude", tree::version(job)),
        ("sandbox", jail.as_ref().map(sandbox)),
        ("bash", jail.as_ref().map(bash)),
    ]
    .into_iter()
    .filter_map(|(key, value)| value.map(|value| (key, value)))
    .collect()
}

/// What the kernel keeps, and what of it could not be had.
fn sandbox(jail: &Enforcement) -> String {
    let missing: Vec<String> = jail.missing.iter().map(|reason| one_line(reason)).collect();
    match (jail.sandbox.as_str(), missing.as_slice()) {
        ("off", _) => "none (it is switched off)".to_owned(),
        (_, []) => jail.layers(),
        (_, missing) => format!("{} ({})", jail.layers(), missing.join("; ")),
    }
}

fn bash(jail: &Enforcement) -> String {
    let word = match jail.bash.as_str() {
        "allowed" => "offered",
        "asked" => "offered in part",
        _ => "not offered",
    };
    let reason = jail.bash_reason.as_deref().map(|reason| format!(": {}", one_line(reason)));
    word.to_owned() + &reason.unwrap_or_default()
}

fn status(job: &Job, colour: Colour) -> String {
    let status = job.status();
    let note = if recovered(job) {
        " (recovered after its runner had died)"
    } else if job.cancel_requested.is_some() && !status.is_terminal() {
        " (asked to stop)"
    } else {
        ""
    };
    super::status(status, colour) + note
}

fn asked_model(job: &Job) -> String {
    let (used, asked) = (model(job), &job.queued.request.model);
    if used == asked {
        one_line(used)
    } else {
        format!("{} (asked for {})", one_line(used), one_line(asked))
    }
}

fn session(job: &Job) -> String {
    let session = &job.queued.session;
    one_line(&session.id) + if session.resumed { " (resumed)" } else { "" }
}

/// The start of the prompt. It may be a megabyte, of which only the first part is looked at.
fn preview(prompt: &str) -> String {
    const CELLS: usize = 72;
    let start: String = prompt.chars().take(10 * CELLS).collect();
    cut(&one_line(&start), CELLS).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::event::Event;
    use crate::render::sample;

    fn shown(events: &[Event]) -> String {
        job(&sample::job(events), sample::QUEUED_MS + 300_000, Colour::Off)
    }

    #[test]
    fn a_succeeded_job_ends_with_its_answer() {
        let expected = "\
job      0b4e0a52-7f43-4f5e-9a2b-3c1d5e6f7a8b
status   succeeded
label    lock review
asked    2026-09-21T14:13:20.000Z (5 min ago)
cwd      /home/u/code
prompt   Is the lock safe?
model    claude-opus-5-5 (asked for opus)
session  5e55104e-0000-4000-8000-000000000001
took     2m 05s
turns    7
cost     $1.25
tree     0123456789ab, clean; changed while the job ran, perhaps by you
tools    Grep 3, Read 12
denied   Write 1
claude   2.1.330

1. src/lock.rs:12 is unsafe.
";
        assert_eq!(shown(&[sample::queued(), sample::started(), sample::succeeded()]), expected);
    }

    #[test]
    fn what_the_kernel_keeps_and_what_there_is_of_a_shell_is_told() {
        let jail = |text: &str| {
            let Event::Started(mut started) = sample::started() else { panic!("started") };
            started.enforcement = Some(serde_json::from_str(text).expect("JSON"));
            shown(&[sample::queued(), Event::Started(started)])
        };
        let full = jail(
            r#"{"sandbox":"auto","landlock_abi":7,"seccomp":true,"bwrap":"/b","bash":"allowed"}"#,
        );
        let want = "sandbox  bubblewrap, Landlock ABI 7, seccomp\nbash     offered\n";
        assert!(full.ends_with(want), "{full}");
        let part = jail(
            r#"{"sandbox":"auto","seccomp":true,"missing":["bubblewrap: no"],"bash":"none","bash_reason":"why"}"#,
        );
        assert!(
            part.ends_with("sandbox  seccomp (bubblewrap: no)\nbash     not offered: why\n"),
            "{part}"
        );
        let off = jail(r#"{"sandbox":"off","bash":"none","bash_reason":"why"}"#);
        assert!(off.contains("sandbox  none (it is switched off)\n"), "{off}");
    }

    #[test]
    fn a_failed_job_ends_with_what_to_do() {
        let shown = shown(&[sample::queued(), sample::failed()]);
        assert!(
            shown.contains("claude   2.1.330\n\nwhat happened  The account's usage limit"),
            "{shown}"
        );
        assert!(shown.ends_with("\nThe answer so far:\n\nThe lock is\n"), "{shown}");
    }

    #[test]
    fn a_running_job_says_what_it_does_and_a_queued_one_only_that_it_waits() {
        let events =
            [sample::queued(), sample::started(), sample::progress(), sample::cancel_requested()];
        let running = shown(&events);
        assert!(running.contains("status   running (asked to stop)\n"), "{running}");
        let doing = "elapsed  5m 00s\nturns    3\ntool     Grep\ncost     $0.25\ntree     0123456789ab, clean\nclaude   2.1.330\n";
        assert!(running.ends_with(doing), "{running}");
        assert!(shown(&events[..1]).ends_with("elapsed  5m 00s\n"));
    }

    #[test]
    fn colour_is_used_only_where_it_was_asked_for() {
        let queued = sample::job(&[sample::queued()]);
        assert!(!job(&queued, 0, Colour::Off).contains('\u{1b}'));
        assert!(job(&queued, 0, Colour::On).contains("\u{1b}[2mqueued\u{1b}[0m"));
    }

    #[test]
    fn nothing_in_a_job_can_steer_the_terminal() {
        let mut nasty = sample::job(&[sample::queued(), sample::started(), sample::failed()]);
        let request = &mut nasty.queued.request;
        for text in [&mut request.cwd, &mut request.prompt, &mut request.model] {
            *text = "\u{1b}[2J\r\u{202e}x".to_owned();
        }
        assert!(!job(&nasty, 0, Colour::Off).contains(['\u{1b}', '\r', '\u{202e}']));
    }
}
