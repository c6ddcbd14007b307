"""BlazeFace's anchors become faces in frame pixels, each face once."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agecheck.ports import DetectedFace
from agecheck.vision.blazeface import (
    FULL_RANGE,
    NMS_IOU_THRESHOLD,
    SHORT_RANGE,
    BlazeFaceSpec,
    Letterbox,
    decode_faces,
    letterbox,
)

NOTHING_LOGIT = -20.0
specs = st.sampled_from([SHORT_RANGE, FULL_RANGE])
sides_px = st.integers(1, 500)
margins = st.floats(0, 1)


class NetworkOutput:
    """The raw output of a network that sees the given faces, written by the encoding's rules."""

    def __init__(self, spec: BlazeFaceSpec, fit: Letterbox) -> None:
        self.spec, self.fit = spec, fit
        self.centres_px = spec.anchor_centres_norm().astype(np.float64) * spec.input_size_px
        self.regressors = np.zeros((len(self.centres_px), 16), dtype=np.float32)
        self.logits = np.full(len(self.centres_px), NOTHING_LOGIT, dtype=np.float32)

    def add(
        self,
        anchor: int,
        box_px: tuple[float, float, float, float],
        keypoints_px: NDArray[np.float64],
        score: float,
    ) -> None:
        offset = np.array([self.fit.left_px, self.fit.top_px])
        top_left, bottom_right = (
            np.array(corner) * self.fit.scale + offset for corner in (box_px[:2], box_px[2:])
        )
        centre = self.centres_px[anchor]
        self.regressors[anchor, :2] = (top_left + bottom_right) / 2 - centre
        self.regressors[anchor, 2:4] = bottom_right - top_left
        self.regressors[anchor, 4:] = (keypoints_px * self.fit.scale + offset - centre).ravel()
        self.logits[anchor] = math.log(score / (1 - score))

    def faces(self) -> list[DetectedFace]:
        return decode_faces(self.spec, self.regressors, self.logits, self.fit)


def keypoints(seed: int, box_px: tuple[float, float, float, float]) -> NDArray[np.float64]:
    left, top, right, bottom = box_px
    shares = np.random.default_rng(seed).uniform(0, 1, (6, 2))
    return shares * [right - left, bottom - top] + [left, top]


def black_frame(height_px: int, width_px: int) -> NDArray[np.uint8]:
    return np.zeros((height_px, width_px, 3), dtype=np.uint8)


# --- anchors ---


@pytest.mark.parametrize(("spec", "count"), [(SHORT_RANGE, 896), (FULL_RANGE, 2304)])
def test_there_are_as_many_anchors_as_the_network_has_outputs(
    spec: BlazeFaceSpec, count: int
) -> None:
    """One anchor missing would shift every face that comes after it."""
    centres = spec.anchor_centres_norm()
    assert centres.shape == (count, 2)
    assert centres.dtype == np.float32
    assert centres.min() > 0
    assert centres.max() < 1


def test_short_range_anchors_go_row_by_row_through_two_grids() -> None:
    """Two anchors a cell on 16 x 16, then six a cell on 8 x 8, x before y."""
    centres = SHORT_RANGE.anchor_centres_norm()
    for row, column, copy in itertools.product(range(16), range(16), range(2)):
        expected = [(column + 0.5) / 16, (row + 0.5) / 16]
        np.testing.assert_allclose(centres[(row * 16 + column) * 2 + copy], expected)
    for row, column, copy in itertools.product(range(8), range(8), range(6)):
        expected = [(column + 0.5) / 8, (row + 0.5) / 8]
        np.testing.assert_allclose(centres[512 + (row * 8 + column) * 6 + copy], expected)


def test_full_range_anchors_go_row_by_row_through_one_grid() -> None:
    """One anchor a cell on 48 x 48, x before y."""
    centres = FULL_RANGE.anchor_centres_norm()
    np.testing.assert_allclose(centres[0], [0.5 / 48, 0.5 / 48])
    np.testing.assert_allclose(centres[1], [1.5 / 48, 0.5 / 48])
    np.testing.assert_allclose(centres[48], [0.5 / 48, 1.5 / 48])
    np.testing.assert_allclose(centres[-1], [47.5 / 48, 47.5 / 48])


# --- decoding ---


@settings(max_examples=200)
@given(
    specs,
    sides_px,
    sides_px,
    margins,
    st.floats(-0.3, 1.2),
    st.floats(-0.3, 1.2),
    st.floats(0.02, 1.5),
    st.floats(0.02, 1.5),
    st.floats(0.62, 0.999),
    st.integers(0, 2**32 - 1),
)
def test_a_box_that_the_network_encodes_is_found_in_frame_pixels(
    spec: BlazeFaceSpec,
    height_px: int,
    width_px: int,
    margin_share: float,
    x_share: float,
    y_share: float,
    width_share: float,
    height_share: float,
    score: float,
    seed: int,
) -> None:
    """For any frame, margin and anchor: box, keypoints and score come back as they were."""
    _, fit = letterbox(black_frame(height_px, width_px), spec.input_size_px, margin_share)
    longer_px = max(height_px, width_px)
    left, top = x_share * width_px, y_share * height_px
    box_px = (left, top, left + width_share * longer_px, top + height_share * longer_px)
    points_px = keypoints(seed, box_px)
    output = NetworkOutput(spec, fit)
    output.add(seed % len(output.logits), box_px, points_px, score)
    (found,) = output.faces()
    tolerance_px = longer_px * 1e-4  # float32 at input scale
    assert found.box_px == pytest.approx(box_px, abs=tolerance_px)
    np.testing.assert_allclose(found.keypoints_px, points_px, atol=tolerance_px)
    assert found.score == pytest.approx(score, abs=1e-4)
    assert found.width_px == pytest.approx(box_px[2] - box_px[0], abs=2 * tolerance_px)
    assert found.height_px == pytest.approx(box_px[3] - box_px[1], abs=2 * tolerance_px)


@pytest.mark.parametrize("spec", [SHORT_RANGE, FULL_RANGE])
def test_the_score_threshold_is_the_networks_own(spec: BlazeFaceSpec) -> None:
    """A detection just below the threshold is dropped, one just above is kept."""
    _, fit = letterbox(black_frame(100, 100), spec.input_size_px)
    box_px = (20.0, 20.0, 60.0, 60.0)
    for step, count in ((-0.001, 0), (0.001, 1)):
        output = NetworkOutput(spec, fit)
        output.add(7, box_px, keypoints(0, box_px), spec.detection_score_threshold + step)
        assert len(output.faces()) == count


@pytest.mark.parametrize("logit", [math.nan, -math.inf, -1e30, -100.0])
def test_a_score_that_is_no_score_is_no_face(logit: float) -> None:
    """NaN from a network is not taken for a detection."""
    output = NetworkOutput(SHORT_RANGE, Letterbox(1.0, 0, 0))
    output.logits[:] = logit
    assert output.faces() == []


@pytest.mark.parametrize("logit", [math.inf, 1e30, 1000.0])
def test_a_huge_score_is_one_without_a_warning(logit: float) -> None:
    """The sigmoid neither overflows nor exceeds 1."""
    output = NetworkOutput(SHORT_RANGE, Letterbox(1.0, 0, 0))
    box_px = (20.0, 20.0, 60.0, 60.0)
    output.add(0, box_px, keypoints(0, box_px), 0.9)
    output.logits[0] = logit
    (found,) = output.faces()
    assert found.score == pytest.approx(1.0)


# --- non-maximum suppression ---


def iou(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Intersection over union, written out."""
    width = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    height = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width * height / (areas - width * height)


def faces_of(
    boxes_px: list[tuple[float, float, float, float]], scores: list[float], anchors: list[int]
) -> list[DetectedFace]:
    output = NetworkOutput(SHORT_RANGE, Letterbox(1.0, 0, 0))
    for box_px, score, anchor in zip(boxes_px, scores, anchors, strict=True):
        output.add(anchor, box_px, keypoints(0, box_px), score)
    return output.faces()


@st.composite
def scored_boxes(
    draw: st.DrawFn,
) -> tuple[list[tuple[float, float, float, float]], list[float]]:
    count = draw(st.integers(1, 12))
    corners = st.tuples(st.floats(0, 90), st.floats(0, 90), st.floats(4, 38), st.floats(4, 38))
    boxes = [(x, y, x + w, y + h) for x, y, w, h in (draw(corners) for _ in range(count))]
    ranks = draw(st.permutations(range(count)))
    return boxes, [0.6 + 0.03 * rank for rank in ranks]


@given(scored_boxes(), st.integers(0, 2**32 - 1))
def test_the_outcome_does_not_depend_on_the_anchors_order(
    scored: tuple[list[tuple[float, float, float, float]], list[float]], seed: int
) -> None:
    """The same boxes under other anchors merge to the same faces, the surest first."""
    boxes_px, scores = scored
    shuffled = np.random.default_rng(seed).permutation(896)[: len(scores)].tolist()
    one = faces_of(boxes_px, scores, list(range(len(scores))))
    other = faces_of(boxes_px, scores, shuffled)
    assert [found.score for found in one] == sorted((f.score for f in one), reverse=True)
    assert len(one) == len(other)
    for found, twin in zip(one, other, strict=True):
        assert found.score == pytest.approx(twin.score)
        assert found.box_px == pytest.approx(twin.box_px, abs=1e-3)


@given(scored_boxes())
def test_every_box_is_merged_into_one_that_it_overlaps(
    scored: tuple[list[tuple[float, float, float, float]], list[float]],
) -> None:
    """No more faces than boxes, the best box always leads, and its score is kept."""
    boxes_px, scores = scored
    found = faces_of(boxes_px, scores, list(range(len(scores))))
    assert 1 <= len(found) <= len(boxes_px)
    assert found[0].score == pytest.approx(max(scores), abs=1e-4)


@given(st.integers(0, 2**32 - 1), st.integers(1, 16))
def test_boxes_that_do_not_touch_are_all_kept(seed: int, count: int) -> None:
    """Several people are several faces: none is swallowed by another."""
    generator = np.random.default_rng(seed)
    cells = generator.permutation(16)[:count]
    boxes_px = [
        (32.0 * (cell % 4), 32.0 * (cell // 4), 32.0 * (cell % 4) + 30, 32.0 * (cell // 4) + 30)
        for cell in cells
    ]
    scores = (0.6 + 0.02 * generator.permutation(count)).tolist()
    found = faces_of(boxes_px, scores, generator.permutation(896)[:count].tolist())
    assert len(found) == count
    best_first = [boxes_px[i] for i in np.argsort(scores)[::-1]]
    for face, box_px in zip(found, best_first, strict=True):
        assert face.box_px == pytest.approx(box_px, abs=1e-3)


@pytest.mark.parametrize("shift_px", range(0, 40, 3))
def test_two_boxes_merge_exactly_when_they_overlap_enough(shift_px: int) -> None:
    """The overlap at which two detections count as one face is the stated one."""
    boxes_px = [(20.0, 20.0, 60.0, 60.0), (20.0 + shift_px, 20.0, 60.0 + shift_px, 60.0)]
    overlap = iou(boxes_px[0], boxes_px[1])
    found = faces_of(boxes_px, [0.9, 0.8], [3, 4])
    assert len(found) == (1 if overlap > NMS_IOU_THRESHOLD else 2)


def test_merged_boxes_are_the_mean_weighted_by_score() -> None:
    """All anchors that see a face have a say in where it is, the surer ones more."""
    boxes_px = [(20.0, 20.0, 60.0, 60.0), (24.0, 20.0, 64.0, 60.0)]
    (found,) = faces_of(boxes_px, [0.9, 0.6], [3, 4])
    left = (0.9 * 20 + 0.6 * 24) / 1.5
    assert found.box_px == pytest.approx((left, 20.0, left + 40, 60.0), abs=1e-3)
    assert found.score == pytest.approx(0.9, abs=1e-4)


def test_a_detected_face_has_six_keypoints_in_order() -> None:
    """Left eye, right eye, nose, mouth, ears: the eyes are what the roll is read from."""
    box_px = (10.0, 20.0, 110.0, 120.0)
    points_px = np.arange(12, dtype=np.float64).reshape(6, 2) * 3
    output = NetworkOutput(SHORT_RANGE, Letterbox(0.5, 3, 9))
    output.add(100, box_px, points_px, 0.9)
    (found,) = output.faces()
    assert len(found.keypoints_px) == 6
    np.testing.assert_allclose(found.keypoints_px, points_px, atol=1e-3)
