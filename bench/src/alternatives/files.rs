//! The design with one file a job: pretty JSON, written beside and renamed; a list reads all of them
//! and sorts.

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use serde_json::{Value, json};

use super::ids::id;
use super::payload::{text, unix_ms};

pub(crate) fn make(
    directory: &Path,
    jobs: u64,
    prompt_bytes: usize,
    answer_bytes: usize,
) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    for number in 0..jobs {
        let mut record = record(number, "succeeded", prompt_bytes);
        record["response"] = text(number + 1, answer_bytes).into();
        put(directory, number, &record, false)?;
    }
    Ok(())
}

pub(crate) fn job(directory: &Path, id: &str) -> io::Result<()> {
    println!("{}", read(&directory.join(format!("{id}.json")))?);
    Ok(())
}

pub(crate) fn list(directory: &Path, limit: usize) -> io::Result<()> {
    let files = fs::read_dir(directory)?.map(|entry| read(&entry?.path()));
    let mut records = files.collect::<io::Result<Vec<_>>>()?;
    records.sort_by_key(|record| std::cmp::Reverse(record["updated_unix_ms"].as_i64()));
    for record in records.iter().take(limit) {
        println!("{} {} {}", record["job_id"], record["status"], record["prompt"]);
    }
    Ok(())
}

/// Three states of each job, synced as a promise of durability needs it.
pub(crate) fn write(directory: &Path, jobs: Range<u64>) -> io::Result<()> {
    for number in jobs {
        for status in ["queued", "running", "succeeded"] {
            let mut record = record(number, status, 500);
            if status == "succeeded" {
                record["response"] = text(number + 1, 500).into();
            }
            put(directory, number, &record, true)?;
        }
    }
    Ok(())
}

fn record(number: u64, status: &str, prompt_bytes: usize) -> Value {
    json!({
        "job_id": id(number),
        "status": status,
        "created_unix_ms": unix_ms(number),
        "updated_unix_ms": unix_ms(number) + 5,
        "cwd": format!("/srv/project-{}", number % 50),
        "model": "opus",
        "prompt": text(number, prompt_bytes),
        "response": null,
    })
}

fn put(directory: &Path, number: u64, record: &Value, durable: bool) -> io::Result<()> {
    let path = directory.join(format!("{}.json", id(number)));
    let beside = path.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(&serde_json::to_vec_pretty(record)?)?;
    if durable {
        file.sync_all()?;
    }
    fs::rename(&beside, &path)?;
    if durable { File::open(directory)?.sync_all() } else { Ok(()) }
}

fn read(path: &Path) -> io::Result<Value> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}
