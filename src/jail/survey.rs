//! A look at the places that a policy speaks of: which are there, where their links lead, and which
//! dot names a home has.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::policy::{Access, Mark, Policy};
use super::secrets;

/// What a jail is to be built around. Paths are absolute; those that are not there are passed over.
pub(crate) struct Places<'a> {
    pub(crate) home: Option<&'a Path>,
    /// The directory that is advised on.
    pub(crate) cwd: &'a Path,
    /// Closed, whatever else is said of it, but for what is `writable`.
    pub(crate) state: &'a Path,
    /// Files and directories that the program needs to start and to log in, as seen from `cwd`.
    pub(crate) needed: &'a [PathBuf],
    /// What it may write.
    pub(crate) writable: &'a [PathBuf],
    /// Variables of the environment, of which some name a secret's place.
    pub(crate) variables: &'a [(String, String)],
    /// Off where a program of the user's fetches a key, and may need any of them for it.
    pub(crate) closes_secrets: bool,
}

/// The policy for these places, without any layer.
pub(crate) fn policy(places: &Places<'_>) -> Policy {
    let mut marks = Marks::default();
    marks.all(Access::Hidden, secrets::OF_HOST.iter().map(PathBuf::from));
    marks.all(Access::Readable, secrets::OPEN_IN_HOST.iter().map(PathBuf::from));
    marks.all(Access::Writable, secrets::DEVICES.iter().map(PathBuf::from));
    let home = places.home.and_then(real);
    if let Some(home) = &home {
        marks.0.push(Mark::new(home, Access::Readable));
    }
    if places.closes_secrets {
        marks.secrets(home.as_deref(), places);
    }
    marks.all(Access::Readable, places.needed.iter().map(|path| places.cwd.join(path)));
    marks.all(Access::Readable, [places.cwd.to_owned()]);
    // Last, because these count whatever was said before.
    if let Some(state) = real(places.state) {
        marks.0.retain(|mark| !mark.path.starts_with(&state));
        marks.0.push(Mark::new(state, Access::Hidden));
    }
    marks.all(Access::Writable, places.writable.iter().cloned());
    let mut policy = Policy::new(marks.0);
    policy.cwd = real(places.cwd);
    policy
}

/// Marks in the order of their weight.
#[derive(Default)]
struct Marks(Vec<Mark>);

impl Marks {
    fn all(&mut self, access: Access, paths: impl IntoIterator<Item = PathBuf>) {
        let there = paths.into_iter().filter_map(|path| real(&path));
        self.0.extend(there.map(|path| Mark::new(path, access)));
    }

    fn secrets(&mut self, home: Option<&Path>, places: &Places<'_>) {
        if let Some(home) = home {
            self.of_home(home);
        }
        self.all(Access::Hidden, named_by(places));
        let tickets = secrets::BY_THEIR_NAMES.iter();
        self.all(
            Access::Hidden,
            tickets.flat_map(|(at, start)| starting_with(Path::new(at), start)),
        );
        self.spare(home);
    }

    fn of_home(&mut self, home: &Path) {
        // A dot name that is a link is closed by what its target is, not by being linked to.
        let dotted = starting_with(home, ".").filter(|path| !path.is_symlink());
        self.all(Access::Hidden, dotted);
        self.all(Access::Readable, secrets::OPEN_IN_HOME.iter().map(|name| home.join(name)));
        self.all(Access::Hidden, secrets::OF_HOME.iter().map(|name| home.join(name)));
    }

    /// A secret's place that contains the whole home was named by mistake, or is a link to half the
    /// disk: it is not closed. The places of the host are.
    fn spare(&mut self, home: Option<&Path>) {
        let Some(home) = home else { return };
        self.0.retain(|mark| {
            let is_of_host = secrets::OF_HOST.iter().any(|path| Path::new(path) == mark.path);
            mark.access != Access::Hidden || is_of_host || !home.starts_with(&mark.path)
        });
    }
}

/// What the variables name, as a program would find it that is started in the consulted directory.
/// Kerberos puts a word before its path (`FILE:/tmp/x`): there only what is absolute is one.
fn named_by(places: &Places<'_>) -> Vec<PathBuf> {
    let named =
        places.variables.iter().filter(|(name, _)| secrets::NAMED_BY.contains(&name.as_str()));
    named
        .flat_map(|(name, value)| value.split(':').map(move |path| (name, path)))
        .filter(|(name, path)| {
            !path.is_empty() && !name.starts_with("KRB5") || path.starts_with('/')
        })
        .map(|(_, path)| places.cwd.join(path))
        .collect()
}

/// What is in a directory under a name that starts so; the rest of the name need not be text.
fn starting_with(directory: &Path, start: &str) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let starts =
        move |entry: &fs::DirEntry| entry.file_name().as_bytes().starts_with(start.as_bytes());
    entries.filter(starts).map(|entry| entry.path())
}

/// The path with its links resolved, where there is one that this user can see.
fn real(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn names_that_are_no_text_are_seen() {
        let directory = tempfile::tempdir().expect("made");
        for name in [&b".caf\xe9"[..], b"krb5cc_\xff", b"krb5", b"plain"] {
            fs::write(directory.path().join(OsStr::from_bytes(name)), "").expect("written");
        }
        let found = |start| {
            let found = starting_with(directory.path(), start);
            found.map(|path| path.file_name().expect("a name").as_bytes().to_vec()).collect()
        };
        let (dotted, tickets): (Vec<_>, Vec<_>) = (found("."), found("krb5cc_"));
        assert_eq!((dotted, tickets), (vec![b".caf\xe9".to_vec()], vec![b"krb5cc_\xff".to_vec()]));
    }
}
