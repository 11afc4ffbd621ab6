//! Taking times: one thing after the other in turns, so that what the machine does meanwhile falls on
//! all of them alike; of each, the quarter that was disturbed least counts.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Times of one thing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// A quarter of the times are below this.
    pub(crate) fn p25(&self) -> Duration {
        self.quantile(4)
    }

    /// Half of the times are below this.
    pub(crate) fn p50(&self) -> Duration {
        self.quantile(2)
    }

    fn quantile(&self, part: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted[sorted.len() / part]
    }
}

/// Does each of these in turn, so many rounds, after one that does not count.
pub(crate) fn in_turns<const N: usize>(
    rounds: usize,
    mut things: [&mut dyn FnMut() -> Duration; N],
) -> [Times; N] {
    let mut times = std::array::from_fn(|_| Times::default());
    for round in 0..=rounds {
        for (thing, times) in things.iter_mut().zip(&mut times) {
            let time = thing();
            if round > 0 {
                times.push(time);
            }
        }
    }
    times
}

/// A whole process, from its start to its end. It must succeed, or the time would be of a mistake.
pub(crate) fn whole(command: &mut Command) -> Duration {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let status = command.status().expect("starts");
    let time = begun.elapsed();
    assert!(status.success(), "{command:?} ended with {status}");
    time
}

/// How long something takes.
pub(crate) fn time(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

pub(crate) fn ratio(of: Duration, to: Duration) -> f64 {
    of.as_secs_f64() / to.as_secs_f64()
}

/// The number of a duration with a unit that suits it.
pub(crate) fn say(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    match micros {
        0.0..100.0 => format!("{micros:.1} µs"),
        100.0..10_000.0 => format!("{:.2} ms", micros / 1e3),
        10_000.0..1e6 => format!("{:.0} ms", micros / 1e3),
        _ => format!("{:.1} s", micros / 1e6),
    }
}
