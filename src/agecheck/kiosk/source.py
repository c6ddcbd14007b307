"""A camera that capture reads itself. A film or a folder of pictures is played again and again."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Sequence
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
        walled_off: called when the source is there and only our walls are in the way. They hold to
            a file and not to its name: whatever was missing or plugged in since they were raised
            needs new ones, and so a new process.
    """

    def __init__(
        self,
        source: str,
        refused_names: Sequence[str] = (),
        system: Path = SYSTEM,
        walled_off: Callable[[], None] = lambda: None,
    ) -> None:
        self._source, self._refused_names, self._system = source, refused_names, system
        self._walled_off = walled_off

    def run(self, frames: Frames, stop: threading.Event) -> None:
        """Fill `frames` until it is told to stop. A camera that fails is opened again, unless it
        was plugged in again and is walled off. What does not come is noticed by the visit."""
        while not stop.is_set():
            try:
                if self._is_refused():  # each time: another may have been plugged in
                    frames.stop(Stop.VIRTUAL_CAMERA)
                    return
                self._play(frames, stop)
            except Exception:  # no frame is put then; what a decoder says is nobody's business
                if self._is_walled_off():
                    self._walled_off()
                    return
                stop.wait(REOPEN_PAUSE_S)

    def _is_walled_off(self) -> bool:
        """Its mode and owner let us open it, and something else does not: access(2) does not ask
        Landlock. A camera that we have no leave to use is not worth a new process."""
        try:
            os.close(os.open(self._source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
        except OSError as error:
            return error.errno == errno.EACCES and os.access(self._source, os.R_OK)
        return False

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
