//! The real Claude Code, offline: each promise is checked through what phone-opus prints and through
//! what the Messages API was asked.
//!
//! ```text
//! cargo build --examples
//! PHONE_OPUS_TEST_CLAUDE=/path/to/claude cargo test --features real-claude --test real
//! ```
//!
//! The API is `examples/scripted-api`, one for each test. What is deliberately absent: the network
//! beyond loopback, anybody's login, money.
#![allow(clippy::disallowed_methods, reason = "tests set the world up and look at it from outside")]

mod api;
mod offline;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "the rest of it is for tests/promises.rs")]
mod support;

mod answers;
mod endings;
mod failures;
mod mcp;
mod nested;
mod prompts;
mod sessions;
mod settings;
