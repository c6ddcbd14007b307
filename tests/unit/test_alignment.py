"""The age networks' chips: the right points go to the right places, whatever the head's roll."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from agecheck.pipeline import CHIP_EYE_DISTANCE_PX
from agecheck.vision import alignment, facemesh, warp

# Published figures of dlib's five-point chip, by MediaPipe's numbers for the same places:
# image-right eye (outer, inner), image-left eye (outer, inner), base of the nose.
DLIB_TARGETS_NORM = {
    263: (0.8595674595992, 0.2134981538014),
    362: (0.6460604764104, 0.2289674387677),
    33: (0.1205750620789, 0.2137274526848),
    133: (0.3340850613712, 0.2290642403242),
    2: (0.4901123135679, 0.6277975316475),
}

chip_sizes_px = st.integers(16, 224)
paddings = st.floats(0, 0.6)


def face_mesh_px(scale_px: float, roll_rad: float, x_px: float, y_px: float) -> NDArray[np.float32]:
    """A mesh whose five points have dlib's own proportions, turned and put into a frame."""
    cos, sin = math.cos(roll_rad) * scale_px, math.sin(roll_rad) * scale_px
    points_px = np.full((468, 3), 1e4, dtype=np.float32)  # the other points must not matter
    for index, (x, y) in DLIB_TARGETS_NORM.items():
        points_px[index] = (cos * x - sin * y + x_px, sin * x + cos * y + y_px, 0)
    return points_px


@given(
    st.floats(10, 800),
    st.floats(-math.pi, math.pi),
    st.floats(-200, 800),
    st.floats(-200, 800),
    chip_sizes_px,
    paddings,
)
def test_the_five_points_go_to_dlibs_places(
    scale_px: float, roll_rad: float, x_px: float, y_px: float, chip_size_px: int, padding: float
) -> None:
    """Wherever and however turned the face is, the chip shows it as the network was trained."""
    points_px = face_mesh_px(scale_px, roll_rad, x_px, y_px)
    transform = alignment.chip_transform(points_px, chip_size_px, padding)
    for index, (x, y) in DLIB_TARGETS_NORM.items():
        expected = [(v + padding) / (1 + 2 * padding) * chip_size_px for v in (x, y)]
        found = warp.apply(transform, points_px[index : index + 1, :2].astype(np.float64))[0]
        np.testing.assert_allclose(found, expected, atol=0.01 * chip_size_px)


@pytest.mark.parametrize(
    ("chip_size_px", "padding", "eye_distance_px"),
    [
        (alignment.CHIP_SIZE_PX, alignment.CHIP_PADDING, 42.0),
        (alignment.WIDE_CHIP_SIZE_PX, alignment.WIDE_CHIP_PADDING, 63.0),
    ],
)
def test_the_second_decode_is_fine_enough_for_both_chips(
    chip_size_px: int, padding: float, eye_distance_px: float
) -> None:
    """A chip enlarged from fewer pixels than the photo has is blurred, and looks younger."""
    points_px = face_mesh_px(100, 0.0, 0, 0)
    enlarged = warp.scale_of(alignment.chip_transform(points_px, chip_size_px, padding))
    shown_px = enlarged * facemesh.inter_eye_distance_px(points_px)
    assert shown_px == pytest.approx(eye_distance_px, abs=1.0)
    assert shown_px <= CHIP_EYE_DISTANCE_PX


def test_the_chip_shows_the_frame_there() -> None:
    """Coloured marks on a turned face land on the chip where dlib's targets are."""
    points_px = face_mesh_px(150, 0.5, 150, 90)
    frame = np.zeros((400, 400, 3), dtype=np.uint8)
    for index in DLIB_TARGETS_NORM:
        x, y = points_px[index, :2].astype(int)
        frame[y - 3 : y + 4, x - 3 : x + 4] = 255
    chip = warp.crop(frame, alignment.chip_transform(points_px, 112, 0.2), 112)
    assert chip.shape == (112, 112, 3)
    assert chip.dtype == np.uint8
    for x, y in DLIB_TARGETS_NORM.values():
        column, row = (int((v + 0.2) / 1.4 * 112) for v in (x, y))
        assert chip[row, column].min() > 200
    assert chip.mean() < 20  # nothing else was marked


def test_left_and_right_are_not_swapped() -> None:
    """The picture-left eye is on the chip's left: a mirrored chip would be read otherwise."""
    points_px = face_mesh_px(100, 0.0, 50, 50)
    transform = alignment.chip_transform(points_px, 100, 0.0)
    eyes = warp.apply(transform, facemesh.eye_centres_px(points_px))
    assert eyes[0, 0] < 50 < eyes[1, 0]
    assert eyes[:, 1].max() < 50


@pytest.mark.parametrize("padding", [0.0, 0.1, 0.2, 0.5])
def test_more_padding_shows_more_around_the_face(padding: float) -> None:
    """The eyes stand closer together on the chip by exactly the padding's share."""
    points_px = face_mesh_px(100, 0.0, 50, 50)
    eyes_px = facemesh.eye_centres_px(points_px)
    transform = alignment.chip_transform(points_px, 112, padding)
    left, right = warp.apply(transform, eyes_px)
    unpadded_px = facemesh.inter_eye_distance_px(points_px) / 100 * 112
    assert math.dist(left, right) == pytest.approx(unpadded_px / (1 + 2 * padding), rel=1e-3)


def test_depth_does_not_matter() -> None:
    """A chip is cut in the image plane: the mesh's z is not taken for x or y."""
    points_px = face_mesh_px(100, 0.3, 50, 50)
    deep = points_px.copy()
    deep[:, 2] = np.random.default_rng(0).uniform(-500, 500, 468)
    np.testing.assert_array_equal(
        alignment.chip_transform(points_px, 64, 0.2), alignment.chip_transform(deep, 64, 0.2)
    )


def test_the_eye_centres_are_left_then_right() -> None:
    """Each centre lies between its own eye's corners."""
    points_px = face_mesh_px(100, 0.0, 0, 0)
    left, right = facemesh.eye_centres_px(points_px)
    np.testing.assert_allclose(left, (points_px[33, :2] + points_px[133, :2]) / 2)
    np.testing.assert_allclose(right, (points_px[362, :2] + points_px[263, :2]) / 2)
    assert facemesh.inter_eye_distance_px(points_px) == pytest.approx(right[0] - left[0], rel=1e-4)
