"""The detector and the landmarker, end to end, against MediaPipe's own Python package."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agecheck.adapters.blazeface import BlazeFaceDetector
from agecheck.adapters.facemesh import FaceMeshLandmarker
from agecheck.models.store import ModelStore
from agecheck.ports import DetectedFace
from agecheck.runtime import OnnxModel
from agecheck.vision.blazeface import FULL_RANGE, SHORT_RANGE, BlazeFaceSpec
from golden import inputs

SAMPLE_SIDE_PX = 512

DECODING_PX = 0.01
"""Same pixels in, so only rounding may differ: MediaPipe reads every fourth pixel of the sample,
as its transform maps corner to corner without a filter, and so does the test. Measured: 0.0003."""
DECODING_SCORE = 0.001
DETECTION_PX = 8.0
"""From the full picture ours is low-pass filtered and centred on its pixels, MediaPipe's is
neither; 8 px of the sample are 2 px of the short-range network's input and 8 % of the face. The
full-range network is the dense one, while MediaPipe's Python package ships a pruned copy. Measured:
6.3 px at an ear, 4 px elsewhere."""
DETECTION_SCORE = 0.05
MESH_MEAN_PX = 1.0
"""Mean distance of the 468 points; the eyes are 45 px apart. Measured: 0.4."""
MESH_MAX_PX = 3.0
"""Farthest point. Measured: 1.4, on the outline of the face."""
MESH_DEPTH_PX = 5.0
"""Depth is the network's own estimate and softer. Measured: 2.2."""


def model(model_id: str) -> OnnxModel:
    store = ModelStore()
    return OnnxModel(store.entry(model_id), store.read(model_id))


def mediapipe_says(key: str) -> Any:
    return json.loads((inputs.DATA / "mediapipe.json").read_text())[key]


def points_px(face: DetectedFace) -> NDArray[np.float64]:
    """The box's two corners and the six keypoints: (8, 2)."""
    return np.array([face.box_px[:2], face.box_px[2:], *face.keypoints_px])


def golden_points_px(key: str) -> NDArray[np.float64]:
    (golden,) = mediapipe_says(key)
    corners = np.reshape(golden["box_norm"], (2, 2))
    return np.concatenate([corners, golden["keypoints_norm"]]) * SAMPLE_SIDE_PX


def test_short_range_decoding_equals_mediapipes() -> None:
    """Protects anchors, box decoding and weighted suppression: same pixels, same face."""
    step = SAMPLE_SIDE_PX // SHORT_RANGE.input_size_px
    frame = np.ascontiguousarray(inputs.rgb(inputs.SAMPLE)[::step, ::step])
    (face,) = BlazeFaceDetector(model("blazeface-short"), SHORT_RANGE).detect(frame)
    difference_px = points_px(face) * step - golden_points_px("blazeface-short")
    assert np.abs(difference_px).max() < DECODING_PX
    assert abs(face.score - mediapipe_says("blazeface-short")[0]["score"]) < DECODING_SCORE


@pytest.mark.parametrize(
    ("model_id", "spec"), [("blazeface-short", SHORT_RANGE), ("blazeface-full", FULL_RANGE)]
)
def test_detectors_find_the_face_where_mediapipe_does(model_id: str, spec: BlazeFaceSpec) -> None:
    """Protects the letterbox and both detectors on the full-size picture."""
    (face,) = BlazeFaceDetector(model(model_id), spec).detect(inputs.rgb(inputs.SAMPLE))
    assert np.abs(points_px(face) - golden_points_px(model_id)).max() < DETECTION_PX
    assert abs(face.score - mediapipe_says(model_id)[0]["score"]) < DETECTION_SCORE


@pytest.mark.parametrize(
    ("model_id", "spec"), [("blazeface-short", SHORT_RANGE), ("blazeface-full", FULL_RANGE)]
)
def test_neither_finds_a_persons_face_on_a_cat(model_id: str, spec: BlazeFaceSpec) -> None:
    """Protects the score threshold: MediaPipe finds nothing on the cat, and neither do we."""
    assert mediapipe_says(f"{model_id} cat") == []
    assert BlazeFaceDetector(model(model_id), spec).detect(inputs.rgb(inputs.CAT)) == []


def test_mesh_lies_where_mediapipes_does() -> None:
    """Protects the crop, its rotation and the way back: 468 points from picture to picture."""
    frame = inputs.rgb(inputs.SAMPLE)
    (face,) = BlazeFaceDetector(model("blazeface-short"), SHORT_RANGE).detect(frame)
    mesh = FaceMeshLandmarker(model("facemesh")).locate(frame, face)
    assert mesh is not None
    difference_px = mesh.points_px - np.array(mediapipe_says("facemesh")) * SAMPLE_SIDE_PX
    distances_px = np.hypot(difference_px[:, 0], difference_px[:, 1])
    assert distances_px.mean() < MESH_MEAN_PX
    assert distances_px.max() < MESH_MAX_PX
    assert np.abs(difference_px[:, 2]).max() < MESH_DEPTH_PX
