"""A frame is fitted into BlazeFace's input without distortion, and the fit says where it lies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agecheck.vision.blazeface import letterbox

sides_px = st.integers(1, 500)
margins = st.floats(0, 1)


@settings(max_examples=60)
@given(sides_px, sides_px, st.sampled_from([128, 192]), margins)
def test_the_letterbox_has_the_networks_shape_and_range(
    height_px: int, width_px: int, size_px: int, margin_share: float
) -> None:
    """Any picture, however narrow, becomes one float32 square in -1 to 1."""
    frame = np.full((height_px, width_px, 3), 255, dtype=np.uint8)
    square, fit = letterbox(frame, size_px, margin_share)
    assert square.shape == (1, size_px, size_px, 3)
    assert square.dtype == np.float32
    assert set(np.unique(square)) <= {-1.0, 1.0}
    assert fit.scale == pytest.approx(size_px / (max(height_px, width_px) * (1 + 2 * margin_share)))


@settings(max_examples=60)
@given(
    st.integers(60, 900),
    st.integers(60, 900),
    st.sampled_from([128, 192]),
    st.floats(0, 0.5),
    st.integers(0, 2**32 - 1),
)
def test_the_fit_says_where_the_frame_lies(
    height_px: int, width_px: int, size_px: int, margin_share: float, seed: int
) -> None:
    """A bright patch of the frame is found in the square where the fit puts it."""
    generator = np.random.default_rng(seed)
    patch_px = max(height_px, width_px) // 8
    top = int(generator.integers(0, max(1, height_px - patch_px)))
    left = int(generator.integers(0, max(1, width_px - patch_px)))
    frame = np.zeros((height_px, width_px, 3), dtype=np.uint8)
    frame[top : top + patch_px, left : left + patch_px] = 255
    patch_height_px = min(patch_px, height_px - top)
    patch_width_px = min(patch_px, width_px - left)
    square, fit = letterbox(frame, size_px, margin_share)
    weights = square[0, :, :, 0].astype(np.float64) + 1
    ticks = np.arange(size_px) + 0.5
    found = (weights.sum(0) @ ticks / weights.sum(), weights.sum(1) @ ticks / weights.sum())
    expected = (
        (left + patch_width_px / 2) * fit.scale + fit.left_px,
        (top + patch_height_px / 2) * fit.scale + fit.top_px,
    )
    # The shorter side is rounded to whole input pixels: half a pixel at its far end.
    assert found == pytest.approx(expected, abs=0.75)


def test_the_border_is_black_and_the_frame_is_in_the_middle() -> None:
    """The padding is the value that the network was trained with."""
    frame = np.full((50, 100, 3), 255, dtype=np.uint8)
    square, fit = letterbox(frame, 128)
    assert (fit.scale, fit.left_px, fit.top_px) == (1.28, 0, 32)
    assert (square[0, :32] == -1).all()
    assert (square[0, 96:] == -1).all()
    assert (square[0, 32:96] == 1).all()


def test_a_margin_surrounds_the_frame_on_every_side() -> None:
    """A face that fills the picture gets the border that BlazeFace needs around it."""
    frame = np.full((64, 64, 3), 255, dtype=np.uint8)
    square, fit = letterbox(frame, 128, margin_share=0.5)
    assert (fit.scale, fit.left_px, fit.top_px) == (1.0, 32, 32)
    assert (square[0, 32:96, 32:96] == 1).all()
    assert np.count_nonzero(square == 1) == 64 * 64 * 3


def test_the_channels_keep_their_order_and_scale() -> None:
    """Red stays red: x / 127.5 - 1, channel by channel."""
    frame = np.broadcast_to(np.array([0, 51, 255], dtype=np.uint8), (128, 128, 3))
    square, _ = letterbox(np.ascontiguousarray(frame), 128)
    np.testing.assert_allclose(square[0, 60, 60], [-1, 51 / 127.5 - 1, 1], atol=1e-6)


def test_the_frame_is_not_changed() -> None:
    """The caller's picture stays as it is, and may be one that cannot be written to."""
    frame = np.random.default_rng(0).integers(0, 256, (90, 70, 3), dtype=np.uint8)
    before = frame.copy()
    frame.setflags(write=False)
    square, _ = letterbox(frame, 128)
    assert not np.shares_memory(square, frame)
    np.testing.assert_array_equal(frame, before)
