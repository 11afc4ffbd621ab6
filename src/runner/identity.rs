//! Which process is meant: a pid alone is not enough, because pids are used again.

use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};

use super::kernel::{Handle, Stat};
use super::signals::Order;

/// A process, told apart from a later one with the same pid by its start time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) pid: u32,
    /// As the kernel tells it: see [`Stat`].
    pub(super) start_time: u64,
}

impl Identity {
    /// This process.
    pub(super) fn own() -> Self {
        Self::of(std::process::id()).unwrap_or_default()
    }

    /// The process that has `pid` now.
    pub(super) fn of(pid: u32) -> Option<Self> {
        let stat = Stat::read(pid)?;
        Some(Self { pid, start_time: stat.start_time })
    }

    /// A handle that stays with this process, or `None` when it is gone.
    ///
    /// The handle is opened first and the start time compared after: a pid that was used again in
    /// between cannot pass.
    pub(super) fn handle(self) -> Option<Handle> {
        let pid = Pid::from_raw(i32::try_from(self.pid).ok()?)?;
        let handle = Handle::open(pid).ok()?;
        (Self::of(self.pid)? == self).then_some(handle)
    }

    /// Whether the process is stopped (by a signal or a debugger).
    pub(super) fn is_stopped(self) -> bool {
        Stat::read(self.pid).is_some_and(|stat| {
            stat.start_time == self.start_time && matches!(stat.state, 'T' | 't')
        })
    }
}

/// TERM, then CONT (a TERM alone stays pending in a stopped process), to a child of ours that leads a
/// process group, and to all of that: the child may be a wrapper around the program that is meant.
/// Until the child is reaped its group cannot be anybody else's.
pub(super) fn terminate_group(leader: &std::process::Child) {
    let group = Pid::from_child(leader);
    let _ = kill_process_group(group, Signal::TERM);
    let _ = kill_process_group(group, Signal::CONT);
}

/// Passes an order on to a runner's process.
pub(super) fn order(handle: &Handle, order: Order) -> rustix::io::Result<()> {
    let signal = match order {
        Order::End => Signal::TERM,
        Order::EndNow => Signal::INT,
    };
    handle.signal(signal)?;
    handle.signal(Signal::CONT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_told_from_a_later_one_with_its_pid() {
        let own = Identity::own();
        assert_eq!(own.pid, std::process::id());
        assert!(own.handle().is_some());
        assert!(Identity { start_time: own.start_time + 1, ..own }.handle().is_none());
        assert!(!own.is_stopped());
    }
}
