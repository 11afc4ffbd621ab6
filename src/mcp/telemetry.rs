//! What this server did: requests by method, how they ended and how long they took.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::transport::{Outcome, Settled};

/// The counters of a server, over all its generations.
#[derive(Default)]
pub(super) struct Telemetry {
    methods: Mutex<BTreeMap<String, Row>>,
}

/// The counters of one method.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Row {
    requests: u64,
    successes: u64,
    errors: u64,
    cancelled: u64,
    total_us: u64,
    max_us: u64,
    /// How many took less than 2^n microseconds, and not less than half of that.
    octaves: Vec<u64>,
}

impl Telemetry {
    /// Goes on from an earlier generation's counters.
    pub(super) fn resume(rows: BTreeMap<String, Row>) -> Self {
        Self { methods: Mutex::new(rows) }
    }

    /// The counters, to be handed on.
    pub(super) fn rows(&self) -> BTreeMap<String, Row> {
        self.lock().clone()
    }

    pub(super) fn note(&self, settled: &Settled<'_>) {
        let mut methods = self.lock();
        if !methods.contains_key(settled.label) {
            methods.insert(settled.label.to_owned(), Row::default());
        }
        if let Some(row) = methods.get_mut(settled.label) {
            row.note(settled.outcome, settled.took);
        }
    }

    /// The sums, and with `by_method` each method's.
    pub(super) fn document(&self, by_method: bool) -> Value {
        let methods = self.lock();
        let sum = |of: fn(&Row) -> u64| methods.values().map(of).sum::<u64>();
        let mut document = json!({
            "requests": sum(|row| row.requests),
            "successes": sum(|row| row.successes),
            "errors": sum(|row| row.errors),
            "cancelled": sum(|row| row.cancelled),
        });
        if by_method {
            document["methods"] =
                methods.iter().map(|(name, row)| (name.clone(), row.document())).collect();
        }
        document
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Row>> {
        self.methods.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Row {
    fn note(&mut self, outcome: Outcome, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let octave = (u64::BITS - us.leading_zeros()) as usize;
        self.octaves.resize(self.octaves.len().max(octave + 1), 0);
        self.octaves[octave] += 1;
        self.requests += 1;
        self.total_us = self.total_us.saturating_add(us);
        self.max_us = self.max_us.max(us);
        match outcome {
            Outcome::Succeeded => self.successes += 1,
            Outcome::Failed => self.errors += 1,
            Outcome::Cancelled => self.cancelled += 1,
        }
    }

    fn document(&self) -> Value {
        json!({
            "requests": self.requests,
            "successes": self.successes,
            "errors": self.errors,
            "cancelled": self.cancelled,
            "latency_us": {
                "mean": self.total_us / self.requests.max(1),
                "p50_below": self.quantile(50),
                "p99_below": self.quantile(99),
                "max": self.max_us,
            },
        })
    }

    /// A power of two that this many of a hundred requests stayed below.
    fn quantile(&self, percent: u64) -> u64 {
        let mut seen = 0;
        for (octave, count) in self.octaves.iter().enumerate() {
            seen += count;
            if seen * 100 >= self.requests * percent {
                return 1 << octave.min(63);
            }
        }
        self.max_us
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(telemetry: &Telemetry, outcome: Outcome, us: u64) {
        telemetry.note(&Settled { label: "ping", outcome, took: Duration::from_micros(us) });
    }

    #[test]
    fn every_request_is_counted_once_and_a_generation_goes_on_with_the_counters() {
        let telemetry = Telemetry::default();
        for us in [3, 3, 3, 900] {
            note(&telemetry, Outcome::Succeeded, us);
        }
        note(&telemetry, Outcome::Failed, 0);
        let telemetry = Telemetry::resume(telemetry.rows());
        note(&telemetry, Outcome::Cancelled, 5);
        let document = telemetry.document(true);
        assert_eq!((&document["requests"], &document["errors"]), (&6.into(), &1.into()));
        let ping = &document["methods"]["ping"];
        assert_eq!((&ping["successes"], &ping["cancelled"]), (&4.into(), &1.into()));
        assert_eq!(ping["latency_us"]["p50_below"], 4);
        assert_eq!(ping["latency_us"]["max"], 900);
    }
}
