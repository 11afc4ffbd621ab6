//! The one repair there is: a torn last line gets the newline that seals it off. Nothing that is in
//! the log is changed.

use std::time::Duration;

use super::error::Error;
use super::layer::{Disk, Layer};
use super::lock::exclusively;
use super::place::State;
use super::write::{open_log, write};

/// Seals off a torn last line, durably, as the next writer would. Returns where it begins, and `None`
/// where the last line is whole. `limit` bounds the wait for the lock.
pub(crate) fn seal_torn_end(state: &State, limit: Duration) -> Result<Option<u64>, Error> {
    if !super::private::exists(&state.events())? {
        return Ok(None);
    }
    let sealed = exclusively(state, limit, || {
        let log = open_log(&mut Disk, state)?;
        if !log.is_torn() {
            return Ok(None);
        }
        write(&mut Disk, &log, b"")?;
        Ok(Some(log))
    })?;
    let Some(log) = sealed else { return Ok(None) };
    Disk.sync(&log.file).map_err(|source| Error::NotDurable { path: state.events(), source })?;
    Ok(Some(log.end()))
}
