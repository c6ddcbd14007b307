"""FaceDetector on MediaPipe's Tasks API, for the `mediapipe` extra. The only module to import it.

MediaPipe 1.x sends usage metrics and has threads of its own: it is loaded behind the first stage
of the seal and started inside a worker (docs/explanation/mediapipe.md). `sealed_mediapipe` sees to
both; nothing else makes one.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import thread as _thread  # noqa: F401 - it starts where none can be read
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from agecheck.ports import DetectedFace
from agecheck.vision import blazeface

_LEFT_OUT = ("cv2", "matplotlib", "matplotlib.pyplot", "sounddevice")
"""What MediaPipe imports to draw and to record with. Left out, it loads four times as fast, looks
for no fonts and no compiler, and asks for no folder to write to."""
_put_in = {name: ModuleType(name) for name in _LEFT_OUT if name not in sys.modules}
sys.modules.update(_put_in)
if "matplotlib" in _put_in:
    _put_in["matplotlib"].pyplot = sys.modules["matplotlib.pyplot"]  # type: ignore[attr-defined]
import mediapipe  # noqa: E402
from mediapipe.tasks.python import BaseOptions  # noqa: E402
from mediapipe.tasks.python.core.mediapipe_c_bindings import load_raw_library  # noqa: E402
from mediapipe.tasks.python.vision import FaceDetector as FaceDetectorTask  # noqa: E402
from mediapipe.tasks.python.vision import FaceDetectorOptions  # noqa: E402

for _name in _put_in:
    del sys.modules[_name]

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agecheck.ports import Picture

ENLARGED = 4
"""MediaPipe gives a box in whole pixels: each pixel of the network's input is handed over as 4 x 4,
of which it reads one."""


class MediaPipeNetwork:
    """One BlazeFace network in a FaceDetector task.

    Args:
        model_bytes: the .tflite file's bytes, already checked against the manifest's digest.
        spec: its geometry.
    """

    def __init__(self, model_bytes: bytes, spec: blazeface.BlazeFaceSpec) -> None:
        load_raw_library()
        self.spec = spec
        self._options = FaceDetectorOptions(
            base_options=BaseOptions(model_asset_buffer=model_bytes),
            min_detection_confidence=spec.detection_score_threshold,
            min_suppression_threshold=blazeface.NMS_IOU_THRESHOLD,
        )
        self._task: Any = None

    def start(self) -> None:
        """Start the task and its threads, and run it once. They would not live through a fork."""
        self._task = FaceDetectorTask.create_from_options(self._options)
        side_px = self.spec.input_size_px
        self.detections(np.zeros((side_px, side_px, 3), np.uint8))

    def detections(self, pixels: NDArray[np.uint8]) -> list[Any]:
        """MediaPipe's detections, the surest first.

        Args:
            pixels: uint8 RGB (height, width, 3).
        """
        image = mediapipe.Image(mediapipe.ImageFormat.SRGB, np.ascontiguousarray(pixels))
        return list(self._task.detect(image).detections)


class MediaPipeDetector:
    """Finds faces with one such network.

    The picture is fitted to the network's input as for the ONNX detector: MediaPipe would read
    single pixels of a large one, unfiltered, and find eyes up to a tenth of their distance away.

    Args:
        network: a network that is started before the first picture.
        margin_share: black border around the frame, as a share of its longer side.
    """

    def __init__(self, network: MediaPipeNetwork, *, margin_share: float = 0.0) -> None:
        self._network = network
        self._margin_share = margin_share

    def detect(self, frame: Picture) -> Sequence[DetectedFace]:
        size_px = self._network.spec.input_size_px
        square, fit = blazeface.letterbox(frame, size_px, self._margin_share)
        levels = np.rint((square[0] + 1) * 127.5).astype(np.uint8)
        enlarged = levels.repeat(ENLARGED, axis=0).repeat(ENLARGED, axis=1)
        return [_face(found, size_px, fit) for found in self._network.detections(enlarged)]


def _face(found: Any, size_px: int, fit: blazeface.Letterbox) -> DetectedFace:
    def in_frame(x: float, y: float) -> tuple[float, float]:
        """From the square, in its pixels."""
        return (x - fit.left_px) / fit.scale, (y - fit.top_px) / fit.scale

    points = [(point.x * size_px, point.y * size_px) for point in found.keypoints]
    box = found.bounding_box
    left, top = (
        _start(start / ENLARGED, length / ENLARGED, [point[axis] for point in points[:4]])
        for axis, (start, length) in enumerate(
            ((box.origin_x, box.width), (box.origin_y, box.height))
        )
    )
    right, bottom = left + box.width / ENLARGED, top + box.height / ENLARGED
    return DetectedFace(
        (*in_frame(left, top), *in_frame(right, bottom)),
        tuple(in_frame(x, y) for x, y in points),
        float(found.categories[0].score),
    )


def _start(start: float, length: float, eyes_nose_mouth: Sequence[float]) -> float:
    """Where a box begins along one axis, in pixels of the square.

    MediaPipe moves a box that begins beyond the square to its border, and keeps its length: the
    face is then somewhere else. Its centre lies within a fifth of its length from where eyes, nose
    and mouth have theirs, on average within a twentieth.
    """
    if start > 0:
        return start
    return min(0.0, sum(eyes_nose_mouth) / len(eyes_nose_mouth) - length / 2)
