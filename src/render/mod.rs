//! Values to text, for people and for programs.
//!
//! Pure: no clock, terminal, environment or file in here; the time, the width and whether to colour
//! are handed in. The structs of `json` are a contract of their own: neither the persisted events
//! nor the job of the fold are serialised for a caller.

pub(crate) mod doctor;
pub(crate) mod human;
pub(crate) mod json;
pub(crate) mod mcp;
pub(crate) mod schema;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod time;

#[cfg(test)]
mod sample;
