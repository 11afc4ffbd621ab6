//! The skill is put where a client looks for it, and nobody's own text is lost by that.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use super::support::World;
use super::support::said::Said;

const CLAUDE: &str = "home/.claude/skills/phone-opus/SKILL.md";
const CODEX: &str = "home/.agents/skills/phone-opus/SKILL.md";

fn install(world: &World, arguments: &[&str]) -> Said {
    world.say(&[&["skill", "install"], arguments].concat())
}

fn text(world: &World, name: &str) -> String {
    fs::read_to_string(world.path(name)).expect("text")
}

#[test]
fn each_client_gets_the_skill_where_it_looks_and_it_begins_as_skills_do() {
    let mut world = World::new();
    let shown = world.say(&["skill", "show"]).stdout;
    for (client, place) in [("claude", CLAUDE), ("codex", CODEX)] {
        let said = install(&world, &[client]);
        assert_eq!(said.stdout, format!("Installed ROOT/{place}.\n"));
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
        let installed = text(&world, place);
        assert!(installed.starts_with("---\nname: phone-opus\ndescription: "), "{installed}");
        assert!(installed.starts_with(&shown), "it is the skill, and a line more");
    }
    let elsewhere = world.path("elsewhere").display().to_string();
    world.set("CLAUDE_CONFIG_DIR", &elsewhere);
    let said = install(&world, &["claude"]);
    assert_eq!(said.stdout, "Installed ROOT/elsewhere/skills/phone-opus/SKILL.md.\n");
}

#[test]
fn a_second_time_there_is_nothing_to_do_and_an_older_copy_is_brought_up_to_date() {
    let world = World::new();
    install(&world, &["claude"]);
    let current = text(&world, CLAUDE);
    assert_eq!(install(&world, &["claude"]).stdout, format!("ROOT/{CLAUDE} is up to date.\n"));
    let version = format!("phone-opus {} (", env!("CARGO_PKG_VERSION"));
    fs::write(world.path(CLAUDE), current.replace(&version, "phone-opus 0.0.9 ("))
        .expect("written");
    let said = install(&world, &["claude", "--dry-run"]);
    assert_eq!(
        said.stdout,
        format!("Would be done: Updated ROOT/{CLAUDE}. Nothing was changed.\n")
    );
    assert_ne!(text(&world, CLAUDE), current);
    assert_eq!(install(&world, &["claude"]).stdout, format!("Updated ROOT/{CLAUDE}.\n"));
    assert_eq!(text(&world, CLAUDE), current);
}

#[test]
fn a_rehearsal_changes_nothing() {
    let world = World::new();
    let before = world.files();
    let said = install(&world, &["codex", "--dry-run"]);
    assert_eq!(
        said.stdout,
        format!("Would be done: Installed ROOT/{CODEX}. Nothing was changed.\n")
    );
    assert_eq!((said.code, world.files()), (Some(0), before));
}

#[test]
fn an_edited_copy_is_left_alone_unless_force_is_given_and_kept_then() {
    let world = World::new();
    install(&world, &["claude"]);
    for (edit, kept) in [("My own words.\n", "bak"), ("My other words.\n", "bak2")] {
        fs::write(world.path(CLAUDE), edit).expect("written");
        let said = install(&world, &["claude"]);
        assert_eq!(
            said.stderr,
            format!(
                "error: ROOT/{CLAUDE} was edited, and is left as it is\nhint: --force replaces it and \
                 keeps the edited copy; `phone-opus skill show` prints the new one.\n"
            )
        );
        assert_eq!((said.code, text(&world, CLAUDE).as_str()), (Some(2), edit));
        let said = install(&world, &["claude", "--force"]);
        assert_eq!(said.stdout, format!("Replaced ROOT/{CLAUDE}.\n"));
        assert_eq!(said.stderr, format!("The edited copy is kept as ROOT/{CLAUDE}.{kept}.\n"));
        assert_eq!(text(&world, &format!("{CLAUDE}.{kept}")), edit);
        assert!(text(&world, CLAUDE).starts_with("---\nname: phone-opus\n"));
    }
}

#[test]
fn what_somebody_has_linked_there_is_not_touched() {
    let world = World::new();
    fs::create_dir_all(world.path("home/.claude/skills")).expect("made");
    fs::create_dir_all(world.path("store")).expect("made");
    fs::write(world.path("store/SKILL.md"), "from a store\n").expect("written");
    symlink(world.path("store"), world.path("home/.claude/skills/phone-opus")).expect("linked");
    for arguments in [&["claude"][..], &["claude", "--force"]] {
        let said = install(&world, arguments);
        assert_eq!(said.code, Some(2), "{said:#?}");
        assert!(said.stderr.contains("is a symbolic link, or its directory is"), "{said:#?}");
        assert_eq!(text(&world, "store/SKILL.md"), "from a store\n");
    }
}

#[test]
fn a_directory_that_is_kept_elsewhere_is_followed() {
    for (link, at) in [(".claude", "skills/phone-opus"), (".claude/skills", "phone-opus")] {
        let world = World::new();
        fs::create_dir_all(world.path("home/.claude")).expect("made");
        fs::create_dir_all(world.path("dotfiles")).expect("made");
        if link == ".claude" {
            fs::remove_dir(world.path("home/.claude")).expect("removed");
        }
        symlink(world.path("dotfiles"), world.path(&format!("home/{link}"))).expect("linked");
        assert_eq!(install(&world, &["claude"]).stdout, format!("Installed ROOT/{CLAUDE}.\n"));
        let kept = format!("dotfiles/{at}/SKILL.md");
        assert!(text(&world, &kept).starts_with("---\nname: phone-opus\n"));
        assert!(world.path(&format!("home/{link}")).is_symlink(), "the link is still one");
        fs::write(world.path(&kept), "My own words.\n").expect("written");
        assert_eq!(install(&world, &["claude"]).code, Some(2));
        assert_eq!(text(&world, &kept), "My own words.\n");
    }
}

#[test]
fn nothing_is_written_through_a_link_to_no_directory_of_the_users() {
    let world = World::new();
    fs::create_dir_all(world.path("home/.claude")).expect("made");
    fs::create_dir(world.path("store")).expect("made");
    fs::set_permissions(world.path("store"), Permissions::from_mode(0o555)).expect("closed");
    fs::write(world.path("file"), "").expect("written");
    for target in [world.path("gone"), world.path("store"), world.path("file"), "/proc".into()] {
        let link = world.path("home/.claude/skills");
        symlink(&target, &link).expect("linked");
        let before = world.files();
        let said = install(&world, &["claude", "--force"]);
        assert_eq!(
            said.stderr,
            format!(
                "error: ROOT/{CLAUDE} is below a symbolic link to no directory of yours\n\
                 hint: Make the link lead to a directory that you may write, or remove it.\n"
            ),
            "{}",
            target.display()
        );
        assert_eq!((said.code, world.files()), (Some(2), before));
        fs::remove_file(link).expect("removed");
    }
}

#[test]
fn a_place_that_cannot_be_written_is_told() {
    let world = World::new();
    fs::write(world.path("home/.claude"), "a file\n").expect("written");
    let said = install(&world, &["claude"]);
    assert_eq!(
        said.stderr,
        format!(
            "error: cannot install ROOT/{CLAUDE}: Not a directory\nhint: Look at the permissions \
             there; nothing was half written.\n"
        )
    );
    assert_eq!(said.code, Some(74));
}
