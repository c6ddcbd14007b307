"""Whom the check takes for the one person in the picture: controls on the real models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agecheck.estimate import AgeEstimate
from agecheck.pipeline import FaceAgePipeline
from agecheck.verdict import Reason
from selfies import degrade
from selfies.degrade import Portrait

NO_FACES = {
    "black": np.zeros((480, 360, 3), np.uint8),
    "white": np.full((480, 360, 3), 255, np.uint8),
    "noise": np.random.default_rng(0).integers(0, 256, (480, 360, 3), np.uint8),
    "one pixel": np.zeros((1, 1, 3), np.uint8),
    "a strip": np.zeros((2, 3000, 3), np.uint8),
}


@pytest.mark.parametrize("name", NO_FACES)
def test_nothing_is_nobody(name: str, pipeline: FaceAgePipeline) -> None:
    """Without a face there is no estimate: the whole picture is never used instead."""
    assert pipeline.estimate(NO_FACES[name]) is Reason.NO_FACE


def test_a_cat_is_nobody(cat: Path, pipeline: FaceAgePipeline) -> None:
    """A face that is not a person's gets no age."""
    assert pipeline.estimate(cat) is Reason.NO_FACE


def test_a_picture_upside_down_is_refused(pipeline: FaceAgePipeline, sample: Portrait) -> None:
    """A detector may fire on it; an age read off it would be noise."""
    assert isinstance(pipeline.estimate(sample.picture.rotate(180)), Reason)


def test_a_negative_is_refused(pipeline: FaceAgePipeline, sample: Portrait) -> None:
    """Not a photograph as a camera takes it."""
    inverted = sample.picture.point(lambda value: 255 - value)
    assert isinstance(pipeline.estimate(inverted), Reason)


def test_an_outline_drawing_is_nobody(pipeline: FaceAgePipeline) -> None:
    """The mesh network itself does not take lines on paper for a face."""
    assert pipeline.estimate(degrade.drawing(filled=False)) is Reason.NO_FACE


@pytest.mark.parametrize("share", [1.0, 0.8])
def test_two_people_are_refused(share: float, pipeline: FaceAgePipeline, sample: Portrait) -> None:
    """An adult beside a minor must not answer for the minor."""
    assert pipeline.estimate(degrade.side_by_side(sample, share)) is Reason.SEVERAL_FACES


def test_a_small_face_in_the_background_does_not_matter(
    pipeline: FaceAgePipeline, sample: Portrait
) -> None:
    """A passer-by or a poster is not comparable with the person in front."""
    assert isinstance(pipeline.estimate(degrade.side_by_side(sample, 0.25)), AgeEstimate)


def test_a_far_face_is_found_in_a_large_picture(
    pipeline: FaceAgePipeline, sample: Portrait
) -> None:
    """The full-range network sees faces that the short-range one does not."""
    short_range_only = pipeline.detector._detectors[0]  # type: ignore[attr-defined]
    canvas = Image.new("RGB", (1450, 1100), (120, 130, 140))
    canvas.paste(sample.picture.crop((60, 0, 400, 400)), (750, 690))
    assert not short_range_only.detect(np.asarray(canvas))
    assert isinstance(pipeline.estimate(canvas), AgeEstimate)


def test_a_tight_crop_is_found(pipeline: FaceAgePipeline, sample: Portrait) -> None:
    """BlazeFace needs a margin around a face that fills the picture; the cascade adds it."""
    x, y = sample.points_px[:, 0], sample.points_px[:, 1]
    box = (int(x.min()) - 4, int(y.min()) - 4, int(x.max()) + 4, int(y.max()) + 4)
    tight = sample.picture.crop(box).resize((400, 480), Image.Resampling.LANCZOS)
    assert isinstance(pipeline.estimate(tight), AgeEstimate)
