"""What /proc says of the processes behind a pool."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from agecheck import AgeChecker
from agecheck.seal.handle import WorkerHandle
from agecheck.seal.pool import WorkerPool

TESTS = Path(__file__).parents[1]
PORTRAIT = TESTS / "pictures" / "astronaut.png"
CAT = TESTS / "pictures" / "chelsea.png"
PATIENCE_S = 5.0


def pool_of(checker: AgeChecker) -> WorkerPool:
    """The workers behind a sealed checker."""
    pool: object = getattr(checker._run_check, "__self__", None)
    assert isinstance(pool, WorkerPool)
    return pool


def server_pid_of(pool: WorkerPool) -> int:
    assert pool._server is not None
    return pool._server._process.pid


def worker_pid_of(worker: WorkerHandle) -> int:
    """By the kernel's word, through the pidfd."""
    lines = Path(f"/proc/self/fdinfo/{worker._pidfd}").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pid:"))


def first_worker_pid(pool: WorkerPool) -> int:
    """Of the worker that takes the next check."""
    return worker_pid_of(pool._idle[0])


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def stats() -> dict[int, list[str]]:
    """Of every process: state, parent, group, session, ...; as in proc(5) from the third field."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                text = (folder / "stat").read_text()
            except OSError:  # it has ended meanwhile
                continue
            found[int(folder.name)] = text.rpartition(") ")[2].split()
    return found


def in_session(session_id: int) -> list[int]:
    """Processes of a session, zombies among them: a fork server leads one with its workers."""
    return [pid for pid, fields in stats().items() if fields[3] == str(session_id)]


def living_in_session(session_id: int) -> list[int]:
    """Without those that wait to be reaped by a stranger, after their fork server was killed."""
    return [pid for pid in in_session(session_id) if stats().get(pid, "Z")[0] != "Z"]


def zombies_below(pid: int) -> list[int]:
    return [
        child for child, fields in stats().items() if fields[0] == "Z" and fields[1] == str(pid)
    ]


def n_descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def becomes_true(predicate: Callable[[], bool], patience_s: float = PATIENCE_S) -> bool:
    """Whether it holds before the patience is over; a process takes a moment to be gone."""
    until_s = time.monotonic() + patience_s
    while not predicate():
        if time.monotonic() > until_s:
            return False
        time.sleep(0.01)
    return True
