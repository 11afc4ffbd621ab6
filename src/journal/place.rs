//! The state directory: where everything lies, and the checks that it passes before it is used.
//!
//! What leads to the directory is the user's business, links included. The directory itself and all
//! below it is ours: owned by us, 0700 and 0600, and no symbolic link is followed. It is checked
//! from the top, parent first, because making directories below an unchecked link would write into
//! its target.

use std::path::{Path, PathBuf};

use super::error::Error;
use super::medium;
use super::private::{
    check_owner, exists, make_directory, make_new_directory, missing_directories, open_directory,
    refuse_symlink, take_root, tighten,
};
use crate::job::id::JobId;

pub(crate) use super::private::{make_private, open_private, sync_directory};

/// A state directory that passed its checks.
#[derive(Debug, Clone)]
pub(crate) struct State {
    root: PathBuf,
}

impl State {
    /// Makes the directory where it is missing. One that exists is tightened to 0700 if it is ours.
    pub(crate) fn create(root: &Path, allow_network_fs: bool) -> Result<Self, Error> {
        let state = Self::at(root)?;
        let missing = missing_directories(&state.root)?;
        let existing = missing.last().map_or(Some(&*state.root), |path| path.parent());
        if let Some(existing) = existing.filter(|_| !allow_network_fs) {
            medium::check(existing)?;
        }
        for directory in missing.iter().rev() {
            make_directory(directory)?;
        }
        take_root(&state.root)?;
        for directory in [state.jobs_dir(), state.sessions_dir(), state.slots_dir()] {
            if !exists(&directory)? {
                make_directory(&directory)?;
            }
            tighten(&directory, &open_directory(&directory)?)?;
        }
        Ok(state)
    }

    /// For readers: makes and changes nothing. `None` where there is no state directory.
    pub(crate) fn existing(root: &Path, allow_network_fs: bool) -> Result<Option<Self>, Error> {
        let state = Self::at(root)?;
        refuse_symlink(&state.root)?;
        if !exists(&state.root)? {
            return Ok(None);
        }
        check_owner(&state.root, &open_directory(&state.root)?)?;
        if !allow_network_fs {
            medium::check(&state.root)?;
        }
        for directory in [state.jobs_dir(), state.sessions_dir(), state.slots_dir()] {
            refuse_symlink(&directory)?;
        }
        Ok(Some(state))
    }

    /// Collecting the components drops a trailing slash, which would follow a link.
    fn at(root: &Path) -> Result<Self, Error> {
        if !root.is_absolute() {
            return Err(Error::NotAbsolute { path: root.to_owned() });
        }
        Ok(Self { root: root.components().collect() })
    }

    /// Makes a job's directory, which must be new, and its directory for temporary files.
    pub(crate) fn create_job_dir(&self, job: JobId) -> Result<(), Error> {
        for directory in [self.job_dir(job), self.tmp(job)] {
            make_new_directory(&directory)?;
        }
        Ok(())
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn events(&self) -> PathBuf {
        self.root.join("events.jsonl")
    }

    pub(crate) fn events_lock(&self) -> PathBuf {
        self.root.join("events.lock")
    }

    pub(crate) fn index(&self) -> PathBuf {
        self.root.join("events.index")
    }

    /// The next index, while it is written.
    pub(super) fn new_index(&self) -> PathBuf {
        self.root.join("events.index.new")
    }

    /// The next log, while prune writes it.
    pub(crate) fn new_events(&self) -> PathBuf {
        self.root.join("events.jsonl.new")
    }

    /// What is known of Claude Code's programs; disposable.
    pub(crate) fn probe(&self) -> PathBuf {
        self.root.join("probe.json")
    }

    pub(crate) fn jobs_dir(&self) -> PathBuf {
        self.root.join("jobs")
    }

    pub(crate) fn sessions_dir(&self) -> PathBuf {
        self.root.join("sessions")
    }

    pub(crate) fn slots_dir(&self) -> PathBuf {
        self.root.join("slots")
    }

    pub(crate) fn job_dir(&self, job: JobId) -> PathBuf {
        self.jobs_dir().join(job.to_string())
    }

    pub(crate) fn lock(&self, job: JobId) -> PathBuf {
        self.job_dir(job).join("lock")
    }

    pub(crate) fn prompt(&self, job: JobId) -> PathBuf {
        self.job_dir(job).join("prompt")
    }

    pub(crate) fn tmp(&self, job: JobId) -> PathBuf {
        self.job_dir(job).join("tmp")
    }

    /// What the adviser may read and write, for the one who applies it.
    pub(crate) fn jail(&self, job: JobId) -> PathBuf {
        self.job_dir(job).join("jail.json")
    }

    pub(crate) fn transcript(&self, job: JobId) -> PathBuf {
        self.job_dir(job).join("transcript.jsonl")
    }

    pub(crate) fn outcome(&self, job: JobId) -> PathBuf {
        self.job_dir(job).join("outcome")
    }

    pub(crate) fn stderr_log(&self, job: JobId) -> PathBuf {
        self.job_dir(job).join("stderr.log")
    }

    pub(crate) fn session_lock(&self, session: &str) -> PathBuf {
        self.sessions_dir().join(session_name(session) + ".lock")
    }
}

/// A session id comes from the user: what is not a letter, a digit, `-` or `_` is escaped, so that it
/// names a file in its directory and nothing else.
pub(crate) fn session_name(session: &str) -> String {
    let mut name = String::with_capacity(session.len() + ".lock".len());
    for byte in session.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(byte.into()),
            _ => name.extend(format!("%{byte:02x}").chars()),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("metadata").mode() & 0o7777
    }

    fn is_untouched(directory: &Path) -> bool {
        fs::read_dir(directory).expect("reads").next().is_none()
    }

    #[test]
    fn all_is_made_private_and_missing_parents_too() {
        let home = tempfile::tempdir().expect("tempdir");
        let state = State::create(&home.path().join("a/b/state"), true).expect("creates");
        for directory in [
            home.path().join("a"),
            state.root().to_owned(),
            state.jobs_dir(),
            state.sessions_dir(),
            state.slots_dir(),
        ] {
            assert_eq!(mode(&directory), 0o700, "{}", directory.display());
        }
        let job = JobId::new(uuid::Uuid::nil());
        state.create_job_dir(job).expect("creates");
        let file = state.lock(job);
        open_private(&file, OpenOptions::new().write(true).create_new(true)).expect("opens");
        assert_eq!((mode(&state.tmp(job)), mode(&file)), (0o700, 0o600));
        assert!(state.create_job_dir(job).is_err(), "a job's directory must be new");
    }

    #[test]
    fn a_reader_makes_nothing() {
        let home = tempfile::tempdir().expect("tempdir");
        let root = home.path().join("state");
        assert!(State::existing(&root, true).expect("checks").is_none());
        assert!(is_untouched(home.path()));
    }

    #[test]
    fn a_symlinked_root_is_refused_and_nothing_is_made_in_its_target() {
        let home = tempfile::tempdir().expect("tempdir");
        let (target, root) = (home.path().join("target"), home.path().join("state"));
        fs::create_dir(&target).expect("mkdir");
        symlink(&target, &root).expect("symlink");
        for named in [root.clone(), PathBuf::from(format!("{}/", root.display()))] {
            let error = State::create(&named, true).expect_err("refuses");
            assert!(matches!(&error, Error::Symlink { path } if *path == root), "{error}");
            let error = State::existing(&named, true).expect_err("refuses");
            assert!(matches!(&error, Error::Symlink { path } if *path == root), "{error}");
        }
        assert!(is_untouched(&target));
    }

    #[test]
    fn a_dangling_root_is_refused_and_its_target_not_made() {
        let home = tempfile::tempdir().expect("tempdir");
        let (target, root) = (home.path().join("target"), home.path().join("state"));
        symlink(&target, &root).expect("symlink");
        assert!(matches!(State::create(&root, true), Err(Error::Symlink { .. })));
        assert!(matches!(State::existing(&root, true), Err(Error::Symlink { .. })));
        assert!(!target.exists());
    }

    #[test]
    fn a_link_above_the_root_is_the_users_business() {
        let home = tempfile::tempdir().expect("tempdir");
        let (target, link) = (home.path().join("target"), home.path().join("link"));
        fs::create_dir(&target).expect("mkdir");
        symlink(&target, &link).expect("symlink");
        State::create(&link.join("state"), true).expect("creates");
        assert!(target.join("state/jobs").is_dir());
    }

    #[test]
    fn links_below_the_root_are_refused() {
        let home = tempfile::tempdir().expect("tempdir");
        let (target, root) = (home.path().join("target"), home.path().join("state"));
        fs::create_dir(&target).expect("mkdir");
        fs::create_dir(&root).expect("mkdir");
        symlink(&target, root.join("jobs")).expect("symlink");
        fs::set_permissions(&root, fs::Permissions::from_mode(0o700)).expect("chmod");
        assert!(matches!(State::create(&root, true), Err(Error::Symlink { .. })));
        assert!(matches!(State::existing(&root, true), Err(Error::Symlink { .. })));
        let below = root.join("jobs/file");
        let opened = open_private(&below, OpenOptions::new().write(true).create(true));
        assert!(matches!(opened, Err(Error::Symlink { .. })));
        symlink(target.join("file"), root.join("file")).expect("symlink");
        let opened = open_private(&root.join("file"), OpenOptions::new().write(true).create(true));
        assert!(matches!(opened, Err(Error::Symlink { .. })));
        assert!(is_untouched(&target));
    }

    #[test]
    fn a_fifo_in_the_place_of_a_file_is_refused_and_not_waited_for() {
        let home = tempfile::tempdir().expect("tempdir");
        let path = home.path().join("fifo");
        let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
        rustix::fs::mknodat(rustix::fs::CWD, &path, kind, mode, 0).expect("made");
        assert!(open_private(&path, OpenOptions::new().read(true)).is_err());
        assert!(open_private(&path, OpenOptions::new().write(true)).is_err());
    }

    #[test]
    fn an_open_directory_is_tightened_when_it_is_ours_and_left_alone_when_it_is_not() {
        let home = tempfile::tempdir().expect("tempdir");
        let open = fs::Permissions::from_mode(0o755);
        let root = State::create(&home.path().join("state"), true).expect("creates").root;
        fs::write(root.join("events.lock"), "").expect("writes");
        fs::set_permissions(&root, open.clone()).expect("chmod");
        State::create(&root, true).expect("creates");
        assert_eq!(mode(&root), 0o700);

        let other = home.path().join("other");
        fs::create_dir(&other).expect("mkdir");
        fs::write(other.join("letter"), "").expect("writes");
        fs::set_permissions(&other, open).expect("chmod");
        assert!(matches!(State::create(&other, true), Err(Error::NotOurs { .. })));
        assert_eq!((mode(&other), other.join("jobs").exists()), (0o755, false));
    }

    #[test]
    fn a_relative_root_and_a_file_as_root_are_refused() {
        let home = tempfile::tempdir().expect("tempdir");
        let file = home.path().join("file");
        fs::write(&file, "").expect("writes");
        assert!(matches!(State::create(Path::new("state"), true), Err(Error::NotAbsolute { .. })));
        assert!(matches!(State::create(&file, true), Err(Error::NotADirectory { .. })));
        assert!(matches!(State::create(&file.join("x"), true), Err(Error::NotADirectory { .. })));
        assert!(matches!(State::existing(&file, true), Err(Error::NotADirectory { .. })));
    }

    #[test]
    fn a_session_id_cannot_leave_its_directory() {
        let state = State::at(Path::new("/s")).expect("absolute");
        assert_eq!(state.session_lock("a-1"), Path::new("/s/sessions/a-1.lock"));
        assert_eq!(state.session_lock("../x"), Path::new("/s/sessions/%2e%2e%2fx.lock"));
    }
}
