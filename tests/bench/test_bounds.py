"""What is made worse on purpose, to see what bounds the accuracy, is made worse as said."""

from __future__ import annotations

import numpy as np
import pytest

from agecheck.vision import facemesh
from benchmarks.bounds import passed_at, with_wrong_labels, without
from benchmarks.face_views import eyes_apart, points_off

RNG = np.random.default_rng(7)
FRAME = RNG.integers(0, 255, (200, 240, 3), np.uint8)
POINTS_PX = RNG.uniform(40, 160, (468, 3)).astype(np.float32)


def test_a_coarser_camera_keeps_the_points_on_the_face() -> None:
    """Or a shifted crop would be taken for a loss of detail."""
    small, points_px = eyes_apart(12.0, FRAME, POINTS_PX)
    scale = np.asarray(small).shape[1] / FRAME.shape[1]
    assert scale < 1
    assert facemesh.inter_eye_distance_px(points_px) == pytest.approx(12.0, abs=0.5)
    assert points_px[:, :2] == pytest.approx(POINTS_PX[:, :2] * scale, rel=0.02)


def test_a_smaller_face_is_not_enlarged() -> None:
    """Nothing is made up."""
    frame, points_px = eyes_apart(1000.0, FRAME, POINTS_PX)
    assert frame is FRAME
    assert points_px is POINTS_PX


def test_points_miss_by_as_much_as_is_said() -> None:
    """A share of the eye distance, whatever the size, and the same on every run."""
    eye_distance_px = facemesh.inter_eye_distance_px(POINTS_PX)
    _, off_px = points_off(0.05, FRAME, POINTS_PX)
    assert np.std(off_px - POINTS_PX) / eye_distance_px == pytest.approx(0.05, rel=0.1)
    assert np.array_equal(off_px, points_off(0.05, FRAME, POINTS_PX)[1])


def test_who_is_refused_cannot_pass() -> None:
    """The share with the largest doubt, and nobody else; who has no face stays without."""
    found = np.column_stack([np.full(100, 30.0), np.full(100, 30.0)])
    doubt = np.arange(100.0)
    doubt[0] = np.nan
    judged = without(0.1, doubt, found)
    assert np.flatnonzero(np.isneginf(judged[:, 1])).tolist() == list(range(90, 100))
    assert np.flatnonzero(np.isnan(judged[:, 0])).tolist() == list(range(90, 100))
    assert (judged[:90] == 30.0).all()


def test_wrong_labels_among_the_minors_cost_adults() -> None:
    """Adults who count as minors raise the age at which all adults pass."""
    ages_years = np.concatenate([np.full(400, 16.0), np.full(3000, 30.0)])
    judged_years = ages_years + RNG.normal(0.0, 4.0, ages_years.size)
    rows = with_wrong_labels(judged_years, ages_years)
    at_2 = [row["adults_25_40_passed_at_2_percent"] for row in rows]
    assert at_2[0] == pytest.approx(passed_at(judged_years, ages_years, 0.02), abs=1e-4)
    assert at_2 == sorted(at_2, reverse=True)
    assert at_2[0] - at_2[-1] > 0.1
