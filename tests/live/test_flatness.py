"""Flatness: a plane's landmarks move by a homography, a head's do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agecheck.liveness.flatness import (
    FLAT_RESIDUAL_LIMIT,
    MIN_FLAT_FRAMES,
    MIN_SOLID_FRAMES,
    SOLID_ASYMMETRY_CHANGE,
    SOLID_RESIDUAL_LIMIT,
    FlatnessCue,
    Shape,
    anisotropy,
    homography_residual,
)
from live.readings import HEAD, reading, tilted, turned

FRONTAL = HEAD[:, :2]


@given(
    st.lists(st.floats(-0.3, 0.3), min_size=8, max_size=8),
)
def test_every_homography_leaves_nothing(entries: list[float]) -> None:
    """However a flat picture is held, the residual is none."""
    matrix = np.append(entries, 0.0).reshape(3, 3) * np.array([[1], [1], [0.5]]) + np.eye(3)
    mapped = np.column_stack([FRONTAL, np.ones(len(FRONTAL))]) @ matrix.T
    assert homography_residual(FRONTAL, mapped[:, :2] / mapped[:, 2:]) < 1e-3


@pytest.mark.parametrize("yaw_deg", [-35, -20, 20, 35])
def test_a_head_leaves_more_than_a_plane(yaw_deg: float) -> None:
    """The two lie on different sides of both limits."""
    assert homography_residual(FRONTAL, turned(HEAD, yaw_deg)) > SOLID_RESIDUAL_LIMIT
    assert homography_residual(FRONTAL, tilted(FRONTAL, yaw_deg)) < FLAT_RESIDUAL_LIMIT


def test_anisotropy_is_how_much_a_plane_is_foreshortened() -> None:
    """Turning in the picture and coming nearer are none."""
    angle = np.radians(20)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert anisotropy(FRONTAL, 1.7 * FRONTAL @ turn) == pytest.approx(0, abs=1e-9)
    squeezed = FRONTAL * np.array([0.8, 1.0])
    assert anisotropy(FRONTAL, squeezed @ turn) == pytest.approx(0.25, abs=1e-9)


def shown(cue: FlatnessCue, points: np.ndarray, asymmetry: float, times: int = 1) -> Shape:
    """The cue's answer after it has seen the same for a while."""
    for _ in range(times):
        cue.see([reading(points=points, asymmetry=asymmetry)] * 3)
    return cue.shape


def test_a_turning_head_is_solid() -> None:
    """It is a sign of life, once it has been seen in more than a frame or two."""
    cue = FlatnessCue()
    shown(cue, FRONTAL, 0.0)
    head = turned(HEAD, 20)
    assert shown(cue, head, SOLID_ASYMMETRY_CHANGE, MIN_SOLID_FRAMES - 1) is Shape.UNKNOWN
    assert shown(cue, head, SOLID_ASYMMETRY_CHANGE) is Shape.SOLID


def test_a_head_that_is_turned_a_little_is_no_photograph() -> None:
    """Its residual is as small as a plane's; but no plane is turned so far without shrinking."""
    cue = FlatnessCue()
    shown(cue, FRONTAL, 0.0)
    slightly = turned(HEAD, 5)
    assert homography_residual(FRONTAL, slightly) < FLAT_RESIDUAL_LIMIT
    assert shown(cue, slightly, 0.2, 50) is Shape.UNKNOWN


def test_a_mesh_that_slips_off_a_steep_photograph_is_no_head() -> None:
    """At 60 degrees of tilt landmarks lie anywhere, so that no plane fits; the nose stays put."""
    cue = FlatnessCue()
    shown(cue, FRONTAL, 0.0)
    assert shown(cue, turned(HEAD, 30), 0.9 * SOLID_ASYMMETRY_CHANGE, 20) is Shape.UNKNOWN


def test_a_tilted_plane_is_flat_after_enough_frames() -> None:
    """One frame decides nothing."""
    cue = FlatnessCue()
    shown(cue, FRONTAL, 0.0)
    assert shown(cue, tilted(FRONTAL, 35), 0.1, MIN_FLAT_FRAMES - 1) is Shape.UNKNOWN
    assert shown(cue, tilted(FRONTAL, 35), 0.1) is Shape.FLAT


def test_without_a_turn_it_does_not_answer() -> None:
    """A person who stands still is no photograph, and a photograph held still no person."""
    cue = FlatnessCue()
    random = np.random.default_rng(0)
    for _ in range(200):
        points = FRONTAL * 1.1 + random.normal(0, 0.01, FRONTAL.shape)
        assert shown(cue, points, float(random.normal(0, 0.02))) is Shape.UNKNOWN


def test_an_asymmetry_without_depth_is_no_sign_of_life() -> None:
    """Both are needed: the nose that moves between the ears, and what no plane can do."""
    cue = FlatnessCue()
    shown(cue, FRONTAL, 0.0)
    assert shown(cue, FRONTAL, 0.5) is Shape.UNKNOWN


def test_one_slipped_mesh_among_three_changes_nothing() -> None:
    """A single bad frame of a photograph must not make it a head."""
    cue = FlatnessCue()
    good = reading()
    slipped = reading(points=turned(HEAD, 30), asymmetry=0.6)
    for recent in ([good] * 3, [good, good, slipped], [good, slipped, good], [slipped, good, good]):
        cue.see(recent)
    assert cue.shape is Shape.UNKNOWN
