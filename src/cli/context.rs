//! What every command needs: the world, the output, and the way from them to the rooms below.

use std::path::PathBuf;

use super::output::Output;
use crate::config::{self, Config};
use crate::failure::{Exit, Failure};
use crate::job::event::Caller;
use crate::journal::place::State;
use crate::runner::clock::Clock;
use crate::world::{self, World};

/// One run of a command.
pub(super) struct Context<'a> {
    pub(super) world: &'a World,
    pub(super) output: &'a mut Output,
}

/// A file's path and its text.
pub(super) type TextFile = (PathBuf, String);

/// The clock of the rooms below.
pub(super) const CLOCK: Clock = Clock { unix_ms: world::unix_ms, boot_ms: world::boot_ms };

impl<'a> Context<'a> {
    pub(super) fn new(world: &'a World, output: &'a mut Output) -> Self {
        Self { world, output }
    }

    /// Resolves the configuration, and warns of variables that mean nothing.
    pub(super) fn config(&mut self, flags: &config::Flags) -> Result<Config, Failure> {
        let config = self.resolve_config(self.config_file(None)?.as_ref(), flags)?;
        for warning in &config.warnings {
            self.output.say(&format!("warning: {warning}"));
        }
        Ok(config)
    }

    /// The named configuration file with its text, or the user's, which need not be there.
    pub(super) fn config_file(&self, named: Option<&PathBuf>) -> Result<Option<TextFile>, Failure> {
        if let Some(path) = named {
            return Ok(Some((path.clone(), read_config(path)?.ok_or_else(|| absent(path))?)));
        }
        let Some(path) = self.world.config_file() else { return Ok(None) };
        Ok(read_config(&path)?.map(|text| (path, text)))
    }

    /// The same from a file that was read, and without a word.
    pub(super) fn resolve_config(
        &self,
        file: Option<&TextFile>,
        flags: &config::Flags,
    ) -> Result<Config, Failure> {
        if let Some(name) = self.world.unreadable_variable() {
            let message = format!("the variable {name} is not UTF-8 text");
            return Err(Failure::new(Exit::BadConfiguration, "config", message)
                .hinted("Unset it, or give it a value (a path, say) that is."));
        }
        let names = self.world.own_variables();
        let lookup = |name: &str| self.world.variable(name).map(str::to_owned);
        let file = file.map(|(path, text)| config::File { path, text });
        config::resolve(file, &lookup, &names, flags).map_err(|invalid| refuse(&invalid))
    }

    /// Where the state directory is or would be.
    pub(super) fn state_root(&self) -> Result<PathBuf, Failure> {
        let root = self.world.state_root().ok_or_else(|| {
            Failure::new(
                Exit::BadConfiguration,
                "config",
                "there is no place for the state directory",
            )
            .hinted("Set HOME, XDG_STATE_HOME or PHONE_OPUS_STATE_DIR.")
        })?;
        // As it is shown everywhere else: without a slash at the end.
        let root: PathBuf = root.components().collect();
        if root.to_str().is_none() {
            let message = format!("the path {} is not UTF-8", root.display());
            return Err(Failure::new(Exit::BadConfiguration, "config", message).hinted(
                "Claude Code is told of it in JSON; set PHONE_OPUS_STATE_DIR to another.",
            ));
        }
        if root.is_absolute() {
            return Ok(root);
        }
        let message = format!("the state directory {} is not an absolute path", root.display());
        Err(Failure::new(Exit::BadConfiguration, "config", message).hinted(
            "Set PHONE_OPUS_STATE_DIR (or XDG_STATE_HOME, or HOME) to a path that starts with /.",
        ))
    }

    /// The state directory, made if it is not there.
    pub(super) fn create_state(&self, config: &Config) -> Result<State, Failure> {
        Ok(State::create(&self.state_root()?, config.allow_network_fs.value)?)
    }

    /// The state directory for a look, which makes nothing. `None` when there is none yet.
    pub(super) fn state(&mut self) -> Result<Option<State>, Failure> {
        let config = self.config(&config::Flags::default())?;
        self.existing_state(&config)
    }

    /// The same where the configuration is known already.
    pub(super) fn existing_state(&self, config: &Config) -> Result<Option<State>, Failure> {
        Ok(State::existing(&self.state_root()?, config.allow_network_fs.value)?)
    }

    /// The state directory of a job that is there, so it has passed every check.
    pub(super) fn state_of_running_job(&self) -> Result<Option<State>, Failure> {
        Ok(State::existing(&self.state_root()?, true)?)
    }

    /// Who asks.
    pub(super) fn caller(&self) -> Caller {
        let (door, pid) = ("cli".to_owned(), std::process::id());
        Caller { door, pid, depth: self.depth(), format: None }
    }

    /// How many consults this process is nested in; nonsense counts as one, because something set it.
    pub(super) fn depth(&self) -> u32 {
        self.world.variable("PHONE_OPUS_DEPTH").map_or(0, |depth| depth.parse().unwrap_or(1))
    }
}

fn read_config(path: &std::path::Path) -> Result<Option<String>, Failure> {
    match world::read_text(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let message = format!("cannot read the configuration {}", path.display());
            Err(Failure::new(Exit::BadConfiguration, "config", message)
                .caused_by(error)
                .hinted("Make it a UTF-8 text file that you may read, or move it out of the way."))
        }
    }
}

fn absent(path: &std::path::Path) -> Failure {
    let message = format!("there is no configuration file {}", path.display());
    Failure::new(Exit::BadConfiguration, "config", message)
        .hinted("`phone-opus config template` prints one to start from.")
}

/// All that is wrong, a line each. Where only flags are, the command line is to blame.
fn refuse(invalid: &config::Invalid) -> Failure {
    let lines: Vec<String> = invalid.problems.iter().map(ToString::to_string).collect();
    if invalid.problems.iter().all(|problem| problem.origin == config::Origin::Flag) {
        return Failure::usage(lines.join("\n"))
            .hinted("`phone-opus consult --help` says what each flag takes.");
    }
    Failure::new(Exit::BadConfiguration, "config", lines.join("\n"))
        .hinted("`phone-opus config check` looks again; `phone-opus config show` lists the keys.")
}
