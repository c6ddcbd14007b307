"""Is it one face, filmed without a break?

Stops: a frozen or looped video that is injected, frames at times that no camera has, a second face,
and one face put in another's place. Does not stop: a loop to which noise is added, or a cut between
two pictures of the same person in the same pose.
"""

from __future__ import annotations

import math
import zlib
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agecheck.liveness.reading import FaceReading
from agecheck.verdict import Reason

if TYPE_CHECKING:
    from agecheck.ports import RgbFrame, Sight

MAX_ABSENCE_MS = 1000
"""Whoever is out of sight for longer, for a turned head or for no frame at all, begins anew."""
MAX_COMPANY_MS = 300
"""A detector may see a second face in a picture on the wall for a frame or two."""
MIN_READINGS_BEFORE_LOSS = 5
FROZEN_MS, FROZEN_FRAMES = 1500, 10
"""A browser that samples faster than its camera repeats frames, but not for so long."""
MAX_REPEATS = 5
"""Frames equal to an earlier one that is not the last: a sensor's noise never repeats."""
REMEMBERED_FRAMES = 600
BURST_FRAMES, MIN_BURST_MS = 30, 150
"""A camera's frames may arrive in a burst, but not thirty of them at more than 200 a second."""

# What a jump is between two readings: a step, and a speed for each second between them. People who
# shake their heads, nod and sway stay below half of these (tests/live/test_continuity.py).
PLACE_STEP, PLACE_PER_S = 0.8, 15.0  # eye distances
SIZE_STEP, SIZE_PER_S = 0.18, 2.0  # logarithm of the face's height
TURN_STEP, TURN_PER_S = 0.35, 6.0  # asymmetry
EXPOSURE_STEP, EXPOSURE_PER_S = 0.35, 3.0  # logarithm of the skin's brightness
TINT_STEP, TINT_PER_S = 0.03, 0.10  # shares of red and of blue
LOOK_STEP, LOOK_PER_S = 0.20, 2.5  # 1 - correlation of the aligned faces
MIN_JUMPS = 2
"""One alone may be a camera that sets its exposure, or a face that is found anew."""


REPLACED_LOOK = 0.40
"""1 - correlation of the aligned faces, in the same pose: the sample portrait against its mirror
image in another tone has 0.84; a head that has turned away and comes back stays below 0.2."""
SAME_TURN, SAME_NOD = 0.15, 0.04
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

    @property
    def count(self) -> int:
        return sum((self.place, self.size, self.turn, self.exposure, self.tint, self.look))


def jumps_between(before: FaceReading, after: FaceReading) -> Jumps:
    """Compare two successive readings of what should be one face."""
    dt_s = max(0, after.at_ms - before.at_ms) / 1000
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
        look=look > LOOK_STEP + LOOK_PER_S * dt_s,
    )


def unlikeness(before: FaceReading, after: FaceReading) -> float:
    """1 - correlation of the aligned faces' brightness, 0 to 2."""
    return 1 - float(np.vdot(before.thumbnail, after.thumbnail))


def frame_digest(frame: RgbFrame) -> int:
    """A checksum over every fourth row. It need not resist anybody: noise is what differs."""
    return zlib.crc32(frame[::4].tobytes())


class ContinuityCue:
    """Follows the frames of one session. Memory: checksums of the last REMEMBERED_FRAMES."""

    def __init__(self) -> None:
        self.ended_by: Reason | None = None
        self._times_ms: deque[int] = deque(maxlen=BURST_FRAMES)
        self._digests: deque[int] = deque(maxlen=REMEMBERED_FRAMES)
        self._known: set[int] = set()
        self._last_new_at_ms = 0
        self._n_frozen = self._n_repeats = self._n_readings = 0
        self._last: FaceReading | None = None
        self._company_since_ms: int | None = None
        self._before_jump: FaceReading | None = None
        self._n_replaced = 0

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

    def see(self, sight: Sight, reading: FaceReading | None) -> None:
        """Take in what a new frame shows."""
        last = self._last
        if self.ended_by is not None:
            return
        tracked = last is not None and self._n_readings >= MIN_READINGS_BEFORE_LOSS
        if tracked and last is not None and sight.at_ms - last.at_ms > MAX_ABSENCE_MS:
            self.ended_by = sight.reason if reading is None else Reason.NO_FACE
            self.ended_by = self.ended_by or Reason.NO_FACE
            return
        if reading is None:
            self._see_nobody(sight, tracked)
            return
        self._company_since_ms = None
        if last is not None:
            jumps = jumps_between(last, reading)
            if jumps.count >= MIN_JUMPS and tracked:
                self._attack()
                return
            if jumps.look and self._before_jump is None:
                self._before_jump, self._n_replaced = last, 0
        self._compare_with_before(reading)
        self._last = reading
        self._n_readings += 1

    def _compare_with_before(self, reading: FaceReading) -> None:
        """After the look has jumped: is it again the face that was there before?"""
        before = self._before_jump
        if before is None:
            return
        same_pose = (
            abs(reading.asymmetry - before.asymmetry) <= SAME_TURN
            and abs(reading.nod - before.nod) <= SAME_NOD
        )
        if not same_pose:
            return
        if unlikeness(before, reading) < REPLACED_LOOK:
            self._before_jump = None
            return
        self._n_replaced += 1
        if self._n_replaced >= MIN_REPLACED:
            self._attack()

    def _see_nobody(self, sight: Sight, tracked: bool) -> None:
        if sight.reason is not Reason.SEVERAL_FACES:
            self._company_since_ms = None
        elif self._company_since_ms is None:
            self._company_since_ms = sight.at_ms
        elif tracked and sight.at_ms - self._company_since_ms >= MAX_COMPANY_MS:
            self.ended_by = Reason.SEVERAL_FACES

    def _attack(self) -> bool:
        self.ended_by = Reason.PRESENTATION_ATTACK
        return False
