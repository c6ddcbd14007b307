"""The walls around a task that starts threads of its own, as the library of another may.

Landlock binds the thread that asks for it and those that it starts afterwards: it comes before the
threads. The filter is set in all threads at once: it comes after them, and it is what keeps a
picture in. None is handed over before it stands, and the caller looks at every thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from agecheck.seal import process, walls
from agecheck.seal.channel import CHANNEL_FD
from agecheck.seal_state import Wall

EXTRA_MEMORY_BYTES = walls.EXTRA_MEMORY_BYTES + 1024 * 1024 * 1024
"""The threads reserve address space for stacks and arenas, and use hardly any of it."""
_LOOKED_AT = 256


def raise_walls(
    start: Callable[[], None],
    cpu_seconds: int,
    extra_calls: tuple[str, ...],
    readable: Sequence[str],
) -> set[Wall]:
    """All walls that can stand around such a task: all but SINGLE_THREAD.

    Args:
        start: starts the threads.
        cpu_seconds: processor time for the whole life of this process.
        extra_calls: as for `filters.load_worker_with_threads`.
        readable: files and folders that `start` has to read. Landlock leaves them readable; once
            the filter stands, nothing can be opened any more.

    Returns:
        Those that stand.
    """
    os.closerange(CHANNEL_FD + 1, os.sysconf("SC_OPEN_MAX"))
    unshared = walls.stands(process.require_no_shared_memory)
    memory_bytes = walls.address_space_bytes() + EXTRA_MEMORY_BYTES
    before: dict[Wall, Callable[[], None]] = {
        Wall.NOT_DUMPABLE: walls.not_dumpable,
        Wall.NO_NEW_PRIVILEGES: walls.no_new_privileges,
        Wall.LANDLOCK: lambda: _landlock(readable),
    }
    after: dict[Wall, Callable[[], None]] = {
        Wall.LIMITS: lambda: walls.set_limits(cpu_seconds, memory_bytes, threads=True),
        Wall.SECCOMP: lambda: _filter(extra_calls),
    }
    standing = {wall for wall, raise_it in before.items() if walls.stands(raise_it)}
    start()
    if unshared and walls.stands(_keep_only_channel):
        standing.add(Wall.DESCRIPTORS)
    return standing | {wall for wall, raise_it in after.items() if walls.stands(raise_it)}


def _landlock(readable: Sequence[str]) -> None:
    from landlock import FSAccess

    walls.require_single_thread()  # one from before would stay free
    in_folder = FSAccess.READ_FILE | FSAccess.READ_DIR
    walls.restrict(
        allowed=[
            (path, in_folder if Path(path).is_dir() else FSAccess.READ_FILE)
            for path in readable
            if Path(path).exists()
        ]
    )


def _filter(extra_calls: tuple[str, ...]) -> None:
    from agecheck.seal import filters

    filters.load_worker_with_threads(extra_calls)


def _keep_only_channel() -> None:
    """Looks without /proc, which cannot be read any more."""
    os.closerange(0, CHANNEL_FD)
    os.closerange(CHANNEL_FD + 1, os.sysconf("SC_OPEN_MAX"))
    if [number for number in range(_LOOKED_AT) if _is_open(number)] != [CHANNEL_FD]:
        raise OSError("a descriptor is left")


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
