"""Traces of a screen or a print, as weak votes.

Three measures, each wrong by itself now and then: narrow peaks off the axes of the face's spectrum
(moire, halftone), bands that run over the whole picture from frame to frame (a refreshed screen,
but also a lamp on mains), and long straight edges around the face (a bezel, a sheet's border, but
also a door). Two of them are needed, or peaks that hardly any face has.

Stops: many screens filmed sharply from near. Does not stop: a good screen filmed slightly out of
focus, or a clip whose fine detail was lost in compression.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

PATCH_SIDE_PX = 128
MIN_PATCH_SIDE_PX = 64
LUMA_PEAK_VOTE, LUMA_PEAK_STRONG = 120.0, 300.0
COLOUR_PEAK_VOTE, COLOUR_PEAK_STRONG = 250.0, 600.0
"""Of `peak_prominence`. Luma: over 390 labelled pictures of faces 99 % lie below 122, and 34 of
them as H.264 films reach 60 at most. Colour, which compression thins out: 95 % of those films lie
below 165, and the highest is 328. Simulated grids of 5 % have a median of 690 and more. A clip's
median counts."""
QUIET_LEVELS = 0.7
"""Noise below this many levels of 255 is taken to be as much."""
BAND_VOTE = 0.8
MIN_BAND_AMPLITUDE = 0.004
MIN_OTHER_SIDES = 2
MIN_SAMPLES = 6
MAX_SAMPLES = 24
VOTES_NEEDED = 2
_AXIS_HALF_WIDTH = 3
_LUMA_LOWEST, _COLOUR_LOWEST = 0.12, 0.05
"""Cycles a pixel. Hair and features fill the luma below; skin has no pattern of colours."""
_MIN_RING_SIZE = 16
_STRONG_STEP_LEVELS = 18.0
_LINE_SHARE = 0.92

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Spectrum:
    """What is the same for all patches of a size: a window, and the places of each radius."""

    window: NDArray[np.float32]
    window_power: float
    rings: tuple[tuple[float, NDArray[np.intp]], ...]


@cache
def _spectrum(side_px: int) -> _Spectrum:
    hann = np.hanning(side_px).astype(np.float32)
    rows, columns = np.fft.fftfreq(side_px)[:, None], np.fft.rfftfreq(side_px)[None, :]
    off_axes = (np.abs(rows) * side_px > _AXIS_HALF_WIDTH) & (columns * side_px > _AXIS_HALF_WIDTH)
    ring = np.where(off_axes, (np.hypot(rows, columns) * 32).astype(np.intp), -1)
    places = ((index / 32, np.flatnonzero(ring == index)) for index in range(24))
    rings = tuple((lowest, at) for lowest, at in places if at.size >= _MIN_RING_SIZE)
    window = hann[:, None] * hann[None, :]
    return _Spectrum(window, float((window**2).sum()), rings)


def peak_prominence(values: NDArray[np.float32], lowest: float) -> float:
    """Power of the highest narrow peak off the axes over the median power at its radius.

    Axes are left out: compression's blocks and rows of a sensor put their peaks there.

    Args:
        values: float32 (side, side), luma or a difference of colours.
        lowest: frequencies below are left out, in cycles a pixel.
    """
    of = _spectrum(values.shape[0])
    power = (np.abs(np.fft.rfft2((values - values.mean()) * of.window)) ** 2).ravel()
    rings = [power[places] for from_frequency, places in of.rings if from_frequency >= lowest]
    # Compression leaves nothing but peaks where it found nothing worth keeping.
    floor = QUIET_LEVELS**2 * of.window_power
    return max(float(ring.max() / max(float(np.median(ring)), floor)) for ring in rings)


def band_agreement(before: FloatArray, after: FloatArray) -> tuple[float, float]:
    """Do both halves of the picture change by the same bands from one frame to the next?

    Args:
        before, after: luma thumbnails (rows, columns).

    Returns:
        (correlation of the halves' row-wise change, -1 to 1; its relative amplitude).
    """
    level = np.log(np.maximum(before, 4.0))
    change = np.log(np.maximum(after, 4.0)) - level
    slope = np.gradient(level, axis=0)
    middle = change.shape[1] // 2
    left = _rows_without_motion(change[:, :middle], slope[:, :middle])
    right = _rows_without_motion(change[:, middle:], slope[:, middle:])
    norm = float(np.linalg.norm(left) * np.linalg.norm(right))
    correlation = float(left @ right) / norm if norm > 1e-9 else 0.0
    return correlation, float(min(left.std(), right.std()))


def _rows_without_motion(change: FloatArray, slope: FloatArray) -> FloatArray:
    """Row-wise change, less what a camera that moves up or down makes of the picture's slopes."""
    rows, slopes = np.median(change, axis=1), np.median(slope, axis=1)
    rows, slopes = rows - rows.mean(), slopes - slopes.mean()
    return np.asarray(rows - slopes * float(rows @ slopes) / max(float(slopes @ slopes), 1e-9))


def has_frame_around(thumbnail: FloatArray, face_box: tuple[int, int, int, int]) -> bool:
    """Does a long straight edge run past the face below it, and on two more sides?

    Below the chin there is a body: an edge of the room behind cannot be seen there. A door or a
    window behind a person has its edges on the other three sides.

    Args:
        thumbnail: luma (rows, columns).
        face_box: (left, top, right, bottom) in its pixels.
    """
    left, top, right, bottom = face_box
    rows, columns = thumbnail.shape
    across = np.abs(np.diff(thumbnail, axis=1))
    down = np.abs(np.diff(thumbnail, axis=0))
    top, bottom = max(top, 0), min(bottom, rows)
    left, right = max(left, 0), min(right, columns)
    if bottom - top < 8 or right - left < 8:
        return False
    sides = (
        across[top:bottom, : max(left - 2, 0)],
        across[top:bottom, right + 2 :],
        down[: max(top - 2, 0), left:right].T,
        down[bottom + 2 :, left:right].T,
    )
    left_side, right_side, above, below = (_has_line(side) for side in sides)
    return below and left_side + right_side + above >= MIN_OTHER_SIDES


def _has_line(gradients: FloatArray) -> bool:
    """Whether nearly every row has a strong step at one place, give or take one pixel."""
    if gradients.shape[1] < 4:
        return False
    strong = gradients > _STRONG_STEP_LEVELS
    widened = strong[:, :-2] | strong[:, 1:-1] | strong[:, 2:]
    return bool((widened.mean(axis=0) >= _LINE_SHARE).any())


class TextureCue:
    """Collects the measures of some frames. Memory: MAX_SAMPLES numbers of each."""

    def __init__(self) -> None:
        self._luma_peaks: deque[float] = deque(maxlen=MAX_SAMPLES)
        self._colour_peaks: deque[float] = deque(maxlen=MAX_SAMPLES)
        self._bands: deque[bool] = deque(maxlen=MAX_SAMPLES)
        self._framed: deque[bool] = deque(maxlen=MAX_SAMPLES)
        self._last_thumbnail: FloatArray | None = None

    def see(
        self,
        patch_rgb: NDArray[np.float32] | None,
        thumbnail: FloatArray,
        face_box: tuple[int, int, int, int],
    ) -> None:
        """Take in one frame's face patch, at full resolution, and its whole picture, small."""
        if patch_rgb is not None:
            green, colour = patch_rgb[..., 1], patch_rgb[..., 0] - patch_rgb[..., 1]
            self._luma_peaks.append(peak_prominence(green, _LUMA_LOWEST))
            self._colour_peaks.append(peak_prominence(colour, _COLOUR_LOWEST))
        last, self._last_thumbnail = self._last_thumbnail, thumbnail
        if last is not None and last.shape == thumbnail.shape:
            agreement, amplitude = band_agreement(last, thumbnail)
            self._bands.append(agreement >= BAND_VOTE and amplitude >= MIN_BAND_AMPLITUDE)
        self._framed.append(has_frame_around(thumbnail, face_box))

    @property
    def is_suspicious(self) -> bool:
        """Whether enough votes agree."""
        if len(self._framed) < MIN_SAMPLES:
            return False
        luma, colour = _median(self._luma_peaks), _median(self._colour_peaks)
        votes = (
            luma >= LUMA_PEAK_VOTE or colour >= COLOUR_PEAK_VOTE,
            sum(self._bands) * 2 > len(self._bands),
            sum(self._framed) * 2 > len(self._framed),
        )
        is_plain = luma >= LUMA_PEAK_STRONG or colour >= COLOUR_PEAK_STRONG
        return is_plain or sum(votes) >= VOTES_NEEDED


def _median(values: deque[float]) -> float:
    return float(np.median(list(values))) if values else 0.0
