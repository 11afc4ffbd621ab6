//! SQLite: write-ahead log, an index for lists, a full sync for each write.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Result, params};

use super::ids::id;
use super::payload::{text, unix_ms};

/// What lists need stands before the large columns, so that a row's first page holds it.
const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS jobs (
        id TEXT PRIMARY KEY, status TEXT, created INTEGER, updated INTEGER, cwd TEXT, model TEXT,
        preview TEXT, prompt TEXT, response TEXT
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS newest ON jobs (updated DESC);
";

const INSERT: &str = "INSERT INTO jobs VALUES (?, 'queued', ?, ?, ?, 'opus', ?, ?, NULL)";

pub(crate) fn make(
    database: &Path,
    jobs: u64,
    prompt_bytes: usize,
    answer_bytes: usize,
) -> Result<()> {
    let mut connection = Connection::open(database)?;
    connection.execute_batch(SCHEMA)?;
    let transaction = connection.transaction()?;
    for number in 0..jobs {
        insert(&transaction, number, prompt_bytes)?;
        let done = "UPDATE jobs SET status = 'succeeded', response = ? WHERE id = ?";
        transaction.execute(done, params![text(number + 1, answer_bytes), id(number)])?;
    }
    transaction.commit()?;
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);")
}

pub(crate) fn job(database: &Path, id: &str) -> Result<()> {
    let connection = Connection::open(database)?;
    let query = "SELECT status, updated, prompt, response FROM jobs WHERE id = ?";
    let row: (String, i64, String, Option<String>) = connection
        .query_row(query, [id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    println!("{row:?}");
    Ok(())
}

pub(crate) fn list(database: &Path, limit: u32) -> Result<()> {
    let connection = Connection::open(database)?;
    let query = "SELECT id, status, preview FROM jobs ORDER BY updated DESC LIMIT ?";
    let mut statement = connection.prepare(query)?;
    let mut rows = statement.query([limit])?;
    while let Some(row) = rows.next()? {
        let row: (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        println!("{row:?}");
    }
    Ok(())
}

/// Three durable changes of each job.
pub(crate) fn write(database: &Path, jobs: Range<u64>) -> Result<()> {
    let connection = Connection::open(database)?;
    connection.busy_timeout(Duration::from_mins(1))?;
    connection.execute_batch("PRAGMA synchronous = FULL;")?;
    for number in jobs {
        insert(&connection, number, 500)?;
        let started = "UPDATE jobs SET status = 'running', updated = ? WHERE id = ?";
        connection.execute(started, params![unix_ms(number) + 1, id(number)])?;
        let done = "UPDATE jobs SET status = 'succeeded', updated = ?, response = ? WHERE id = ?";
        connection
            .execute(done, params![unix_ms(number) + 2, text(number + 1, 500), id(number)])?;
    }
    Ok(())
}

fn insert(connection: &Connection, number: u64, prompt_bytes: usize) -> Result<()> {
    let prompt = text(number, prompt_bytes);
    let preview: String = prompt.chars().take(120).collect();
    let cwd = format!("/srv/project-{}", number % 50);
    let (created, updated) = (unix_ms(number), unix_ms(number) + 5);
    let mut statement = connection.prepare_cached(INSERT)?;
    statement.execute(params![id(number), created, updated, cwd, preview, prompt])?;
    Ok(())
}
