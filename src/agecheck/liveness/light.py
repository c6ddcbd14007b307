"""Does the face answer the colours of the screen?

The share of red and of blue in the skin's colour, against its own course, must follow the shown
colours in their order, with the lag of a screen and a camera.

Stops: an injected video, and a replay recorded under other colours. Does not stop: a mask, or a
print held close, which reflect the screen as skin does; nor anything in light so bright that the
screen's does not show, when it does not answer at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from agecheck.live_script import Light

MIN_CORRELATION = 0.75
WRONG_CORRELATION = 0.30
"""Of 800 pairs of different orders none reaches 0.75 at its best lag (tests/live/test_light.py).
Faces that were lit (rendered, turning meanwhile) have 0.87 and more, at 20 frames a second and at
6."""
MIN_AMPLITUDE = 0.004
"""Least change of a share of colour that counts as an answer, twice what a lit face varies by
itself within a second."""
MIN_LAG_MS, MAX_LAG_MS, LAG_STEP_MS = 0, 480, 40
MIN_SAMPLES_PER_LIGHT = 2
"""Frames for each light, on average: fewer say nothing, neither for a person nor against one."""
MAX_SAMPLES = 512
_MARGIN_MS = 400

FloatArray = NDArray[np.float64]


class LightAnswer(Enum):
    """What the face said to the colours."""

    NONE_YET = "none yet"
    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    WRONG = "wrong"
    """Colours changed on the face, and not those that were shown."""


def colour_shares(rgb: FloatArray) -> FloatArray:
    """Share of red and of blue: float64 (n, 3) to (n, 2)."""
    total = np.maximum(rgb.sum(axis=1, keepdims=True), 1.0)
    return np.asarray(rgb[:, ::2] / total)


def answer(
    at_ms: FloatArray, skin_rgb: FloatArray, lights: Sequence[Light], began_at_ms: float
) -> tuple[float, float] | None:
    """How well the skin followed the lights.

    Args:
        at_ms: (n,), the frames' times.
        skin_rgb: (n, 3), the skin's colour in each.
        lights: what was shown, from `began_at_ms` on.

    Returns:
        (correlation at the best lag, 0 to 1; amplitude of the shares' change that follows the
        lights, 0 to 1); None when there are too few frames.
    """
    shown = colour_shares(np.array([[li.red, li.green, li.blue] for li in lights], np.float64))
    shown -= shown.mean(axis=0)
    ends_ms = began_at_ms + np.cumsum([light.duration_ms for light in lights])
    shares = colour_shares(skin_rgb)
    best: tuple[float, float] | None = None
    for lag_ms in range(MIN_LAG_MS, MAX_LAG_MS + 1, LAG_STEP_MS):
        inside = (at_ms >= began_at_ms + lag_ms) & (at_ms < ends_ms[-1] + lag_ms)
        which = np.searchsorted(ends_ms, at_ms[inside] - lag_ms, side="right")
        if np.count_nonzero(inside) < MIN_SAMPLES_PER_LIGHT * len(lights):
            continue
        expected = shown[np.minimum(which, len(lights) - 1)]
        expected = _without_drift(at_ms[inside], expected).ravel()
        seen = _without_drift(at_ms[inside], shares[inside]).ravel()
        power = float(expected @ expected)
        slope = float(expected @ seen) / max(power, 1e-12)
        norm = float(np.linalg.norm(seen)) * power**0.5
        correlation = float(expected @ seen) / max(norm, 1e-12)
        if best is None or correlation > best[0]:
            best = (max(correlation, 0.0), slope * float(np.abs(expected).max()))
    return best


def _without_drift(at_ms: FloatArray, values: FloatArray) -> FloatArray:
    """Less the best straight line of each column: daylight changes, and a head moves."""
    t = (at_ms - at_ms.mean()) / 1000
    design = np.stack([np.ones_like(t), t], axis=1)
    return np.asarray(values - design @ np.linalg.lstsq(design, values, rcond=None)[0])


class LightCue:
    """Collects the skin's colour while the lights are shown, and judges it once, at their end."""

    def __init__(self, lights: Sequence[Light]) -> None:
        self._lights = tuple(lights)
        self._duration_ms = sum(light.duration_ms for light in lights)
        self._began_at_ms: int | None = None
        self._samples: list[tuple[int, tuple[float, float, float]]] = []
        self.result = LightAnswer.NONE_YET if lights else LightAnswer.ANSWERED

    def began(self, at_ms: int) -> None:
        """The screen began to show them. A second beginning does not count."""
        if self._began_at_ms is None:
            self._began_at_ms = at_ms

    def see(self, at_ms: int, skin_rgb: tuple[float, float, float]) -> None:
        """Take in one frame."""
        if self.result is not LightAnswer.NONE_YET or self._began_at_ms is None:
            return
        if at_ms >= self._began_at_ms and len(self._samples) < MAX_SAMPLES:
            self._samples.append((at_ms, skin_rgb))
        if at_ms >= self._began_at_ms + self._duration_ms + MAX_LAG_MS + _MARGIN_MS:
            self.result = self._judge()
            self._samples.clear()

    def _judge(self) -> LightAnswer:
        times = np.array([at_ms for at_ms, _ in self._samples], np.float64)
        colours = np.array([rgb for _, rgb in self._samples], np.float64).reshape(-1, 3)
        found = answer(times, colours, self._lights, float(self._began_at_ms or 0))
        if found is None:
            return LightAnswer.UNANSWERED
        correlation, amplitude = found
        if correlation >= MIN_CORRELATION and amplitude >= MIN_AMPLITUDE:
            return LightAnswer.ANSWERED
        spread = float(colour_shares(colours).std(axis=0).max())
        if correlation < WRONG_CORRELATION and spread >= 4 * MIN_AMPLITUDE:
            return LightAnswer.WRONG
        return LightAnswer.UNANSWERED
