"""Frames from a page or a camera to the sealed worker, and one live session over them. No web."""

from __future__ import annotations

import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

from agecheck.errors import ImageError
from agecheck.live_script import TICK_MS

if TYPE_CHECKING:
    from agecheck.guidance import LiveCode
    from agecheck.live_script import Light
    from agecheck.ports import RgbFrame
    from agecheck.verdict import CheckResult

_HEADER = struct.Struct("<HH")
MIN_SIDE_PX, MAX_SIDE_PX = 64, 1280
MAX_PIXELS = 1280 * 720
MAX_FRAME_BYTES = _HEADER.size + MAX_PIXELS * 3
GIVE_UP_S = 30.0
"""A session that has come to nothing by then is ended with what it has."""
STALLED_S = 4.0
"""Without a frame for so long, the camera is taken to be gone."""
TICK_S, TICK_LEAD_S = TICK_MS / 1000, 0.12
"""A tick is asked for a little before its time: whoever asks late waits for the next one."""
RELEASE_QUANTUM_MS = 1000
"""Results come at whole seconds after the first frame: how long a check took says something."""


def frame_of(data: bytes) -> RgbFrame | None:
    """The frame in a message from the page, or None.

    Args:
        data: height and width in pixels as 16-bit numbers, little endian, then RGB, 8 bits each.
            Nothing is decoded outside the seal: the page sends pixels.

    Returns:
        uint8 (height, width, 3), read-only, a view of `data`.
    """
    import numpy as np

    if not _HEADER.size <= len(data) <= MAX_FRAME_BYTES:
        return None
    height_px, width_px = _HEADER.unpack_from(data)
    sides_are_fine = all(MIN_SIDE_PX <= side <= MAX_SIDE_PX for side in (height_px, width_px))
    if not sides_are_fine or len(data) != _HEADER.size + height_px * width_px * 3:
        return None
    pixels = np.frombuffer(data, np.uint8, offset=_HEADER.size)
    return pixels.reshape(height_px, width_px, 3)


class Live(Protocol):
    """What is needed of `agecheck.live_session.LiveSession`."""

    @property
    def lights(self) -> Sequence[Light]: ...
    @property
    def is_done(self) -> bool: ...
    def lights_began(self, at_ms: int) -> None: ...
    def show(self, frame: RgbFrame, at_ms: int) -> bool: ...
    def tick(self) -> LiveCode: ...
    def finish(self) -> CheckResult: ...


class Screen(Protocol):
    """What the person sees. Called from the session's thread."""

    def lights(self, lights: Sequence[Light]) -> None:
        """Show these colours, one after the other; `Frames.lights_began` says when it begins."""

    def prompt(self, code: LiveCode) -> None:
        """Tell the person what to do."""


class Stop(Enum):
    """Why no more frames are wanted, or come."""

    LEFT = auto()
    """The person has left, or wants no more."""
    NO_CAMERA = auto()
    VIRTUAL_CAMERA = auto()
    """It names itself as a program does that plays films, and such are refused."""


class Frames:
    """The newest frames on their way to the worker. One side is the page's or the camera's thread.

    Few are kept: an old frame helps nobody, and the continuity of the newest ones counts.
    """

    def __init__(self) -> None:
        self._frames: deque[tuple[RgbFrame, int]] = deque(maxlen=4)
        self._changed = threading.Condition()
        self._stop: Stop | None = None
        self._lights_at_ms: int | None = None

    def put(self, frame: RgbFrame, at_ms: int) -> None:
        with self._changed:
            self._frames.append((frame, at_ms))
            self._changed.notify()

    def lights_began(self, at_ms: int) -> None:
        """The page has begun to show the colours."""
        with self._changed:
            if self._lights_at_ms is None:
                self._lights_at_ms = at_ms

    def stop(self, why: Stop = Stop.LEFT) -> None:
        """No more is wanted. The first reason stays."""
        with self._changed:
            self._stop = self._stop or why
            self._frames.clear()
            self._changed.notify()

    @property
    def stopped(self) -> Stop | None:
        """Why no more is wanted; None while it is."""
        return self._stop

    def wait_for_stop(self, timeout_s: float) -> Stop | None:
        """Why no more is wanted, as soon as that is known; None when it still is then."""
        with self._changed:
            self._changed.wait_for(lambda: self._stop, timeout_s)
            return self._stop

    def wait_for_first(self, timeout_s: float) -> Stop | None:
        """None once a frame has come, or why there is none."""
        with self._changed:
            self._changed.wait_for(lambda: self._frames or self._stop, timeout_s)
            return None if self._frames else self._stop or Stop.NO_CAMERA

    def get(self, timeout_s: float) -> tuple[RgbFrame, int] | None:
        """The oldest that is kept, or None when none comes in time or no more is wanted."""
        with self._changed:
            self._changed.wait_for(lambda: self._frames or self._stop, max(0.0, timeout_s))
            return self._frames.popleft() if self._frames and self._stop is None else None

    def take_lights_start(self) -> int | None:
        with self._changed:
            at_ms, self._lights_at_ms = self._lights_at_ms, None
            return at_ms


def watch(
    open_session: Callable[[], AbstractContextManager[Live]], frames: Frames, screen: Screen
) -> CheckResult | Stop:
    """Run one live session to its end. Blocks for up to GIVE_UP_S and a tick.

    Args:
        open_session: `AgeChecker.live_session`.
        frames: filled by another thread.
        screen: what the person sees.

    Returns:
        The session's result, or why it has none.

    Raises:
        AgecheckError: the session failed.
    """
    with open_session() as live:
        began_s = last_frame_s = time.monotonic()
        screen.lights(live.lights)
        tick_at_s = began_s + TICK_S - TICK_LEAD_S
        while not live.is_done and time.monotonic() - began_s < GIVE_UP_S:
            while (rest_s := tick_at_s - time.monotonic()) > 0:
                if (at_ms := frames.take_lights_start()) is not None:
                    live.lights_began(at_ms)
                frame = frames.get(rest_s)
                if frames.stopped is not None:
                    return frames.stopped
                if frame is not None:
                    last_frame_s = time.monotonic()
                    with suppress(ImageError):  # it does not count, and the session goes on
                        live.show(*frame)
            if time.monotonic() - last_frame_s > STALLED_S:
                return Stop.NO_CAMERA
            screen.prompt(live.tick())
            tick_at_s = time.monotonic() + TICK_S - TICK_LEAD_S  # it has returned at a tick
        return frames.stopped or live.finish()


def now_ms() -> int:
    """The clock of frames, in milliseconds."""
    return time.monotonic_ns() // 1_000_000
