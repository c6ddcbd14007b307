"""A live session with a sealed worker: frames in, one code a tick, one verdict at the end."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from agecheck.errors import ChallengeError, WorkerError, WorkerFault
from agecheck.live_script import MAX_TICKS, TICK_MS
from agecheck.seal import codes
from agecheck.seal.channel import Task, TaskKind
from agecheck.seal.sources import task_of_frame
from agecheck.verdict import CheckResult

if TYPE_CHECKING:
    from agecheck.guidance import LiveCode
    from agecheck.seal.handle import WorkerHandle
    from agecheck.seal.pool import WorkerPool

_T = TypeVar("_T")

MAX_SCRIPT_BYTES = 1024
MAX_FRAMES_PER_TICK = 12
"""More are not handed over, so that a slow worker does not fall behind without end."""


def wait_for_tick(began_s: float, ticks_passed: int) -> int | None:
    """Sleep until the next tick; how many have passed then, or None when there are no more.

    Args:
        began_s: when the session began, by `time.monotonic()`.
        ticks_passed: at the last tick. One that passes in silence counts.
    """
    elapsed_ms = (time.monotonic() - began_s) * 1000
    ticks = max(math.ceil(elapsed_ms / TICK_MS), ticks_passed + 1)
    if ticks > MAX_TICKS:
        return None
    time.sleep(max(0.0, (ticks * TICK_MS - elapsed_ms) / 1000))
    return ticks


class LiveChannel:
    """One session. For one thread; as a context manager, it ends the worker's part on leaving.

    What comes out is bounded by the caller's side, whatever the worker does: at each of at most
    MAX_TICKS ticks one LiveCode or nothing, and at the end one check result.

    Args:
        pool: where the worker comes from; it takes one of its slots.
        script: what the session asks for, by `LiveScript.to_bytes`: the caller draws it, for the
            worker may not choose its own.
        deadline_s: how long the worker may take for one answer.

    Raises:
        ChallengeError: the script is empty or longer than MAX_SCRIPT_BYTES.
        WorkerError, SealError: there is no worker to be had.
    """

    def __init__(self, pool: WorkerPool, script: bytes, *, deadline_s: float = 10.0) -> None:
        self._worker: WorkerHandle | None = None
        if not 1 <= len(script) <= MAX_SCRIPT_BYTES:
            raise ChallengeError(f"a live session's script has 1 to {MAX_SCRIPT_BYTES} bytes")
        self._pool, self._deadline_s = pool, deadline_s
        self._worker = pool.reserve()
        self._worker.run_anywhere()  # the caller goes on taking frames
        self._ticks_passed = 0
        self._frames_since_tick = 0
        self._began_s = time.monotonic()
        begin = Task(TaskKind.LIVE_BEGIN, size_bytes=len(script))
        self._guarded(lambda worker: worker.tell(begin, script, deadline_s))

    def __enter__(self) -> LiveChannel:
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()

    def __del__(self) -> None:
        self.abort()  # a session that is lost must not keep one of the pool's slots

    def show(self, frame: object, at_ms: int) -> bool:
        """Hand a frame over.

        Args:
            frame: uint8 RGB (height, width, 3), upright.
            at_ms: its time on the caller's monotonic clock, not negative.

        Returns:
            False when it was dropped, because this tick has had its share.

        Raises:
            ImageError: it is no such array; the session goes on.
            WorkerError: the worker failed; the session is over.
        """
        if self._frames_since_tick >= MAX_FRAMES_PER_TICK:
            return False
        self._frames_since_tick += 1
        task, payload = task_of_frame(frame, at_ms)
        self._guarded(lambda worker: worker.tell(task, payload, self._deadline_s))
        return True

    def lights_began(self, at_ms: int) -> None:
        """Say when the screen began to show the script's colours, on the frames' clock.

        Raises:
            WorkerError: the worker failed; the session is over.
        """
        told = Task(TaskKind.LIVE_LIGHTS, at_ms=at_ms)
        self._guarded(lambda worker: worker.tell(told, None, self._deadline_s))

    def tick(self) -> LiveCode:
        """Wait for the next tick, and what the worker says at it.

        Raises:
            WorkerError: the worker failed, or the session has had its ticks; it is over.
        """
        code = codes.live_of_code(self._answer(TaskKind.LIVE_TICK))
        if code is None:
            raise self._over(WorkerFault.PROTOCOL)
        return code

    def finish(self) -> CheckResult:
        """The session's result, at the next tick. The session is over.

        Raises:
            WorkerError: the worker failed.
            InternalError: it could not come to a result.
        """
        outcome = codes.outcome_of_code(self._answer(TaskKind.LIVE_END))
        if outcome is None:
            raise self._over(WorkerFault.PROTOCOL)
        worker, self._worker = self._worker, None
        if worker is not None:
            self._pool.release(worker)
        if isinstance(outcome, CheckResult):
            return outcome
        raise outcome

    def abort(self) -> None:
        """End the session without a result. Does nothing when it is over."""
        worker, self._worker = self._worker, None
        if worker is not None:
            self._pool.discard(worker)

    def _answer(self, kind: TaskKind) -> int:
        code = self._guarded(lambda worker: worker.ask(Task(kind), None, self._deadline_s))
        ticks = wait_for_tick(self._began_s, self._ticks_passed)
        if ticks is None:
            raise self._over(WorkerFault.DEADLINE)
        self._ticks_passed, self._frames_since_tick = ticks, 0
        return code

    def _guarded(self, use: Callable[[WorkerHandle], _T]) -> _T:
        if self._worker is None:
            raise WorkerError(WorkerFault.DIED)
        try:
            return use(self._worker)
        except BaseException:
            self.abort()
            raise

    def _over(self, fault: WorkerFault) -> WorkerError:
        self.abort()
        return WorkerError(fault)
