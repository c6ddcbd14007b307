"""Frames from the page to the sealed worker, and one live session over them. No web in it."""

from __future__ import annotations

import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from agecheck.checker import sleep_to_quantum
from agecheck.errors import ImageError

if TYPE_CHECKING:
    from agecheck.guidance import LiveCode
    from agecheck.live_session import Light
    from agecheck.ports import RgbFrame
    from agecheck.verdict import CheckResult

_HEADER = struct.Struct("<HH")
MIN_SIDE_PX, MAX_SIDE_PX = 64, 1280
MAX_PIXELS = 1280 * 720
MAX_FRAME_BYTES = _HEADER.size + MAX_PIXELS * 3
MAX_SESSION_S = 30.0
FIRST_FRAME_S = 60.0
"""Whoever is asked for the first time whether a page may use the camera takes a while."""
STALLED_S = 4.0
TICK_S, TICK_LEAD_S = 0.5, 0.12
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


class Nothing(StrEnum):
    """Why a session came to no result at all, in a sentence for the person's own screen."""

    STOPPED = "You stopped it."
    NO_CAMERA = "No picture came from a camera."
    FAULT = "Something went wrong on this device."


class Live(Protocol):
    """What is needed of `agecheck.live_session.LiveSession`."""

    @property
    def lights(self) -> Sequence[Light]: ...
    @property
    def over(self) -> bool: ...
    def lights_began(self, at_ms: int) -> None: ...
    def show(self, frame: RgbFrame, at_ms: int) -> bool: ...
    def tick(self) -> LiveCode: ...
    def finish(self) -> CheckResult: ...


class Screen(Protocol):
    """What the person sees. Called from the session's thread."""

    def lights(self, lights: Sequence[Light]) -> None: ...
    def prompt(self, code: LiveCode) -> None: ...


class Frames:
    """The newest frames, from the event loop to the session's thread. Few are kept: an old frame
    helps nobody."""

    def __init__(self) -> None:
        self._frames: deque[tuple[RgbFrame, int]] = deque(maxlen=4)
        self._changed = threading.Condition()
        self._stopped: Nothing | None = None
        self._lights_at_ms: int | None = None

    def put(self, frame: RgbFrame, at_ms: int) -> None:
        with self._changed:
            self._frames.append((frame, at_ms))
            self._changed.notify()

    def lights_began(self, at_ms: int) -> None:
        """The page has begun to show the colours."""
        with self._changed:
            self._lights_at_ms = at_ms if self._lights_at_ms is None else self._lights_at_ms

    def stop(self, why: Nothing = Nothing.STOPPED) -> None:
        """The person has left, wants no more, or has no camera. The first reason stays."""
        with self._changed:
            self._stopped = self._stopped or why
            self._frames.clear()
            self._changed.notify()

    @property
    def stopped(self) -> Nothing | None:
        return self._stopped

    def wait_for_first(self) -> bool:
        """Whether one has come in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._frames or self._stopped, FIRST_FRAME_S)
            return bool(self._frames)

    def get(self, timeout_s: float) -> tuple[RgbFrame, int] | None:
        """The oldest that is kept, or None when none comes in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._frames or self._stopped, max(0.0, timeout_s))
            return self._frames.popleft() if self._frames else None

    def take_lights_start(self) -> int | None:
        with self._changed:
            at_ms, self._lights_at_ms = self._lights_at_ms, None
            return at_ms


def run_session(
    open_session: Callable[[], AbstractContextManager[Live]], frames: Frames, screen: Screen
) -> CheckResult | Nothing:
    """One live session. Blocks for up to a minute and a half; any failure is `Nothing`.

    Args:
        open_session: `AgeChecker.live_session`.
        frames: filled by the event loop.
        screen: what the person sees.
    """
    if not frames.wait_for_first():
        return frames.stopped or Nothing.NO_CAMERA
    began_s = time.monotonic()
    try:
        seen = _watch(open_session, frames, screen)
    except Exception:  # whatever it is, its text could quote what was seen
        seen = Nothing.FAULT
    sleep_to_quantum(began_s, RELEASE_QUANTUM_MS)
    return seen


def _watch(
    open_session: Callable[[], AbstractContextManager[Live]], frames: Frames, screen: Screen
) -> CheckResult | Nothing:
    with open_session() as live:
        began_s = last_frame_s = time.monotonic()
        screen.lights(live.lights)
        tick_at_s = began_s + TICK_S - TICK_LEAD_S
        while not live.over and time.monotonic() - began_s < MAX_SESSION_S:
            while (rest_s := tick_at_s - time.monotonic()) > 0:
                if (at_ms := frames.take_lights_start()) is not None:
                    live.lights_began(at_ms)
                frame = frames.get(rest_s)
                if frames.stopped is not None:
                    return frames.stopped
                if frame is not None:
                    last_frame_s = time.monotonic()
                    _show(live, *frame)
            if time.monotonic() - last_frame_s > STALLED_S:
                return Nothing.NO_CAMERA
            screen.prompt(live.tick())
            tick_at_s = time.monotonic() + TICK_S - TICK_LEAD_S  # it has returned at a tick
        return live.finish()


def _show(live: Live, frame: RgbFrame, at_ms: int) -> None:
    try:
        live.show(frame, at_ms)
    except ImageError:
        return  # it does not count, and the session goes on
