"""Similarities between frames and crops, and the resampling, against a slow reference."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agecheck.vision import warp

finite = st.floats(-500, 500)
scales = st.floats(0.05, 20)
angles_rad = st.floats(-math.pi, math.pi)

ROUNDING_LEVELS = 1
"""Pillow computes in 8-bit steps; the reference in float64."""


def similarity(scale: float, angle_rad: float, x: float, y: float) -> warp.FloatArray:
    cos, sin = scale * math.cos(angle_rad), scale * math.sin(angle_rad)
    return np.array([[cos, -sin, x], [sin, cos, y]])


similarities = st.builds(similarity, scales, angles_rad, finite, finite)


@st.composite
def point_sets(draw: st.DrawFn) -> warp.FloatArray:
    seed, count = draw(st.integers(0, 2**32 - 1)), draw(st.integers(2, 12))
    return np.random.default_rng(seed).uniform(-200, 200, (count, 2))


# --- the transforms ---


@given(point_sets(), similarities)
def test_a_similarity_is_recovered_from_where_it_sends_points(
    points: warp.FloatArray, transform: warp.FloatArray
) -> None:
    """Any rotation, scale and shift is found again from two or more point pairs."""
    assume(np.linalg.norm(points - points.mean(axis=0)) > 1)
    found = warp.similarity_from_points(points, warp.apply(transform, points))
    np.testing.assert_allclose(found, transform, rtol=1e-6, atol=1e-6)


@given(point_sets(), point_sets(), similarities)
def test_the_fit_is_the_best_one_and_never_mirrors(
    source: warp.FloatArray, noise: warp.FloatArray, nudge: warp.FloatArray
) -> None:
    """No other similarity comes closer to noisy points, and a face is never turned over."""
    count = min(len(source), len(noise))
    assume(count >= 3)
    source, target = source[:count], source[:count] * 0.5 + noise[:count] * 0.1
    fit = warp.similarity_from_points(source, target)
    assert np.linalg.det(fit[:, :2]) > 0
    best = np.square(warp.apply(fit, source) - target).sum()
    for share in (1e-3, -1e-3):
        other = fit + share * (nudge - fit)  # similarities add up to similarities
        assert np.square(warp.apply(other, source) - target).sum() >= best - 1e-9


def test_mirrored_points_get_no_mirrored_fit() -> None:
    """Points in the wrong order give a bad fit, not a mirrored face."""
    source = np.array([[0.0, 0], [10, 0], [10, 5], [0, 5]])
    fit = warp.similarity_from_points(source, source * [-1, 1])
    assert fit[0, 0] == pytest.approx(fit[1, 1])
    assert fit[0, 1] == pytest.approx(-fit[1, 0])


@given(similarities, point_sets())
def test_there_and_back_is_where_one_started(
    transform: warp.FloatArray, points: warp.FloatArray
) -> None:
    """Points that a network finds in a crop return to their place in the frame."""
    back = warp.apply(warp.invert(transform), warp.apply(transform, points))
    np.testing.assert_allclose(back, points, atol=1e-6)


@given(finite, finite, st.floats(1, 2000), angles_rad, st.integers(1, 512))
def test_a_square_crop_is_centred_upright_and_to_scale(
    x_px: float, y_px: float, side_px: float, roll_rad: float, size_px: int
) -> None:
    """The face's centre goes to the crop's centre, its eye line becomes level, its side fits."""
    transform = warp.square_crop_transform((x_px, y_px), side_px, roll_rad, size_px)
    along = np.array([math.cos(roll_rad), math.sin(roll_rad)])
    below = np.array([-math.sin(roll_rad), math.cos(roll_rad)])
    centre = np.array([x_px, y_px])
    points = np.array([centre, centre + along * side_px / 2, centre + below * side_px / 2])
    half = size_px / 2
    expected = [[half, half], [size_px, half], [half, size_px]]
    np.testing.assert_allclose(warp.apply(transform, points), expected, atol=1e-6 * size_px + 1e-6)


# --- the resampling ---


def noise_frame(height_px: int, width_px: int, seed: int = 0) -> NDArray[np.uint8]:
    generator = np.random.default_rng(seed)
    return generator.integers(0, 256, (height_px, width_px, 3), dtype=np.uint8)


def reference_crop(
    frame: NDArray[np.uint8], transform: warp.FloatArray, size_px: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The definition, pixel by pixel: bilinear between pixel centres, black outside the frame.

    Returns:
        the crop as float64, and which pixels lie so close to the frame's border that rounding
        decides on which side.
    """
    height_px, width_px = frame.shape[:2]
    to_frame = np.linalg.inv(np.vstack([transform, [0, 0, 1]]))
    crop = np.zeros((size_px, size_px, 3))
    doubtful = np.zeros((size_px, size_px), dtype=bool)
    for row in range(size_px):
        for column in range(size_px):
            x, y, _ = to_frame @ [column + 0.5, row + 0.5, 1]
            to_border_px = min(abs(x), abs(x - width_px), abs(y), abs(y - height_px))
            doubtful[row, column] = to_border_px < 1e-3
            if not (0 <= x < width_px and 0 <= y < height_px):
                continue
            x0, y0 = math.floor(x - 0.5), math.floor(y - 0.5)
            for xi, x_weight in ((x0, x0 + 1.5 - x), (x0 + 1, x - 0.5 - x0)):
                for yi, y_weight in ((y0, y0 + 1.5 - y), (y0 + 1, y - 0.5 - y0)):
                    pixel = frame[min(max(yi, 0), height_px - 1), min(max(xi, 0), width_px - 1)]
                    crop[row, column] += x_weight * y_weight * pixel
    return crop, doubtful


@settings(max_examples=60)
@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(1, 24),
    st.floats(0.55, 4),
    angles_rad,
    st.floats(-30, 60),
    st.floats(-30, 60),
)
def test_a_crop_equals_the_slow_definition(
    height_px: int,
    width_px: int,
    size_px: int,
    scale: float,
    angle_rad: float,
    x_px: float,
    y_px: float,
) -> None:
    """Turned, scaled, shifted, partly or wholly outside: every pixel is what it should be."""
    frame = noise_frame(height_px, width_px)
    transform = similarity(scale, angle_rad, x_px, y_px)
    expected, doubtful = reference_crop(frame, transform, size_px)
    found = warp.crop(frame, transform, size_px).astype(np.float64)
    assert np.abs(found - expected)[~doubtful].max(initial=0) <= ROUNDING_LEVELS


@pytest.mark.parametrize("size_px", [1, 7, 32])
def test_the_identity_gives_the_pixels_themselves(size_px: int) -> None:
    """There is no half-pixel shift between a frame and its crop."""
    frame = noise_frame(32, 32)
    identity = np.array([[1.0, 0, 0], [0, 1, 0]])
    np.testing.assert_array_equal(warp.crop(frame, identity, size_px), frame[:size_px, :size_px])


@given(st.integers(-40, 40), st.integers(-40, 40))
def test_a_whole_pixel_shift_moves_the_pixels_and_fills_with_black(x_px: int, y_px: int) -> None:
    """A crop that reaches out of the frame is black there, on every side."""
    frame = noise_frame(30, 20) | np.uint8(1)
    padded = np.zeros((30 + 160, 20 + 160, 3), dtype=np.uint8)
    padded[80:110, 80:100] = frame
    transform = np.array([[1.0, 0, -x_px], [0, 1, -y_px]])
    expected = padded[80 + y_px : 104 + y_px, 80 + x_px : 104 + x_px]
    np.testing.assert_array_equal(warp.crop(frame, transform, 24), expected)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_quarter_turns_turn_the_pixels(turns: int) -> None:
    """A face lying on its side is set upright without loss, in the right direction."""
    frame = noise_frame(16, 16)
    roll_rad = math.pi / 2 * turns
    transform = warp.square_crop_transform((8.0, 8.0), 16.0, roll_rad, 16)
    # A roll is clockwise on the screen; setting it upright turns back, counterclockwise.
    difference = warp.crop(frame, transform, 16).astype(int) - np.rot90(frame, turns)
    assert np.abs(difference).max() <= ROUNDING_LEVELS


ROUNDING = 1e-6


def ramp_frame(height_px: int, width_px: int) -> NDArray[np.uint8]:
    """Red rises with x and green with y: a pixel's colour says where it came from."""
    x = np.broadcast_to((np.arange(width_px) + 0.5) / width_px * 255, (height_px, width_px))
    y = np.broadcast_to(
        ((np.arange(height_px) + 0.5) / height_px * 255)[:, None], (height_px, width_px)
    )
    return np.stack([x, y, np.zeros_like(x)], axis=2).round().astype(np.uint8)


@given(
    st.floats(2.1, 7.9),
    angles_rad,
    st.floats(0.4, 0.6),
    st.floats(0.4, 0.6),
    st.integers(100, 250),
    st.integers(100, 250),
)
@example(7.89640926817289, math.pi, 0.5, 0.5, 119, 223)
@settings(max_examples=60)
def test_a_crop_that_shrinks_keeps_everything_in_its_place(
    shrink: float,
    angle_rad: float,
    x_share: float,
    y_share: float,
    height_px: int,
    width_px: int,
) -> None:
    """The filter before a strong reduction moves nothing, whatever part of the frame is cut."""
    size_px = 24
    centre_px = (x_share * width_px, y_share * height_px)
    transform = warp.square_crop_transform(centre_px, shrink * size_px, angle_rad, size_px)
    ticks = np.arange(size_px) + 0.5
    columns, rows = np.meshgrid(ticks, ticks)
    source = warp.apply(
        warp.invert(transform), np.stack([columns.ravel(), rows.ravel()], axis=1)
    ).reshape(size_px, size_px, 2)
    border_px = 2 * shrink
    far_border_px = np.array([width_px, height_px]) - border_px
    inside = np.all((source > border_px) & (source < far_border_px), axis=2)
    inside &= np.pad(np.ones((size_px - 2, size_px - 2), bool), 1)  # not the filter's own border
    assume(np.count_nonzero(inside) >= 16)
    frame = ramp_frame(height_px, width_px)
    crops = [warp.crop(f, transform, size_px)[..., :2].astype(float) for f in (frame, 255 - frame)]
    found = (crops[0] - crops[1] + 255) / 2  # rounding in one direction cancels out
    error = (found - source / [width_px, height_px] * 255)[inside]
    assert np.abs(error).max() <= 1.5
    # In a straight crop the ramp's own rounding may be half a level everywhere: less than half a
    # pixel. A filter that moved anything would move it by half a step: a pixel or more.
    assert np.abs(error.mean(axis=0)).max() <= 0.5 + ROUNDING


@pytest.mark.parametrize("shrink", [2, 2.5, 4, 4.5, 8, 8.5])
def test_a_crop_that_shrinks_does_not_alias(shrink: float) -> None:
    """Fine stripes become even grey; without a filter they would become false structure."""
    frame = np.zeros((256, 256, 3), dtype=np.uint8)
    frame[:, ::2] = 255
    transform = warp.square_crop_transform((128.0, 128.0), 16 * shrink, 0.0, 16)
    found = warp.crop(frame, transform, 16)
    assert found.min() >= 125
    assert found.max() <= 130


def test_a_crop_wholly_outside_is_black() -> None:
    """A box far outside the frame gives an empty crop, not an error and not other pixels."""
    frame = noise_frame(20, 20) | np.uint8(1)
    for x_px, y_px in ((-500.0, 0.0), (500.0, 0.0), (0.0, -500.0), (0.0, 500.0)):
        transform = warp.square_crop_transform((x_px, y_px), 20.0, 0.3, 16)
        assert not warp.crop(frame, transform, 16).any()


def test_a_crop_never_writes_to_the_frame() -> None:
    """The caller's picture is not changed, and a frame that cannot be written to will do."""
    frame = noise_frame(64, 64)
    frame.setflags(write=False)
    before = frame.copy()
    for transform in (np.array([[1.0, 0, 0], [0, 1, 0]]), similarity(0.2, 0.4, 3, 3)):
        found = warp.crop(frame, transform, 16)
        assert not np.shares_memory(found, frame)
    np.testing.assert_array_equal(frame, before)


def test_a_crop_has_the_stated_shape_and_dtype() -> None:
    """The networks are fed uint8 RGB squares, whatever part of the frame was cut."""
    frame = noise_frame(3, 500)
    for scale in (0.01, 0.3, 1.0, 30.0):
        found = warp.crop(frame, similarity(scale, 1.0, 5, 5), 9)
        assert found.shape == (9, 9, 3)
        assert found.dtype == np.uint8
