"""One visit: from the person's consent to the result on the screen. No web in it."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from agecheck.errors import AgecheckError, ImageError
from agecheck.kiosk.messages import Outcome, Refusal
from agecheck.verdict import CheckResult

if TYPE_CHECKING:
    from agecheck.guidance import LiveCode
    from agecheck.live_session import Light
    from agecheck.ports import RgbFrame

MAX_VISIT_S = 30.0
"""A session that has come to nothing by then is ended with what it has."""
FIRST_FRAME_S = 20.0
"""Asking for the camera and starting it takes a while; the session begins with its first frame."""
STALLED_S = 4.0
"""Without a frame for so long, the camera is taken to be gone."""
RELEASE_QUANTUM_S = 1.0
"""Results appear at whole seconds after the camera began: how long a check took says something."""
TICK_S, TICK_LEAD_S = 0.5, 0.12
"""A tick is asked for a little before its time: whoever asks late waits for the next one."""


class Live(Protocol):
    """What a visit needs of `agecheck.live_session.LiveSession`."""

    @property
    def lights(self) -> Sequence[Light]: ...
    @property
    def over(self) -> bool: ...
    def lights_began(self, at_ms: int) -> None: ...
    def show(self, frame: RgbFrame, at_ms: int) -> bool: ...
    def tick(self) -> LiveCode: ...
    def finish(self) -> CheckResult: ...


class Link(Protocol):
    """What a visit needs of `agecheck.kiosk.link.OutputsLink`."""

    def begin(self) -> Refusal | None: ...
    def end(self, outcome: Outcome) -> bool: ...


class Screen(Protocol):
    """What the person sees. Called from the visit's thread."""

    def lights(self, lights: Sequence[Light]) -> None:
        """Show these colours, one after the other; `Frames.lights_began` says when it begins."""

    def prompt(self, code: LiveCode) -> None:
        """Tell the person what to do."""


class Ending(StrEnum):
    """What the screen shows at the end."""

    PASSED = "passed"
    ID_NEEDED = "id-needed"
    REFUSED = "refused"
    """No session could begin: nobody asks, the clock is not set, or something is broken."""
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class VisitEnd:
    """How a visit ended: `ending` for the screen, the rest for the staff page and the counters."""

    ending: Ending
    outcome: Outcome | None = None
    detail: str | None = None


class Frames:
    """The newest frames on their way to the worker. One side is the page's or the camera's thread.

    Few are kept: an old frame helps nobody, and the continuity of the newest ones counts.
    """

    def __init__(self) -> None:
        self._frames: deque[tuple[RgbFrame, int]] = deque(maxlen=4)
        self._changed = threading.Condition()
        self._cancelled = False
        self._any = False
        self._lights_at_ms: int | None = None

    def put(self, frame: RgbFrame, at_ms: int) -> None:
        with self._changed:
            self._frames.append((frame, at_ms))
            self._any = True
            self._changed.notify()

    def wait_for_first(self, timeout_s: float) -> bool:
        """Whether one has come in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._any or self._cancelled, timeout_s)

    def get(self, timeout_s: float) -> tuple[RgbFrame, int] | None:
        """The oldest that is kept, or None when none comes in time or the visit was cancelled."""
        with self._changed:
            self._changed.wait_for(lambda: self._frames or self._cancelled, max(0.0, timeout_s))
            return self._frames.popleft() if self._frames and not self._cancelled else None

    def lights_began(self, at_ms: int) -> None:
        """The page has begun to show the colours."""
        with self._changed:
            if self._lights_at_ms is None:
                self._lights_at_ms = at_ms

    def take_lights_start(self) -> int | None:
        with self._changed:
            at_ms, self._lights_at_ms = self._lights_at_ms, None
            return at_ms

    def cancel(self) -> None:
        """The person has left, or wants no more."""
        with self._changed:
            self._cancelled = True
            self._frames.clear()
            self._changed.notify()

    @property
    def is_cancelled(self) -> bool:
        return self._cancelled


class _CancelledError(Exception):
    """The person left."""


class _StalledError(Exception):
    """The camera gives no frames."""


def run_visit(
    open_session: Callable[[], AbstractContextManager[Live]],
    link: Link,
    frames: Frames,
    screen: Screen,
) -> VisitEnd:
    """Run one session and have its answer sent. Blocks; any failure is ID_NEEDED.

    The challenge is bound before a frame is looked at.

    Args:
        open_session: `AgeChecker.live_session`.
        link: to outputs.
        frames: filled by another thread.
        screen: what the person sees.
    """
    refusal = link.begin()
    if refusal is not None:
        return VisitEnd(Ending.REFUSED, detail=refusal.name)
    outcome, detail = Outcome.ID_NEEDED, None
    arrived = frames.wait_for_first(FIRST_FRAME_S)
    began_s = time.monotonic()
    try:
        if not arrived:
            raise _StalledError
        result = _watch(open_session, frames, screen)
        outcome = Outcome.of(result)
        detail = None if result.reason is None else result.reason.value
    except _CancelledError:
        link.end(Outcome.CANCELLED)
        return VisitEnd(Ending.CANCELLED, Outcome.CANCELLED)
    except _StalledError:
        detail = "CAMERA_STALLED"
    except AgecheckError as error:
        detail = type(error).__name__
    except Exception:
        detail = "INTERNAL"
    _sleep_to_quantum(began_s)
    passed = link.end(outcome)
    return VisitEnd(Ending.PASSED if passed else Ending.ID_NEEDED, outcome, detail)


def _watch(
    open_session: Callable[[], AbstractContextManager[Live]], frames: Frames, screen: Screen
) -> CheckResult:
    with open_session() as live:
        began_s = last_frame_s = time.monotonic()
        screen.lights(live.lights)
        tick_at_s = began_s + TICK_S - TICK_LEAD_S
        while not live.over and time.monotonic() - began_s < MAX_VISIT_S:
            while (rest_s := tick_at_s - time.monotonic()) > 0:
                if (at_ms := frames.take_lights_start()) is not None:
                    live.lights_began(at_ms)
                frame = frames.get(rest_s)
                if frames.is_cancelled:
                    raise _CancelledError
                if frame is not None:
                    last_frame_s = time.monotonic()
                    _show(live, *frame)
            if time.monotonic() - last_frame_s > STALLED_S:
                raise _StalledError
            screen.prompt(live.tick())
            tick_at_s = time.monotonic() + TICK_S - TICK_LEAD_S  # it has returned at a tick
        if frames.is_cancelled:
            raise _CancelledError
        return live.finish()


def _show(live: Live, frame: RgbFrame, at_ms: int) -> None:
    try:
        live.show(frame, at_ms)
    except ImageError:
        return  # it does not count, and the session goes on


def _sleep_to_quantum(began_s: float) -> None:
    elapsed_s = time.monotonic() - began_s
    time.sleep(max(0.0, math.ceil(elapsed_s / RELEASE_QUANTUM_S) * RELEASE_QUANTUM_S - elapsed_s))
