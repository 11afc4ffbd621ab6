//! `claude auth login` for the home that advisers with a login share.
//!
//! What an adviser with a shell may have left in that home must not work outside of the jail: a hook in
//! a settings file would run, and a link would be written through. So all of it goes before a login but
//! for the conversations, which a login does not read.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::error::{At, Error};
use super::removal::{remove_tree, restore_modes};
use super::{account, homes};
use crate::consult::claude::credentials::logged_out;
use crate::consult::claude::env::is_foreign;
use crate::journal::place::{State, make_private};

/// What stays in the home.
const CONVERSATIONS: &str = "projects";

/// Runs Claude Code's own login, on our terminal. Returns whether somebody is logged in afterwards.
pub(crate) fn login(
    state: &State,
    program: &Path,
    arguments: &[String],
    environment: &[(String, String)],
) -> Result<bool, Error> {
    let home = homes::of_login(state.root());
    restore_modes(&home, 1);
    make_private(&home)?;
    clear(&home)?;
    let mut command = Command::new(program);
    command.args(["auth", "login"]).args(arguments).current_dir(&home);
    for (name, _) in environment {
        if is_foreign(name) || logged_out(name) {
            command.env_remove(name);
        }
    }
    command.env("CLAUDE_CONFIG_DIR", &home).env("DISABLE_AUTOUPDATER", "1");
    let ended = command.status();
    let doing = "run Claude Code's login";
    ended.map_err(|source| Error::Process { doing, source })?;
    Ok(account::has_login(&home))
}

fn clear(home: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(home).at("read", home)?.flatten() {
        let path = entry.path();
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_directory && entry.file_name() == CONVERSATIONS {
            continue;
        }
        let removed = if is_directory { remove_tree(&path) } else { fs::remove_file(&path) };
        removed.at("remove", &path)?;
    }
    Ok(())
}
