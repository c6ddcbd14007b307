"""Texture: traces of a screen or a print, each a weak vote."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from agecheck.liveness.texture import (
    BAND_VOTE,
    LUMA_PEAK_STRONG,
    LUMA_PEAK_VOTE,
    MIN_BAND_AMPLITUDE,
    MIN_SAMPLES,
    TextureCue,
    band_agreement,
    has_frame_around,
    peak_prominence,
)

FACE_BOX = (45, 20, 83, 70)
_random = np.random.default_rng(3)
ROOM = np.clip(
    110 + np.cumsum(np.cumsum(_random.normal(0, 0.05, (96, 128)), axis=0), axis=1) / 8, 20, 235
)
"""A smooth picture without anything straight in it."""


def skin(side: int = 128, noise: float = 2.0, seed: int = 0) -> NDArray[np.float32]:
    """A shaded cheek with a sensor's noise."""
    y, x = np.mgrid[0:side, 0:side] / side
    shade = 150 + 40 * np.sin(2 * x + 1) * np.cos(1.5 * y)
    noise_levels = np.random.default_rng(seed).normal(0, noise, shade.shape)
    return np.asarray(shade + noise_levels, np.float32)


def grid(side: int, period_px: float, angle_deg: float, levels: float) -> NDArray[np.float32]:
    """Stripes of a screen's grid, as they beat with a sensor's."""
    y, x = np.mgrid[0:side, 0:side]
    angle = np.radians(angle_deg)
    along = x * np.cos(angle) + y * np.sin(angle)
    return np.asarray(levels * np.sin(2 * np.pi * along / period_px), np.float32)


class TestPeaks:
    @pytest.mark.parametrize("side", [64, 128])
    @pytest.mark.parametrize("noise", [0.0, 0.5, 2.0, 6.0])
    def test_skin_has_none(self, side: int, noise: float) -> None:
        """Noisy as in the dark, and smooth as after compression."""
        assert peak_prominence(skin(side, noise), 0.12) < LUMA_PEAK_VOTE / 2

    @pytest.mark.parametrize("period_px", [2.7, 4.0, 6.0])
    @pytest.mark.parametrize("angle_deg", [15, 33, 60])
    def test_a_grid_has_one(self, period_px: float, angle_deg: float) -> None:
        """At any angle but along the axes."""
        patch = skin() + grid(128, period_px, angle_deg, 3.0)
        assert peak_prominence(patch, 0.12) > LUMA_PEAK_STRONG

    @pytest.mark.parametrize("angle_deg", [0, 90])
    def test_what_lies_on_the_axes_does_not_count(self, angle_deg: float) -> None:
        """There a codec's blocks have their peaks."""
        patch = skin() + grid(128, 8.0, angle_deg, 6.0)
        assert peak_prominence(patch, 0.12) < LUMA_PEAK_VOTE

    def test_blocks_of_a_codec_do_not_count(self) -> None:
        """Steps every eight pixels in both directions."""
        steps = np.kron(np.random.default_rng(1).normal(0, 3, (16, 16)), np.ones((8, 8)))
        assert peak_prominence(skin() + steps.astype(np.float32), 0.12) < LUMA_PEAK_VOTE


class TestBands:
    def test_bands_over_the_whole_picture_agree(self) -> None:
        """A screen is refreshed in rows, from one side to the other."""
        rows = np.sin(np.arange(96) / 12)[:, None]
        agreement, amplitude = band_agreement(ROOM, ROOM * (1 + 0.02 * rows))
        assert agreement > BAND_VOTE
        assert amplitude > MIN_BAND_AMPLITUDE

    def test_a_camera_that_moves_makes_none(self) -> None:
        """Up and down by a pixel: whoever films by hand."""
        for shift in (1, -1):
            agreement, amplitude = band_agreement(ROOM[4:-4], np.roll(ROOM, shift, 0)[4:-4])
            assert agreement < BAND_VOTE or amplitude < MIN_BAND_AMPLITUDE

    def test_somebody_who_moves_makes_none(self) -> None:
        """What changes on one side does not on the other."""
        moved = ROOM.copy()
        moved[20:80, 10:50] *= 1.2
        assert band_agreement(ROOM, moved)[0] < BAND_VOTE

    def test_nothing_that_changes_is_no_band(self) -> None:
        """And no division by nothing."""
        assert band_agreement(ROOM, ROOM) == (0.0, 0.0)


def framed(sides: str) -> NDArray[np.float64]:
    """The room with dark edges around the face on these sides: l, r, t and b."""
    picture = np.full((96, 128), 120.0)
    if "l" in sides:
        picture[:, :25] = 10
    if "r" in sides:
        picture[:, 105:] = 10
    if "t" in sides:
        picture[:10] = 10
    if "b" in sides:
        picture[85:] = 10
    return picture


class TestFrame:
    @pytest.mark.parametrize("sides", ["lrtb", "ltb", "rtb", "lrb"])
    def test_a_bezel_is_a_frame(self, sides: str) -> None:
        """It runs past below the chin, where a person has a body."""
        assert has_frame_around(framed(sides), FACE_BOX)

    @pytest.mark.parametrize("sides", ["", "lrt", "lb", "b", "tb"])
    def test_a_door_or_a_table_is_none(self, sides: str) -> None:
        """On three sides, or on the lower one and another."""
        assert not has_frame_around(framed(sides), FACE_BOX)

    @pytest.mark.parametrize("box", [(-50, -50, -1, -1), (0, 0, 128, 96), (200, 200, 300, 300)])
    def test_a_face_beyond_the_picture_has_none(self, box: tuple[int, int, int, int]) -> None:
        """Nothing to look at is nothing seen."""
        assert not has_frame_around(framed("lrtb"), box)


def suspicion(
    *, peak_levels: float = 0.0, bands: bool = False, sides: str = "", n: int = MIN_SAMPLES + 1
) -> bool:
    """What the cue says after n frames with these traces."""
    cue = TextureCue()
    for index in range(n):
        patch = np.repeat(skin(seed=index)[..., None], 3, axis=2)
        patch += grid(128, 3.1, 25, peak_levels)[..., None]
        picture = framed(sides) + np.random.default_rng(index).normal(0, 0.5, (96, 128))
        if bands:
            picture *= 1 + 0.03 * np.sin(np.arange(96) / 12 + 2 * index)[:, None]
        cue.see(patch, picture, FACE_BOX)
    return cue.is_suspicious


WEAK_LEVELS = 0.65
"""A grid between the two limits."""


class TestVotes:
    def test_one_vote_is_not_enough(self) -> None:
        """Each is wrong by itself now and then."""
        assert not suspicion()
        assert not suspicion(peak_levels=WEAK_LEVELS)
        assert not suspicion(bands=True)
        assert not suspicion(sides="lrtb")

    def test_two_votes_are(self) -> None:
        """Any two."""
        assert suspicion(peak_levels=WEAK_LEVELS, sides="lrtb")
        assert suspicion(peak_levels=WEAK_LEVELS, bands=True)
        assert suspicion(bands=True, sides="lrtb")

    def test_a_plain_grid_is_enough(self) -> None:
        """Hardly a face has it."""
        assert suspicion(peak_levels=3.0)

    def test_a_few_frames_are_not(self) -> None:
        """A session is not ended by its first frame."""
        assert not suspicion(peak_levels=3.0, bands=True, sides="lrtb", n=MIN_SAMPLES - 1)
