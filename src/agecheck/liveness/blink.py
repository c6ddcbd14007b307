"""A blink, as a sign of life that nobody has to be asked for.

Stops: a photograph, which has none however long it is held. Does not stop: a video, or a photograph
with holes for the eyes.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from agecheck.liveness.reading import FaceReading

CLOSED_SHARE, OPEN_SHARE = 0.82, 0.88
"""Of the eyes' usual opening. In closed eyes the mesh reads 0.6 to 0.75 (benchmarks/clips.py),
and 0.82 where a plane is tilted by 35 degrees."""
CLOSED_LIGHT_RISE = 0.10
"""Of `eye_light`: it rises by 0.2 to 0.35 in closed eyes, no tilt changes it, and it has to fall
again as they open: what shines on a photograph stays for longer."""
MIN_OPENING = 0.12
"""Height over width; narrower eyes than this are not measured well enough to tell a blink."""
MAX_CLOSED_MS = 1500
MAX_OPENING_MS = 250
"""From the last closed reading to the first open one."""
MIN_CLOSED_READINGS = 2
"""One alone may be a mesh that slipped on a blurred frame."""
MIN_HISTORY = 6
MAX_TURN, MAX_NOD = 0.12, 0.05
"""Changes of asymmetry and nod: looking down closes the lids, too, and moves the head."""
_HISTORY = 45


class BlinkCue:
    """Counts blinks: open, closed, and open again within MAX_CLOSED_MS, the head at rest."""

    def __init__(self) -> None:
        self._open: deque[FaceReading] = deque(maxlen=_HISTORY)
        self._closed_at_ms: int | None = None
        self._last_closed_at_ms = self._n_closed = 0
        self.blinked_at_ms: list[int] = []

    def see(self, reading: FaceReading) -> None:
        """Take in one reading."""
        if len(self._open) < MIN_HISTORY:
            self._open.append(reading)
            return
        usual = float(np.median([seen.eye_opening for seen in self._open]))
        at_rest = (
            abs(reading.asymmetry - self._open[-1].asymmetry) <= MAX_TURN
            and abs(reading.nod - self._open[-1].nod) <= MAX_NOD
        )
        usual_light = float(np.median([seen.eye_light for seen in self._open]))
        is_lid = reading.eye_light >= usual_light + CLOSED_LIGHT_RISE
        is_closed = usual >= MIN_OPENING and reading.eye_opening < CLOSED_SHARE * usual and is_lid
        if is_closed and at_rest:
            if self._closed_at_ms is None:
                self._closed_at_ms, self._n_closed = reading.at_ms, 0
            self._n_closed += 1
            self._last_closed_at_ms = reading.at_ms
            return
        closed_at_ms, self._closed_at_ms = self._closed_at_ms, None
        if closed_at_ms is None:
            self._open.append(reading)
        elif reading.eye_opening >= OPEN_SHARE * usual and at_rest and not is_lid:
            in_time = reading.at_ms - closed_at_ms <= MAX_CLOSED_MS
            if in_time and self._n_closed >= MIN_CLOSED_READINGS:
                self.blinked_at_ms = [*self.blinked_at_ms[-7:], reading.at_ms]
            self._open.append(reading)
        elif reading.at_ms - self._last_closed_at_ms <= MAX_OPENING_MS and at_rest:
            self._closed_at_ms = closed_at_ms  # half open
        else:
            self._open.append(reading)
