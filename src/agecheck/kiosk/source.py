"""A camera that capture reads itself: for now a folder of pictures, played again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from agecheck.kiosk.errors import CameraError
from agecheck.kiosk.visit import Frames

if TYPE_CHECKING:
    from agecheck.ports import RgbFrame

REOPEN_PAUSE_S = 0.5
FRAME_MS = 50
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


class CameraSource:
    """Opens the source for one visit at a time, and lets go of it when the visit ends.

    Args:
        source: a folder with pictures.
    """

    def __init__(self, source: str) -> None:
        self._source = source

    def run(self, frames: Frames, stop: threading.Event) -> None:
        """Fill `frames` until it is told to stop. A camera that fails is opened again: it may have
        been unplugged for a moment. What does not come is noticed by the visit."""
        while not stop.is_set():
            try:
                self._play(frames, stop)
            except Exception:  # whatever a decoder says of a frame is nobody's business
                stop.wait(REOPEN_PAUSE_S)

    def _play(self, frames: Frames, stop: threading.Event) -> None:
        began_s, first_ms = time.monotonic(), None
        for frame, at_ms in read_frames(Path(self._source)):
            first_ms = at_ms if first_ms is None else first_ms
            # A recording runs at its own pace; a device's frames come when they come.
            stop.wait(max(0.0, began_s + (at_ms - first_ms) / 1000 - time.monotonic()))
            if stop.is_set():
                return
            frames.put(frame, time.monotonic_ns() // 1_000_000)


def read_frames(path: Path) -> Iterator[tuple[RgbFrame, int]]:
    """The frames of a folder, by name, uint8 RGB (height, width, 3), with times in milliseconds.

    The pictures are the operator's own, so they are decoded here.

    Raises:
        CameraError: there is no picture in it.
        ImageError: a file is no picture.
    """
    import numpy as np

    from agecheck.image.reader import PillowPhotoReader

    names = sorted(entry for entry in path.iterdir() if entry.suffix.lower() in _SUFFIXES)
    if not names:
        raise CameraError("the folder has no picture")
    for number, name in enumerate(names):
        yield np.asarray(PillowPhotoReader().open(name).decode()), number * FRAME_MS
