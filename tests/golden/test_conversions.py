"""The shipped models against the originals they were made from, on the same inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from agecheck.models.store import ModelStore
from golden import inputs

BOX_STRIDE = 7
"""The goldens hold every seventh anchor's box."""

DETECTOR_PX = 0.001
"""Boxes, in input pixels. Only the order of float32 additions differs: 0.0001 was measured."""
DETECTOR_LOGITS = 0.002
"""Score logits. The far background goes down to -80, where float32 rounds coarsest: 0.0002 was
measured."""
MESH_PX = 0.002
"""Landmarks, in pixels of the 192-pixel crop; 0.0002 was measured."""
MESH_LOGIT = 0.001
"""The face logit; 0.00002 was measured, on logits of about 25."""
TINYXCEPTION_YEARS = 0.001
"""The recipe's graph against a second implementation in TensorFlow; 0.00002 was measured."""
INT8_MEAN_YEARS = 2.8
"""int8 against float32, mean |change| over ten chips of one sharp face. 1.8 was measured on these,
0.7 on 400 faces of a research set; a wrong scale or a saturating sum changes ages by 5 to 15."""
INT8_MAX_YEARS = 4.5
"""int8 against float32, worst of ten chips; 3.3 was measured."""

AGE_WEIGHTS_YEARS = np.arange(1.0, 101.0)


def load(name: str) -> dict[str, NDArray[Any]]:
    with np.load(inputs.DATA / name) as file:
        return dict(file)


def run(model_id: str, batch: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
    """Return output name -> values over a batch, fed one at a time to models that take only one."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(ModelStore().read(model_id), options)
    (feed,) = session.get_inputs()
    names = [output.name for output in session.get_outputs()]
    step = feed.shape[0] if isinstance(feed.shape[0], int) else len(batch)
    rows = [
        session.run(names, {feed.name: batch[start : start + step]})
        for start in range(0, len(batch), step)
    ]
    columns = [np.concatenate(column) for column in zip(*rows, strict=True)]
    return dict(zip(names, columns, strict=True))


def max_difference(found: NDArray[Any], golden: NDArray[Any]) -> float:
    assert found.shape == golden.shape
    return float(np.abs(found.astype(np.float64) - golden).max())


@pytest.mark.parametrize(
    ("model_id", "size_px"), [("blazeface-short", 128), ("blazeface-full", 192)]
)
def test_blazeface_equals_its_tflite_original(model_id: str, size_px: int) -> None:
    """Protects the detectors' conversion: every score and every seventh box of both pictures."""
    goldens = load("tflite.npz")
    batch = inputs.detector_inputs(size_px)
    assert inputs.digest(batch) == goldens[f"{model_id}/input"], "the input changed, not the model"
    found = run(model_id, batch)
    boxes = found["boxes_px"][:, ::BOX_STRIDE]
    assert max_difference(boxes, goldens[f"{model_id}/boxes_px"]) < DETECTOR_PX
    logits = found["score_logits"]
    assert max_difference(logits, goldens[f"{model_id}/score_logits"]) < DETECTOR_LOGITS


def test_facemesh_equals_its_tflite_original() -> None:
    """Protects the landmarks' conversion, the rewriting of PRelu included."""
    goldens = load("tflite.npz")
    batch = inputs.mesh_inputs()
    assert inputs.digest(batch) == goldens["facemesh/input"], "the input changed, not the model"
    found = run("facemesh", batch)
    assert max_difference(found["landmarks_px"], goldens["facemesh/landmarks_px"]) < MESH_PX
    assert max_difference(found["face_logit"], goldens["facemesh/face_logit"]) < MESH_LOGIT


def test_tinyxception_equals_a_second_implementation() -> None:
    """Protects the graph that the recipe writes by hand: paddings, axes, order of layers."""
    goldens = load("ages.npz")
    chips = inputs.chips(112)
    assert inputs.digest(chips) == goldens["age-tinyxception/input"], "the input changed"
    found = run("age-tinyxception", chips)["age_years"]
    assert max_difference(found, goldens["age-tinyxception/age_years"]) < TINYXCEPTION_YEARS


def test_int8_mobilenet_stays_close_to_the_published_float32() -> None:
    """Protects the graph written by hand, against a second implementation, and its quantisation."""
    goldens = load("ages.npz")
    chips = inputs.chips(192)
    assert inputs.digest(chips) == goldens["age-mobilenet/input"], "the input changed"
    found = run("age-mobilenet", chips)["probabilities"] @ AGE_WEIGHTS_YEARS
    change_years = np.abs(found - goldens["age-mobilenet/probabilities"] @ AGE_WEIGHTS_YEARS)
    assert change_years.mean() < INT8_MEAN_YEARS
    assert change_years.max() < INT8_MAX_YEARS


@pytest.mark.parametrize(
    ("model_id", "size_px"), [("age-mobilenet", 192), ("age-tinyxception", 112)]
)
def test_a_batch_gives_each_chip_what_it_gets_alone(model_id: str, size_px: int) -> None:
    """Protects batching: a chip's age must not depend on which chips it is sent with."""
    chips = inputs.chips(size_px)
    (together,) = run(model_id, chips).values()
    alone = np.concatenate([next(iter(run(model_id, chips[i : i + 1]).values())) for i in range(3)])
    assert max_difference(together[:3], alone) < 1e-3
