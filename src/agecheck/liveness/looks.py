"""What one face looked like in each pose in which it was seen.

It tells nobody apart for good: it says whether a face that was lost for a moment looks as it did
before, in this session. Of 24,000 pairs of different people in one pose (UTKFace, one look each, in
different light) 0.25 % lie below FAMILIAR_LOOK and 8 % below REPLACED_LOOK. Rendered people in one
pose, who turned, nodded and came closer meanwhile under coloured lights, have a median of 0.013;
99 % lie below 0.12, all below 0.28.

Stops: a face that is put in another's place. Does not stop: a double, or the same face's picture.
"""

from __future__ import annotations

import numpy as np

from agecheck.liveness.reading import FaceReading

FAMILIAR_LOOK = 0.20
"""1 - correlation of the aligned faces, with any look of the face that is followed."""
REPLACED_LOOK, REPLACED_PER_POSE = 0.40, 0.075
"""The same with a look in one pose, and what is added for each pose between the two. The sample
portrait against its mirror image in another tone has 0.84."""
POSE_TURN, POSE_NOD = 0.10, 0.03
"""One pose: steps of asymmetry and of nod."""
NEAR_POSES = 2.0
"""Looks in poses so far apart are compared. Rendered people have at most 0.40 in one pose, 0.45 in
the next, 0.51 at two; four readings in a row near these do not occur."""
MAX_LOOKS = 64


def unlikeness(before: FaceReading, after: FaceReading) -> float:
    """1 - correlation of the aligned faces' brightness, 0 to 2."""
    return 1 - float(np.vdot(before.thumbnail, after.thumbnail))


class Looks:
    """The first look in each pose. Memory: MAX_LOOKS readings."""

    def __init__(self) -> None:
        self._of_pose: dict[tuple[int, int], FaceReading] = {}

    def add(self, reading: FaceReading) -> None:
        """Keep it, if it is the first in its pose."""
        if len(self._of_pose) < MAX_LOOKS:
            turn, nod = _pose(reading)
            self._of_pose.setdefault((round(turn), round(nod)), reading)

    def is_familiar(self, reading: FaceReading) -> bool:
        """Whether the face has looked like this before, in whichever pose."""
        return any(unlikeness(look, reading) < FAMILIAR_LOOK for look in self._of_pose.values())

    def is_other(self, reading: FaceReading) -> bool | None:
        """Whether it is unlike most looks in poses near to its own; None when none is near.

        Not unlike the last alone, for what slowly turns into another face is like its own last
        look; nor any one, which may have been seen with a hand before it.
        """
        turn, nod = _pose(reading)
        is_unlike = []
        for look in self._of_pose.values():
            look_turn, look_nod = _pose(look)
            apart = max(abs(turn - look_turn), abs(nod - look_nod))
            if apart <= NEAR_POSES:
                limit = REPLACED_LOOK + REPLACED_PER_POSE * apart
                is_unlike.append(unlikeness(look, reading) >= limit)
        return sum(is_unlike) > len(is_unlike) / 2 if is_unlike else None


def _pose(reading: FaceReading) -> tuple[float, float]:
    return reading.asymmetry / POSE_TURN, reading.nod / POSE_NOD
