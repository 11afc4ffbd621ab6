//! System calls that the adviser has no business to make: the seccomp filter.
//!
//! It closes what Landlock leaves open: connecting to a pathname socket (docker, a user bus,
//! ssh-agent), the metadata of files, and the calls by which root changes a host. What is refused
//! gets EPERM, as from a kernel that never allowed it. Numbers differ between architectures, so the
//! list is made from `libc`'s for the one that this was built for.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompFilter, SeccompRule, apply_filter, sock_filter,
};

use super::call_arguments::{
    file_system_controls, leases, limits_of_others, new_namespaces, other_sockets, turns_of_others,
    unix_sockets,
};
use super::withheld::withheld;

/// How much of the filter is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Strictness {
    /// Also the mode, owner, times and extended attributes of files. Off where mounts keep them, and
    /// where Claude Code has a login to renew: it locks by a file's time, and sets a file's mode.
    pub(super) metadata: bool,
    /// Also new sockets of the Unix domain.
    pub(super) unix_sockets: bool,
}

/// Puts the filter on this thread and all that comes from it, for good.
pub(super) fn refuse(strictness: Strictness) -> Result<(), String> {
    if withheld("seccomp") {
        return Err("withheld by a test".to_owned());
    }
    let program = program(strictness).map_err(|error| error.to_string())?;
    apply_filter(&program).map_err(|error| error.to_string())
}

pub(super) type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn program(strictness: Strictness) -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules = Rules::new();
    let mut always = |calls: &[i64]| rules.extend(calls.iter().map(|call| (*call, Vec::new())));
    always(HOST);
    always(OLDER);
    always(OTHERS);
    always(SHARED_MEMORY);
    always(ROUND_ABOUT);
    if strictness.metadata {
        always(METADATA);
        always(OLD_METADATA);
        always(NEW_METADATA);
    }
    if strictness.unix_sockets {
        rules.extend(unix_sockets()?);
    }
    rules.extend(other_sockets(strictness.unix_sockets)?);
    rules.extend(new_namespaces()?);
    rules.extend(file_system_controls()?);
    rules.extend(leases()?);
    rules.extend(limits_of_others()?);
    rules.extend(turns_of_others()?);
    let allow = SeccompAction::Allow;
    let refuse = SeccompAction::Errno(libc::EPERM.cast_unsigned());
    let filter = SeccompFilter::new(rules, allow, refuse, std::env::consts::ARCH.try_into()?)?;
    Ok([foreign_numbers(), clone3(), BpfProgram::try_from(filter)?].concat())
}

/// The host itself; what only root may do, and a root that advises may not.
const HOST: &[i64] = &[
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_mount_setattr,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_reboot,
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_fanotify_init,
    libc::SYS_open_by_handle_at,
    libc::SYS_mknodat,
];

/// Other processes, and the keys of the session.
const OTHERS: &[i64] = &[
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
];

/// What System V and POSIX share between processes that know a number or a name.
const SHARED_MEMORY: &[i64] = &[
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_semctl,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
];

/// Ways round: `io_uring` opens sockets without `socket`, and Landlock knows `truncate` only since its
/// third ABI (what is open for writing can still be cut with `ftruncate`).
const ROUND_ABOUT: &[i64] = &[
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_truncate,
];

/// An older number of one of the above.
#[cfg(target_arch = "x86_64")]
const OLDER: &[i64] = &[libc::SYS_mknod];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[i64] = &[];

const METADATA: &[i64] = &[
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
];

/// Older numbers of some of these.
#[cfg(target_arch = "x86_64")]
const OLD_METADATA: &[i64] = &[
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
];
#[cfg(not(target_arch = "x86_64"))]
const OLD_METADATA: &[i64] = &[];

/// `fchmodat2`, `setxattrat`, `removexattrat` and `file_setattr`, which `libc` may not name yet. Since
/// Linux 5.1 a new call has the same number everywhere.
const NEW_METADATA: &[i64] = &[452, 463, 466, 469];

const LOAD_NUMBER: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
const IF_EQUAL: u16 = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const RETURN: u16 = 0x06; // BPF_RET | BPF_K

fn not_there() -> u32 {
    u32::from(SeccompAction::Errno(libc::ENOSYS.cast_unsigned()))
}

/// `clone3`, whose flags lie in memory where no filter sees them, is not there: C libraries then call
/// `clone`.
fn clone3() -> BpfProgram {
    const NUMBER: u32 = 435;
    vec![
        sock_filter { code: LOAD_NUMBER, jt: 0, jf: 0, k: 0 },
        sock_filter { code: IF_EQUAL, jt: 0, jf: 1, k: NUMBER },
        sock_filter { code: RETURN, jt: 0, jf: 0, k: not_there() },
    ]
}

/// The x32 numbers of the same calls, which a list of numbers would miss: none of them is there.
#[cfg(target_arch = "x86_64")]
fn foreign_numbers() -> BpfProgram {
    const IF_AT_LEAST: u16 = 0x35; // BPF_JMP | BPF_JGE | BPF_K
    const X32: u32 = 0x4000_0000;
    vec![
        sock_filter { code: LOAD_NUMBER, jt: 0, jf: 0, k: 0 },
        sock_filter { code: IF_AT_LEAST, jt: 0, jf: 1, k: X32 },
        sock_filter { code: RETURN, jt: 0, jf: 0, k: not_there() },
    ]
}

#[cfg(not(target_arch = "x86_64"))]
fn foreign_numbers() -> BpfProgram {
    Vec::<sock_filter>::new()
}
