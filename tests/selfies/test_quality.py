"""Each quality limit on both sides, on real pictures made from the sample portrait."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from agecheck.estimate import AgeEstimate
from agecheck.pipeline import FaceAgePipeline
from agecheck.verdict import Reason
from agecheck.vision import quality
from selfies import degrade
from selfies.degrade import Portrait

Make = Callable[[Portrait], Image.Image]

FIT: dict[str, Make] = {
    "as it is": lambda p: p.picture,
    "eyes 27 px apart": lambda p: degrade.scaled_to_eye_distance(p, 27),
    "turned": lambda p: degrade.turned(p, yaw_deg=35),
    "turned the other way": lambda p: degrade.turned(p, yaw_deg=-35),
    "nodding": lambda p: degrade.turned(p, pitch_deg=20),
    "chin up": lambda p: degrade.turned(p, pitch_deg=-20),
    "camera held low": lambda p: degrade.turned(p, pitch_deg=-37),
    "camera held at an angle": lambda p: degrade.rolled(p, 30),
    "dim": lambda p: degrade.exposed(p, 0.2),
    "bright": lambda p: degrade.exposed(p, 1.2),
    "slightly blurred": lambda p: degrade.blurred(p, 1.5),
    "clear glasses": degrade.with_rims,
    "ear cut off": lambda p: degrade.cut_off(p, 0.05),
}

REFUSED: dict[str, tuple[Make, Reason]] = {
    "eyes 20 px apart": (
        lambda p: degrade.scaled_to_eye_distance(p, 20),
        Reason.INTER_EYE_DISTANCE,
    ),
    "turned away": (lambda p: degrade.turned(p, yaw_deg=56), Reason.HEAD_POSE),
    "turned away the other way": (lambda p: degrade.turned(p, yaw_deg=-56), Reason.HEAD_POSE),
    "looking down": (lambda p: degrade.turned(p, pitch_deg=40), Reason.HEAD_POSE),
    "looking up": (lambda p: degrade.turned(p, pitch_deg=-45), Reason.HEAD_POSE),
    "camera held sideways": (lambda p: degrade.rolled(p, 55), Reason.HEAD_POSE),
    "dark": (lambda p: degrade.exposed(p, 0.12), Reason.UNDER_EXPOSURE),
    "glaring": (lambda p: degrade.exposed(p, 1.6), Reason.OVER_EXPOSURE),
    "blurred": (lambda p: degrade.blurred(p, 3), Reason.SHARPNESS),
    "sunglasses": (lambda p: degrade.with_glasses(p, (15, 15, 18)), Reason.EYES_COVERED),
    "grey glasses": (lambda p: degrade.with_glasses(p, (60, 60, 60)), Reason.EYES_COVERED),
    "one eye covered": (degrade.with_one_eye_covered, Reason.EYES_COVERED),
    "cheek cut off": (lambda p: degrade.cut_off(p, 0.25), Reason.FACE_CUT_OFF),
    "a coloured drawing": (lambda _: degrade.drawing(filled=True), Reason.NOT_A_PHOTOGRAPH),
}


@pytest.mark.parametrize("name", FIT)
def test_a_fit_face_is_estimated(name: str, pipeline: FaceAgePipeline, sample: Portrait) -> None:
    """A limit that refuses usable selfies would lock adults out."""
    outcome = pipeline.estimate(FIT[name](sample))
    assert isinstance(outcome, AgeEstimate), f"refused: {outcome}"


@pytest.mark.parametrize("name", REFUSED)
def test_an_unfit_face_is_refused_for_its_reason(
    name: str, pipeline: FaceAgePipeline, sample: Portrait
) -> None:
    """An estimate of such a face is worth little, and the person must hear what to mend."""
    make, reason = REFUSED[name]
    assert pipeline.estimate(make(sample)) is reason


def test_a_turned_head_reads_as_documented(pipeline: FaceAgePipeline, sample: Portrait) -> None:
    """The docstring of HeadPose says how much of a turn the mesh shows; limits rest on it."""
    frame = np.asarray(degrade.turned(sample, yaw_deg=40))
    mesh = pipeline.landmarker.locate(frame, pipeline.detectors[0].detect(frame)[0])
    assert mesh is not None
    turn_deg = quality.measure(frame.shape[:2], mesh).pose.yaw_deg
    straight_deg = quality.measure((512, 512), sample.mesh).pose.yaw_deg
    assert (turn_deg - straight_deg) / 40 == pytest.approx(0.55, abs=0.08)


@pytest.fixture
def fit(sample: Portrait) -> quality.FaceQuality:
    return quality.measure((512, 512), sample.mesh)


PLAIN_MEASURES = [f.name for f in dataclasses.fields(quality.FaceQuality) if f.name != "pose"]


@pytest.mark.parametrize("measure", PLAIN_MEASURES)
def test_a_measure_that_is_not_a_number_refuses(measure: str, fit: quality.FaceQuality) -> None:
    """NaN compares false with every limit; it must fall on the side of refusal."""
    assert quality.first_reason(fit) is None
    changes: Any = {measure: math.nan}
    assert quality.first_reason(dataclasses.replace(fit, **changes)) is not None


@pytest.mark.parametrize("angle", ["yaw_deg", "pitch_deg", "roll_deg"])
def test_an_angle_that_is_not_a_number_refuses(angle: str, fit: quality.FaceQuality) -> None:
    """As above, for the head pose."""
    changes: Any = {angle: math.nan}
    turned = dataclasses.replace(fit, pose=dataclasses.replace(fit.pose, **changes))
    assert quality.first_reason(turned) is Reason.HEAD_POSE
