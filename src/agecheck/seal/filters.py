"""The two system call filters, built with libseccomp. They hold in every thread of the process."""

from __future__ import annotations

import errno
import fcntl
import mmap

from pyseccomp import ALLOW, EQ, ERRNO, KILL_PROCESS, MASKED_EQ, Arg, Attr, SyscallFilter

from agecheck.seal.channel import CHANNEL_FD

PICTURE_FD = 0
"""Where the kernel puts a picture's descriptor: the lowest number that is free."""

_AT_EMPTY_PATH = 0x1000
_INT = 0xFFFF_FFFF  # a C int fills the lower half of a register; the upper half is not defined

FIRST_STAGE_DENIED = (
    # a way to the network, or to another process on this machine
    *("socket", "connect", "bind", "listen", "accept", "accept4", "io_uring_setup"),
    *("shmget", "shmat", "msgget", "msgsnd", "semget", "semop", "mq_open"),
    *("process_vm_readv", "process_vm_writev", "ptrace", "pidfd_getfd", "kcmp"),
    *("kill", "tkill", "pidfd_send_signal", "rt_sigqueueinfo", "rt_tgsigqueueinfo"),
    # another program, or another view of the system
    *("execve", "execveat", "unshare", "setns", "mount", "umount2", "pivot_root", "chroot"),
    *("bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key"),
    *("init_module", "finit_module", "kexec_load", "open_by_handle_at"),
)
"""What the fork server gives up before it loads a library. It may still read files and fork."""

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
    rules.load()


def load_worker(extra_allowed: tuple[str, ...] = ()) -> None:
    """Kill the process at any call but those of WORKER_ALLOWED and the limited ones.

    Args:
        extra_allowed: further calls, for a task that says why it needs them.

    Raises:
        OSError: the kernel or libseccomp refuses.
    """
    rules = SyscallFilter(KILL_PROCESS)
    rules.set_attr(Attr.CTL_TSYNC, 1)
    for name in (*WORKER_ALLOWED, *extra_allowed):
        rules.add_rule(ALLOW, name)
    for name, arguments in _limited():
        rules.add_rule(ALLOW, name, *arguments)
    rules.load()


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
        ("newfstatat", (picture, _int(3, _AT_EMPTY_PATH))),
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
