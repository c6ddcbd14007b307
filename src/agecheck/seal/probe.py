"""A worker that tries what a worker must not: `agecheck doctor` watches it die of each attempt.

Nothing here does harm where a wall is missing: no packet is sent, and no file is changed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from enum import StrEnum
from typing import Any, NoReturn

from agecheck.seal import process
from agecheck.seal.channel import CHANNEL_FD, PICTURE_FD
from agecheck.verdict import CheckResult, Reason

FACTORY = "agecheck.seal.probe:Probe"


class Attempt(StrEnum):
    """What the worker is told to try, as the bytes of a picture."""

    NOTHING = "nothing"
    SOCKET = "socket"
    OPEN = "open"
    WRITE = "write"
    THREAD = "thread"
    CHILD = "child"
    TWO_BYTES = "two-bytes"


class Probe:
    """A `SealedTask` whose pictures are attempts. An answer means that nothing stopped it."""

    def __init__(self) -> None:
        self._try: dict[Attempt, Callable[[], object]] = {
            Attempt.NOTHING: lambda: None,
            Attempt.SOCKET: _open_socket,
            Attempt.OPEN: lambda: os.close(os.open("/", os.O_RDONLY)),
            Attempt.WRITE: lambda: os.write(PICTURE_FD, b"\0"),
            Attempt.THREAD: _start_thread,
            Attempt.CHILD: _start_child,
            Attempt.TWO_BYTES: lambda: os.write(CHANNEL_FD, b"\0\0"),
        }

    def before_seal(self) -> None:
        """Nothing is left to be done."""

    def check(self, source: Any) -> CheckResult:
        """Try what the bytes say.

        Raises:
            OSError, RuntimeError: it was refused, without the worker's end.
        """
        self._try[Attempt(bytes(source).decode())]()
        return CheckResult.inconclusive(Reason.NO_FACE)

    def open_session(self, script: bytes) -> NoReturn:  # noqa: ARG002
        """Attempts come as pictures.

        Raises:
            ValueError: always, and the worker ends.
        """
        raise ValueError("a probe has no live sessions")


def _open_socket() -> None:
    if not process.can_open_socket():
        raise OSError("no socket can be had")


def _start_thread() -> None:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()


def _start_child() -> None:
    if os.fork() == 0:
        os._exit(0)
