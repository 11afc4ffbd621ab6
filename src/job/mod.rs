//! A job as values: its id, its events, its list row and the fold that adds events up to a state.
//!
//! Pure: no files, processes, clock, randomness or environment in here, and nothing here fails on a
//! bad history: what could be made of it is returned, and what was odd is counted.

pub(crate) mod brief;
pub(crate) mod enforcement;
pub(crate) mod event;
pub(crate) mod filter;
pub(crate) mod fold;
pub(crate) mod id;
mod payload;
mod redacted;
pub(crate) mod retention;
pub(crate) mod search;
pub(crate) mod status;
pub(crate) mod totals;
pub(crate) mod tree;
