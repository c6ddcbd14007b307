"""What the sealed worker does: the default pipeline under one policy. Runs behind the walls."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from agecheck.bootstrap import (
    build_estimator,
    build_pipeline,
    build_session,
    build_watch,
    calibration_in_use,
)
from agecheck.errors import CalibrationError
from agecheck.models.store import ModelStore
from agecheck.policy import EffectivePolicy
from agecheck.ports import DetectedFace, FaceMesh, Sight

if TYPE_CHECKING:
    from agecheck.guidance import GuidedSession
    from agecheck.pipeline import FaceAgePipeline
    from agecheck.verdict import CheckResult


class SealedChecks:
    """The default `SealedTask`. Made in the fork server, so that workers have it from the start.

    Raises:
        ModelError: a model is missing, altered, or cannot be loaded.
        CalibrationError: the calibration is not the one that the caller has resolved its policy by.
    """

    def __init__(
        self, *, policy: Mapping[str, float], calibration: str | None, bundle_digest: str
    ) -> None:
        in_use = calibration_in_use(calibration)
        if in_use.digest != bundle_digest:
            raise CalibrationError("the calibration changed while it was being loaded")
        store = ModelStore()
        self._pipeline = build_pipeline(store, build_estimator(store, in_use.fusion))
        self._policy = EffectivePolicy(**policy)  # type: ignore[arg-type]
        self._max_sd_years = in_use.max_sd_years
        _warm_up(self._pipeline)
        _warm_up_session(self._pipeline, self._policy)

    def before_seal(self) -> None:
        """Nothing is left to be done."""

    def check(self, source: object) -> CheckResult:
        return self._pipeline.check(source, self._policy, self._max_sd_years)

    def open_session(self, script: bytes) -> GuidedSession:
        return build_session(self._pipeline, self._policy, self._max_sd_years, script)


def _warm_up(pipeline: FaceAgePipeline) -> None:
    """Run every part once: what is loaded or allocated at first use must be there before the walls.

    The picture is blank, and the face in it made up.
    """
    for encoding in ("JPEG", "PNG", "WEBP"):
        encoded = io.BytesIO()
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.new("RGB", (64, 48)).save(encoded, encoding, exif=exif)
        pipeline.reader.open(encoded.getvalue()).decode()
    frame = np.zeros((480, 640, 3), np.uint8)
    # Not the network for far faces: loading it, which needs no file any more, is for who needs it.
    pipeline.detectors[0].detect(frame)
    eyes_nose_mouth_ears = ((280.0, 200.0), (360.0, 200.0), (320.0, 250.0), (320.0, 300.0))
    keypoints_px = (*eyes_nose_mouth_ears, (240.0, 210.0), (400.0, 210.0))
    pipeline.landmarker.locate(frame, DetectedFace((240.0, 140.0, 400.0, 320.0), keypoints_px, 1.0))
    mesh = _made_up_face()
    pipeline.assessor.assess((480, 640), mesh)
    pipeline.estimator.estimate(pipeline.estimator.align(frame, mesh))


def _made_up_face() -> FaceMesh:
    points_px = (100 + np.arange(468 * 3, dtype=np.float32) * 97 % 300).reshape(468, 3)
    chip_rgb = (np.arange(112 * 112 * 3) % 251).astype(np.uint8).reshape(112, 112, 3)
    return FaceMesh(points_px, np.eye(2, 3), chip_rgb)


def _warm_up_session(pipeline: FaceAgePipeline, policy: EffectivePolicy) -> None:
    """Load what a live session needs, and follow a made-up face; with liveness, run each cue.

    A program that checks stills waits for this, too: without liveness no cue is run.
    """
    from agecheck.live_script import draw_script

    script = draw_script(policy.liveness).to_bytes()
    build_session(pipeline, policy, 1.0, script)
    watch, frame = build_watch(policy.liveness, script), np.zeros((480, 640, 3), np.uint8)
    for at_ms in (0, 40):
        watch.see(frame, Sight(at_ms, (480, 640), _made_up_face(), None))
    if policy.liveness != "none":
        _warm_up_cues()


def _warm_up_cues() -> None:
    """The functions of the cues that load or allocate something of their own."""
    from agecheck.live_script import draw_script
    from agecheck.liveness import flatness, light, texture
    from agecheck.liveness.watch import LivenessWatch

    random = np.random.default_rng(0)
    points, moved = random.uniform(-1, 1, (2, 46, 2))
    flatness.homography_residual(points, moved)
    flatness.anisotropy(points, moved)
    times_ms, colours = np.arange(0.0, 4000.0, 50.0), random.uniform(50, 200, (80, 3))
    light.answer(times_ms, colours, draw_script("active").lights, 0.0)
    for side_px in (texture.PATCH_SIDE_PX, texture.MIN_PATCH_SIDE_PX):
        texture.peak_prominence(random.uniform(0, 255, (side_px, side_px)).astype(np.float32), 0.1)
    before, after = random.uniform(0, 255, (2, 96, 128))
    texture.band_agreement(before, after)
    texture.has_frame_around(after, (40, 20, 90, 70))
    points_px = random.uniform(100, 300, (468, 3)).astype(np.float32)
    chip = random.integers(0, 255, (112, 112, 3), np.uint8)
    watch = LivenessWatch(draw_script("active"))
    for at_ms in range(0, 400, 40):
        frame = random.integers(0, 255, (480, 640, 3), np.uint8)
        mesh = FaceMesh(points_px, np.eye(2, 3), chip)
        watch.see(frame, Sight(at_ms, (480, 640), mesh, None))
        watch.ask()
