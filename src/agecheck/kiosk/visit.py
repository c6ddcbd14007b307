"""One visit: from the person's consent to the result on the screen. No web in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from agecheck.checker import sleep_to_quantum
from agecheck.errors import AgecheckError
from agecheck.kiosk.messages import Outcome, Refusal
from agecheck.live_page.frames import RELEASE_QUANTUM_MS, Frames, Live, Screen, Stop, watch
from agecheck.verdict import CheckResult

FIRST_FRAME_S = 20.0
"""Asking for the camera and starting it takes a while; the session begins with its first frame."""


class Link(Protocol):
    """What a visit needs of `agecheck.kiosk.link.OutputsLink`."""

    def begin(self) -> tuple[int, Refusal | None]: ...
    def end(self, session: int, outcome: Outcome) -> bool: ...


class Ending(StrEnum):
    """What the screen shows at the end."""

    PASSED = "passed"
    ID_NEEDED = "id-needed"
    REFUSED = "refused"
    """No session could begin: nobody asks, the clock is not set, or something is broken."""
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class VisitEnd:
    """How a visit ended: `ending` for the screen, the rest for the staff page and the counters.

    Attributes:
        detail: why there was no OVER, a word.
        result: the session's, if it came to one.
    """

    ending: Ending
    outcome: Outcome | None = None
    detail: str | None = None
    result: CheckResult | None = None


def run_visit(
    open_session: Callable[[], AbstractContextManager[Live]],
    link: Link,
    frames: Frames,
    screen: Screen,
) -> VisitEnd:
    """Run one session and have its answer sent. Blocks; any failure is ID_NEEDED.

    The challenge is bound before a frame is looked at. Who has left when the answer would be sent
    gets none, whatever it was.

    Args:
        open_session: `AgeChecker.live_session`.
        link: to outputs.
        frames: filled by another thread.
        screen: what the person sees.
    """
    session, refusal = link.begin()
    if refusal is not None:
        return VisitEnd(Ending.REFUSED, detail=refusal.name)
    missing = frames.wait_for_first(FIRST_FRAME_S)
    began_s = time.monotonic()
    seen = missing or _seen(open_session, frames, screen)
    if seen is not Stop.LEFT:
        sleep_to_quantum(began_s, RELEASE_QUANTUM_MS)
        seen = frames.stopped or seen  # until now there was a Stop to press, and a page to leave
    if seen is Stop.LEFT:
        link.end(session, Outcome.CANCELLED)
        return VisitEnd(Ending.CANCELLED, Outcome.CANCELLED)
    result = seen if isinstance(seen, CheckResult) else None
    outcome = Outcome.ID_NEEDED if result is None else Outcome.of(result)
    ending = Ending.PASSED if link.end(session, outcome) else Ending.ID_NEEDED
    return VisitEnd(ending, outcome, _detail(seen), result)


def _seen(
    open_session: Callable[[], AbstractContextManager[Live]], frames: Frames, screen: Screen
) -> CheckResult | Stop | str:
    """The session's result, or why there is none."""
    try:
        return watch(open_session, frames, screen)
    except AgecheckError as error:
        return type(error).__name__
    except Exception:  # whatever it is, its text could quote what was seen
        return "INTERNAL"


def _detail(seen: CheckResult | Stop | str) -> str | None:
    if isinstance(seen, CheckResult):
        return None if seen.reason is None else seen.reason.value
    if isinstance(seen, Stop):
        return "VIRTUAL_CAMERA" if seen is Stop.VIRTUAL_CAMERA else "CAMERA_STALLED"
    return seen
