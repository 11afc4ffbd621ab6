//! What a command line may say about configured values.

use super::duration::Limit;
use super::reader::Found;

/// Values from flags, already typed; `None` where the flag was not given.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Flags {
    pub(crate) model: Option<String>,
    pub(crate) effort: Option<String>,
    pub(crate) max_turns: Option<u32>,
    /// US dollars.
    pub(crate) max_budget_usd: Option<f64>,
    pub(crate) timeout: Option<Limit>,
    pub(crate) idle_timeout: Option<Limit>,
    pub(crate) web: Option<bool>,
}

impl Flags {
    /// What a flag says about `key`. It passes the same reader as any other value of that key.
    pub(super) fn found(&self, key: &str) -> Option<Found> {
        match key {
            "model" => self.model.clone().map(Found::Text),
            "effort" => self.effort.clone().map(Found::Text),
            "max_turns" => self.max_turns.map(|number| Found::Integer(number.into())),
            "max_budget_usd" => self.max_budget_usd.map(Found::Float),
            "timeout" => self.timeout.map(|limit| Found::Text(limit.to_string())),
            "idle_timeout" => self.idle_timeout.map(|limit| Found::Text(limit.to_string())),
            "web" => self.web.map(Found::Bool),
            _ => None,
        }
    }
}
