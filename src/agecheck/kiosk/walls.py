"""The walls of the kiosk's two own processes. Linux only; nothing here can be undone.

Weaker than the sealed worker's, for both have to live: capture accepts connections from the page,
outputs makes them to the configured addresses. What counts is that no process has both the frames
and the network. Sources: seccomp(2), landlock(7), prctl(2), unix(7).
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from agecheck.errors import SealError
from agecheck.seal import process
from agecheck.seal.walls import die_with_parent, no_new_privileges, not_dumpable, restrict

if sys.platform == "linux":
    from landlock import FSAccess
    from pyseccomp import ALLOW, ERRNO, MASKED_EQ, NE, Arg, Attr, SyscallFilter

    from agecheck.seal.filters import OTHERS_DENIED, TERMINAL_INPUT

    _LISTING = FSAccess.READ_DIR | FSAccess.EXECUTE
    _READING = FSAccess.READ_FILE | _LISTING

_SOCKET_TYPE = 0xF
_INT = 0xFFFF_FFFF

NETWORK_DENIED = ("socket", "connect", "bind", "sendmmsg")
"""What capture gives up once the page's port is open: from then on it can only accept there. (To
listen needs a bound socket, and asyncio does it again.) `_no_way_out` adds what the arguments
decide."""
VALUES_DENIED = ("rt_sigqueueinfo", "rt_tgsigqueueinfo")
"""Signals that carry a value: capture has nobody to tell one."""
PROGRAMS_DENIED = ("execve", "execveat")
_ALWAYS_USED = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/dev/tty")
GPIO_DEVICES = ("/dev/gpiochip0", "/dev/gpiochip4", "/dev/gpiomem")


def around_capture(parent_pid: int, devices: Iterable[str] = (), files: Iterable[str] = ()) -> None:
    """For the process with the frames: no connection out, no file written, not to be looked into,
    and no file read but what programs are made of, so no key.

    Call it before any thread is started, and with the page's socket open already.

    Args:
        parent_pid: this process ends with that one.
        devices: cameras, which are opened for writing, too.
        files: what the settings name for it to read.

    Raises:
        SealError: a wall cannot be raised; there must be no frame then.
    """
    _raise_all(
        lambda: die_with_parent(parent_pid),
        process.drop_capabilities,
        not_dumpable,
        no_new_privileges,
        lambda: _landlock_programs_only(("/dev/null", *devices), files),
        lambda: _filter((*OTHERS_DENIED, *NETWORK_DENIED, *VALUES_DENIED), _no_way_out()),
    )


def around_outputs(parent_pid: int, *, runs_programs: bool, devices: Iterable[str] = ()) -> None:
    """For the process with the key and the network: no camera, and no other process's memory.

    Landlock keeps a process from looking into any that is outside its own domain, as capture is;
    the filter refuses the calls; and capture is not dumpable. Call it before any thread is started.

    Args:
        parent_pid: this process ends with that one.
        runs_programs: a fallback command is configured.
        devices: pins that it sets.

    Raises:
        SealError: a wall cannot be raised.
    """
    programs = () if runs_programs else PROGRAMS_DENIED
    _raise_all(
        lambda: die_with_parent(parent_pid),
        process.drop_capabilities,
        not_dumpable,
        no_new_privileges,
        lambda: _landlock_no_camera(devices),
        lambda: _filter((*OTHERS_DENIED, *programs)),
    )


def _raise_all(*raisers: Callable[[], None]) -> None:
    failed = False
    try:
        for raiser in raisers:
            raiser()
    except Exception:  # a missing library, an old kernel: whatever it is, the wall does not stand
        failed = True
    if failed:
        raise SealError("this machine cannot raise the walls of the kiosk's processes")


def _landlock_programs_only(writable: Iterable[str], readable: Iterable[str]) -> None:
    """Folders are listed; of files only these and what programs are made of are read, and the
    former written to. Nothing is made or removed."""
    used = filter(os.path.exists, (*readable, *_parts_of_programs()))
    restrict(
        kept=_LISTING | FSAccess.IOCTL_DEV,
        allowed=[
            *((path, FSAccess.READ_FILE) for path in used),
            *(
                (path, FSAccess.READ_FILE | FSAccess.WRITE_FILE)
                for path in filter(os.path.exists, writable)
            ),
        ],
    )


def _parts_of_programs(etc: Path = Path("/etc")) -> Iterator[str]:
    """Where Python, its packages, the system's libraries and the kernel's answers are."""
    yield from (sys.prefix, sys.base_prefix, str(Path(__file__).parents[1]))
    yield from filter(_holds_packages, sys.path)
    yield from ("/usr", "/lib", "/lib32", "/lib64", "/nix/store", "/proc", "/sys", *_ALWAYS_USED)
    # Under /etc keys may lie: what anybody reads there, such as the list of libraries.
    for path in (*etc.iterdir(), etc / "ssl/openssl.cnf"):
        with suppress(OSError):  # it leads to where we may not look, or has gone
            mode = path.stat().st_mode
            if stat.S_ISREG(mode) and mode & stat.S_IROTH:
                yield str(path)


def _holds_packages(path: str) -> bool:
    """Whether it is a folder that packages are installed in, also by `pip install --target`.

    Never the working directory, which Python has on its path as well: keys may lie there."""
    if path.endswith(("site-packages", "dist-packages")):
        return True
    with suppress(OSError):
        return not Path(path).samefile(".") and any(Path(path).glob("*.dist-info"))
    return False


def _landlock_no_camera(devices: Iterable[str]) -> None:
    """Of /dev only what is named; nothing else is written, made or removed anywhere."""
    folders = [path for path in Path("/").iterdir() if path.name != "dev" and path.is_dir()]
    used = filter(os.path.exists, (*_ALWAYS_USED, *devices))
    restrict(
        kept=FSAccess.IOCTL_DEV,
        allowed=[
            *((str(folder), _READING) for folder in folders),
            *((device, FSAccess.READ_FILE | FSAccess.WRITE_FILE) for device in used),
        ],
    )


def _filter(denied: Iterable[str], limited: Iterable[tuple[str, Arg]] = ()) -> None:
    rules = SyscallFilter(ALLOW)
    rules.set_attr(Attr.CTL_TSYNC, 1)
    for name in denied:
        rules.add_rule(ERRNO(errno.EPERM), name)
    # typing a command into the terminal that the kiosk was started from
    typing = (("ioctl", Arg(1, MASKED_EQ, _INT, what)) for what in TERMINAL_INPUT)
    for name, argument in (*limited, *typing):
        rules.add_rule(ERRNO(errno.EPERM), name, argument)
    rules.load()


def _no_way_out() -> Iterator[tuple[str, Arg]]:
    """What a process with the frames could reach somebody by, without `socket` and `connect`."""
    # Only pairs that are connected for good: one of datagrams, which Linux also makes of a raw one,
    # sends to any name on this machine.
    yield "socketpair", Arg(0, NE, socket.AF_UNIX)
    for kind in set(range(_SOCKET_TYPE + 1)) - {socket.SOCK_STREAM, socket.SOCK_SEQPACKET}:
        yield "socketpair", Arg(1, MASKED_EQ, _SOCKET_TYPE, kind)
    yield "sendto", Arg(4, NE, 0)
    # Connects and sends in one: the page's own socket would do for it.
    yield "sendto", Arg(3, MASKED_EQ, socket.MSG_FASTOPEN, socket.MSG_FASTOPEN)
    yield "sendmsg", Arg(2, MASKED_EQ, socket.MSG_FASTOPEN, socket.MSG_FASTOPEN)
