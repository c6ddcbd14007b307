"""Whom the check takes for the one person in the picture: controls on the real models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from agecheck.estimate import AgeEstimate
from agecheck.pipeline import FaceAgePipeline
from agecheck.verdict import Reason
from agecheck.vision import facemesh
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


def test_a_cat_from_nearer_or_tilted_is_refused(cat: Path, pipeline: FaceAgePipeline) -> None:
    """The second look at a doubtful face must not find a person in an animal."""
    with Image.open(cat) as opened:
        picture = opened.convert("RGB")
    rng = np.random.default_rng(0)
    detected = 0
    for _ in range(60):
        tilted = picture.rotate(rng.uniform(-40, 40), resample=Image.Resampling.BICUBIC)
        side_px = int(rng.integers(160, 300))
        left, top = (int(rng.integers(0, size - side_px + 1)) for size in tilted.size)
        crop = tilted.crop((left, top, left + side_px, top + side_px))
        detected += bool(pipeline.detectors[0].detect(crop))
        assert isinstance(pipeline.estimate(crop), Reason)
    assert detected >= 10, "the control shows nothing unless the detector fires"


def test_a_picture_upside_down_is_refused(pipeline: FaceAgePipeline, sample: Portrait) -> None:
    """A detector may fire on it; an age read off it would be noise."""
    assert isinstance(pipeline.estimate(sample.picture.rotate(180)), Reason)


def test_a_negative_is_refused(pipeline: FaceAgePipeline, sample: Portrait) -> None:
    """Not a photograph as a camera takes it."""
    inverted = sample.picture.point(lambda value: 255 - value)
    assert isinstance(pipeline.estimate(inverted), Reason)


@pytest.mark.parametrize("filled", [False, True])
def test_a_drawing_is_refused(filled: bool, pipeline: FaceAgePipeline) -> None:
    """Lines on paper have no age, whichever network takes them for a face."""
    refusals = (Reason.NO_FACE, Reason.NOT_A_PHOTOGRAPH)
    assert pipeline.estimate(degrade.drawing(filled=filled)) in refusals


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
    short_range_only = pipeline.detectors[0]
    canvas = Image.new("RGB", (1450, 1100), (120, 130, 140))
    canvas.paste(sample.picture.crop((60, 0, 400, 400)), (750, 690))
    assert not short_range_only.detect(np.asarray(canvas))
    assert isinstance(pipeline.estimate(canvas), AgeEstimate)


def test_a_far_face_that_the_near_detector_misplaces_is_found(
    pipeline: FaceAgePipeline, sample: Portrait
) -> None:
    """Somebody at the edge of the quick network's reach is not told that nobody is there."""
    misplaced = 0
    for side_px in range(600, 720, 20):
        canvas = Image.new("RGB", (side_px * 4 // 3, side_px), (120, 125, 118))
        canvas.paste(sample.picture, (side_px // 4, side_px // 6))
        first = next(faces for d in pipeline.detectors if (faces := d.detect(canvas)))
        misplaced += pipeline.landmarker.locate(canvas, first[0]) is None
        assert isinstance(pipeline.estimate(canvas), AgeEstimate)
    assert misplaced >= 2, "the control shows nothing unless a quick look goes wrong"


@pytest.mark.parametrize("hidden", ["covered", "blurred", "turned"])
def test_nobody_answers_for_a_person_in_front_whose_face_is_not_seen_well(
    hidden: str, pipeline: FaceAgePipeline, sample: Portrait
) -> None:
    """An adult who stands behind a minor with a hand to the face is not the one that is meant."""
    head = sample.picture.crop((130, 0, 350, 260))
    behind = head.resize((int(head.width * 0.7), int(head.height * 0.7)))
    front = head.copy()
    if hidden == "covered":
        front.paste((40, 60, 120), (110, 0, 220, 260))
    elif hidden == "blurred":
        front = front.filter(ImageFilter.GaussianBlur(9))
    else:
        front = front.rotate(100, expand=True, fillcolor=(90, 90, 90))
    for width_px in (640, 900, 1200):
        scale = width_px * 0.75 / 2 / front.height
        canvas = Image.new("RGB", (width_px, width_px * 3 // 4), (110, 118, 125))
        far = behind.resize((int(behind.width * scale), int(behind.height * scale)))
        near = front.resize((int(front.width * scale), int(front.height * scale)))
        canvas.paste(near, (int(width_px * 0.03), int(canvas.height * 0.2)))
        canvas.paste(far, (int(width_px * 0.96) - far.width, canvas.height // 4))
        assert isinstance(pipeline.estimate(canvas), Reason)


def test_a_tight_crop_is_found(pipeline: FaceAgePipeline, sample: Portrait) -> None:
    """BlazeFace needs a margin around a face that fills the picture; one look adds it."""
    x, y = sample.points_px[:, 0], sample.points_px[:, 1]
    box = (int(x.min()) - 4, int(y.min()) - 4, int(x.max()) + 4, int(y.max()) + 4)
    tight = sample.picture.crop(box).resize((400, 480), Image.Resampling.LANCZOS)
    assert isinstance(pipeline.estimate(tight), AgeEstimate)


def test_a_face_in_a_badly_placed_box_gets_a_second_look(
    pipeline: FaceAgePipeline, sample: Portrait
) -> None:
    """A usable face is not lost because the detector's box is too wide and off its centre."""
    face = pipeline.detectors[0].detect(sample.picture)[0]
    left, top, right, bottom = face.box_px
    width_px, height_px = face.width_px, face.height_px
    wide = (
        left - 0.2 * width_px,
        top - 0.4 * height_px,
        right + 0.6 * width_px,
        bottom + 0.4 * height_px,
    )
    mesh = pipeline.landmarker.locate(sample.picture, replace(face, box_px=wide))
    assert mesh is not None
    off_px = facemesh.eye_centres_px(mesh.points_px) - sample.eyes_px
    assert np.abs(off_px).max() < 0.1 * sample.eye_distance_px
    lost = (left - 2 * width_px, top - 2 * height_px, right + 2 * width_px, bottom + 2 * height_px)
    assert pipeline.landmarker.locate(sample.picture, replace(face, box_px=lost)) is None
