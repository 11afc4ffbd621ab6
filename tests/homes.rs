//! An adviser with a shell finds its own conversation in Claude Code's home, and nobody else's; and a
//! conversation is found again wherever it lies.
#![cfg(debug_assertions)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::support::World;

/// What an adviser in this world says after a shell has run a script; and its job.
fn adviser(world: &mut World, script: &str, arguments: &[&str]) -> (String, Value) {
    world.set("FAKE_RECURSE", script);
    let job = world.json(&[&["consult", "--json", "FAKE:mode=recurse"], arguments].concat());
    let response = job["result"]["response"].as_str().expect("an answer");
    let said: Value = serde_json::from_str(response).expect("JSON");
    (said["out"].as_str().expect("text").to_owned(), job)
}

fn session(job: &Value) -> String {
    job["session"]["id"].as_str().expect("an id").to_owned()
}

/// A world in which layers are withheld, and whether a sandbox stands in it all the same.
fn world(layers: &str, credential: Option<(&str, &str)>) -> (World, bool) {
    let mut world = World::new();
    if let Some((name, value)) = credential {
        world.set(name, value);
    } else {
        world.command(["login"]).assert().success();
    }
    if !layers.is_empty() {
        world.set("PHONE_OPUS_TEST_WITHOUT", layers);
    }
    let plan = world.json(&["consult", "--dry-run", "--json", "hi"]);
    let stands = plan["sandbox"]["home"] == "own";
    (world, stands)
}

const KEY: Option<(&str, &str)> = Some(("ANTHROPIC_API_KEY", "sk-ant-fake"));

/// Writes a conversation as Claude Code would.
const WRITE: &str = "cd $CLAUDE_CONFIG_DIR && mkdir -p projects/p todos unheard-of && \
    echo SECRET | tee projects/p/talk.jsonl todos/1 unheard-of/1";

/// Looks for one wherever there may be one, and tries to change it.
fn pry(state: &Path) -> String {
    format!(
        "for f in $(find {state} -type f); do grep SECRET $f; echo changed >>$f; done; \
         ls {state} {state}/homes/*; cd $CLAUDE_CONFIG_DIR; cat */1 projects/p/talk.jsonl; \
         ls projects/p; echo tried",
        state = state.display()
    )
}

/// The files that [`WRITE`] has left, below any home.
fn left(state: &Path) -> Vec<PathBuf> {
    fn walk(at: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(at).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                walk(&entry.path(), found);
            } else if fs::read_to_string(entry.path()).is_ok_and(|text| text.contains("SECRET")) {
                found.push(entry.path());
            }
        }
    }
    let mut found = Vec::new();
    walk(&state.join("homes"), &mut found);
    walk(&state.join("claude"), &mut found);
    found
}

#[test]
fn a_conversation_is_seen_by_itself_alone() {
    for (layers, credential) in [("", KEY), ("bwrap", KEY), ("", None)] {
        let (mut world, stands) = world(layers, credential);
        if !stands {
            continue; // There is no shell, and no home but the user's.
        }
        let state = world.state();
        let (_, first) = adviser(&mut world, WRITE, &[]);
        if first["enforcement"]["bash"] == "none" {
            continue; // A login without bubblewrap.
        }
        let files = left(&state);
        assert_eq!(files.len(), 3, "{files:?}");
        let (said, job) = adviser(&mut world, &pry(&state), &[]);
        assert!(!said.contains("SECRET") && !said.contains("talk"), "{said} {job:#}");
        assert!(!said.contains(&session(&first)), "not even its id: {said}");
        assert!(said.ends_with("tried\n"), "{said}");
        for file in &files {
            assert_eq!(fs::read_to_string(file).expect("there"), "SECRET\n", "{file:?}");
        }
        let look = "cd $CLAUDE_CONFIG_DIR; cat projects/p/talk.jsonl todos/1";
        let (said, _) = adviser(&mut world, look, &["--session", &session(&first)]);
        assert_eq!(said, "SECRET\nSECRET\n", "it goes on with its own");
    }
}

#[test]
fn a_login_is_in_one_place_whoever_uses_it() {
    let (mut world, stands) = world("", None);
    let renew = "cd $CLAUDE_CONFIG_DIR && sed s/fake/renewed/ .credentials.json >new && \
                 mv new .credentials.json && mkdir .oauth.lock";
    let (_, job) = adviser(&mut world, renew, &[]);
    if !stands || job["enforcement"]["bash"] == "none" {
        return;
    }
    let home = world.state().join("claude");
    let login = fs::read_to_string(home.join(".credentials.json")).expect("there");
    assert!(login.contains("renewed-refresh-token"), "{login}");
    let (said, _) = adviser(&mut world, "cd $CLAUDE_CONFIG_DIR; cat .cred*; ls -d .*.lock", &[]);
    assert_eq!(said, format!("{login}.oauth.lock\n"), "locks are everybody's");
    let token = |path: PathBuf| fs::read_to_string(path).is_ok_and(|text| text.contains("refresh"));
    let homes = fs::read_dir(world.state().join("homes")).expect("there").flatten();
    assert!(!homes.into_iter().any(|home| token(home.path().join(".credentials.json"))));
}

/// Conversations once lay in one home; and with a login and without bubblewrap they still do.
#[test]
fn a_conversation_is_resumed_from_where_it_was_kept() {
    let (mut world, stands) = world("", KEY);
    if !stands {
        return;
    }
    let (_, first) = adviser(&mut world, "true", &[]);
    let id = session(&first);
    let old = world.state().join("claude/projects/p");
    fs::create_dir_all(old.join(&id)).expect("made");
    fs::write(old.join(format!("{id}.jsonl")), "talk").expect("written");
    fs::write(old.join(&id).join("result"), "kept").expect("written");
    fs::write(old.join("other.jsonl"), "other").expect("written");
    let look = format!("cd $CLAUDE_CONFIG_DIR/projects/p; cat {id}.jsonl {id}/result; ls");
    for layers in ["", "bwrap"] {
        world.set("PHONE_OPUS_TEST_WITHOUT", layers);
        let (said, _) = adviser(&mut world, &look, &["--session", &id]);
        assert_eq!(said, format!("talkkept{id}\n{id}.jsonl\n"));
    }
    assert_eq!(fs::read_dir(&old).expect("there").count(), 1, "the other one stays");
    world.command(["login"]).assert().success();
    world.set("ANTHROPIC_API_KEY", "");
    for layers in ["bwrap", "", "bwrap"] {
        world.set("PHONE_OPUS_TEST_WITHOUT", layers);
        let (said, job) = adviser(&mut world, &look, &["--session", &id]);
        assert!(said.starts_with("talkkept"), "without {layers:?}: {said} {job:#}");
        let alone = job["enforcement"]["bwrap"].is_string();
        assert_eq!(said.contains("other"), !alone, "{said}");
    }
}

/// Root passes a closed door, so the mode itself is looked at.
#[test]
fn a_home_that_an_adviser_closed_is_open_again_for_the_next_consult() {
    for credential in [KEY, None] {
        let (mut world, stands) = world("", credential);
        let (_, first) = adviser(&mut world, "true", &[]);
        if !stands || first["enforcement"]["bash"] == "none" {
            continue;
        }
        let close = "chmod 0 $CLAUDE_CONFIG_DIR/projects; chmod 0 $CLAUDE_CONFIG_DIR";
        let resume = ["--session", &session(&first)];
        adviser(&mut world, &format!("mkdir -p $CLAUDE_CONFIG_DIR/projects; {close}"), &resume);
        let look = "stat -c %a $CLAUDE_CONFIG_DIR $CLAUDE_CONFIG_DIR/projects";
        assert_eq!(adviser(&mut world, look, &resume).0, "700\n700\n", "{first:#}");
    }
}

/// What moves conversations stands outside of the jail, and an adviser may have written in both places.
#[test]
fn a_link_that_an_adviser_left_leads_nowhere() {
    let (mut world, stands) = world("", None);
    if !stands {
        return;
    }
    let outside = world.path("home/precious");
    fs::create_dir_all(outside.join("p")).expect("made");
    let (_, first) = adviser(&mut world, "true", &[]);
    let id = session(&first);
    let (login, own) = (world.state().join("claude"), world.state().join("homes").join(&id));
    let _ = fs::remove_dir_all(own.join("projects"));
    symlink(&outside, own.join("projects")).expect("linked");
    symlink(&outside, login.join("elsewhere")).expect("linked");
    fs::create_dir_all(login.join("projects/p")).expect("made");
    fs::write(login.join(format!("projects/p/{id}.jsonl")), "talk").expect("written");
    let script =
        "cd $CLAUDE_CONFIG_DIR; cat projects/p/*; echo x >projects/p/x; echo x >elsewhere/x";
    let (said, job) = adviser(&mut world, script, &["--session", &id]);
    assert_eq!(said, "talk", "{job:#}");
    assert_eq!(fs::read_dir(outside.join("p")).expect("there").count(), 0);
    assert_eq!(fs::read_dir(&outside).expect("there").count(), 1);
}
