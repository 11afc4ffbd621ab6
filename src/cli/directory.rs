//! The directory that a consult is about.

use std::path::Path;

use crate::failure::{Exit, Failure};
use crate::world;

/// The directory to advise on, absolute and without symbolic links, so that it has one name.
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
