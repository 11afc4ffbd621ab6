//! One test program, one module for each promise. Names say what the user gets.
#![allow(clippy::naive_bytecount, clippy::similar_names, reason = "of no account in a test")]
#![allow(clippy::disallowed_methods, reason = "tests set the world up and look at it from outside")]

mod support;

mod answers;
mod attestation;
mod cancelling;
mod configuration;
mod contract;
mod death;
mod doctor;
mod dry_run;
mod faults;
mod foreground;
mod homes;
mod jail;
mod limits;
mod log;
mod manuals;
mod mcp;
mod observers;
mod prompts;
mod pruning;
mod reading;
mod redaction;
mod selection;
mod sessions;
mod skills;
mod slots;
mod storage;
mod surroundings;
mod survival;
mod tidy;
mod words;
