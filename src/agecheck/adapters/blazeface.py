"""FaceDetector on BlazeFace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agecheck.ports import DetectedFace
from agecheck.vision import blazeface

if TYPE_CHECKING:
    from agecheck.ports import Picture
    from agecheck.runtime import DeferredModel, OnnxModel


class BlazeFaceDetector:
    """Finds faces with one BlazeFace network.

    Args:
        model: the network.
        spec: its geometry.
        margin_share: black border around the frame, as a share of its longer side.
    """

    def __init__(
        self,
        model: OnnxModel | DeferredModel,
        spec: blazeface.BlazeFaceSpec,
        *,
        margin_share: float = 0.0,
    ) -> None:
        self._model = model
        self._spec = spec
        self._margin_share = margin_share

    def detect(self, frame: Picture) -> Sequence[DetectedFace]:
        square, fit = blazeface.letterbox(frame, self._spec.input_size_px, self._margin_share)
        regressors, logits = self._model.run({"pixels_norm": square})
        return blazeface.decode_faces(self._spec, regressors[0], logits[0, :, 0], fit)
