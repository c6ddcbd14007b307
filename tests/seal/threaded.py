"""A task with a thread of its own: it tries out, in that thread, what the picture names."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import NoReturn

from agecheck.seal.channel import CHANNEL_FD
from agecheck.seal.setup import OwnThreads, WorkerSetup
from agecheck.verdict import CheckResult
from seal.tasks import NO_FACE, OVER

READABLE = "/sys/devices/system/cpu/online"
UNREADABLE = "/proc/self/status"
EXTRA_CALLS = ("set_robust_list", "rseq")
_AF_INET, _AF_UNIX, _SOCK_DGRAM = 2, 1, 2
_LIBC = ctypes.CDLL(None)


def setup() -> WorkerSetup:
    """For a pool of workers that do this."""
    return WorkerSetup(
        "seal.threaded:Busy",
        max_checks=1000,
        extra_calls=EXTRA_CALLS,
        own_threads=OwnThreads(readable=(READABLE,)),
    )


class Busy:
    """Says OVER when what is tried succeeds, and NO_FACE when it is refused."""

    def __init__(self) -> None:
        self._wanted: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._came_of_it: SimpleQueue[bool] = SimpleQueue()
        self._read_at_start: list[str] = []

    def before_seal(self) -> None:
        threading.Thread(target=self._serve, daemon=True).start()
        for path in (READABLE, UNREADABLE):
            if self._succeeds_in_thread(lambda path=path: Path(path).read_bytes()):  # type: ignore[misc]
                self._read_at_start.append(path)

    def check(self, source: object) -> CheckResult:
        command = bytes(source).decode()  # type: ignore[call-overload]
        attempts: dict[str, Callable[[], object]] = {
            "read at start": lambda: _require(self._read_at_start == [READABLE]),
            "read": lambda: os.open(READABLE, os.O_RDONLY),
            "write": lambda: os.write(2, b"x"),
            "flood": lambda: os.write(CHANNEL_FD, b"xx"),
            "socket": lambda: _require(_LIBC.socket(_AF_INET, _SOCK_DGRAM, 0) >= 0),
            "pair": lambda: _require(_LIBC.socketpair(_AF_UNIX, _SOCK_DGRAM, 0, bytes(8)) == 0),
            "process": _fork,
            "signal": lambda: os.kill(os.getppid(), 0),
            "thread": _start_another,
        }
        return OVER if self._succeeds_in_thread(attempts[command]) else NO_FACE

    def open_session(self, script: bytes) -> NoReturn:
        raise NotImplementedError

    def _succeeds_in_thread(self, attempt: Callable[[], object]) -> bool:
        self._wanted.put(attempt)
        return self._came_of_it.get()

    def _serve(self) -> None:
        while True:
            attempt = self._wanted.get()
            try:
                attempt()
            except OSError:
                self._came_of_it.put(False)
            else:
                self._came_of_it.put(True)


def _require(succeeded: bool) -> None:
    if not succeeded:
        raise OSError


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _start_another() -> None:
    """A thread that did not exist when the filter was set, and what it may do."""
    came_of_it: SimpleQueue[str] = SimpleQueue()

    def try_to_read() -> None:
        try:
            os.open(READABLE, os.O_RDONLY)
        except PermissionError:
            came_of_it.put("refused")
        else:
            came_of_it.put("read")

    threading.Thread(target=try_to_read, daemon=True).start()
    _require(came_of_it.get() == "refused")
