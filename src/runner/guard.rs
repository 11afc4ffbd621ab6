//! The second stage: leads the runner, passes orders on to the worker, and records the end if the
//! worker dies without having done so.

use std::os::fd::AsFd;
use std::process::Child;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::getppid;

use super::error::Error;
use super::identity::{self, Identity};
use super::kernel::{self, Handle};
use super::lock::{Holders, write_holders};
use super::recover;
use super::signals::Signals;
use super::stage::{Errand, Inherited, RUN_COMMAND, Stage};
use super::{finish, pause, stop};

pub(super) fn run(errand: &Errand, mut inherited: Inherited) -> Result<(), Error> {
    let born_of = getppid();
    // Fails only for a process group leader, which a fresh child is not.
    let _ = rustix::process::setsid();
    let mut signals = Signals::install()?;
    kernel::become_subreaper();
    wait_for_reparenting(born_of);
    let _ = write_holders(&inherited.job_lock, &Holders::led_by_self());
    pause::at("guard");
    let worker = match inherited.spawn(errand, Stage::Worker) {
        Ok(worker) => worker,
        Err(source) => {
            inherited.report(&format!("failed cannot start the worker: {source}"));
            return Err(Error::Process { doing: "start the worker", source });
        }
    };
    inherited.leave_report_to_next_stage();
    let _ = write_holders(
        &inherited.job_lock,
        &Holders { worker: Identity::of(worker.id()), ..Holders::led_by_self() },
    );
    watch(worker, &mut signals);
    stop::kill_descendants();
    recover::settle_for_dead_worker(errand, &inherited, &mut signals);
    // The session first: who is woken by the job's lock may resume it at once.
    finish::release(&inherited.session_lock);
    finish::release(&inherited.job_lock);
    finish::tidy_up(&errand.state, errand.job);
    Ok(())
}

/// The launch stage exits as soon as it has started us; a caller that looks for children must not
/// find us any more when the submitter says "accepted".
fn wait_for_reparenting(born_of: Option<rustix::process::Pid>) {
    const LIMIT: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };
    let Some(parent) = born_of else { return };
    // Readable once it has ended, and by then its children have another parent.
    let Ok(handle) = Handle::open(parent) else { return };
    if getppid() == born_of && is_launcher(parent.as_raw_nonzero().get().unsigned_abs()) {
        while poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&LIMIT)) == Err(Errno::INTR) {}
    }
}

/// We may have been reparented before we first looked, so a parent counts only while it is the launch
/// stage; in a consult within a consult the new parent is this very program too, at another stage.
fn is_launcher(pid: u32) -> bool {
    let line = kernel::command_line(pid);
    let has = |wanted: &str| line.iter().any(|word| word == wanted);
    has(RUN_COMMAND) && has(Stage::Launch.name())
}

/// Waits for the worker's end, passing every order to end on to it. Where no handle can be had
/// (descriptors have run out), it waits all the same.
fn watch(mut worker: Child, signals: &mut Signals) {
    let Ok(handle) = Handle::of_child(&worker) else {
        let _ = worker.wait();
        return;
    };
    loop {
        let mut fds = [
            PollFd::from_borrowed_fd(handle.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(signals.as_fd(), PollFlags::IN),
        ];
        // EINTR is a wake-up like any other; the state is asked for below.
        let _ = poll(&mut fds, None);
        if let Some(order) = signals.take() {
            let _ = identity::order(&handle, order);
        }
        if worker.try_wait().is_ok_and(|status| status.is_none()) {
            continue;
        }
        return;
    }
}
