//! What a consult asks of the wall around the adviser, looked at before anything is queued.

use super::consult::absolute;
use super::context::Context;
use crate::config::Config;
use crate::consult::claude::credentials::CredentialFile;
use crate::consult::failure::Code;
use crate::consult::request::{Request, Sandbox};
use crate::failure::{Exit, Failure};
use crate::jail::probe::probe;
use crate::runner::{account, outlook};

/// The one that is configured; the configuration refuses both.
pub(super) fn credential_file(config: &Config, context: &Context<'_>) -> Option<CredentialFile> {
    let path = |name: &Option<String>| name.as_deref().map(|name| absolute(name, context));
    let token = path(&config.token_file.value).map(CredentialFile::Token);
    token.or_else(|| path(&config.key_file.value).map(CredentialFile::Key))
}

/// A sandbox that is required and not to be had, or a credential that cannot be used, is told before
/// anything is queued. The runner looks again.
pub(super) fn check_wall(request: &Request, context: &Context<'_>) -> Result<(), Failure> {
    account::credential(request)?;
    if request.sandbox != Sandbox::Require {
        return Ok(());
    }
    let jail = outlook::foresee(&probe(&context.world.search_path()));
    let lacks = jail.lacks();
    if lacks.is_empty() {
        return Ok(());
    }
    let message =
        format!("the sandbox that is required is not to be had: it lacks {}", lacks.join(" and "));
    let failure = Failure::new(Exit::SandboxRequired, "sandbox_unavailable", message);
    let failure = jail.missing.iter().fold(failure, Failure::caused_by);
    Err(failure.hinted(Code::SandboxUnavailable.remedy()))
}
