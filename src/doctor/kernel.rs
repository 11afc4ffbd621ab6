//! What this host has to build a jail of: asked of the very thing that builds it.

use super::finding::{Found, error, ok, warn};
use crate::consult::failure::Code;
use crate::consult::request::Sandbox;
use crate::failure::Exit;
use crate::jail::probe::{Bwrap, Offer, probe};
use crate::runner::outlook::foresee;

const CHECK: &str = "kernel";

pub(super) fn look(search_path: &str, sandbox: Sandbox) -> Vec<Found> {
    vec![judge(&probe(search_path), sandbox)]
}

fn judge(offer: &Offer, sandbox: Sandbox) -> Found {
    if offer.seatbelt {
        return warn(CHECK, "features", "sandbox-exec: it is there; untested".to_owned())
            .advise("On macOS nobody has tried the jail: the adviser has no shell there.");
    }
    let message = format!(
        "Landlock: {}; seccomp: {}; bubblewrap: {}",
        offer.landlock_abi.map_or("no".to_owned(), |abi| format!("ABI {abi}")),
        if offer.seccomp { "yes" } else { "no" },
        bubblewrap(&offer.bwrap)
    );
    let lacks = foresee(offer).lacks();
    if sandbox == Sandbox::Require && !lacks.is_empty() {
        let message =
            format!("{message}: the sandbox that is required lacks {}", lacks.join(" and "));
        return error(CHECK, "features", Exit::SandboxRequired, message)
            .advise(Code::SandboxUnavailable.remedy());
    }
    if offer.landlock_abi.is_none() || !offer.seccomp {
        return warn(CHECK, "features", message)
            .advise("A jail for the adviser needs both: update the kernel, or let it have them.");
    }
    match offer.bwrap {
        Bwrap::Works { .. } => ok(CHECK, "features", message),
        Bwrap::Missing => warn(CHECK, "features", message).advise(
            "Install bubblewrap: with it an adviser may have a shell, and nothing outlives it.",
        ),
        Bwrap::Fails { .. } => warn(CHECK, "features", message)
            .advise("Let bubblewrap make user namespaces; until then the jail does without it."),
    }
}

fn bubblewrap(bwrap: &Bwrap) -> String {
    match bwrap {
        Bwrap::Works { program, version } => format!("{} ({version})", program.display()),
        Bwrap::Fails { program, why } => format!("{} fails: {why}", program.display()),
        Bwrap::Missing => "no".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::doctor::Level;

    #[test]
    fn each_layer_that_is_missing_is_said_with_what_to_do() {
        let works = || Bwrap::Works { program: "/b/bwrap".into(), version: "0.8".to_owned() };
        let fails = Bwrap::Fails { program: "/b/bwrap".into(), why: "no namespaces".to_owned() };
        for (landlock_abi, seccomp, bwrap, level, message) in [
            (Some(7), true, works(), Level::Ok, "ABI 7; seccomp: yes; bubblewrap: /b/bwrap (0.8)"),
            (None, true, works(), Level::Warn, "no; seccomp: yes; bubblewrap: /b/bwrap (0.8)"),
            (
                Some(1),
                false,
                works(),
                Level::Warn,
                "ABI 1; seccomp: no; bubblewrap: /b/bwrap (0.8)",
            ),
            (Some(7), true, Bwrap::Missing, Level::Warn, "ABI 7; seccomp: yes; bubblewrap: no"),
            (
                Some(7),
                true,
                fails,
                Level::Warn,
                "ABI 7; seccomp: yes; bubblewrap: /b/bwrap fails: no namespaces",
            ),
        ] {
            let offer = Offer { landlock_abi, seccomp, bwrap, seatbelt: false };
            let found = judge(&offer, Sandbox::Auto);
            assert_eq!(found.finding.message, format!("Landlock: {message}"));
            assert_eq!(found.finding.level, level);
            assert_eq!(found.finding.advice.is_some(), level == Level::Warn);
        }
        let (landlock_abi, bwrap) = (None, Bwrap::Missing);
        let offer = Offer { landlock_abi, seccomp: false, bwrap, seatbelt: true };
        let found = judge(&offer, Sandbox::Auto);
        assert_eq!(found.finding.level, Level::Warn);
        assert_eq!(found.finding.message, "sandbox-exec: it is there; untested");
    }
    #[test]
    fn what_a_required_sandbox_lacks_is_an_error_as_a_consult_would_end() {
        let offer = |landlock_abi: Option<u32>, seccomp| Offer {
            landlock_abi,
            seccomp,
            bwrap: Bwrap::Missing,
            seatbelt: false,
        };
        for (offer, sandbox, exit) in [
            (offer(None, true), Sandbox::Require, Some(Exit::SandboxRequired)),
            (offer(Some(7), false), Sandbox::Require, Some(Exit::SandboxRequired)),
            (offer(Some(5), true), Sandbox::Require, Some(Exit::SandboxRequired)),
            (offer(Some(6), true), Sandbox::Require, None),
            (offer(None, false), Sandbox::Auto, None),
            (offer(None, false), Sandbox::Off, None),
        ] {
            assert_eq!(judge(&offer, sandbox).exit, exit, "{offer:?} {sandbox:?}");
        }
    }
}
