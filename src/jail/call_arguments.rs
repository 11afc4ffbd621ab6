//! Calls that are refused for some of their arguments only: sockets, namespaces, controls, leases, and
//! what one process may do to the limits, turns and memory of another.

use seccompiler::{SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule};

use super::calls::Rules;

const DOMAIN: u8 = 0;
const TYPE: u8 = 1;

/// Sockets for which Landlock has no rule: it knows the ports of TCP, and neither MPTCP, nor data sent
/// while connecting, nor other domains. Netlink is left: it tells a resolver which addresses there are.
pub(super) fn other_sockets(refuses_unix: bool) -> Result<Rules, seccompiler::BackendError> {
    const PROTOCOL: u8 = 2;
    const MSG_FASTOPEN: u64 = 0x2000_0000;
    let all_but = |index: u8, allowed: &[i32]| {
        let other = |value: &i32| argument(index, SeccompCmpOp::Ne, value.cast_unsigned().into());
        allowed.iter().map(other).collect::<Result<Vec<_>, _>>()
    };
    let mut domains = vec![libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
    domains.extend((!refuses_unix).then_some(libc::AF_UNIX));
    let mut sockets = vec![SeccompRule::new(all_but(DOMAIN, &domains)?)?];
    for domain in [libc::AF_INET, libc::AF_INET6] {
        let mut conditions = all_but(PROTOCOL, &[0, libc::IPPROTO_TCP, libc::IPPROTO_UDP])?;
        conditions.push(argument(DOMAIN, SeccompCmpOp::Eq, domain.cast_unsigned().into())?);
        sockets.push(SeccompRule::new(conditions)?);
    }
    let fast = |index: u8| {
        let flag = argument(index, SeccompCmpOp::MaskedEq(MSG_FASTOPEN), MSG_FASTOPEN)?;
        Ok::<_, seccompiler::BackendError>(vec![SeccompRule::new(vec![flag])?])
    };
    Ok([
        (libc::SYS_socket, sockets),
        (libc::SYS_sendto, fast(3)?),
        (libc::SYS_sendmsg, fast(2)?),
        (libc::SYS_sendmmsg, fast(3)?),
    ]
    .into())
}

/// New namespaces by `clone`, in which an adviser would have all capabilities.
pub(super) fn new_namespaces() -> Result<Rules, seccompiler::BackendError> {
    let flags = [
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWNS,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWNET,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWUTS,
        libc::CLONE_NEWCGROUP,
    ];
    let rule = |flag: i32| {
        let flag = flag.cast_unsigned().into();
        SeccompRule::new(vec![argument(0, SeccompCmpOp::MaskedEq(flag), flag)?])
    };
    let rules = flags.into_iter().map(rule).collect::<Result<_, _>>()?;
    Ok([(libc::SYS_clone, rules)].into())
}

/// No new socket of the Unix domain is there (see [`other_sockets`]), so none can be connected to a
/// path. Pairs are left, which connect a process with its own children, but for datagrams: those can
/// be sent to any address all the same.
pub(super) fn unix_sockets() -> Result<Rules, seccompiler::BackendError> {
    let unix = libc::AF_UNIX.cast_unsigned().into();
    let pair = |kind: i32| {
        SeccompRule::new(vec![
            argument(DOMAIN, SeccompCmpOp::Eq, unix)?,
            argument(TYPE, SeccompCmpOp::MaskedEq(0xf), kind.cast_unsigned().into())?,
        ])
    };
    let pairs = vec![pair(libc::SOCK_DGRAM)?, pair(libc::SOCK_RAW)?];
    Ok([(libc::SYS_socketpair, pairs)].into())
}

/// Families of `ioctl` that change a file through a descriptor that only reads: attributes (`f`, `v`,
/// FAT's `r`), freezing, trimming and XFS (`X`), subvolumes and clones of btrfs (0x94), F2FS.
pub(super) fn file_system_controls() -> Result<Rules, seccompiler::BackendError> {
    const REQUEST: u8 = 1;
    const FAMILY: u64 = 0xff00;
    let families = [b'f', b'v', b'r', b'X', 0x94, 0xf5];
    let rule = |family: u8| {
        let wanted = u64::from(family) << 8;
        SeccompRule::new(vec![argument(REQUEST, SeccompCmpOp::MaskedEq(FAMILY), wanted)?])
    };
    let rules = families.into_iter().map(rule).collect::<Result<_, _>>()?;
    Ok([(libc::SYS_ioctl, rules)].into())
}

/// When and where another process runs. 0 is the thread that asks; whether another number is one of our
/// own threads, no filter can tell, so those are refused too. Nor may a whole group or user be meant.
pub(super) fn turns_of_others() -> Result<Rules, seccompiler::BackendError> {
    const IOPRIO_WHO_PROCESS: u64 = 1;
    let by_pid = |call: libc::c_long| {
        Ok((call, vec![SeccompRule::new(vec![argument(0, SeccompCmpOp::Ne, 0)?])?]))
    };
    let by_kind = |call: libc::c_long, process: u64| {
        let kind = SeccompRule::new(vec![argument(0, SeccompCmpOp::Ne, process)?])?;
        let other = SeccompRule::new(vec![argument(1, SeccompCmpOp::Ne, 0)?])?;
        Ok((call, vec![kind, other]))
    };
    let kinds = [
        by_kind(libc::SYS_setpriority, libc::PRIO_PROCESS.into()),
        by_kind(libc::SYS_ioprio_set, IOPRIO_WHO_PROCESS),
    ];
    kinds.into_iter().chain(BY_PID.iter().copied().map(by_pid)).collect()
}

/// These name the other process first.
const BY_PID: &[libc::c_long] = &[
    libc::SYS_sched_setaffinity,
    libc::SYS_sched_setattr,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setscheduler,
    libc::SYS_migrate_pages,
    libc::SYS_move_pages,
];

/// A lease on a file that is only read: whoever then wants to write it waits.
pub(super) fn leases() -> Result<Rules, seccompiler::BackendError> {
    let lease = argument(1, SeccompCmpOp::Eq, libc::F_SETLEASE.cast_unsigned().into())?;
    Ok([(libc::SYS_fcntl, vec![SeccompRule::new(vec![lease])?])].into())
}

/// Limits of another process; and, of our own, the one by which a dead runner's leftovers are found
/// (`runner/mark.rs`).
pub(super) fn limits_of_others() -> Result<Rules, seccompiler::BackendError> {
    // RLIMIT_RTTIME, whose type in `libc` depends on the C library.
    let mark = 15;
    let of_others = SeccompRule::new(vec![argument(0, SeccompCmpOp::Ne, 0)?])?;
    let new = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0)?;
    let marked = SeccompRule::new(vec![argument(1, SeccompCmpOp::Eq, mark)?, new])?;
    let old = SeccompRule::new(vec![argument(0, SeccompCmpOp::Eq, mark)?])?;
    Ok([(libc::SYS_prlimit64, vec![of_others, marked]), (libc::SYS_setrlimit, vec![old])].into())
}

fn argument(
    index: u8,
    operator: SeccompCmpOp,
    value: u64,
) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(index, SeccompCmpArgLen::Dword, operator, value)
}
