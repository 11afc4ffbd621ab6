//! What is said of the consulted directory, of the tools that were used on it, and who answered.

use crate::job::fold::Job;
use crate::job::tree::Snapshot;
use crate::render::json::account;
use crate::render::text::one_line;

/// The directory as it was, whether it changed meanwhile, and whether it has moved on since. A change
/// is told and nobody is blamed for it: people edit while they wait.
pub(super) fn tree(job: &Job) -> Option<String> {
    let before = job.tree_before()?;
    let was = [commit(before), dirty(before)].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let fate = job.ending.as_ref().map(|_| match job.tree_changed() {
        Some(true) => "changed while the job ran, perhaps by you".to_owned(),
        Some(false) => "unchanged when the job ended".to_owned(),
        None => format!("whether it changed is not known{}", why(job, before)),
    });
    let moved = job.stale.filter(|stale| *stale).map(|_| "moved on since: the answer is stale");
    let parts = [Some(was), fate, moved.map(str::to_owned)];
    let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn commit(seen: &Snapshot) -> Option<String> {
    const SHORT: usize = 12;
    seen.commit.as_deref().map(|id| one_line(&id.chars().take(SHORT).collect::<String>()))
}

fn dirty(seen: &Snapshot) -> Option<String> {
    seen.dirty.map(|dirty| if dirty { "with uncommitted changes" } else { "clean" }.to_owned())
}

fn why(job: &Job, before: &Snapshot) -> String {
    let after = job.tree_after().and_then(|after| after.reason.as_deref());
    let reason = before.reason.as_deref().or(after);
    reason.map(|reason| format!(" ({})", one_line(reason))).unwrap_or_default()
}

/// `Grep 3, Read 12`: how often each tool was asked for.
pub(super) fn tools(job: &Job) -> Option<String> {
    let used = &account(job)?.tools_used;
    list(used.iter().map(|(name, count)| (name.as_str(), *count)))
}

/// The same of what was refused.
pub(super) fn denied(job: &Job) -> Option<String> {
    let denials = &account(job)?.permission_denials;
    let mut counts = std::collections::BTreeMap::new();
    for name in denials.iter().filter_map(|denial| denial["tool_name"].as_str()) {
        *counts.entry(name).or_insert(0) += 1;
    }
    list(counts.into_iter())
}

fn list<'a>(counts: impl Iterator<Item = (&'a str, u64)>) -> Option<String> {
    let words: Vec<String> =
        counts.map(|(name, count)| format!("{} {count}", one_line(name))).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// Claude Code's version: the one that answered, else the one that was started.
pub(super) fn version(job: &Job) -> Option<String> {
    let answered = account(job).and_then(|account| account.claude_version.as_deref());
    let started = job.started.as_ref().and_then(|started| started.claude_version.as_deref());
    answered.or(started).map(one_line)
}
