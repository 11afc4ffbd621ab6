//! What the tools answer: fields and lines that existing users rely on.

use serde_json::{Value, json};

use crate::support::World;
use crate::support::mcp::Client;

fn names(document: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = document.as_object().expect("object").keys().map(|k| &**k).collect();
    names.sort_unstable();
    names
}

#[track_caller]
fn assert_has(document: &Value, fields: &str) {
    for field in fields.split_whitespace() {
        assert!(document.get(field).is_some(), "{field} is missing in {document:#}");
    }
}

const TIMES: &str = "created_unix_ms updated_unix_ms started_unix_ms finished_unix_ms";

#[test]
fn an_agent_submits_polls_reads_and_finds_its_consult() {
    let mut world = World::new();
    let trace = world.trace();
    let asked = world.path("home");
    let mut client = Client::open(&world);
    let submitted = client.json(
        "consult",
        json!({ "prompt": "Is it sound?", "cwd": asked, "background": true, "detail": "full" }),
    );
    assert_eq!((&submitted["mode"], &submitted["done"]), (&"background".into(), &false.into()));
    assert_has(
        &submitted,
        "job_id status requested_session_id session_mode prompt_prefix_injected follow_up_tools \
         prompt effective_prompt cwd max_turns",
    );
    assert_eq!(submitted["session_mode"], "fresh");
    let id = submitted["job_id"].as_str().expect("an id").to_owned();

    let job = crate::support::until("the job has succeeded", || {
        let job = client.json("consult_job", json!({ "job_id": id }));
        (job["succeeded"] == true).then_some(job)
    });
    assert_eq!(job["result"]["response"], "fake answer: 42");
    assert_eq!(
        names(&job["result"]),
        ["duration_ms", "model", "num_turns", "response", "session_id"]
    );
    assert_has(&job, TIMES);
    assert_has(
        &job,
        "job_id status done succeeded failed runner_pid cwd requested_session_id \
         prompt_prefix_injected failure",
    );
    assert_eq!(job["cwd"], asked.to_str().expect("text"));

    let list = client.json("consult_jobs", json!({}));
    assert_eq!((&list["count"], &list["jobs"][0]["job_id"]), (&1.into(), &id.as_str().into()));
    assert_has(&list["jobs"][0], TIMES);
    assert_has(
        &list["jobs"][0],
        "status done succeeded failed runner_pid cwd max_turns requested_session_id \
         prompt_prefix_injected",
    );
    let seen = std::fs::read_to_string(&trace).expect("traced");
    let call: Value = serde_json::from_str(seen.lines().last().expect("a call")).expect("JSON");
    assert!(call.to_string().contains("read-only advisory mode"), "the prefix: {call:#}");
    assert!(call.to_string().contains(asked.to_str().expect("text")), "the directory: {call:#}");
}

#[test]
fn an_answer_that_was_waited_for_has_its_fields_in_both_details() {
    let world = World::new();
    let mut client = Client::open(&world);
    let sync = "mode job_id response cwd session_mode session_id model duration_ms num_turns \
                permission_denial_count prompt_prefix_injected";
    let concise = client.json("consult", json!({ "prompt": "short" }));
    assert_has(&concise, sync);
    assert_eq!((&concise["mode"], &concise["session_mode"]), (&"sync".into(), &"fresh".into()));
    assert!(concise.get("prompt").is_none());
    let session = concise["session_id"].as_str().expect("a session").to_owned();
    let arguments =
        json!({ "prompt": "and now?", "session_id": session, "max_turns": 3, "detail": "full" });
    let full = client.json("consult", arguments);
    assert_has(&full, sync);
    assert_has(&full, "prompt effective_prompt max_turns usage model_usage cost");
    assert_eq!((&full["session_mode"], &full["max_turns"]), (&"resumed".into(), &3.into()));
    assert!(full["effective_prompt"].as_str().expect("text").ends_with("and now?"));
}

#[test]
fn porcelain_keeps_its_lines() {
    let world = World::new();
    let mut client = Client::open(&world);
    assert_eq!(client.text("consult_jobs", json!({})), "There are no consult jobs.");
    let gate = world.path("gate");
    let prompt = format!("FAKE:mode=gate,gate={}", gate.display());
    let submitted = client.text("consult", json!({ "prompt": prompt, "background": true }));
    let first = submitted.lines().next().expect("a line");
    let id = first
        .strip_prefix("background consult submitted job=")
        .and_then(|rest| rest.strip_suffix(" status=queued"))
        .expect("the line")
        .to_owned();
    world.until_status(&id, "running");
    let running = client.text("consult_job", json!({ "job_id": id }));
    assert_eq!(running, format!("job={id} status=running"));
    std::fs::write(&gate, "").expect("opened");
    let done = client.text("consult_wait", json!({ "job_ids": [id] }));
    let session = world.job(&id)["session"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(
        done,
        format!(
            "job={id} status=succeeded\nsession_mode=fresh session_id={session}\n\
             response:\nfake answer: 42"
        )
    );
    let cwd = world.cwd();
    let list = client.text("consult_jobs", json!({}));
    assert_eq!(list, format!("{id} status=succeeded cwd={}", cwd.display()));

    let failed = client.json("consult", json!({ "prompt": "FAKE:exit1", "background": true }));
    let failed = failed["job_id"].as_str().expect("an id").to_owned();
    world.finish(&failed);
    let text = client.text("consult_job", json!({ "job_id": failed }));
    assert!(text.starts_with(&format!("job={failed} status=failed\nfailure=process ")), "{text}");
}

#[test]
fn a_consult_that_fails_is_an_error_with_its_kind_and_what_to_go_on_with() {
    let world = World::new();
    let mut client = Client::open(&world);
    let fault = client.fault("consult", json!({ "prompt": "FAKE:ratelimit" }));
    assert_eq!(fault["class"], "downstream");
    assert_eq!((&fault["code"], &fault["retryable"]), (&"rate_limited".into(), &true.into()));
    assert_eq!((&fault["stage"], &fault["operation"]), (&"run".into(), &"consult".into()));
    assert_eq!(fault["generation"], 1);
    assert_has(&fault, "detail job_id session_id hint");
    let text = client.text("consult", json!({ "prompt": "FAKE:exit1" }));
    assert!(text.starts_with("failure=process "), "{text}");
    let health = client.json("health_snapshot", json!({}));
    assert_eq!(health["last_fault"]["class"], "process");
}

#[test]
fn wrong_arguments_are_named_and_nothing_is_submitted() {
    let world = World::new();
    let mut client = Client::open(&world);
    let huge = "x".repeat(9_999_999);
    for (tool, arguments, quoted) in [
        ("consult", json!({}), "prompt is missing"),
        ("consult", json!({ "prompt": "  " }), "the prompt is empty"),
        ("consult", json!({ "prompt": huge }), "the prompt is larger than"),
        ("consult", json!({ "prompt": 5 }), "prompt must be a string, not 5"),
        (
            "consult",
            json!({ "prompt": "x", "max_turns": 0 }),
            "max_turns must be a whole number of 1 or more, not 0",
        ),
        ("consult", json!({ "prompt": "x", "max_turns": 1.5 }), "max_turns"),
        ("consult", json!({ "prompt": "x", "max_turns": 99_999_999_999_u64 }), "max_turns"),
        ("consult", json!({ "prompt": "x", "session_id": "mine" }), "\"mine\""),
        (
            "consult",
            json!({ "prompt": "x", "background": "yes" }),
            "background must be true or false",
        ),
        ("consult", json!({ "prompt": "x", "wait_seconds": -1 }), "wait_seconds"),
        ("consult", json!({ "prompt": "x", "dir": "/" }), "there is no argument `dir`"),
        ("consult", json!({ "prompt": "x", "cwd": "/nonexistent" }), "/nonexistent"),
        ("consult", json!({ "prompt": "x", "effort": "enormous" }), "enormous"),
        ("consult", json!({ "prompt": "x", "idempotency_key": "" }), "idempotency_key"),
        ("consult_job", json!({ "job_id": "not-a-uuid" }), "\"not-a-uuid\""),
        ("consult_job", json!({ "job_id": ["a"] }), "job_id must be a string"),
        ("consult_jobs", json!({ "limit": "ten" }), "limit"),
        ("consult_jobs", json!({ "status": ["done"] }), "\"done\""),
        ("consult_wait", json!({ "job_ids": [] }), "job_ids"),
        ("consult_wait", json!({ "job_ids": [7] }), "job_ids must be a list of strings"),
        ("consult_cancel", json!({}), "job_id is missing"),
        ("health_snapshot", json!({ "detail": "huge" }), "detail"),
    ] {
        let fault = client.fault(tool, arguments);
        let detail = fault["detail"].as_str().expect("text");
        assert!(detail.contains(quoted), "{tool}: {detail}");
        assert_eq!(fault["operation"], tool);
        let class = fault["class"].as_str().expect("text");
        assert!(["invalid_input", "configuration"].contains(&class), "{fault:#}");
    }
    let unread = client.call("health_snapshot", json!({ "render": "xml" }));
    assert_eq!(unread["isError"], true);
    assert!(world.events().is_empty());
}

#[test]
fn an_unknown_job_is_a_kind_of_its_own() {
    let world = World::new();
    let mut client = Client::open(&world);
    let unknown = "0b4e0a52-7f43-4f5e-9a2b-3c1d5e6f7a8b";
    for made in [false, true] {
        if made {
            let id = world.submit("something");
            world.finish(&id);
        }
        for (tool, arguments) in [
            ("consult_job", json!({ "job_id": unknown })),
            ("consult_wait", json!({ "job_ids": [unknown] })),
            ("consult_cancel", json!({ "job_id": unknown })),
        ] {
            let fault = client.fault(tool, arguments);
            assert_eq!(
                (&fault["class"], &fault["code"]),
                (&"not_found".into(), &"no_such_job".into())
            );
            assert!(fault["detail"].as_str().expect("text").contains(unknown));
        }
    }
}

#[test]
fn a_list_is_clamped_filtered_and_sorted_by_the_last_change() {
    let world = World::new();
    let mut client = Client::open(&world);
    let gate = world.path("gate");
    let first = world.submit(&format!("FAKE:mode=gate,gate={}", gate.display()));
    world.until_status(&first, "running");
    let second = world.submit("second");
    world.finish(&second);
    let order = |list: &Value| -> Vec<String> {
        let jobs = list["jobs"].as_array().expect("a list");
        jobs.iter().map(|job| job["job_id"].as_str().expect("an id").to_owned()).collect()
    };
    assert_eq!(order(&client.json("consult_jobs", json!({}))), [second.clone(), first.clone()]);
    std::fs::write(&gate, "").expect("opened");
    world.finish(&first);
    let all = client.json("consult_jobs", json!({ "limit": 1000, "detail": "full" }));
    assert_eq!(order(&all), [first.clone(), second.clone()]);
    assert_has(&all["jobs"][0], "request result failure runner_pid");
    let one = client.json("consult_jobs", json!({ "limit": 0 }));
    assert_eq!((order(&one), &one["truncated"]), (vec![first.clone()], &true.into()));
    for (limit, count) in [(json!(-5), 1), (json!(2.0), 2), (json!(1e30), 2)] {
        assert_eq!(client.json("consult_jobs", json!({ "limit": limit }))["count"], count);
    }
    let none = client.json("consult_jobs", json!({ "status": ["failed", "lost"] }));
    assert_eq!((&none["count"], &none["truncated"]), (&0.into(), &false.into()));
    assert_eq!(order(&client.json("consult_jobs", json!({ "status": "succeeded" }))).len(), 2);
}

#[test]
fn a_long_answer_comes_in_pages_that_add_up_to_it() {
    let world = World::new();
    let file = world.path("long");
    let whole = "Absatz mit Ümlaut und 漢字. \"Zitat\"\n".repeat(12_000);
    std::fs::write(&file, &whole).expect("written");
    let mut client = Client::open(&world);
    let prompt = format!("FAKE:mode=sayfile,path={}", file.display());
    let first = client.json("consult", json!({ "prompt": prompt }));
    let id = first["job_id"].clone();
    let mut text = first["response"].as_str().expect("text").to_owned();
    let mut next = first["response_next_offset"].clone();
    assert!(next.is_u64(), "{next}");
    while let Some(offset) = next.as_u64() {
        let page = client.json("consult_job", json!({ "job_id": id, "offset": offset }));
        assert!(page.to_string().len() < 100_000, "a page is small");
        text += page["result"]["response"].as_str().expect("text");
        next = page["response_next_offset"].clone();
    }
    assert_eq!(
        text,
        whole.trim_end_matches('\n').to_owned() + &text[whole.trim_end_matches('\n').len()..]
    );
    let few = client.json("consult_job", json!({ "job_id": id, "offset": 7, "max_chars": 3 }));
    assert_eq!(few["result"]["response"], "mit");
    let porcelain = client.text("consult_job", json!({ "job_id": id, "max_chars": 6 }));
    assert!(porcelain.contains("response:\nAbsatz\n[characters 0 to 6 of "), "{porcelain}");
    let full = client.json("consult_job", json!({ "job_id": id, "detail": "full" }));
    assert!(full.to_string().len() < 120_000);
    assert_has(&full["job"], "request result runner_pid session");
}

#[test]
fn a_key_makes_a_repeated_call_the_same_job() {
    let world = World::new();
    let mut client = Client::open(&world);
    let gate = world.path("gate");
    let prompt = format!("FAKE:mode=gate,gate={}", gate.display());
    let arguments =
        json!({ "prompt": prompt, "idempotency_key": "k 1", "wait_seconds": 0, "render": "json" });
    let ids: Vec<i64> = (0..8)
        .map(|_| client.begin("tools/call", json!({ "name": "consult", "arguments": arguments })))
        .collect();
    let jobs: Vec<Value> = ids
        .into_iter()
        .map(|id| client.answer(&json!(id))["result"]["structuredContent"]["job_id"].clone())
        .collect();
    assert!(jobs[0].is_string() && jobs.iter().all(|job| *job == jobs[0]), "{jobs:?}");
    let queued = world.events().iter().filter(|event| event["event"] == "queued").count();
    assert_eq!(queued, 1);
    std::fs::write(&gate, "").expect("opened");
    let answer = client.json("consult", json!({ "prompt": prompt, "idempotency_key": "k 1" }));
    assert_eq!((&answer["mode"], &answer["job_id"]), (&"sync".into(), &jobs[0]));
    let fault = client.fault("consult", json!({ "prompt": "another", "idempotency_key": "k 1" }));
    assert_eq!(fault["code"], "idempotency_key_reused");
    let other = client.json("consult", json!({ "prompt": "another", "idempotency_key": "k 2" }));
    assert_ne!(other["job_id"], jobs[0]);
}

#[test]
fn health_and_telemetry_tell_what_is_there() {
    let mut world = World::new();
    let mut client = Client::open(&world);
    client.json("consult", json!({ "prompt": "one" }));
    client.fault("consult_job", json!({ "job_id": "x" }));
    let health = client.json("health_snapshot", json!({ "detail": "full" }));
    assert_has(
        &health,
        "ready version generation uptime_ms rollout_pending state_directory claude jobs last_fault \
         problems binary sandbox pid",
    );
    assert_eq!((&health["ready"], &health["rollout_pending"]), (&true.into(), &false.into()));
    assert_eq!(health["jobs"], json!({ "queued": 0, "running": 0 }));
    let jail = &world.job("@last")["enforcement"];
    for layer in ["landlock_abi", "seccomp", "bwrap", "missing"] {
        assert_eq!(health["sandbox"][layer], jail[layer], "{layer}: what a job then has");
    }
    let telemetry = client.json("telemetry_snapshot", json!({ "detail": "full" }));
    let consult = &telemetry["server"]["methods"]["tools/call consult"];
    assert_eq!((&consult["requests"], &consult["successes"]), (&1.into(), &1.into()));
    assert_eq!(telemetry["server"]["methods"]["tools/call consult_job"]["errors"], 1);
    assert_eq!(telemetry["jobs"]["by_status"]["succeeded"], 1);
    assert_eq!(telemetry["cost_usd"], 0.01);

    world.set("PHONE_OPUS_CLAUDE_BIN", "/nonexistent/claude");
    world.set("PHONE_OPUS_TEST_WITHOUT", "landlock,bwrap");
    let mut client = Client::open(&world);
    let health = client.json("health_snapshot", json!({ "detail": "full" }));
    let sandbox = &health["sandbox"];
    assert_eq!((&sandbox["enforced"], &sandbox["landlock_abi"]), (&false.into(), &Value::Null));
    let missing = sandbox["missing"].to_string();
    assert!(missing.contains("Landlock") && missing.contains("bubblewrap"), "{missing}");
    assert_eq!((&health["ready"], &health["claude"]["found"]), (&false.into(), &false.into()));
    let problem = health["problems"][0].as_str().expect("told");
    assert!(problem.contains("/nonexistent/claude"), "{problem}");
    let fault = client.fault("consult", json!({ "prompt": "x" }));
    assert_eq!(fault["code"], "claude_missing");
}
