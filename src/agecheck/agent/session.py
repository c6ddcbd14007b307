"""One live session before the agent's page, and why it may come to nothing. No web in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from enum import StrEnum

from agecheck.checker import sleep_to_quantum
from agecheck.live_page.frames import RELEASE_QUANTUM_MS, Frames, Live, Screen, Stop, watch
from agecheck.verdict import CheckResult

FIRST_FRAME_S = 60.0
"""Whoever is asked for the first time whether a page may use the camera takes a while."""


class Nothing(StrEnum):
    """Why a session came to no result at all, in a sentence for the person's own screen."""

    STOPPED = "You stopped it."
    NO_CAMERA = "No picture came from a camera."
    FAULT = "Something went wrong on this device."


_NOTHING = {Stop.LEFT: Nothing.STOPPED, Stop.NO_CAMERA: Nothing.NO_CAMERA}


def run_session(
    open_session: Callable[[], AbstractContextManager[Live]], frames: Frames, screen: Screen
) -> CheckResult | Nothing:
    """Blocks for up to a minute and a half; any failure is `Nothing`.

    Args:
        open_session: `AgeChecker.live_session`.
        frames: filled by the event loop.
        screen: what the person sees.
    """
    missing = frames.wait_for_first(FIRST_FRAME_S)
    if missing is not None:
        return _NOTHING[missing]
    began_s = time.monotonic()
    seen: CheckResult | Stop | Nothing
    try:
        seen = watch(open_session, frames, screen)
    except Exception:  # whatever it is, its text could quote what was seen
        seen = Nothing.FAULT
    sleep_to_quantum(began_s, RELEASE_QUANTUM_MS)
    return _NOTHING[seen] if isinstance(seen, Stop) else seen
