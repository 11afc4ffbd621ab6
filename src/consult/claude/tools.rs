//! Tools: which is in use, and how often each was asked for.

use std::collections::{BTreeMap, BTreeSet};

use super::wire::Block;

#[derive(Debug, Default)]
pub(super) struct Tools {
    /// In use: the id of the call, and the tool.
    open: Vec<(String, String)>,
    /// Calls that were counted: each is announced, and then told.
    calls: BTreeSet<String>,
    used: BTreeMap<String, u64>,
}

impl Tools {
    pub(super) fn asked_for(&mut self, call: &Block) {
        let (Some(id), Some(name)) = (&call.id, &call.name) else {
            return;
        };
        if self.calls.insert(id.clone()) {
            *self.used.entry(name.clone()).or_default() += 1;
        }
        if !self.open.iter().any(|(known, _)| known == id) {
            self.open.push((id.clone(), name.clone()));
        }
    }

    pub(super) fn answered(&mut self, call: Option<&String>) {
        self.open.retain(|(id, _)| Some(id) != call);
    }

    /// None is in use any more.
    pub(super) fn settle(&mut self) {
        self.open.clear();
    }

    /// The one that was asked for last, of those in use.
    pub(super) fn in_use(&self) -> Option<&String> {
        self.open.last().map(|(_, name)| name)
    }

    pub(super) fn used(&self) -> &BTreeMap<String, u64> {
        &self.used
    }
}
