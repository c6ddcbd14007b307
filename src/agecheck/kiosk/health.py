"""What is wrong with a kiosk right now, in words from a closed list."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import StrEnum

from agecheck.kiosk.clock import clock_is_set
from agecheck.kiosk.messages import Refusal
from agecheck.kiosk.visit import Ending, VisitEnd


class Fault(StrEnum):
    """A fault that a person has to look at, unless it mends itself."""

    OUTPUTS_GONE = "outputs-gone"
    OUTPUTS_FAULT = "outputs-fault"
    CAMERA = "camera"
    WORKER = "worker"
    CLOCK = "clock"


_OF_DETAIL = {
    "CAMERA_STALLED": Fault.CAMERA,
    "WorkerError": Fault.WORKER,
    "SealError": Fault.WORKER,
    "InternalError": Fault.WORKER,
    "INTERNAL": Fault.WORKER,
    Refusal.CLOCK.name: Fault.CLOCK,
    Refusal.FAULT.name: Fault.OUTPUTS_FAULT,
}


class Health:
    """Learns from how visits end. Safe under threads.

    Args:
        outputs_alive: whether the link to outputs stands.
    """

    def __init__(self, outputs_alive: Callable[[], bool]) -> None:
        self._outputs_alive = outputs_alive
        self._lock = threading.Lock()
        self._lasting: Fault | None = None
        self._last: VisitEnd | None = None

    def learn(self, end: VisitEnd) -> None:
        """A visit has ended. One that went through clears what an earlier one has found."""
        with self._lock:
            self._last = end
            if end.ending is not Ending.CANCELLED:
                self._lasting = None if end.detail is None else _OF_DETAIL.get(end.detail)

    def faults(self) -> list[Fault]:
        """All that are known."""
        with self._lock:
            found = set() if self._lasting is None else {self._lasting}
        if not self._outputs_alive():
            found.add(Fault.OUTPUTS_GONE)
        if clock_is_set(time.time()):
            found.discard(Fault.CLOCK)
        else:
            found.add(Fault.CLOCK)
        return sorted(found)

    def last(self) -> dict[str, str | None]:
        """How the last visit ended; for staff alone."""
        with self._lock:
            if self._last is None:
                return {"ending": None, "outcome": None, "detail": None}
            outcome = self._last.outcome
            return {
                "ending": self._last.ending.value,
                "outcome": None if outcome is None else outcome.name,
                "detail": self._last.detail,
            }
