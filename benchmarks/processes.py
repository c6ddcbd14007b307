"""What processes hold: memory, descriptors, children. Read from /proc; Linux only."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

# Started by a small process: a large one's page tables would be part of the time.
_LAUNCHER = """
import subprocess, sys, time
started = time.perf_counter()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(code, (time.perf_counter() - started) * 1e3)
"""


def run_timed_ms(command: list[str]) -> float:
    """Wall time of one process in ms. It may end with a verdict's exit code.

    Raises:
        SystemExit: it ended with another one.
    """
    launched = subprocess.run(
        [sys.executable, "-S", "-c", _LAUNCHER, *command], capture_output=True, check=True
    )
    exit_code, elapsed_ms = launched.stdout.split()
    if int(exit_code) not in (0, 10, 20):
        raise SystemExit(f"{command[0]} failed with exit code {exit_code.decode()}")
    return float(elapsed_ms)


def children(parent_pid: int) -> list[int]:
    """The living children of a process, zombies included."""
    return [pid for pid, (parent, _) in _states().items() if parent == parent_pid]


def zombies(parent_pids: list[int]) -> int:
    """How many children of these processes have ended and were not reaped."""
    return sum(parent in parent_pids and state == "Z" for parent, state in _states().values())


def family(root_pid: int) -> list[int]:
    """A process and all of its descendants."""
    states = _states()
    members = [root_pid]
    for member in members:
        members += [pid for pid, (parent, _) in states.items() if parent == member]
    return members


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


def pss_mib(pid: int) -> float:
    """Memory held, where a page that n processes share counts 1/n; 0 when it has ended.

    Raises:
        PermissionError: it is not dumpable, as a sealed worker is, and we are not root.
    """
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    except (ProcessLookupError, FileNotFoundError):
        return 0.0
    held_kib = [int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")]
    return sum(held_kib) / 1024


def rss_bytes(pid: int) -> int:
    """Memory held, shared pages in full. Anybody may read it."""
    pages = Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1]
    return int(pages) * _PAGE_BYTES


def descriptors(pid: int) -> int:
    """How many descriptors a process has open; for ourselves, the one that counts among them."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _states() -> dict[int, tuple[int, str]]:
    """Each process's parent and state."""
    found: dict[int, tuple[int, str]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            pid, _, rest = stat.read_text(encoding="utf-8").partition(" (")
            state, parent = rest.rpartition(") ")[2].split()[:2]
            found[int(pid)] = int(parent), state
    return found
