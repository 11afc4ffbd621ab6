//! phone-opus asks Claude Opus for a second opinion through the Claude Code that is installed.
//!
//! Parse, run, report, exit: nothing else is here. The rooms, from the door down: `cli` → `runner` →
//! `journal` → `job` → `consult`, with `render` beside them and `doctor` looking at all of them;
//! `world`, `config` and `failure` belong to the door. `tests/tidy.rs` holds the arrows.

mod cli;
mod config;
mod consult;
mod doctor;
mod failure;
mod jail;
mod job;
mod journal;
mod mcp;
mod redact;
mod render;
mod runner;
mod skill;
mod tree;
mod world;

use std::process::ExitCode;

fn main() -> ExitCode {
    runner::signals::survive_file_size_limit();
    world::make_private_files();
    match cli::run(&world::World::read()) {
        Ok(exit) => ExitCode::from(exit.code()),
        // Whoever read our output has seen enough; that is no error of ours (as with `| head`).
        Err(failure::BrokenPipe) => ExitCode::SUCCESS,
    }
}
