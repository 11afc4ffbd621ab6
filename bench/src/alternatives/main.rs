//! What phone-opus is measured beside: other designs of the same store, and an MCP server on the
//! SDK's own transport. Also the generator of logs in phone-opus's own format.
#![allow(clippy::disallowed_methods, reason = "no room of the program: it stands outside of it")]

#[allow(dead_code, reason = "the program uses all of it")]
#[path = "../../../src/consult/mod.rs"]
mod consult;
#[allow(dead_code, reason = "the program uses all of it")]
#[path = "../../../src/job/mod.rs"]
mod job;
#[allow(
    dead_code,
    unused_imports,
    unfulfilled_lint_expectations,
    reason = "the program uses all of it"
)]
#[path = "../../../src/journal/mod.rs"]
mod journal;
#[allow(dead_code, unused_imports, reason = "the program uses all of it")]
#[path = "../../../src/redact/mod.rs"]
mod redact;

#[path = "../ids.rs"]
mod ids;

mod echo;
mod files;
mod own;
mod payload;
mod sdk;
mod sqlite;

use std::path::PathBuf;

use clap::Parser;

/// Another way to do it.
#[derive(Debug, Parser)]
enum Alternative {
    /// A server that sends back each line: what the pipes alone cost
    Echo,
    /// An MCP server on the SDK's transport, with the answer given
    Sdk {
        #[arg(long)]
        pipes: bool,
        /// Look jobs up in this state directory, with phone-opus's own code
        #[arg(long)]
        state: Option<PathBuf>,
    },
    /// phone-opus's log, written without syncing
    OwnMake {
        state: PathBuf,
        jobs: u64,
        from: u64,
        prompt_bytes: usize,
        answer_bytes: usize,
    },
    /// phone-opus's index, made anew
    OwnIndex {
        state: PathBuf,
    },
    /// Appends durable events to phone-opus's log
    OwnWrite {
        state: PathBuf,
        jobs: u64,
        from: u64,
    },
    /// One file a job
    FilesMake {
        directory: PathBuf,
        jobs: u64,
        prompt_bytes: usize,
        answer_bytes: usize,
    },
    FilesJob {
        directory: PathBuf,
        id: String,
    },
    FilesList {
        directory: PathBuf,
        limit: usize,
    },
    FilesWrite {
        directory: PathBuf,
        jobs: u64,
        from: u64,
    },
    /// A database
    SqliteMake {
        database: PathBuf,
        jobs: u64,
        prompt_bytes: usize,
        answer_bytes: usize,
    },
    SqliteJob {
        database: PathBuf,
        id: String,
    },
    SqliteList {
        database: PathBuf,
        limit: u32,
    },
    SqliteWrite {
        database: PathBuf,
        jobs: u64,
        from: u64,
    },
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    match Alternative::parse() {
        Alternative::Echo => echo::serve()?,
        Alternative::Sdk { pipes, state } => sdk::serve(pipes, state)?,
        Alternative::OwnMake { state, jobs, from, prompt_bytes, answer_bytes } => {
            own::make(&state, from..from + jobs, prompt_bytes, answer_bytes)?;
        }
        Alternative::OwnIndex { state } => own::index(&state)?,
        Alternative::OwnWrite { state, jobs, from } => own::write(&state, from..from + jobs)?,
        Alternative::FilesMake { directory, jobs, prompt_bytes, answer_bytes } => {
            files::make(&directory, jobs, prompt_bytes, answer_bytes)?;
        }
        Alternative::FilesJob { directory, id } => files::job(&directory, &id)?,
        Alternative::FilesList { directory, limit } => files::list(&directory, limit)?,
        Alternative::FilesWrite { directory, jobs, from } => {
            files::write(&directory, from..from + jobs)?;
        }
        Alternative::SqliteMake { database, jobs, prompt_bytes, answer_bytes } => {
            sqlite::make(&database, jobs, prompt_bytes, answer_bytes)?;
        }
        Alternative::SqliteJob { database, id } => sqlite::job(&database, &id)?,
        Alternative::SqliteList { database, limit } => sqlite::list(&database, limit)?,
        Alternative::SqliteWrite { database, jobs, from } => {
            sqlite::write(&database, from..from + jobs)?;
        }
    }
    Ok(())
}
