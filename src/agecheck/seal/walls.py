"""Raises the walls around the calling process. Linux only; nothing here can be undone.

Sources: seccomp(2), landlock(7), prctl(2), setrlimit(2), proc(5).
"""

from __future__ import annotations

import ctypes
import os
import resource
from collections.abc import Callable, Iterable
from pathlib import Path

from agecheck.seal import process
from agecheck.seal.channel import CHANNEL_FD
from agecheck.seal_state import Wall

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_SIGKILL = 9

MAX_DESCRIPTORS = 8
EXTRA_MEMORY_BYTES = 1536 * 1024 * 1024
"""What a check may take beyond what the networks hold: 64 megapixels with transparency pass through
five copies of at most 256 MB."""


def first_stage() -> set[Wall]:
    """What the fork server gives up before it loads a library; see `filters.FIRST_STAGE_DENIED`.

    Returns:
        Those of `seal_state.FIRST_STAGE` that stand.
    """
    # Finding libseccomp opens /dev/null for writing, which Landlock is about to refuse.
    stands(_import_filters)
    stands(process.hide_command_line)  # needs a kernel with CHECKPOINT_RESTORE, as most are
    raisers = {
        Wall.NO_NEW_PRIVILEGES: _no_privileges,
        Wall.LANDLOCK: _landlock_no_writing,
        Wall.SECCOMP: _first_filter,
    }
    return {wall for wall, raise_it in raisers.items() if stands(raise_it)}


def die_with_parent(parent_pid: int) -> None:
    """End this process when the thread that forked it does."""
    _prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(0)


def raise_walls(cpu_seconds: int, extra_calls: tuple[str, ...] = ()) -> set[Wall]:
    """All walls, each tried. Only CHANNEL_FD stays open.

    Args:
        cpu_seconds: processor time for the whole life of this process.
        extra_calls: as for `filters.load_worker`.

    Returns:
        Those that stand.
    """
    raisers: dict[Wall, Callable[[], None]] = {
        Wall.SINGLE_THREAD: require_single_thread,
        Wall.DESCRIPTORS: _keep_only_channel,
        Wall.LIMITS: lambda: _limits(cpu_seconds),
        Wall.NOT_DUMPABLE: not_dumpable,
        Wall.NO_NEW_PRIVILEGES: no_new_privileges,
        Wall.LANDLOCK: restrict,
        Wall.SECCOMP: lambda: _worker_filter(extra_calls),
    }
    return {wall for wall, raise_it in raisers.items() if stands(raise_it)}


def stands(raise_it: Callable[[], None]) -> bool:
    """Raise a wall, and say whether that went well."""
    try:
        raise_it()
    except Exception:  # a missing library, an old kernel, a container that forbids it
        return False
    return True


def require_single_thread() -> None:
    """A filter set here would leave a thread from before it free, for Landlock has no way to it."""
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        raise OSError("there is another thread")


def _keep_only_channel() -> None:
    process.require_no_shared_memory()
    os.closerange(0, CHANNEL_FD)
    os.closerange(CHANNEL_FD + 1, os.sysconf("SC_OPEN_MAX"))
    # The listing itself is open while it is read, under the lowest number that is free.
    if sorted(path.name for path in Path("/proc/self/fd").iterdir()) != ["0", str(CHANNEL_FD)]:
        raise OSError("a descriptor is left")


def _limits(cpu_seconds: int) -> None:
    set_limits(cpu_seconds, address_space_bytes() + EXTRA_MEMORY_BYTES)


def address_space_bytes() -> int:
    """What is mapped now, used or not."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def set_limits(cpu_seconds: int, memory_bytes: int, *, threads: bool = False) -> None:
    """Limit what it may use.

    Args:
        cpu_seconds: processor time, for its whole life.
        memory_bytes: address space.
        threads: it may start further threads, which count as processes here.
    """
    for kind, limit in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        *(() if threads else ((resource.RLIMIT_NPROC, 0),)),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_NOFILE, MAX_DESCRIPTORS),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_AS, memory_bytes),
    ):
        hard = resource.getrlimit(kind)[1]
        ceiling = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (ceiling, ceiling))


def not_dumpable() -> None:
    """No other process of this user can look into it, or have it leave a core file."""
    _prctl(_PR_SET_DUMPABLE, 0)


def no_new_privileges() -> None:
    """Nothing it may execute makes it more than it is."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def _no_privileges() -> None:
    process.drop_capabilities()
    no_new_privileges()


def _landlock_no_writing() -> None:
    from landlock import FSAccess

    restrict(kept=FSAccess.READ_FILE | FSAccess.READ_DIR | FSAccess.EXECUTE)


def restrict(*, kept: int = 0, allowed: Iterable[tuple[str, int]] = ()) -> None:
    """Give up every access to files that this kernel's Landlock can take, but for what is named.

    Args:
        kept: the landlock.FSAccess that is left to all files.
        allowed: files and folders that there are, each with the FSAccess that is left to it.

    Raises:
        ImportError, OSError: there is no Landlock here, or it refuses.
    """
    from landlock import FSAccess, Ruleset

    ctypes.set_errno(0)  # the library takes an error left over from an earlier call for its own
    ruleset = Ruleset(restrict_rules=FSAccess.all() & ~kept)
    for path, rules in allowed:
        ruleset.allow(path, rules=rules)
    ruleset.apply()
    os.close(ruleset._fd)


def _import_filters() -> None:
    from agecheck.seal import filters  # noqa: F401


def _first_filter() -> None:
    from agecheck.seal import filters

    filters.load_first_stage()


def _worker_filter(extra_calls: tuple[str, ...]) -> None:
    from agecheck.seal import filters

    filters.load_worker(extra_calls)


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
