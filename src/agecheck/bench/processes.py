"""What a command and its children take: wall time and memory. Memory is read from /proc."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from agecheck.errors import AgecheckError
from agecheck.runtime import TELEMETRY_SWITCH

# Started by a small process: a large one's page tables would be part of the time.
_LAUNCHER = """
import subprocess, sys, time
started = time.perf_counter()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(code, (time.perf_counter() - started) * 1e3)
"""
HEAVIEST_IMPORTS = (
    sys.executable,
    "-c",
    f"import os; os.environ['{TELEMETRY_SWITCH}'] = '1'; import numpy, onnxruntime",
)
"""A process to compare with: a check's two largest imports, made as a check makes them."""
_ENDED_WELL = (0, 10, 20)
"""Exit codes of `agecheck check` that come with an answer."""


class CommandError(AgecheckError):
    """A command that was to be timed ended without an answer."""


def run_timed_ms(command: Sequence[str]) -> float:
    """Wall time of one process in ms. It may end with a verdict's exit code.

    Raises:
        CommandError: it ended with another one.
    """
    launched = subprocess.run(  # noqa: S603
        [sys.executable, "-S", "-c", _LAUNCHER, *command], capture_output=True, check=True
    )
    exit_code, elapsed_ms = launched.stdout.split()
    if int(exit_code) not in _ENDED_WELL:
        raise CommandError(f"a timed command ended with exit code {int(exit_code)}")
    return float(elapsed_ms)


def peak_memory_mib(command: Sequence[str]) -> float | None:
    """The most that a command and its children held at once; a page that n share counts 1/n each.

    Reading another process's pages needs root where it is not dumpable, as a sealed worker is.

    Returns:
        None where the system does not tell.
    """
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
    peak_mib: float | None = None
    readable = True
    while process.poll() is None:
        if readable:
            try:
                peak_mib = max(peak_mib or 0.0, sum(map(pss_mib, family(process.pid))))
            except PermissionError:
                readable, peak_mib = False, None
    return peak_mib or None


def family(root_pid: int) -> list[int]:
    """A process and all of its descendants."""
    parents = {pid: parent for pid, (parent, _) in states().items()}
    members = [root_pid]
    for member in members:
        members += [pid for pid, parent in parents.items() if parent == member]
    return members


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


def states() -> dict[int, tuple[int, str]]:
    """Each process's parent and state; empty where there is no /proc."""
    found: dict[int, tuple[int, str]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            pid, _, rest = stat.read_text(encoding="utf-8").partition(" (")
            state, parent = rest.rpartition(") ")[2].split()[:2]
            found[int(pid)] = int(parent), state
    return found
