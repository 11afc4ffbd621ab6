//! The directory that a consult is about.

use std::path::Path;

use super::context::Context;
use crate::failure::{Exit, Failure};
use crate::world;

/// The directory to advise on. The state directory holds what other advisers must not see, and is closed
/// to all of them.
pub(super) fn to_advise_on(asked: Option<&Path>, context: &Context<'_>) -> Result<String, Failure> {
    let found = directory(asked)?;
    // One that is not there yet contains nothing.
    let state = context.state_root().ok().and_then(|root| world::canonical(&root).ok());
    if state.is_some_and(|state| Path::new(&found).starts_with(state)) {
        let message =
            format!("the directory {found} is in the state directory, which no adviser may read");
        return Err(Failure::new(Exit::Usage, "no_directory", message)
            .hinted("Copy what the question is about to another place, and give --cwd that."));
    }
    Ok(found)
}

/// A directory, absolute and without symbolic links, so that it has one name.
pub(super) fn directory(asked: Option<&Path>) -> Result<String, Failure> {
    let path = match asked {
        Some(path) => path.to_owned(),
        None => world::working_directory().map_err(|error| {
            Failure::new(Exit::Usage, "no_directory", "the working directory cannot be told")
                .caused_by(error)
                .hinted("It was probably deleted: change to another one, or give --cwd DIR.")
        })?,
    };
    let refuse = |message: String| Failure::new(Exit::Usage, "no_directory", message);
    let shown = path.display().to_string();
    let found = world::canonical(&path).map_err(|error| {
        refuse(format!("there is no directory {shown}"))
            .caused_by(error)
            .hinted("Give --cwd the directory that the question is about.")
    })?;
    if !world::is_directory(&found) {
        return Err(refuse(format!("{shown} is not a directory"))
            .hinted("Give --cwd the directory, and name the file in the question."));
    }
    world::may_enter(&found).map_err(|error| {
        refuse(format!("the directory {shown} cannot be read"))
            .caused_by(error)
            .hinted("Let this user read it, or give --cwd another directory.")
    })?;
    found.into_os_string().into_string().map_err(|_| {
        refuse(format!("the path {shown} is not UTF-8"))
            .hinted("The log is JSON and cannot hold such a path; rename the directory.")
    })
}
