"""A camera that capture reads itself. A film or a folder of pictures is played again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

from agecheck.clips import read_clip
from agecheck.live_page.frames import Frames, Stop, now_ms

REOPEN_PAUSE_S = 0.5
SYSTEM = Path("/sys/class/video4linux")


class CameraSource:
    """Opens the source for one visit at a time, and lets go of it when the visit ends.

    Args:
        source: /dev/videoN, a video file, or a folder with pictures: the operator's own, so it is
            decoded here.
        refused_names: parts of names, in lower case; a camera that has one gives no frames, nor
            does one without a name.
        system: where the kernel tells the cameras' names.
    """

    def __init__(
        self, source: str, refused_names: Sequence[str] = (), system: Path = SYSTEM
    ) -> None:
        self._source, self._refused_names, self._system = source, refused_names, system

    def run(self, frames: Frames, stop: threading.Event) -> None:
        """Fill `frames` until it is told to stop. A camera that fails is opened again: it may have
        been unplugged for a moment. What does not come is noticed by the visit."""
        while not stop.is_set():
            try:
                if self._is_refused():  # each time: another may have been plugged in
                    frames.stop(Stop.VIRTUAL_CAMERA)
                    return
                self._play(frames, stop)
            except Exception:  # no frame is put then; what a decoder says is nobody's business
                stop.wait(REOPEN_PAUSE_S)

    def _is_refused(self) -> bool:
        """Whether the camera's own name says that it is none. A film has no such name.

        Raises:
            OSError: a device has no name: it is not there, or could be any. It is not opened.
        """
        source = Path(self._source).resolve()  # /dev/v4l/by-id names are links
        if not self._refused_names or source.is_file() or source.is_dir():
            return False
        name = (self._system / source.name / "name").read_text("utf-8", "replace").casefold()
        return any(refused in name for refused in self._refused_names)

    def _play(self, frames: Frames, stop: threading.Event) -> None:
        began_s, first_ms = time.monotonic(), None
        for frame, at_ms in read_clip(Path(self._source)):
            first_ms = at_ms if first_ms is None else first_ms
            # A recording runs at its own pace; a device's frames come when they come.
            stop.wait(max(0.0, began_s + (at_ms - first_ms) / 1000 - time.monotonic()))
            if stop.is_set():
                return
            frames.put(frame, now_ms())
