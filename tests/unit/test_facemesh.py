"""When FaceMesh is asked a second time, and the crop that it is asked about."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from agecheck.adapters.facemesh import (
    DOUBTFUL_PRESENCE_LOGIT,
    FACE_PRESENCE_LOGIT_THRESHOLD,
    FaceMeshLandmarker,
)
from agecheck.ports import DetectedFace
from agecheck.vision import facemesh, warp

FRAME = np.zeros((200, 200, 3), np.uint8)
FACE = DetectedFace(
    (50.0, 50.0, 150.0, 150.0),
    ((80.0, 90.0), (120.0, 90.0), (100.0, 110.0), (100.0, 130.0), (55.0, 95.0), (145.0, 95.0)),
    0.9,
)
SURE = FACE_PRESENCE_LOGIT_THRESHOLD + 1
DOUBTFUL = FACE_PRESENCE_LOGIT_THRESHOLD - 1


class ScriptedModel:
    """Answers a mesh that lies on FACE, with the presence scores of a script.

    The real network never answers what is not finite, and is not to be had at a given score.
    """

    def __init__(self, *presence_logits: float, broken_point: float | None = None) -> None:
        self._presence_logits = list(presence_logits)
        self._broken_point = broken_point
        self.runs = 0

    def run(self, feed: dict[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        assert feed["pixels_norm"].shape == (1, 192, 192, 3)
        presence = self._presence_logits[self.runs]
        self.runs += 1
        frame_px = _mesh_px(FACE)
        transform = facemesh.face_transform(FACE)
        if self.runs > 1:
            transform = facemesh.mesh_transform(frame_px)
        points = frame_px.copy()
        points[:, :2] = warp.apply(transform, frame_px[:, :2])
        if self._broken_point is not None:
            points[300] = self._broken_point
        return [points[None], np.array([[presence]], np.float32)]


def _mesh_px(face: DetectedFace) -> NDArray[np.float32]:
    """Points all over the box, with the eye corners beside the detector's eyes."""
    left, top, right, bottom = face.box_px
    rng = np.random.default_rng(0)
    points = np.zeros((468, 3), np.float32)
    points[:, 0] = rng.uniform(left, right, 468)
    points[:, 1] = rng.uniform(top, bottom, 468)
    for (outer, inner), (x, y) in zip(((33, 133), (362, 263)), face.keypoints_px[:2], strict=True):
        points[outer, :2], points[inner, :2] = (x - 10, y), (x + 10, y)
    return points


def locate(model: ScriptedModel) -> bool:
    return FaceMeshLandmarker(cast(Any, model)).locate(FRAME, FACE) is not None


@pytest.mark.parametrize(
    ("presence_logits", "runs", "found"),
    [
        ((SURE,), 1, True),
        ((DOUBTFUL, SURE), 2, True),
        ((DOUBTFUL, DOUBTFUL), 2, False),
        ((FACE_PRESENCE_LOGIT_THRESHOLD, SURE), 2, True),
        ((DOUBTFUL, FACE_PRESENCE_LOGIT_THRESHOLD), 2, False),
        ((DOUBTFUL_PRESENCE_LOGIT, SURE), 1, False),
        ((math.nan, SURE), 1, False),
        ((DOUBTFUL, math.nan), 2, False),
        ((-math.inf, SURE), 1, False),
    ],
)
def test_only_a_doubtful_face_is_looked_at_twice(
    presence_logits: tuple[float, ...], runs: int, found: bool
) -> None:
    """What is no face stays none, and the second look has to be as sure as the first."""
    model = ScriptedModel(*presence_logits)
    assert (locate(model), model.runs) == (found, runs)


@pytest.mark.parametrize("broken_point", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("presence_logit", [SURE, DOUBTFUL])
def test_a_point_at_no_place_is_no_mesh(presence_logit: float, broken_point: float) -> None:
    """A broken first mesh is neither used nor taken for the place of a second look."""
    model = ScriptedModel(presence_logit, SURE, broken_point=broken_point)
    assert (locate(model), model.runs) == (False, 1)


@given(st.floats(-math.pi, math.pi), st.floats(5, 500), st.floats(-100, 900), st.floats(-100, 900))
def test_the_second_crop_is_upright_and_holds_the_whole_mesh(
    roll_rad: float, scale_px: float, x_px: float, y_px: float
) -> None:
    """However the head is held, the eyes come to lie level and the mesh has room around it."""
    flat = _mesh_px(FACE)
    cos, sin = math.cos(roll_rad) * scale_px / 100, math.sin(roll_rad) * scale_px / 100
    points = flat.astype(np.float64)
    points[:, :2] = (flat[:, :2] - 100) @ np.array([[cos, sin], [-sin, cos]]) + (x_px, y_px)
    transform = facemesh.mesh_transform(points.astype(np.float32))
    crop_px = warp.apply(transform, points[:, :2])
    (left_x, left_y), (right_x, right_y) = facemesh.eye_centres_px(
        np.column_stack([crop_px, points[:, 2]]).astype(np.float32)
    ).tolist()
    assert left_x < right_x
    assert left_y == pytest.approx(right_y, abs=0.2)
    assert crop_px.min() > 0
    assert crop_px.max() < facemesh.INPUT_SIZE_PX
