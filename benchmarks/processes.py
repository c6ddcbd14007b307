"""What processes hold: memory, descriptors, children. Read from /proc; Linux only."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path

# Also for those who import them from here.
from agecheck.bench.processes import family as family
from agecheck.bench.processes import pss_mib as pss_mib
from agecheck.bench.processes import run_timed_ms as run_timed_ms
from agecheck.bench.processes import states

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def children(parent_pid: int) -> list[int]:
    """The living children of a process, zombies included."""
    return [pid for pid, (parent, _) in states().items() if parent == parent_pid]


def zombies(parent_pids: list[int]) -> int:
    """How many children of these processes have ended and were not reaped."""
    return sum(parent in parent_pids and state == "Z" for parent, state in states().values())


def kill_child(pid: int, parent_pid: int) -> bool:
    """Kill a child of that process, and wait until it is gone. False when it had ended by itself.

    Another process that was given its number meanwhile is never hit.
    """
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        if pid not in children(parent_pid):
            return False
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        select.select([pidfd], [], [])
    except ProcessLookupError:
        return False
    finally:
        os.close(pidfd)
    return True


def rss_bytes(pid: int) -> int:
    """Memory held, shared pages in full. Anybody may read it."""
    pages = Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1]
    return int(pages) * _PAGE_BYTES


def descriptors(pid: int) -> int:
    """How many descriptors a process has open; for ourselves, the one that counts among them."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
