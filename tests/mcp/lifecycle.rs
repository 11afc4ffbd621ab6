//! The server's own life: how it ends, what it leaves, and how it becomes its next version.

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::{Value, json};

use crate::support::mcp::{Client, copy_of_program, meta, until_unread};
use crate::support::{World, until};

fn gated(world: &World) -> (std::path::PathBuf, String) {
    let gate = world.path("gate");
    (gate.clone(), format!("FAKE:mode=gate,gate={}", gate.display()))
}

fn begin_consult(client: &mut Client, world: &World, prompt: &str) -> String {
    client.begin("tools/call", json!({ "name": "consult", "arguments": { "prompt": prompt } }));
    let id = until("a job is queued", || Some(world.events().first()?["job"].as_str()?.to_owned()));
    world.until_status(&id, "running");
    id
}

#[test]
fn the_end_of_input_and_signals_end_the_server_and_never_a_job() {
    for how in ["EOF", "INT", "TERM", "HUP"] {
        let world = World::new();
        let (gate, prompt) = gated(&world);
        let mut client = Client::open(&world);
        let id = begin_consult(&mut client, &world, &prompt);
        match how {
            "EOF" => client.hang_up(),
            signal => client.signal(signal),
        }
        assert_eq!(client.end(), Some(0), "{how}");
        let handed_back = client.rest();
        assert!(handed_back[0].to_string().contains(&id), "{how}: {handed_back:#?}");
        assert_eq!(world.job(&id)["status"], "running", "{how}");
        fs::write(gate, "").expect("opened");
        assert_eq!(world.finish(&id)["status"], "succeeded", "{how}");
    }
}

#[test]
fn what_was_asked_before_the_end_of_input_is_answered() {
    let world = World::new();
    let mut client = Client::silent(&world);
    client.initialize("test");
    let ids: Vec<i64> =
        (0..200).map(|_| client.begin("tools/call", json!({ "name": "consult_jobs" }))).collect();
    client.send_bytes(br#"{"jsonrpc":"2.0","id":"last","method":"ping"}"#);
    client.hang_up();
    for id in ids {
        assert_eq!(client.answer(&json!(id))["result"]["isError"], false);
    }
    assert_eq!(client.answer(&json!("last"))["result"], json!({}));
    assert_eq!(client.end(), Some(0));
}

#[test]
fn a_client_that_neither_reads_nor_goes_cannot_keep_the_server() {
    let world = World::new();
    let (mut stdin, mut child) = {
        let mut command = world.raw(["mcp", "serve"]);
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = command.spawn().expect("started");
        (child.stdin.take().expect("piped"), child)
    };
    let input = stdin.as_fd().try_clone_to_owned().expect("copied");
    let flood = std::thread::spawn(move || {
        use std::io::Write;
        let line = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n".repeat(1000);
        while stdin.write_all(&line).is_ok() {}
    });
    until_unread(child.id(), &input);
    drop(input);
    crate::support::kill(child.id(), "TERM");
    assert_eq!(crate::support::exit_code(&mut child), Some(0));
    flood.join().expect("the flood ends");
}

#[test]
fn a_killed_server_leaves_a_job_that_the_next_one_and_the_shell_find() {
    let world = World::new();
    let (gate, prompt) = gated(&world);
    let mut client = Client::open(&world);
    let id = begin_consult(&mut client, &world, &prompt);
    client.signal("KILL");
    assert_eq!(client.end(), None);
    assert_eq!(world.job(&id)["status"], "running");
    let mut next = Client::open(&world);
    assert_eq!(next.json("consult_job", json!({ "job_id": id }))["status"], "running");
    fs::write(gate, "").expect("opened");
    let waited = next.json("consult_wait", json!({ "job_ids": [id] }));
    assert_eq!(waited["jobs"][0]["result"]["response"], "fake answer: 42");
    assert_eq!(next.json("consult_jobs", json!({}))["jobs"][0]["job_id"], id);
    assert_eq!(world.job(&id)["status"], "succeeded");
}

#[test]
fn a_killed_session_is_resumed_by_its_id() {
    let world = World::new();
    let mut client = Client::open(&world);
    let id = begin_consult(&mut client, &world, "FAKE:hang");
    let session = client.json("consult_job", json!({ "job_id": id, "detail": "full" }));
    let session = session["job"]["session"]["id"].clone();
    client.json("consult_cancel", json!({ "job_id": id }));
    client.signal("KILL");
    client.end();
    let mut next = Client::open(&world);
    let resumed = next.json("consult", json!({ "prompt": "go on", "session_id": session }));
    assert_eq!((&resumed["session_mode"], &resumed["session_id"]), (&"resumed".into(), &session));
}

/// Waits until a process executes the file that stands at a path now. The server is not asked: it
/// becomes another program only while it is idle.
fn until_executed(pid: u32, path: &std::path::Path) {
    until("the new program has taken over", || {
        let exe = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
        (exe == path).then_some(())
    });
}

/// The generation, and whether another program waits to take over.
fn generation(client: &mut Client, modern: bool) -> (u64, Value) {
    let mut params = json!({ "name": "health_snapshot", "arguments": { "render": "json" } });
    if modern {
        params["_meta"] = meta(json!({}));
    }
    let answer = client.request("tools/call", params);
    let health = &answer["result"]["structuredContent"];
    (health["generation"].as_u64().expect("a number"), health.clone())
}

#[test]
fn a_replaced_program_takes_over_in_the_middle_of_a_session() {
    for modern in [false, true] {
        let world = World::new();
        let (old, new, link) = (world.path("old"), world.path("new"), world.path("phone-opus"));
        copy_of_program(&old);
        symlink(&old, &link).expect("linked");
        let mut client = Client::silent_as(&world, &link);
        if !modern {
            client.initialize("test");
        }
        assert_eq!(generation(&mut client, modern).0, 1);
        let pid = client.pid();
        // A profile changes the link and not the file.
        copy_of_program(&new);
        fs::remove_file(&link).expect("removed");
        symlink(&new, &link).expect("linked");
        // Half a request stands in the old program's memory when it goes.
        let its_meta =
            if modern { format!(",\"_meta\":{}", meta(json!({}))) } else { String::new() };
        let request = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":\"half\",\"method\":\"tools/call\",\"params\":{{\"name\":\"consult_jobs\"{its_meta}}}}}\n"
        );
        let (first, second) = request.split_at(40);
        client.send_bytes(first.as_bytes());
        until("the new program has taken over", || {
            let exe = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
            (exe == new).then_some(())
        });
        client.send_bytes(second.as_bytes());
        assert_eq!(client.answer(&json!("half"))["result"]["isError"], false);
        let (generation, health) = generation(&mut client, modern);
        assert_eq!((generation, client.pid()), (2, pid));
        assert_eq!(health["rollout_pending"], false);
        let mut params = json!({ "name": "telemetry_snapshot", "arguments": { "render": "json", "detail": "full" } });
        if modern {
            params["_meta"] = meta(json!({}));
        }
        let telemetry = client.request("tools/call", params);
        let methods = &telemetry["result"]["structuredContent"]["server"]["methods"];
        assert_eq!(methods["tools/call health_snapshot"]["requests"], 2, "{methods:#}");
        if !modern {
            let again = client.request(
                "initialize",
                json!({
                    "protocolVersion": "2025-11-25", "capabilities": {},
                    "clientInfo": { "name": "test", "version": "1" },
                }),
            );
            assert_eq!(again["error"]["code"], -32600);
        }
        client.hang_up();
        assert_eq!(client.end(), Some(0));
    }
}

#[test]
fn a_replaced_program_waits_until_nothing_is_in_flight() {
    let world = World::new();
    let (gate, prompt) = gated(&world);
    let (path, beside) = (world.path("phone-opus"), world.path("beside"));
    copy_of_program(&path);
    let mut client = Client::silent_as(&world, &path);
    client.initialize("test");
    let id = begin_consult(&mut client, &world, &prompt);
    copy_of_program(&beside);
    fs::rename(&beside, &path).expect("replaced");
    let (number, health) = generation(&mut client, false);
    assert_eq!((number, &health["rollout_pending"]), (1, &true.into()));
    fs::write(gate, "").expect("opened");
    let answer = client.find(|message| message.to_string().contains("fake answer: 42"));
    assert!(answer.to_string().contains(&id));
    until_executed(client.pid(), &path);
    assert_eq!(generation(&mut client, false).0, 2);
    assert_eq!(client.json("consult_job", json!({ "job_id": id }))["status"], "succeeded");
}

#[test]
fn a_program_that_cannot_take_over_is_left_alone_until_a_good_one_is_there() {
    let world = World::new();
    let (path, beside) = (world.path("phone-opus"), world.path("beside"));
    copy_of_program(&path);
    let mut client = Client::silent_as(&world, &path);
    client.initialize("test");
    // It runs, but does not know what it would be handed.
    for script in ["no program", "#!/bin/sh\n[ \"$1\" = --version ]\n"] {
        fs::write(&beside, script).expect("written");
        fs::set_permissions(&beside, fs::Permissions::from_mode(0o755)).expect("set");
        fs::rename(&beside, &path).expect("replaced");
        let reason = until("the new file was tried", || {
            // A server that is asked all the time is never idle, and tries nothing.
            std::thread::sleep(std::time::Duration::from_millis(300));
            let (number, health) = generation(&mut client, false);
            assert_eq!((number, &health["rollout_pending"]), (1, &true.into()));
            let fault = &health["last_fault"];
            let expected =
                if script.starts_with('#') { "it ended with" } else { "cannot take over" };
            let detail = fault["detail"].as_str().filter(|detail| detail.contains(expected))?;
            Some((fault["code"].clone(), detail.to_owned()))
        });
        assert_eq!(reason.0, "rollout_refused", "{}", reason.1);
    }
    copy_of_program(&beside);
    fs::rename(&beside, &path).expect("replaced");
    until_executed(client.pid(), &path);
    assert_eq!(generation(&mut client, false).0, 2);
}
