"""What one face looked like in each pose in which it was seen.

It tells nobody apart for good: it says whether a face that was lost for a moment looks as it did
before, in this session. Of 24,000 pairs of different people in one pose (UTKFace, one look each, in
different light) 0.25 % lie below FAMILIAR_LOOK and 8 % below REPLACED_LOOK. Rendered people in one
pose, who turned, nodded and came closer meanwhile under coloured lights, have a median of 0.013;
99 % lie below 0.12, all below 0.28.

Stops: a face that is put in another's place. Does not stop: a double, or the same face's picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agecheck.liveness.reading import FaceReading

if TYPE_CHECKING:
    from numpy.typing import NDArray

FAMILIAR_LOOK = 0.20
"""1 - correlation of the aligned faces, with any look of the face that is followed."""
REPLACED_LOOK = 0.40
"""The same, in one pose. The sample portrait against its mirror image in another tone has 0.84."""
POSE_TURN, POSE_NOD = 0.10, 0.03
"""One pose: steps of asymmetry and of nod."""
MAX_LOOKS = 64


def unlikeness(before: FaceReading, after: FaceReading) -> float:
    """1 - correlation of the aligned faces' brightness, 0 to 2."""
    return _unlikeness(before.thumbnail, after.thumbnail)


class Looks:
    """The first look in each pose. Memory: MAX_LOOKS thumbnails."""

    def __init__(self) -> None:
        self._of_pose: dict[tuple[int, int], NDArray[np.float32]] = {}

    def add(self, reading: FaceReading) -> None:
        """Keep it, if it is the first in its pose."""
        if len(self._of_pose) < MAX_LOOKS:
            self._of_pose.setdefault(_pose(reading), reading.thumbnail)

    def is_familiar(self, reading: FaceReading) -> bool:
        """Whether the face has looked like this before, in whichever pose."""
        return any(
            _unlikeness(look, reading.thumbnail) < FAMILIAR_LOOK for look in self._of_pose.values()
        )

    def is_other(self, reading: FaceReading) -> bool | None:
        """Whether it looks like another in a pose that is known; None when the pose is not."""
        look = self._of_pose.get(_pose(reading))
        return None if look is None else _unlikeness(look, reading.thumbnail) >= REPLACED_LOOK


def _unlikeness(before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
    return 1 - float(np.vdot(before, after))


def _pose(reading: FaceReading) -> tuple[int, int]:
    return round(reading.asymmetry / POSE_TURN), round(reading.nod / POSE_NOD)
