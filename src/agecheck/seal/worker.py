"""The loop inside the walls: a task comes in, one byte goes out."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from agecheck.seal import codes
from agecheck.seal.channel import CHANNEL_FD, Task, TaskKind, receive_task
from agecheck.seal.memory import map_sealed

if TYPE_CHECKING:
    import socket

    from agecheck.guidance import LiveCode
    from agecheck.ports import RgbFrame
    from agecheck.verdict import CheckResult

_T = TypeVar("_T")


class SealedSession(Protocol):
    """A live session inside the worker."""

    def see(self, frame: RgbFrame, at_ms: int) -> None:
        """Look at one frame; nothing is said about it."""

    def lights_began(self, at_ms: int) -> None:
        """The screen began to show the script's colours; nothing is said about it."""

    def tick(self) -> LiveCode:
        """What to tell the person now."""

    def finish(self) -> CheckResult:
        """The session's one result."""


class SealedTask(Protocol):
    """What a worker does with pictures. Made in the fork server, before any walls but the first."""

    def before_seal(self) -> None:
        """Runs in the new worker before its walls are raised; between them if it has threads."""

    def check(self, source: object) -> CheckResult:
        """One picture's result."""

    def open_session(self, script: bytes) -> SealedSession:
        """Begin a live session by a script that the caller drew."""


class _BrokenTaskError(Exception):
    """The caller's messages make no sense, or a picture cannot be let go: the worker ends."""


def serve(channel: socket.socket, sealed_task: SealedTask, max_checks: int) -> None:
    """Answer until `max_checks` pictures or sessions are done or the other end closes.

    Raises:
        _BrokenTaskError, ValueError, OSError: the process is no longer to be used.
    """
    session: SealedSession | None = None
    while max_checks > 0:
        received = receive_task(channel)
        if received is None:
            return
        task, descriptor = received
        match task.kind:
            case TaskKind.ENCODED | TaskKind.FRAME:
                _say(_with_picture(task, descriptor, partial(_code, sealed_task.check)))
                max_checks -= 1
            case TaskKind.LIVE_BEGIN:
                session = _open_session(task, descriptor, sealed_task)
            case TaskKind.LIVE_FRAME if session is not None:
                _with_picture(task, descriptor, partial(_show, session, task.at_ms))
            case TaskKind.LIVE_LIGHTS if session is not None:
                session.lights_began(task.at_ms)
            case TaskKind.LIVE_TICK if session is not None:
                _say(codes.code_of_live(session.tick()))
            case TaskKind.LIVE_END if session is not None:
                _say(_code(session.finish))
                session = None
                max_checks -= 1
            case _:
                raise _BrokenTaskError


def _with_picture(task: Task, descriptor: int | None, look: Callable[[Any], _T]) -> _T:
    """Map the picture, look at it, and let go of it. The answer is ready before, not said."""
    if descriptor is None:
        raise _BrokenTaskError
    mapped = map_sealed(descriptor, task.size_bytes)
    view = memoryview(mapped)
    source: object = view
    if task.kind is not TaskKind.ENCODED:
        shape = (task.height_px, task.width_px, 3)
        source = np.frombuffer(view, dtype=np.uint8).reshape(shape)
    answer = look(source)
    del source
    view.release()
    mapped.close()  # BufferError when anything still refers to it: the worker ends
    os.close(descriptor)
    return answer


def _show(session: SealedSession, at_ms: int, frame: RgbFrame) -> None:
    """Nothing is said of a frame, even if it could not be looked at: then the session is over."""
    with suppress(Exception):
        session.see(frame, at_ms)


def _code(action: Callable[..., CheckResult], *arguments: object) -> int:
    try:
        return codes.code_of_result(action(*arguments))
    except Exception as error:
        return codes.code_of_error(error)


def _open_session(task: Task, descriptor: int | None, sealed_task: SealedTask) -> SealedSession:
    if descriptor is None:
        raise _BrokenTaskError
    with map_sealed(descriptor, task.size_bytes) as mapped:
        script = bytes(mapped)
    os.close(descriptor)
    return sealed_task.open_session(script)


def _say(code: int) -> None:
    os.write(CHANNEL_FD, bytes([code]))
