//! The JSON Schemas that are printed by `schema NAME`; the files in `schemas/` are the contract.

/// Every name that [`schema`] knows, in the order of the documentation.
pub(crate) const NAMES: [&str; 13] = [
    "job",
    "jobs",
    "wait",
    "error",
    "event",
    "dry-run",
    "prune",
    "config",
    "config-check",
    "config-file",
    "doctor",
    "stats",
    "search",
];

/// The text of one schema (JSON Schema 2020-12); `None` where there is none of that name.
pub(crate) fn schema(name: &str) -> Option<&'static str> {
    Some(match name {
        "job" => include_str!("../../schemas/job.json"),
        "jobs" => include_str!("../../schemas/jobs.json"),
        "wait" => include_str!("../../schemas/wait.json"),
        "error" => include_str!("../../schemas/error.json"),
        "event" => include_str!("../../schemas/event.json"),
        "dry-run" => include_str!("../../schemas/dry-run.json"),
        "prune" => include_str!("../../schemas/prune.json"),
        "config" => include_str!("../../schemas/config.json"),
        "config-check" => include_str!("../../schemas/config-check.json"),
        "config-file" => include_str!("../../schemas/config-file.json"),
        "doctor" => include_str!("../../schemas/doctor.json"),
        "stats" => include_str!("../../schemas/stats.json"),
        "search" => include_str!("../../schemas/search.json"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consult::failure::Code;
    use crate::job::event::{Event, Pruned};
    use crate::job::retention::{Plan, Rule};
    use crate::job::search::Needle;
    use crate::job::status::Status;
    use crate::job::totals::Totals;
    use crate::render::{doctor, json, sample};
    use jsonschema::Validator;
    use serde_json::{Value, json};

    fn parsed(name: &str) -> Value {
        serde_json::from_str(schema(name).expect("known")).expect("a schema is JSON")
    }

    fn validator(name: &str) -> Validator {
        jsonschema::draft202012::new(&parsed(name)).expect("a schema is valid")
    }

    fn value(document: impl serde::Serialize) -> Value {
        serde_json::to_value(document).expect("documents are JSON")
    }

    fn check(validator: &Validator, document: &Value) {
        let errors: Vec<String> = validator
            .iter_errors(document)
            .map(|e| format!("{} at {}", e, e.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
    }

    /// One event as the log holds it.
    fn line(history: &[Event], event: &Event) -> Value {
        let data: Value = serde_json::from_str(&event.data_json().expect("json")).expect("json");
        json!({
            "v": 1, "job": sample::ID, "event": event.name(), "unix_ms": sample::QUEUED_MS,
            "brief": sample::brief(history), "data": data, "seal": "0".repeat(32),
        })
    }

    /// The one event that is of no job.
    fn pruned_line() -> Value {
        let mut line = line(&[sample::queued()], &Event::Pruned(Pruned::default()));
        line["job"] = json!("00000000-0000-0000-0000-000000000000");
        line["brief"] = json!({});
        line
    }

    fn prunes() -> [Value; 2] {
        let rule = Rule { older_than_ms: Some(1), keep: Some(0) };
        let mut plan = Plan::new(rule);
        plan.look(sample::id(), &sample::brief(&[sample::queued(), sample::failed()]), i64::MAX);
        let (bytes_before, bytes_after) = (9000, 10);
        let (directories_removed, directories_left) = (1, 0);
        let removal =
            json::Removal { bytes_before, bytes_after, directories_removed, directories_left };
        [json::prune(&plan, true, None), json::prune(&plan, false, Some(removal))].map(value)
    }

    fn examination() -> doctor::Report {
        let place = Some(doctor::Place { line: 4, offset: 99, length: 7 });
        let found = doctor::Finding::new("log", doctor::Level::Warn, "torn_end", "x".to_owned());
        let found = doctor::Finding { place, exit_code: Some(74), ..found.of_job(sample::id()) };
        let plain = doctor::Finding::new("log", doctor::Level::Ok, "sound", "x".to_owned());
        let (message, error) = ("x".to_owned(), Some("y".to_owned()));
        let fix = doctor::Fix { check: "log", message, job_id: None, path: None, error };
        doctor::report(vec![found, plain], vec![fix], 74)
    }

    fn totals() -> Totals {
        let mut totals = Totals::default();
        totals.add(&sample::brief(&[sample::queued(), sample::failed()]));
        totals
    }

    fn documents() -> Vec<(&'static str, Value)> {
        let mut documents = vec![("error", value(json::error("usage", "No.", Some("Yes."), 2)))];
        documents.push(("jobs", value(json::jobs(&[], false))));
        documents.push(("event", pruned_line()));
        documents.extend(prunes().map(|prune| ("prune", prune)));
        documents.push(("doctor", value(examination())));
        documents.push(("stats", value(json::stats(&Totals::default()))));
        documents.push(("stats", value(json::stats(&totals()))));
        documents.push(("search", value(json::search("lock", Vec::new(), false))));
        for hit in Needle::new("lock").expect("words").hits(&sample::succeeded()) {
            let found = json::found(sample::id(), sample::QUEUED_MS, &hit);
            documents.push(("search", value(json::search("lock", vec![found], true))));
        }
        for history in sample::histories() {
            let (job, rows) = (sample::job(&history), [(sample::id(), sample::brief(&history))]);
            documents.push(("job", value(json::job(&job))));
            documents.push(("jobs", value(json::jobs(&rows, true))));
            documents.push(("wait", value(json::wait([&job], true))));
            documents.extend(history.iter().map(|event| ("event", line(&history, event))));
        }
        documents
    }

    /// Calls `change` on a copy of `document` for each of our own objects in it, by pointer; what is
    /// Claude Code's own or of no fixed shape is left out.
    fn each_object(document: &Value, pointer: &str, change: &mut impl FnMut(&str)) {
        const FREE: [&str; 6] = [
            "usage",
            "model_usage",
            "permission_denials",
            "structured_output",
            "enforcement",
            "tools_used",
        ];
        match document {
            Value::Object(object) => {
                change(pointer);
                for (name, inner) in
                    object.iter().filter(|(name, _)| !FREE.contains(&name.as_str()))
                {
                    each_object(inner, &format!("{pointer}/{name}"), change);
                }
            }
            Value::Array(items) => {
                for (at, inner) in items.iter().enumerate() {
                    each_object(inner, &format!("{pointer}/{at}"), change);
                }
            }
            _ => {}
        }
    }

    #[test]
    fn every_document_in_every_state_validates() {
        for (name, document) in documents() {
            check(&validator(name), &document);
        }
    }

    #[test]
    fn the_samples_reach_every_state_and_every_event() {
        let seen = documents();
        let has = |name: &str, field: &str, wanted: &str| {
            seen.iter().any(|(kind, document)| *kind == name && document[field] == wanted)
        };
        assert!(Status::ALL.iter().all(|status| has("job", "status", status.name())));
        for event in parsed("event")["properties"]["event"]["enum"].as_array().expect("enum") {
            assert!(has("event", "event", event.as_str().expect("name")), "{event}");
        }
    }

    #[test]
    fn a_property_that_is_extra_or_missing_is_refused_at_any_depth() {
        let validators: Vec<(&str, Validator)> = NAMES.map(|name| (name, validator(name))).into();
        for (name, document) in documents() {
            let (_, validator) =
                validators.iter().find(|(known, _)| *known == name).expect("known");
            each_object(&document, "", &mut |pointer| {
                let object = |document: &mut Value| -> serde_json::Map<String, Value> {
                    document.pointer(pointer).and_then(Value::as_object).expect("object").clone()
                };
                let mut extra = document.clone();
                extra.pointer_mut(pointer).expect("there")["surplus"] = json!(1);
                assert!(!validator.is_valid(&extra), "{name}: surplus at {pointer:?}");
                for field in object(&mut extra).keys().filter(|field| *field != "surplus") {
                    let mut missing = document.clone();
                    let inner = missing.pointer_mut(pointer).and_then(Value::as_object_mut);
                    inner.expect("object").remove(field);
                    assert!(
                        !validator.is_valid(&missing),
                        "{name}: without {field} at {pointer:?}"
                    );
                }
            });
        }
    }

    #[test]
    fn a_payload_of_another_event_is_refused() {
        let history = [sample::queued(), sample::started(), sample::progress()];
        let mut wrong = line(&history, &history[2]);
        wrong["event"] = json!("started");
        assert!(!validator("event").is_valid(&wrong));
    }

    #[test]
    fn every_failure_code_is_listed() {
        let listed = &parsed("job")["$defs"]["failure"]["properties"]["code"]["examples"];
        let codes: Vec<&str> = Code::ALL.iter().map(Code::name).collect();
        assert_eq!(*listed, json!(codes));
    }

    #[test]
    fn every_schema_names_itself_and_no_host() {
        for name in NAMES {
            assert_eq!(parsed(name)["$id"], format!("urn:phone-opus:schema:{name}:1"));
        }
        assert_eq!(schema("nonsense"), None);
    }
}
