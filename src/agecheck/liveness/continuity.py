"""Is it one face, filmed without a break?

A face is followed from its fifth reading in a row, and then to the session's end. When it is lost
for a moment or its look jumps, nothing counts until the same face is seen again; after
MAX_ABSENCE_MS without it the session is over. So all that ever counts is of one face.

Stops: a frozen or looped video that is injected, frames at times that no camera has, a second face,
and one face put in another's place. Does not stop: a loop to which noise is added, or a cut between
two pictures of the same person in the same pose.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agecheck.liveness.light import MAX_LAG_MS
from agecheck.liveness.looks import Looks, unlikeness
from agecheck.liveness.reading import FaceReading
from agecheck.verdict import Reason

if TYPE_CHECKING:
    from agecheck.ports import RgbFrame, Sight

MAX_ABSENCE_MS = 1000
"""Whoever is out of sight for longer, for a turned head or for no frame at all, begins anew."""
MAX_COMPANY_MS = 300
"""A detector may see a second face in a picture on the wall for a frame or two."""
MIN_READINGS = 5
"""In a row, before a face is followed. Nothing of the first four counts."""
MAX_STEP_MS = 250
"""Between two readings: after more the face was lost, and may have changed no further than this."""
FROZEN_MS, FROZEN_FRAMES = 1500, 10
"""A browser that samples faster than its camera repeats frames, but not for so long."""
MAX_REPEATS = 5
"""Frames equal to an earlier one that is not the last: a sensor's noise never repeats."""
REMEMBERED_FRAMES = 600
BURST_FRAMES, MIN_BURST_MS = 30, 150
"""A camera's frames may arrive in a burst, but not thirty of them at more than 200 a second."""

# What a jump is between two readings: a step, and a speed for each second between them. People who
# shake their heads, nod and sway stay below half of these (tests/live/test_continuity.py); their
# look, which turns with the head, has 0.35 after 50 ms, 0.47 after 100 and 0.62 after 200.
PLACE_STEP, PLACE_PER_S = 0.8, 15.0  # eye distances
SIZE_STEP, SIZE_PER_S = 0.18, 2.0  # logarithm of the face's height
TURN_STEP, TURN_PER_S = 0.35, 6.0  # asymmetry
EXPOSURE_STEP, EXPOSURE_PER_S = 0.35, 3.0  # logarithm of the skin's brightness
TINT_STEP, TINT_PER_S = 0.03, 0.10  # shares of red and of blue
LOOK_STEP, LOOK_PER_S, MAX_LOOK = 0.30, 2.5, 0.65  # 1 - correlation of the aligned faces
MIN_JUMPS = 2
"""One alone may be a camera that sets its exposure, or a face that is found anew."""
MIN_REPLACED = 4
"""Readings: a hand before the face, or a mesh that slips, is gone after fewer."""


@dataclass(frozen=True, slots=True)
class Jumps:
    """Which measures jumped between two readings."""

    place: bool
    size: bool
    turn: bool
    exposure: bool
    tint: bool
    look: bool

    def count(self, *, is_lit: bool) -> int:
        """How many there are. While the screen's light changes, the skin's says nothing."""
        of_skin = () if is_lit else (self.exposure, self.tint)
        return sum((self.place, self.size, self.turn, self.look, *of_skin))


def jumps_between(before: FaceReading, after: FaceReading) -> Jumps:
    """Compare two successive readings of what should be one face.

    What may have changed does not grow beyond MAX_STEP_MS between them.
    """
    dt_s = min(max(0, after.at_ms - before.at_ms), MAX_STEP_MS) / 1000
    moved = math.dist(before.centre_px, after.centre_px) / before.eye_distance_px
    grown = abs(math.log(max(after.height_px, 1.0) / max(before.height_px, 1.0)))
    brightness = [max(1.0, sum(reading.skin_rgb)) for reading in (before, after)]
    exposure = abs(math.log(brightness[1] / brightness[0]))
    tint = max(
        abs(after.skin_rgb[i] / brightness[1] - before.skin_rgb[i] / brightness[0]) for i in (0, 2)
    )
    look = unlikeness(before, after)
    turned = abs(after.asymmetry - before.asymmetry)
    return Jumps(
        place=moved > PLACE_STEP + PLACE_PER_S * dt_s,
        size=grown > SIZE_STEP + SIZE_PER_S * dt_s,
        turn=turned > TURN_STEP + TURN_PER_S * dt_s,
        exposure=exposure > EXPOSURE_STEP + EXPOSURE_PER_S * dt_s,
        tint=tint > TINT_STEP + TINT_PER_S * dt_s,
        look=look > min(LOOK_STEP + LOOK_PER_S * dt_s, MAX_LOOK),
    )


def frame_digest(frame: RgbFrame) -> int:
    """Of all bytes, with a key that is the process's own: SipHash, as Python hashes bytes.

    0.25 ms for a frame of 640 x 480; BLAKE2b takes 0.9. What is taken for a repetition is left out
    of everything, so that whoever found two frames with one digest had gained nothing by it.
    """
    return hash(frame.tobytes())


class ContinuityCue:
    """Follows the frames of one session.

    Memory: digests of the last REMEMBERED_FRAMES, and the looks of one face.

    Attributes:
        ended_by: why the session is over, once it is.
        since_ms: when the face was first seen that is followed now.
    """

    def __init__(self) -> None:
        self.ended_by: Reason | None = None
        self._times_ms: deque[int] = deque(maxlen=BURST_FRAMES)
        self._digests: deque[int] = deque(maxlen=REMEMBERED_FRAMES)
        self._known: set[int] = set()
        self._last_new_at_ms = 0
        self._n_frozen = self._n_repeats = self._n_readings = 0
        self._last: FaceReading | None = None
        self.since_ms = 0
        self._is_lost = False
        self._looks = Looks()
        self._company_since_ms: int | None = None
        self._n_replaced = 0
        self._lit_ms: tuple[int, int] | None = None

    def lights_began(self, at_ms: int, duration_ms: int) -> None:
        """The screen shows its colours from then on. A second beginning does not count."""
        if self._lit_ms is None:
            self._lit_ms = at_ms, at_ms + duration_ms + MAX_LAG_MS

    def is_new(self, frame: RgbFrame, at_ms: int, *, with_face: bool = True) -> bool:
        """Take in a frame's time and bytes; False when it repeats the last one.

        Without a face a repetition means nothing: a camera that starts shows black.
        """
        times = self._times_ms
        if times and at_ms < times[-1]:
            return self._attack()
        times.append(at_ms)
        if len(times) == BURST_FRAMES and times[-1] - times[0] < MIN_BURST_MS:
            return self._attack()
        digest = frame_digest(frame)
        if self._digests and digest == self._digests[-1]:
            self._n_frozen += 1
            frozen_ms = at_ms - self._last_new_at_ms
            if with_face and self._n_frozen >= FROZEN_FRAMES and frozen_ms >= FROZEN_MS:
                self._attack()
            return False
        self._n_frozen, self._last_new_at_ms = 0, at_ms
        if with_face and digest in self._known:
            self._n_repeats += 1
            if self._n_repeats >= MAX_REPEATS:
                return self._attack()
        if len(self._digests) == REMEMBERED_FRAMES:
            self._known.discard(self._digests[0])
        self._digests.append(digest)
        self._known.add(digest)
        return True

    def see(self, sight: Sight, reading: FaceReading | None) -> bool:
        """Take in what a new frame shows.

        Returns:
            Whether it shows the face that is followed, since before and without a doubt. Nothing
            of any other frame may count: neither for an age nor as a sign of life.
        """
        last = self._last
        if self.ended_by is not None:
            return False
        is_late = last is not None and sight.at_ms - last.at_ms > MAX_ABSENCE_MS
        if is_late and self._is_followed:
            self.ended_by = (None if reading is not None else sight.reason) or Reason.NO_FACE
            return False
        if reading is None:
            self._is_lost = True
            self._see_nobody(sight)
            return False
        self._company_since_ms = None
        if last is None or is_late:
            return self._begin(reading)
        is_lost = self._is_lost or reading.at_ms - last.at_ms > MAX_STEP_MS
        jumps = jumps_between(last, reading)
        is_lit = self._lit_ms is not None and self._lit_ms[0] <= reading.at_ms <= self._lit_ms[1]
        has_jumped = jumps.count(is_lit=is_lit) >= MIN_JUMPS
        if has_jumped and self._is_followed and not is_lost:
            return self._attack()
        self._count_replaced(reading)
        if self.ended_by is not None:
            return False
        is_same = self._looks.is_familiar(reading) if is_lost else not jumps.look
        if is_same and not has_jumped and self._n_replaced == 0:
            return self._follow(reading)
        self._is_lost = True
        return False if self._is_followed else self._begin(reading)

    @property
    def _is_followed(self) -> bool:
        return self._n_readings >= MIN_READINGS

    def _begin(self, reading: FaceReading) -> bool:
        """With another face, before any was followed."""
        self._looks, self._n_readings, self._n_replaced = Looks(), 0, 0
        self.since_ms = reading.at_ms
        return self._follow(reading)

    def _follow(self, reading: FaceReading) -> bool:
        self._last, self._is_lost = reading, False
        self._looks.add(reading)
        self._n_readings += 1
        return self._is_followed

    def _count_replaced(self, reading: FaceReading) -> None:
        """Other looks in poses that are known, one after the other, whether or not one jumped."""
        is_other = self._looks.is_other(reading)
        if is_other is not None:
            self._n_replaced = self._n_replaced + 1 if is_other else 0
        if self._n_replaced >= MIN_REPLACED and self._is_followed:
            self._attack()

    def _see_nobody(self, sight: Sight) -> None:
        if sight.reason is not Reason.SEVERAL_FACES:
            self._company_since_ms = None
        elif self._company_since_ms is None:
            self._company_since_ms = sight.at_ms
        elif self._is_followed and sight.at_ms - self._company_since_ms >= MAX_COMPANY_MS:
            self.ended_by = Reason.SEVERAL_FACES

    def _attack(self) -> bool:
        self.ended_by = Reason.PRESENTATION_ATTACK
        return False
