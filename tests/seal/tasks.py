"""What the workers of these tests do: what their picture tells them to, however bad.

A factory is named "seal.tasks:Name"; the fork server imports it by the caller's search path.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
from collections import deque
from collections.abc import Callable
from itertools import repeat
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from agecheck.errors import ImageError, ImageFault
from agecheck.guidance import LiveCode
from agecheck.seal import codes, worker
from agecheck.seal.channel import CHANNEL_FD
from agecheck.verdict import CheckResult, Reason, Verdict

if TYPE_CHECKING:
    import socket

    from agecheck.ports import RgbFrame

OVER = CheckResult(Verdict.OVER)
NO_FACE = CheckResult.inconclusive(Reason.NO_FACE)
OVER_CODE = codes.code_of_result(OVER)
UNKNOWN_CODE = 0x00
UNKNOWN_LIVE_CODE = 0x7F
WORK_ROUNDS = 10
_STEP_BYTES = 256 * 1024 * 1024
_ENDLESS = repeat(None)  # a thing of the C library's own: no signal is looked at on its way


class Obedient:
    """Does what the picture's bytes say."""

    def before_seal(self) -> None:
        """Nothing."""

    def check(self, source: Any) -> CheckResult:
        if isinstance(source, np.ndarray):
            return OVER if source.any() else NO_FACE
        command = bytes(source).decode()
        if command.startswith("has "):
            return OVER if command.removeprefix("has ") in os.environ else NO_FACE
        return _COMMANDS[command]()

    def open_session(self, script: bytes) -> Session:
        return Session(script.decode().strip())


class Session:
    """A live session that does what its script says."""

    def __init__(self, command: str) -> None:
        self._command, self._seen = command, 0

    def see(self, frame: RgbFrame, at_ms: int) -> None:  # noqa: ARG002
        self._seen += 1
        if self._command == "stumble over frames":
            raise RuntimeError

    def tick(self) -> LiveCode:
        match self._command:
            case "unknown code":
                _say(UNKNOWN_LIVE_CODE)
            case "two codes":
                _say(codes.code_of_live(LiveCode.GOOD))
            case "hang":
                _work_without_end()
            case "count frames":
                return LiveCode(self._seen - 5)
        return LiveCode.WAITING

    def finish(self) -> CheckResult:
        if self._command == "fail at the end":
            raise RuntimeError
        if self._command == "unknown result":
            _say(UNKNOWN_CODE)
        return NO_FACE


class Hasty(Obedient):
    """Its workers say OVER before anybody has asked."""

    def __init__(self) -> None:
        serve = worker.serve

        def say_and_serve(
            channel: socket.socket, sealed_task: worker.SealedTask, max_checks: int
        ) -> None:
            _say(OVER_CODE)
            serve(channel, sealed_task, max_checks)

        worker.serve = say_and_serve


class StillBorn(Obedient):
    """Its workers end before they have raised a wall."""

    def before_seal(self) -> None:
        os._exit(0)


class Impostor(Obedient):
    """Its workers hand over a process as their own that is not: the caller's, their grandparent."""

    def __init__(self) -> None:
        caller_pid = os.getppid()
        open_pidfd = os.pidfd_open

        def open_callers(pid: int, flags: int = 0) -> int:  # noqa: ARG001
            return open_pidfd(caller_pid, flags)

        os.pidfd_open = open_callers


class Unloadable:
    """Cannot be made."""

    def __init__(self) -> None:
        raise RuntimeError("a message with an age in it: 17")


def _say(code: int) -> None:
    os.write(CHANNEL_FD, bytes([code]))


def _work_without_end() -> NoReturn:
    while True:
        pass


def _hang_in_c() -> CheckResult:
    deque(_ENDLESS, maxlen=0)
    return OVER


def _work() -> CheckResult:
    for _ in range(WORK_ROUNDS):
        sum(range(500_000))
    return OVER


def _crash() -> CheckResult:
    ctypes.string_at(0)
    return OVER


def _allocate() -> CheckResult:
    kept = []
    while True:
        kept.append(mmap.mmap(-1, _STEP_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))


def _recurse() -> CheckResult:
    sys.setrecursionlimit(10_000)
    return _recurse()


def _exit() -> CheckResult:
    os._exit(0)


def _raise(error: BaseException) -> CheckResult:
    raise error


def _say_two_at_once() -> CheckResult:
    os.write(CHANNEL_FD, bytes([OVER_CODE, OVER_CODE]))
    return OVER


def _say_first(code: int) -> CheckResult:
    _say(code)
    return OVER


def _lie() -> Any:
    return "OVER"


_COMMANDS: dict[str, Callable[[], CheckResult]] = {
    "over": lambda: OVER,
    "no face": lambda: NO_FACE,
    "work": _work,
    "crash": _crash,
    "hang": _work_without_end,
    "hang in C": _hang_in_c,
    "allocate": _allocate,
    "recurse": _recurse,
    "exit": _exit,
    "open": lambda: _raise(RuntimeError(os.open("/", os.O_RDONLY))),
    "raise": lambda: _raise(RuntimeError("a message with an age in it: 17")),
    "raise SystemExit": lambda: _raise(SystemExit(0)),
    "raise KeyboardInterrupt": lambda: _raise(KeyboardInterrupt()),
    "allocate at once": lambda: _raise(RuntimeError(len(bytearray(1 << 34)))),
    "image error": lambda: _raise(ImageError(ImageFault.TOO_MANY_PIXELS)),
    "two at once": _say_two_at_once,
    "unknown code": lambda: _say_first(UNKNOWN_CODE),
    "live code": lambda: _say_first(codes.code_of_live(LiveCode.GOOD)),
    "walls code": lambda: _say_first(codes.code_of_walls(())),
    "two answers": lambda: _say_first(OVER_CODE),
    "wrong type": _lie,
}
