"""Who stands in front of the camera in generated clips: living people, and pictures of them.

An actor renders a frame for any moment, hears what the session says, and sees the lights it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from agecheck.guidance import LiveCode
from agecheck.live_script import Light
from benchmarks.clips import SIZE_PX, FloatArray, Frame, Look, Pose, noisy, render

ANSWERED = (
    LiveCode.TURN_LEFT,
    LiveCode.TURN_RIGHT,
    LiveCode.NOD,
    LiveCode.COME_CLOSER,
    LiveCode.BLINK,
)


class Actor(Protocol):
    """Somebody, or something, in front of the camera."""

    def frame(self, at_ms: int) -> Frame: ...
    def hear(self, code: LiveCode, at_ms: int) -> None: ...
    def lit(self, lights: Sequence[Light], began_at_ms: int) -> None: ...


class Person:
    """A living person: sways, blinks, does what is asked, and is lit by the screen.

    Args:
        seed: draws the light, the noise, glasses, the size, the speed and every movement.
    """

    def __init__(self, seed: int, look: Look | None = None, *, blinks: bool = True) -> None:
        rng = self._rng = np.random.default_rng(seed)
        self.look = look or Look(
            light_share=float(rng.uniform(0.06, 0.20)),
            noise=float(rng.uniform(1.5, 4.5)),
            glasses=bool(rng.random() < 0.25),
        )
        self._gain = float(rng.uniform(0.65, 1.0))
        self._scale = float(rng.uniform(0.75, 1.15))
        self._speed = float(rng.uniform(0.8, 1.3))
        self._sway = rng.uniform(0.5, 2.5, 3) * np.array([1.0, 0.7, 0.6])
        self._rhythm_s = rng.uniform(1.3, 4.0, 5)
        self._phase = rng.uniform(0, 2 * np.pi, 5)
        self._place_px = rng.uniform(-25, 25, 2)
        self._blinks_ms = np.cumsum(rng.exponential(2600, 40) + 500) if blinks else np.array([])
        self._doing: tuple[LiveCode, float] | None = None
        self._lights: tuple[Sequence[Light], int] | None = None
        self._lag_ms = float(rng.uniform(60, 220))

    def hear(self, code: LiveCode, at_ms: int) -> None:
        busy = self._doing is not None and at_ms < self._doing[1] + 1500 / self._speed
        if code in ANSWERED and not busy:
            self._doing = (code, at_ms + float(self._rng.uniform(300, 600)))

    def lit(self, lights: Sequence[Light], began_at_ms: int) -> None:
        self._lights = (lights, began_at_ms)

    def frame(self, at_ms: int) -> Frame:
        return render(self.look, self.pose(at_ms), self._rng)

    def pose(self, at_ms: int) -> Pose:
        """Where the head is."""
        t = at_ms / 1000 / self._rhythm_s * 2 * np.pi + self._phase
        yaw, pitch, roll = (self._sway * np.sin(t[:3])).tolist()
        shift = self._place_px + 3 * np.sin(t[3:])
        closed = 1.0 if any(0 <= at_ms - b < 190 for b in self._blinks_ms) else 0.0
        scale = self._scale
        if self._doing is not None:
            code, from_ms = self._doing
            share = (at_ms - from_ms) * self._speed / 1000  # a movement takes 1.2 of these
            out = float(np.clip(min(share / 0.4, (1.2 - share) / 0.4), 0, 1))
            match code:
                case LiveCode.TURN_LEFT:
                    yaw += 28 * out
                case LiveCode.TURN_RIGHT:
                    yaw -= 28 * out
                case LiveCode.NOD:
                    pitch += 17 * out
                case LiveCode.BLINK:
                    closed = max(closed, float(out > 0.5))
                case LiveCode.COME_CLOSER:
                    scale *= 1 + 0.35 * float(np.clip(share / 0.6, 0, 1))
        return Pose(
            yaw, pitch, roll, scale, (float(shift[0]), float(shift[1])), closed,
            self._light_at(at_ms - self._lag_ms), self._gain,
        )  # fmt: skip

    def _light_at(self, at_ms: float) -> tuple[float, float, float]:
        if self._lights is None:
            return (0.0, 0.0, 0.0)
        lights, left_ms = self._lights[0], at_ms - self._lights[1]
        if left_ms < 0:
            return (0.0, 0.0, 0.0)
        for light in lights:
            left_ms -= light.duration_ms
            if left_ms < 0:
                return (light.red / 255, light.green / 255, light.blue / 255)
        return (0.0, 0.0, 0.0)


class Covered(Person):
    """A living person before whose camera something passes.

    Args:
        seed: as a person's.
        from_ms, for_ms: when nothing is seen, and for how long.
    """

    def __init__(self, seed: int, from_ms: int, for_ms: int, look: Look | None = None) -> None:
        super().__init__(seed, look)
        self._from_ms, self._to_ms = from_ms, from_ms + for_ms

    def frame(self, at_ms: int) -> Frame:
        if self._from_ms <= at_ms < self._to_ms:
            return noisy(np.full((*SIZE_PX, 3), 40, np.uint8), self.look.noise, self._rng)
        return super().frame(at_ms)


class Deaf:
    """Something that neither hears nor is lit: what it shows was made before."""

    def hear(self, code: LiveCode, at_ms: int) -> None:
        """It does not."""

    def lit(self, lights: Sequence[Light], began_at_ms: int) -> None:
        """It is not."""


class Sheet(Deaf):
    """A flat picture held up: what `content` shows, moved as a plane.

    Args:
        content: the picture's pixels at a moment.
        tilt_deg: how far it is tilted to and fro.
        screen: None for paper; otherwise how strong the screen's grid shows.
    """

    def __init__(
        self,
        seed: int,
        content: Callable[[int], Frame],
        *,
        tilt_deg: float = 0.0,
        screen: float | None = None,
    ) -> None:
        rng = self._rng = np.random.default_rng(seed)
        self._content, self._tilt_deg, self._screen = content, tilt_deg, screen
        self._rhythm_s = rng.uniform(1.5, 3.5, 4)
        self._phase = rng.uniform(0, 2 * np.pi, 4)
        self._noise = float(rng.uniform(1.5, 4.0))
        self._pitch_px = float(rng.uniform(2.6, 3.6))
        self._grid = 1 + np.float32(screen or 0.0) * _grid(
            self._pitch_px, float(np.radians(rng.uniform(8, 35)))
        )
        self._wall = int(rng.uniform(70, 150))

    def frame(self, at_ms: int) -> Frame:
        picture = Image.fromarray(self._content(at_ms))
        t = at_ms / 1000 / self._rhythm_s * 2 * np.pi + self._phase
        tilt = np.radians(self._tilt_deg) * np.sin(t[0])
        shift, roll = 5 * np.sin(t[1:3]), np.radians(2 * np.sin(t[3]))
        height, width = SIZE_PX
        corners = np.array([[-1, -0.75], [-1, 0.75], [1, 0.75], [1, -0.75]]) * 0.82
        depth = 1 + 0.35 * corners[:, 0] * np.sin(tilt)
        seen = np.stack([corners[:, 0] * np.cos(tilt) / depth, corners[:, 1] / depth], axis=1)
        turn = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
        seen = seen @ turn * width / 2 + np.array([width / 2, height / 2]) + shift
        source = np.array([[0, 0], [0, height], [width, height], [width, 0]], np.float64)
        data = _perspective(seen, source)
        held = picture.transform(
            (width, height), Image.Transform.PERSPECTIVE, data, Image.Resampling.BILINEAR
        )
        inside = Image.new("L", (width, height), 255).transform(
            (width, height), Image.Transform.PERSPECTIVE, data, Image.Resampling.BILINEAR
        )
        behind = Image.new("RGB", (width, height), (self._wall,) * 3)
        if self._screen is not None:
            bezel = inside.filter(ImageFilter.MaxFilter(15))
            behind.paste((12, 12, 14), mask=bezel)
            held = Image.fromarray(self._as_screen(np.asarray(held), at_ms))
        behind.paste(held, mask=inside)
        return noisy(np.asarray(behind), self._noise, self._rng)

    def _as_screen(self, frame: Frame, at_ms: int) -> Frame:
        """Its grid beats with the sensor's; it is refreshed in bands; it is bluish and pale."""
        bands = np.sin(2 * np.pi * (np.arange(SIZE_PX[0]) / 170 - at_ms / 340))
        level = self._grid + np.float32(0.02) * bands.astype(np.float32)[:, None]
        pale = 16 + frame * np.array([0.86, 0.90, 0.98], np.float32)
        return np.clip(pale * level[..., None], 0, 255).astype(np.uint8)


def _grid(pitch_px: float, angle_rad: float) -> NDArray[np.float32]:
    step = np.float32(2 * np.pi / pitch_px)
    y, x = np.mgrid[0 : SIZE_PX[0], 0 : SIZE_PX[1]].astype(np.float32) * step
    cos, sin = np.float32(np.cos(angle_rad)), np.float32(np.sin(angle_rad))
    return np.asarray(np.sin(x * cos + y * sin) + np.sin(y * cos - x * sin), np.float32)


def _perspective(seen: FloatArray, source: FloatArray) -> tuple[float, ...]:
    rows = []
    for (x, y), (u, v) in zip(seen.tolist(), source.tolist(), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    return tuple(np.linalg.solve(np.array(rows), source.ravel()).tolist())
