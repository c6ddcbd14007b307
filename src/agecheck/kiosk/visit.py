"""One visit: from the person's consent to the result on the screen. No web in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from agecheck.errors import AgecheckError
from agecheck.guidance import LiveCode
from agecheck.kiosk.messages import Outcome, Refusal
from agecheck.live_page.frames import RELEASE_QUANTUM_MS, Frames, Live, Screen, Stop, watch
from agecheck.verdict import CheckResult, Verdict

NO_OVER_QUANTUM_MS = 5000
"""All that a session comes to but OVER ends at whole multiples of this after the first frame. A
suspicion ends a session at once, and UNDER comes as soon as one is complete: in `active` mostly one
multiple later."""
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
        result: the session's, if it came to one, also where a Stop took the answer away: an
            attempt was used for it.
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
    seen = missing or _seen(open_session, frames, _UntilTheEnd(screen))
    is_over = isinstance(seen, CheckResult) and seen.verdict is Verdict.OVER
    quantum_ms = RELEASE_QUANTUM_MS if is_over else NO_OVER_QUANTUM_MS
    result = seen if isinstance(seen, CheckResult) else None
    # Until now there was a Stop to press and a page to leave, and while it waits there still is.
    seen = frames.wait_for_stop(_rest_s(began_s, quantum_ms)) or seen
    if seen is Stop.LEFT:
        link.end(session, Outcome.CANCELLED)
        return VisitEnd(Ending.CANCELLED, Outcome.CANCELLED, result=result)
    outcome = Outcome.of(seen) if isinstance(seen, CheckResult) else Outcome.ID_NEEDED
    has_passed = link.end(session, outcome)
    if outcome is Outcome.OVER and not has_passed:
        frames.wait_for_stop(_rest_s(began_s, NO_OVER_QUANTUM_MS))
    return VisitEnd(
        Ending.PASSED if has_passed else Ending.ID_NEEDED, outcome, _detail(seen), result
    )


class _UntilTheEnd:
    """The screen without the word that a session is done: it would say when one was cut short."""

    def __init__(self, screen: Screen) -> None:
        self.lights, self._prompt = screen.lights, screen.prompt

    def prompt(self, code: LiveCode) -> None:
        if code is not LiveCode.DONE:
            self._prompt(code)


def _rest_s(began_s: float, quantum_ms: int) -> float:
    """How long until the next multiple of a quantum; 0 waits for nothing."""
    if not quantum_ms:
        return 0.0
    quantum_s = quantum_ms / 1000
    return quantum_s - (time.monotonic() - began_s) % quantum_s


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
