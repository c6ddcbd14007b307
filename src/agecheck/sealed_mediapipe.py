"""What the sealed worker does with the `mediapipe` extra: the same but for the detector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from agecheck.bootstrap import TIGHT_CROP_MARGIN_SHARE
from agecheck.errors import SealError
from agecheck.models.store import mediapipe_models
from agecheck.seal import process
from agecheck.sealed_checks import SealedChecks
from agecheck.vision.blazeface import FULL_RANGE, SHORT_RANGE


class MediaPipeChecks(SealedChecks):
    """As `SealedChecks`, and MediaPipe is loaded here and started in each worker.

    Raises:
        SealError: this process could have a socket, and then so could MediaPipe.
        ModelError, CalibrationError: as for `SealedChecks`, and for MediaPipe's own files.
    """

    def __init__(
        self, *, policy: Mapping[str, float], calibration: str | None, bundle_digest: str
    ) -> None:
        if process.can_open_socket():
            raise SealError("MediaPipe is not loaded where it could have a socket")
        super().__init__(policy=policy, calibration=calibration, bundle_digest=bundle_digest)
        from agecheck.adapters.mediapipe_detector import MediaPipeDetector, MediaPipeNetwork

        store = mediapipe_models()
        short_range = MediaPipeNetwork(store.read("blazeface-short-task"), SHORT_RANGE)
        full_range = MediaPipeNetwork(store.read("blazeface-full-task"), FULL_RANGE)
        self._networks = short_range, full_range
        detectors = (
            MediaPipeDetector(short_range),
            MediaPipeDetector(short_range, margin_share=TIGHT_CROP_MARGIN_SHARE),
            MediaPipeDetector(full_range),
        )
        self._pipeline = replace(self._pipeline, detectors=detectors)

    def before_seal(self) -> None:
        """Start its threads: there is no other moment for it."""
        for network in self._networks:
            network.start()
