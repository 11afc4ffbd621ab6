//! The fold over every short history, against an oracle that shares no code with it.
//!
//! The oracle looks at a whole history at once: it finds the three events that matter (the first
//! `queued`, the `started` that counts, the first end) by their places, and then judges every other
//! event by where it stands to them. The fold goes through the events one by one and never looks back.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::consult::failure::{Code, Failure};
use crate::consult::reply::{Account, Partial, Reply};
use crate::job::brief::{self, Brief};
use crate::job::event::Caller;

const LONGEST: usize = 5;

/// A kind of event, as the oracle tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Queued,
    Started,
    Progress,
    Cancel,
    End(Status),
    Unknown,
}

/// One letter of the alphabet that histories are spelled with. Two of a kind differ in what they
/// say, or in their time alone.
struct Letter {
    kind: Kind,
    /// What tells two of a kind apart, where it is not their time.
    mark: u32,
    recorded: Recorded,
}

fn alphabet() -> Vec<Letter> {
    let mut letters = vec![
        letter(Kind::Queued, 1, 10),
        letter(Kind::Queued, 2, 10),
        letter(Kind::Started, 1, 20),
        letter(Kind::Started, 1, 21),
        letter(Kind::Progress, 1, 30),
        letter(Kind::Cancel, 1, 40),
        letter(Kind::Cancel, 2, 40),
        letter(Kind::Unknown, 1, 60),
    ];
    for (unix_ms, status) in (50..).zip(Status::ALL.into_iter().filter(|s| s.is_terminal())) {
        letters.push(letter(Kind::End(status), 1, unix_ms));
        letters.push(letter(Kind::End(status), 2, unix_ms));
    }
    letters
}

fn letter(kind: Kind, mark: u32, unix_ms: i64) -> Letter {
    let event = match kind {
        Kind::Queued => queued(mark),
        Kind::Started => started(mark),
        Kind::Progress => progress(mark),
        Kind::Cancel => cancel(mark),
        Kind::End(status) => end(status, mark),
        Kind::Unknown => Event::Unknown("applauded".to_owned()),
    };
    Letter {
        kind,
        mark,
        recorded: Recorded { job: JobId::new(Uuid::from_u128(7)), unix_ms, event },
    }
}

fn queued(mark: u32) -> Event {
    Event::Queued(Box::new(Queued { caller: caller(mark), ..Queued::default() }))
}

fn started(pid: u32) -> Event {
    Event::Started(Box::new(Started { pid, ..Started::default() }))
}

fn progress(mark: u32) -> Event {
    let cost_usd = Some(f64::from(mark) / 100.0);
    Event::Progress(Progress { turns: mark.into(), cost_usd, ..Progress::default() })
}

fn cancel(mark: u32) -> Event {
    Event::CancelRequested(CancelRequested { by: caller(mark) })
}

fn caller(pid: u32) -> Caller {
    Caller { pid, ..Caller::default() }
}

fn account(mark: u32) -> Account {
    Account { num_turns: Some(mark.into()), cost_usd: Some(f64::from(mark)), ..Account::default() }
}

fn end(status: Status, mark: u32) -> Event {
    let partial = Partial { account: account(mark), ..Partial::default() };
    match status {
        Status::Succeeded => {
            let reply = Reply { account: account(mark), ..Reply::default() };
            Event::Succeeded(Box::new(Succeeded { reply, tree_after: None, recovered: mark == 2 }))
        }
        Status::Failed => {
            let code = if mark == 1 { Code::Timeout } else { Code::Network };
            let failure = Failure::new(code, "");
            Event::Failed(Box::new(Failed {
                failure,
                partial,
                tree_after: None,
                recovered: mark == 2,
            }))
        }
        Status::Cancelled => Event::Cancelled(Box::new(Cancelled {
            partial,
            tree_after: None,
            recovered: mark == 2,
        })),
        Status::Lost => Event::Lost(Box::new(Lost { partial, ..Lost::default() })),
        Status::Queued | Status::Running => unreachable!("no end"),
    }
}

/// All that a fold decides, as small values.
#[derive(Debug, PartialEq)]
struct Summary {
    status: Status,
    queued: u32,
    started: Option<u32>,
    progress: Option<u32>,
    cancel: Option<u32>,
    end: Option<u32>,
    created: i64,
    updated: i64,
    started_at: Option<i64>,
    finished_at: Option<i64>,
    odd: u64,
}

impl Summary {
    fn of(job: &Job) -> Self {
        Self {
            status: job.status(),
            queued: job.queued.caller.pid,
            started: job.started.as_ref().map(|started| started.pid),
            progress: job.progress.as_ref().map(|progress| small(progress.turns)),
            cancel: job.cancel_requested.as_ref().map(|request| request.by.pid),
            end: job.ending.as_ref().map(mark_of),
            created: job.created_unix_ms,
            updated: job.updated_unix_ms,
            started_at: job.started_unix_ms,
            finished_at: job.finished_unix_ms,
            odd: job.odd,
        }
    }
}

fn small(number: u64) -> u32 {
    number.try_into().expect("small")
}

fn account_of(ending: &Ending) -> &Account {
    match ending {
        Ending::Succeeded(data) => &data.reply.account,
        Ending::Failed(data) => &data.partial.account,
        Ending::Cancelled(data) => &data.partial.account,
        Ending::Lost(data) => &data.partial.account,
    }
}

fn mark_of(ending: &Ending) -> u32 {
    small(account_of(ending).num_turns.expect("counted"))
}

/// How the oracle judges an event by its place.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Verdict {
    Counts,
    Repeats,
    Odd,
    Ignored,
}

/// The places of the three events that matter.
struct Places {
    queued: usize,
    started: Option<usize>,
    end: usize,
}

fn oracle(alphabet: &[Letter], word: &[usize]) -> Option<Summary> {
    let kind = |at: usize| alphabet[word[at]].kind;
    let len = word.len();
    let queued = (0..len).find(|&at| kind(at) == Kind::Queued)?;
    let end = (queued..len).find(|&at| matches!(kind(at), Kind::End(_))).unwrap_or(len);
    let started = (queued..end).find(|&at| kind(at) == Kind::Started);
    let places = Places { queued, started, end };
    let verdicts: Vec<Verdict> = (0..len).map(|at| verdict(&places, word, at, kind(at))).collect();

    let counted = |at: &usize| verdicts[*at] == Verdict::Counts;
    let mark = |at: usize| alphabet[word[at]].mark;
    let time = |at: usize| alphabet[word[at]].recorded.unix_ms;
    let ended = (end < len).then_some(end);
    Some(Summary {
        status: match (ended.map(kind), started) {
            (Some(Kind::End(status)), _) => status,
            (_, Some(_)) => Status::Running,
            (_, None) => Status::Queued,
        },
        queued: mark(queued),
        started: started.map(mark),
        progress: (0..len).filter(counted).rfind(|&at| kind(at) == Kind::Progress).map(mark),
        cancel: (0..len).filter(counted).find(|&at| kind(at) == Kind::Cancel).map(mark),
        end: ended.map(mark),
        created: time(queued),
        updated: (0..len).rfind(counted).map(time).expect("queued counts"),
        started_at: started.map(time),
        finished_at: ended.map(time),
        odd: verdicts.iter().filter(|&&verdict| verdict == Verdict::Odd).count() as u64,
    })
}

/// The decision table. `same` asks whether the very letter stood at a place before.
fn verdict(places: &Places, word: &[usize], at: usize, kind: Kind) -> Verdict {
    let same = |place: usize| place < at && word[place] == word[at];
    let had = |from: usize| (from..places.end).any(same);
    let is_early = at < places.queued;
    let is_late = at > places.end;
    match kind {
        Kind::Unknown => Verdict::Ignored,
        _ if is_early => Verdict::Odd,
        Kind::Queued if at == places.queued => Verdict::Counts,
        Kind::Queued if same(places.queued) => Verdict::Repeats,
        Kind::Started if Some(at) == places.started => Verdict::Counts,
        Kind::Started if places.started.is_some_and(same) => Verdict::Repeats,
        Kind::End(_) if at == places.end => Verdict::Counts,
        Kind::End(_) if same(places.end) => Verdict::Repeats,
        Kind::Cancel if !is_late => Verdict::Counts,
        Kind::Cancel if had(places.queued) => Verdict::Repeats,
        Kind::Progress if !is_late && places.started.is_some_and(|s| s < at) => Verdict::Counts,
        Kind::Progress if is_late && places.started.is_some_and(had) => Verdict::Repeats,
        _ => Verdict::Odd,
    }
}

/// Calls `visit` with every word of up to [`LONGEST`] letters that goes on from `word`, as long as
/// `goes_on` says that the word may be continued by a letter.
fn for_every_word(
    alphabet: &[Letter],
    word: &mut Vec<usize>,
    goes_on: &impl Fn(&[usize], usize) -> bool,
    visit: &mut impl FnMut(&[usize]),
) {
    visit(word);
    if word.len() == LONGEST {
        return;
    }
    for letter in 0..alphabet.len() {
        if goes_on(word, letter) {
            word.push(letter);
            for_every_word(alphabet, word, goes_on, visit);
            word.pop();
        }
    }
}

#[test]
fn every_short_history_adds_up_as_the_decision_table_says() {
    let alphabet = alphabet();
    let mut histories = 0_u32;
    for_every_word(&alphabet, &mut Vec::new(), &|_, _| true, &mut |word| {
        let events = word.iter().map(|&letter| &alphabet[letter].recorded);
        let folded = fold(events).as_ref().map(Summary::of);
        assert_eq!(folded, oracle(&alphabet, word), "{:?}", spell(&alphabet, word));
        histories += 1;
    });
    assert_eq!(histories, (0..=5).map(|length| 16_u32.pow(length)).sum::<u32>());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_long_history_adds_up_as_the_decision_table_says(
        word in prop::collection::vec(0..16_usize, 0..60),
    ) {
        let alphabet = alphabet();
        let events = word.iter().map(|&letter| &alphabet[letter].recorded);
        let folded = fold(events).as_ref().map(Summary::of);
        prop_assert_eq!(folded, oracle(&alphabet, &word), "{:?}", spell(&alphabet, &word));
    }
}

fn spell<'a>(alphabet: &'a [Letter], word: &[usize]) -> Vec<(&'a str, u32, i64)> {
    let letters = word.iter().map(|&letter| &alphabet[letter]);
    letters.map(|l| (l.recorded.event.name(), l.mark, l.recorded.unix_ms)).collect()
}

/// What the journal appends: `queued` first and once, and nothing after an end.
fn can_be_written(alphabet: &[Letter], word: &[usize], letter: usize) -> bool {
    let ended = word.iter().any(|&had| matches!(alphabet[had].kind, Kind::End(_)));
    word.is_empty() == (alphabet[letter].kind == Kind::Queued) && !ended
}

#[test]
fn the_newest_list_row_agrees_with_the_fold_on_every_history_that_can_be_written() {
    let alphabet = alphabet();
    let writable = |word: &[usize], letter: usize| can_be_written(&alphabet, word, letter);
    for_every_word(&alphabet, &mut Vec::new(), &writable, &mut |word| {
        let events: Vec<&Recorded> =
            word.iter().map(|&letter| &alphabet[letter].recorded).collect();
        let row = events.iter().fold(None, |row: Option<Brief>, recorded| {
            Some(brief::next(row, &recorded.event, recorded.unix_ms))
        });
        let job = fold(events);
        let rows = (row.as_ref().map(row_facts), job.as_ref().map(job_facts));
        assert_eq!(rows.0, rows.1, "{:?}", spell(&alphabet, word));
    });
}

/// What a list shows that must be true of the job.
type Facts =
    (Status, [i64; 2], [Option<i64>; 2], Option<u32>, Option<f64>, Option<u64>, Option<String>);

fn row_facts(row: &Brief) -> Facts {
    (
        row.status,
        [row.created_unix_ms, row.updated_unix_ms],
        [row.started_unix_ms, row.finished_unix_ms],
        row.runner_pid,
        row.cost_usd,
        row.turns,
        row.failure_code.clone(),
    )
}

fn job_facts(job: &Job) -> Facts {
    let account = job.ending.as_ref().map(account_of);
    let progress = job.progress.as_ref();
    let failure_code = match &job.ending {
        Some(Ending::Failed(failed)) => Some(failed.failure.code.name().to_owned()),
        _ => None,
    };
    (
        job.status(),
        [job.created_unix_ms, job.updated_unix_ms],
        [job.started_unix_ms, job.finished_unix_ms],
        job.started.as_ref().map(|started| started.pid),
        account.and_then(|a| a.cost_usd).or(progress.and_then(|p| p.cost_usd)),
        account.and_then(|a| a.num_turns).or(progress.map(|p| p.turns)),
        failure_code,
    )
}

#[test]
fn what_a_failed_sync_had_repeated_is_not_odd_even_after_the_end() {
    let letters = [
        letter(Kind::Queued, 1, 1),
        letter(Kind::Started, 1, 2),
        letter(Kind::Cancel, 1, 3),
        letter(Kind::Progress, 1, 4),
        letter(Kind::Progress, 2, 5),
        letter(Kind::End(Status::Cancelled), 1, 6),
    ];
    let again = letters.iter().chain(&letters[2..]).map(|letter| &letter.recorded);
    let job = fold(again).expect("a job");
    assert_eq!((job.odd, job.updated_unix_ms), (0, 6));
    let late = letter(Kind::Progress, 2, 7);
    let job = fold(letters.iter().chain([&late]).map(|letter| &letter.recorded)).expect("a job");
    assert_eq!((job.odd, job.updated_unix_ms), (1, 6));
}
