"""The two system call filters, built with libseccomp. They hold in every thread of the process."""

from __future__ import annotations

import errno
import fcntl
import mmap
import os

from pyseccomp import ALLOW, EQ, ERRNO, KILL_PROCESS, MASKED_EQ, NE, Arg, Attr, SyscallFilter

from agecheck.seal.channel import CHANNEL_FD, PICTURE_FD

_F_SETSIG, _F_SETOWN_EX = 10, 15
_FIOSETOWN, _SIOCSPGRP = 0x8901, 0x8902
_PR_SET_NAME, _PR_SET_MM = 15, 35
_CLONE_THREAD = 0x0001_0000
_INT = 0xFFFF_FFFF  # a C int fills the lower half of a register; the upper half is not defined

TERMINAL_INPUT = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX: they type into the terminal of whoever started the program."""

OTHERS_DENIED = (
    # another process's memory, descriptors and standing
    *("process_vm_readv", "process_vm_writev", "ptrace", "pidfd_getfd", "kcmp", "process_madvise"),
    *("move_pages", "migrate_pages", "perf_event_open", "bpf", "userfaultfd"),
    # ways around this filter and the files' walls
    *("io_uring_setup", "open_by_handle_at", "unshare", "setns", "mount", "umount2", "pivot_root"),
    *("chroot", "mount_setattr", "fsopen", "fspick", "fsmount", "move_mount", "open_tree"),
    # memory and queues shared with others by a name
    *("shmget", "shmat", "shmdt", "shmctl", "mq_open", "keyctl", "add_key", "request_key"),
    # a queue or semaphore that another made needs no getting: its number will do
    *("msgget", "msgsnd", "msgrcv", "msgctl", "semget", "semop", "semtimedop", "semctl"),
    # the machine's
    *("init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot"),
    *("settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname", "syslog"),
)
"""What no process of ours has a use for, whether it sees a picture or has the network."""

FIRST_STAGE_DENIED = (
    *OTHERS_DENIED,
    # a way to the network, or to another process on this machine
    *("socket", "socketpair", "connect", "bind", "listen", "accept", "accept4"),
    *("kill", "tkill", "pidfd_send_signal", "rt_sigqueueinfo", "rt_tgsigqueueinfo"),
    # another program
    *("execve", "execveat"),
    # a file's times, mode, owner and attributes: Landlock does not know of them
    *("utime", "utimes", "utimensat", "futimesat"),
    *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat"),
    *("setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"),
    *(463, 466, 469),  # setxattrat, removexattrat, file_setattr: newer than libseccomp's names
    # another process's standing, and the machine's
    *("setpriority", "ioprio_set", "setpgid", "sched_setaffinity", "sched_setscheduler"),
    *("sched_setparam", "sched_setattr", "setdomainname", "acct", "quotactl", "quotactl_fd"),
    *("swapon", "swapoff", "iopl", "ioperm"),
)
"""What the fork server gives up before it loads a library. It may still read files and fork;
`_first_stage_limited` adds calls that are refused by their arguments only."""

WORKER_ALLOWED = (
    *("munmap", "mremap", "madvise", "brk"),
    *("futex", "sched_yield", "sched_getaffinity", "getcpu", "getpid", "gettid"),
    *("clock_gettime", "gettimeofday", "getrandom", "close"),
    "getrusage",  # onnxruntime asks for its own processor time, now and then
    *("rt_sigprocmask", "rt_sigreturn", "restart_syscall", "exit", "exit_group"),
)
"""What a worker may call with any arguments; `_limited` adds those bound to their arguments."""


def load_first_stage() -> None:
    """Refuse FIRST_STAGE_DENIED with EPERM from here on: a library that tries lives on without.

    Raises:
        OSError: the kernel or libseccomp refuses.
    """
    rules = SyscallFilter(ALLOW)
    rules.set_attr(Attr.CTL_TSYNC, 1)
    for name in FIRST_STAGE_DENIED:
        rules.add_rule(ERRNO(errno.EPERM), name)
    for name, argument in _first_stage_limited():
        rules.add_rule(ERRNO(errno.EPERM), name, argument)
    rules.load()


def load_worker(extra_allowed: tuple[str, ...] = ()) -> None:
    """Kill the process at any call but those of WORKER_ALLOWED and the limited ones.

    Args:
        extra_allowed: further calls, for a task that says why it needs them.

    Raises:
        OSError: the kernel or libseccomp refuses.
    """
    rules = _worker_rules(KILL_PROCESS, extra_allowed)
    # Python's mmap looks at the file by this name on some C libraries, and does without. It cannot
    # be allowed for the picture alone: beside the descriptor it takes the path of any other file.
    rules.add_rule(ERRNO(errno.EPERM), "newfstatat")
    rules.load()


def load_worker_with_threads(extra_allowed: tuple[str, ...] = ()) -> None:
    """The same for a library that has threads: anything else fails with EPERM instead.

    Such a library tries what it can do without, at times of its own. It may start further threads,
    which are born behind this filter, and no process.

    Args:
        extra_allowed: as above.

    Raises:
        OSError: the kernel or libseccomp refuses, or a thread cannot be brought behind it.
    """
    rules = _worker_rules(ERRNO(errno.EPERM), extra_allowed)
    rules.add_rule(ALLOW, "clone", Arg(0, MASKED_EQ, _CLONE_THREAD, _CLONE_THREAD))
    rules.add_rule(ERRNO(errno.ENOSYS), "clone3")  # its flags lie in memory; libc then takes clone
    rules.load()


def _worker_rules(otherwise: int, extra_allowed: tuple[str, ...]) -> SyscallFilter:
    rules = SyscallFilter(otherwise)
    rules.set_attr(Attr.CTL_TSYNC, 1)
    for name in (*WORKER_ALLOWED, *extra_allowed):
        rules.add_rule(ALLOW, name)
    for name, arguments in _limited():
        rules.add_rule(ALLOW, name, *arguments)
    return rules


def _first_stage_limited() -> tuple[tuple[str, Arg], ...]:
    return (
        ("tgkill", Arg(0, NE, os.getpid())),  # abort() signals the process itself
        ("prlimit64", Arg(0, NE, 0)),  # nobody's limits but its own
        # signals that the kernel sends in its name when something happens to a descriptor
        *(("fcntl", _int(1, what)) for what in (fcntl.F_SETOWN, _F_SETSIG, _F_SETOWN_EX)),
        *(("ioctl", _int(1, what)) for what in (_FIOSETOWN, _SIOCSPGRP)),
        *(("ioctl", _int(1, what)) for what in TERMINAL_INPUT),
        # the names that everybody on the machine can read
        *(("prctl", _int(0, what)) for what in (_PR_SET_NAME, _PR_SET_MM)),
    )


def _limited() -> tuple[tuple[str, tuple[Arg, ...]], ...]:
    channel, picture = _int(0, CHANNEL_FD), _int(0, PICTURE_FD)
    private = mmap.MAP_SHARED | mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    return (
        ("recvmsg", (channel,)),
        ("write", (channel, Arg(2, EQ, 1))),  # one byte at a time
        # memory: private and anonymous, never executable
        (
            "mmap",
            (
                Arg(2, MASKED_EQ, mmap.PROT_EXEC, 0),
                Arg(3, MASKED_EQ, private, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS),
            ),
        ),
        ("mprotect", (Arg(2, MASKED_EQ, mmap.PROT_EXEC, 0),)),
        # the picture: seen, mapped private and read-only, and let go
        ("fcntl", (picture, _int(1, fcntl.F_GET_SEALS))),
        ("fcntl", (picture, _int(1, fcntl.F_DUPFD_CLOEXEC))),
        ("fstat", (picture,)),
        ("lseek", (picture,)),
        (
            "mmap",
            (
                Arg(2, EQ, mmap.PROT_READ),
                Arg(3, MASKED_EQ, private, mmap.MAP_PRIVATE),
                _int(4, PICTURE_FD),
            ),
        ),
    )


def _int(position: int, value: int) -> Arg:
    return Arg(position, MASKED_EQ, _INT, value)
