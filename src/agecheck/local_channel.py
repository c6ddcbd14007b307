"""A live session in the calling process, for seal="off": the same codes at the same ticks."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from agecheck.errors import AgecheckError, InternalError, WorkerError, WorkerFault
from agecheck.seal import live_channel
from agecheck.verdict import CheckResult

if TYPE_CHECKING:
    from agecheck.guidance import GuidedSession, LiveCode


class LocalChannel:
    """One session without a wall around it. The bounds are those of the sealed one."""

    def __init__(self, session: GuidedSession) -> None:
        self._session: GuidedSession | None = session
        self._ticks_passed = 0
        self._frames_since_tick = 0
        self._began_s = time.monotonic()

    def show(self, frame: object, at_ms: int) -> bool:
        from agecheck.image.frame import copy_of_frame

        session = self._running()
        if self._frames_since_tick >= live_channel.MAX_FRAMES_PER_TICK:
            return False
        self._frames_since_tick += 1
        pixels = copy_of_frame(frame)
        with suppress(Exception):  # a frame that cannot be looked at ends the session, at its end
            session.see(pixels, at_ms)
        return True

    def lights_began(self, at_ms: int) -> None:
        self._running().lights_began(at_ms)

    def tick(self) -> LiveCode:
        code = self._running().tick()
        self._wait()
        return code

    def finish(self) -> CheckResult:
        session, self._session = self._running(), None  # it has one end, whatever that is
        outcome: object
        try:
            outcome = session.finish()
        except AgecheckError as error:
            outcome = error
        except Exception:
            outcome = None
        self._wait()  # a failure is heard at a tick, too
        if isinstance(outcome, CheckResult):
            return outcome
        if isinstance(outcome, AgecheckError):
            raise outcome
        raise InternalError("the check failed; there is no answer")

    def abort(self) -> None:
        self._session = None

    def _running(self) -> GuidedSession:
        if self._session is None:
            raise WorkerError(WorkerFault.DIED)
        return self._session

    def _wait(self) -> None:
        ticks = live_channel.wait_for_tick(self._began_s, self._ticks_passed)
        if ticks is None:
            self._session = None
            raise WorkerError(WorkerFault.DEADLINE)
        self._ticks_passed, self._frames_since_tick = ticks, 0
