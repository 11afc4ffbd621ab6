//! As much of jq as the examples of the manual need where there is no jq: `little-jq [-r] .name.name`
//! prints what is there in each JSON document on standard input. Any other filter prints the documents
//! as they are: that shows at least that they are JSON.
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a tool of the tests")]

use serde_json::{Deserializer, Value};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_raw = arguments.iter().any(|argument| argument == "-r");
    let filter = arguments.last().map_or(".", String::as_str);
    for document in Deserializer::from_reader(std::io::stdin()).into_iter::<Value>() {
        let document = document.expect("JSON");
        let found = names(filter).into_iter().fold(&document, |value, name| &value[name]);
        match found.as_str() {
            Some(text) if is_raw => println!("{text}"),
            _ => println!("{found}"),
        }
    }
}

/// The names of a path; none for a filter that is more than one.
fn names(filter: &str) -> Vec<&str> {
    let is_path = filter.chars().all(|c| c.is_alphanumeric() || "._".contains(c));
    let names = filter.split('.').filter(|name| is_path && !name.is_empty());
    names.collect()
}
