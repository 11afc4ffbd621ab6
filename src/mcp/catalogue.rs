//! The tools as a model sees them. Every word of this is read with every conversation, so it says
//! when to call and when not, and nothing twice.

use std::sync::Arc;

use rmcp::model::{JsonObject, MetaObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

use super::tools::wait::JOBS_MAX;

/// The names, in the order of the list.
pub(super) const NAMES: [&str; 7] = [
    "consult",
    "consult_job",
    "consult_jobs",
    "consult_wait",
    "consult_cancel",
    "health_snapshot",
    "telemetry_snapshot",
];

/// What `effort` may be.
pub(super) const EFFORTS: [&str; 5] = ["low", "medium", "high", "xhigh", "max"];

/// Every tool.
pub(super) fn tools() -> Vec<Tool> {
    vec![
        consult(),
        consult_job(),
        consult_jobs(),
        consult_wait(),
        consult_cancel(),
        health(),
        telemetry(),
    ]
}

fn consult() -> Tool {
    let description = "Ask Claude Opus for a read-only second opinion: a hard bug, a design, a \
review, a plan. Not for what you can look up or try yourself. It sees the files under cwd and nothing \
of this conversation, so put goal, facts, attempts and doubts into the prompt. Takes minutes and costs \
money. If it answers with mode \"background\", the consult goes on: call consult_wait, do not ask again. \
To ask on, give the session_id of the answer.";
    let properties = json!({
        "prompt": text("The whole question"),
        "cwd": text("Directory to look at, absolute; the server's own by default"),
        "session_id": text("UUID of the conversation to go on with"),
        "background": { "type": "boolean", "description": "Return a job_id at once; default false" },
        "wait_seconds": { "type": "number", "description": "Answer with the job after this time; by default what your client allows" },
        "idempotency_key": text("Calls with one key within a day are one consult; set it where you retry"),
        "max_turns": { "type": "integer", "minimum": 1 },
        "model": { "type": "string" },
        "effort": { "enum": EFFORTS },
    });
    let annotations = ToolAnnotations::new()
        .read_only(false)
        .destructive(false)
        .idempotent(false)
        .open_world(true);
    let tool = tool("consult", "Consult Opus", description, properties, &["prompt"], annotations);
    // Proxies that run a call again after a crash are told not to.
    let mut meta = MetaObject::new();
    meta.insert("io.libmcp/effect".to_owned(), "at_most_once".into());
    tool.with_meta(meta)
}

fn consult_job() -> Tool {
    let description = "Look at one consult now: its state, and its answer once it is there. To wait, \
use consult_wait. A long answer comes in pages.";
    let properties = json!({
        "job_id": text("UUID"),
        "offset": { "type": "integer", "minimum": 0, "description": "Characters of the answer to skip" },
        "max_chars": { "type": "integer", "minimum": 1, "maximum": 60000 },
    });
    tool("consult_job", "Consult: one job", description, properties, &["job_id"], reading())
}

fn consult_jobs() -> Tool {
    let description = "List consults, last change first: to find one whose job_id you lost.";
    let properties = json!({
        "limit": { "type": "integer", "minimum": 1, "maximum": 50, "default": 10 },
        "status": {
            "type": "array",
            "items": { "enum": ["queued", "running", "succeeded", "failed", "cancelled", "lost"] },
        },
    });
    tool("consult_jobs", "Consult: jobs", description, properties, &[], reading())
}

fn consult_wait() -> Tool {
    let description = "Wait for background consults and get their answers. Returns earlier where \
your client would give up, with timed_out true: then call it again.";
    let properties = json!({
        "job_ids": { "type": "array", "items": { "type": "string" }, "minItems": 1, "maxItems": JOBS_MAX },
        "timeout_seconds": { "type": "number", "minimum": 0 },
        "any": { "type": "boolean", "description": "Return when one has ended; default false: all" },
    });
    tool("consult_wait", "Consult: wait", description, properties, &["job_ids"], reading())
}

fn consult_cancel() -> Tool {
    let description =
        "End a consult that is not needed any more. What there was of its answer is kept.";
    let properties = json!({ "job_id": text("UUID") });
    let annotations = ToolAnnotations::new()
        .read_only(false)
        .destructive(true)
        .idempotent(true)
        .open_world(false);
    tool("consult_cancel", "Consult: cancel", description, properties, &["job_id"], annotations)
}

fn health() -> Tool {
    let description = "Whether consults can run here: Claude Code, state directory, version, last fault. \
For when something fails.";
    tool("health_snapshot", "Health", description, json!({}), &[], reading())
}

fn telemetry() -> Tool {
    let description = "Counters of this server, and jobs and cost from the log; in full detail also latency by method.";
    tool("telemetry_snapshot", "Telemetry", description, json!({}), &[], reading())
}

fn reading() -> ToolAnnotations {
    ToolAnnotations::new().read_only(true).open_world(false)
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn tool(
    name: &'static str,
    title: &str,
    description: &'static str,
    mut properties: Value,
    required: &[&str],
    annotations: ToolAnnotations,
) -> Tool {
    properties["render"] = json!({ "enum": ["porcelain", "json"], "default": "porcelain" });
    properties["detail"] = json!({ "enum": ["concise", "full"], "default": "concise" });
    let mut schema = JsonObject::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties);
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    let mut tool = Tool::new(name, description, Arc::new(schema)).with_annotations(annotations);
    tool.title = Some(title.to_owned());
    tool
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_costs_at_most_2500_tokens_by_three_characters_a_token() {
        let list = serde_json::to_string(&tools()).expect("JSON");
        // Tokenizers take 3.5 to 4 characters of such JSON as one token.
        assert!(list.len() / 3 <= 2500, "{} bytes", list.len());
        assert!(!list.contains("format"), "clients warn of formats that they do not know");
    }

    #[test]
    fn the_efforts_are_those_of_the_configuration() {
        assert_eq!(EFFORTS, crate::config::EFFORTS);
    }

    #[test]
    fn the_names_are_those_of_the_list_and_only_what_changes_something_says_so() {
        let all = tools();
        assert!(all.iter().map(|tool| &*tool.name).eq(NAMES));
        for tool in all {
            let annotations = tool.annotations.expect("annotated");
            let changes = ["consult", "consult_cancel"].contains(&&*tool.name);
            assert_eq!(annotations.read_only_hint, Some(!changes), "{}", tool.name);
            assert!(tool.title.is_some() && tool.output_schema.is_none());
        }
    }
}
