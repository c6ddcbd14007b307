"""Which frames show the face on which the lights fell?

A face can be put in another's place so that nothing jumps: dissolved in within some frames, in a
pose in which the first was never seen. The lights say which of the two was there. A frame counts
for the age only when a good part of what was seen while they were shown looks like it.

Stops: an adult's picture that is mixed into the film of a living minor, and out again. Does not
stop: a picture to which the lights are mixed in, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agecheck.liveness.reading import FaceReading

LIKE_LOOK = 0.25
"""1 - correlation of the aligned faces, as in looks.py."""
MIN_LIKE_SHARE = 0.30
"""Of the frames under the lights. Rendered people, who begin to turn meanwhile, have 0.56 and more;
a face that is shown for less than this does not answer the lights."""
MAX_FRAMES = 2400
"""More than a session has at 30 frames a second; of later frames none counts."""


class LitFace:
    """What the followed face looked like in each frame. Memory: MAX_FRAMES thumbnails."""

    def __init__(self, duration_ms: int) -> None:
        self._duration_ms = duration_ms
        self._began_at_ms: int | None = None
        self._looks: list[NDArray[np.float32]] = []
        self._lit: list[int] = []

    def began(self, at_ms: int) -> None:
        """The screen began to show the lights. A second beginning does not count."""
        if self._began_at_ms is None:
            self._began_at_ms = at_ms

    def see(self, reading: FaceReading) -> None:
        """Take in one frame of the face that is followed."""
        if len(self._looks) == MAX_FRAMES:
            return
        if self._began_at_ms is not None:
            since_ms = reading.at_ms - self._began_at_ms
            if 0 <= since_ms <= self._duration_ms:
                self._lit.append(len(self._looks))
        self._looks.append(reading.thumbnail)

    def looks_like(self, index: int) -> bool:
        """Whether the frame with that number, from 0, shows the face that was lit."""
        if index >= len(self._looks) or not self._lit:
            return False
        lit = np.stack([self._looks[number] for number in self._lit]).reshape(len(self._lit), -1)
        unlikeness = 1 - lit @ self._looks[index].ravel()
        return float((unlikeness < LIKE_LOOK).mean()) >= MIN_LIKE_SHARE
