//! Claude Code: how it is called, what its lines mean, and why it failed.
//!
//! The only room that knows the vendor. Pure: it turns values into an argument list, environment
//! changes and settings, and lines into an [`outcome`]; it starts nothing and reads nothing.
//! Measured on 2.1.330 with spot checks on 2.1.197; nothing here depends on the order of keys, on
//! a field that only one version has, or on a line being well formed.

pub(crate) mod argv;
pub(crate) mod credentials;
pub(crate) mod env;
pub(crate) mod routes;
pub(crate) mod settings;
pub(crate) mod text;
pub(crate) mod version;

pub(crate) mod login;
pub(crate) mod outcome;
pub(crate) mod stream;

mod account;
mod answer;
mod api_error;
mod classify;
mod result;
mod tools;
mod wire;
pub(crate) mod withheld;
mod words;
