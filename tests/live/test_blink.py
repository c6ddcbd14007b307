"""Blinks: a sign of life that nobody has to be asked for."""

from __future__ import annotations

import pytest

from agecheck.liveness.blink import (
    CLOSED_LIGHT_RISE,
    CLOSED_SHARE,
    MAX_CLOSED_MS,
    MAX_NOD,
    MAX_TURN,
    MIN_CLOSED_READINGS,
    BlinkCue,
)
from agecheck.liveness.reading import FaceReading
from live.readings import FRAME_MS, OPEN_EYES, OPEN_LIGHT, at_rest, reading, times

FROM_MS = 20 * FRAME_MS


def blinks_of(middle: list[FaceReading]) -> int:
    """How many are counted when these readings lie between open eyes."""
    cue = BlinkCue()
    after_ms = FROM_MS + len(middle) * FRAME_MS
    for one in [*at_rest(20), *middle, *at_rest(20, after_ms)]:
        cue.see(one)
    return len(cue.blinked_at_ms)


def closed_for(n_frames: int) -> list[FaceReading]:
    return [reading(at_ms, closed=True) for at_ms in times(n_frames, FROM_MS)]


@pytest.mark.parametrize("n_frames", [MIN_CLOSED_READINGS, 4, MAX_CLOSED_MS // FRAME_MS])
def test_eyes_that_close_and_open_have_blinked(n_frames: int) -> None:
    """Quickly, or as somebody does who was asked to."""
    assert blinks_of(closed_for(n_frames)) == 1


def test_one_closed_frame_is_no_blink() -> None:
    """A mesh slips now and then."""
    assert blinks_of(closed_for(MIN_CLOSED_READINGS - 1)) == 0


def test_eyes_that_stay_closed_have_not_blinked() -> None:
    """Nor has a picture of closed eyes that is held up for a while."""
    assert blinks_of(closed_for(MAX_CLOSED_MS // FRAME_MS + 2)) == 0


@pytest.mark.parametrize(
    "shown",
    [
        {"eye_opening": OPEN_EYES * (CLOSED_SHARE - 0.05)},
        {"eye_light": OPEN_LIGHT + CLOSED_LIGHT_RISE + 0.1},
        {"eye_opening": OPEN_EYES * (CLOSED_SHARE + 0.02), "eye_light": 0.5},
        {"eye_opening": 0.2, "eye_light": OPEN_LIGHT + CLOSED_LIGHT_RISE - 0.02},
    ],
    ids=["narrow only", "bright only", "hardly narrower", "hardly brighter"],
)
def test_both_measures_must_say_closed(shown: dict[str, float]) -> None:
    """A tilted photograph's eyes are narrower, a blurred one's brighter."""
    assert blinks_of([reading(at_ms, **shown) for at_ms in times(4, FROM_MS)]) == 0  # type: ignore[arg-type]


def test_eyes_that_stay_bright_have_not_blinked() -> None:
    """A reflection that wanders over a photograph narrows the eyes for a moment and goes on."""
    cue = BlinkCue()
    shine = OPEN_LIGHT + CLOSED_LIGHT_RISE + 0.1
    after = [reading(at_ms, eye_light=shine) for at_ms in times(40, FROM_MS + 4 * FRAME_MS)]
    for one in [*at_rest(20), *closed_for(4), *after]:
        cue.see(one)
    assert cue.blinked_at_ms == []


@pytest.mark.parametrize("moved", [{"nod": 0.39 + MAX_NOD + 0.01}, {"asymmetry": MAX_TURN + 0.01}])
def test_a_head_that_moves_meanwhile_has_not_blinked(moved: dict[str, float]) -> None:
    """Looking down closes the lids, and so does tilting a picture."""
    middle = [reading(at_ms, closed=True, **moved) for at_ms in times(4, FROM_MS)]  # type: ignore[arg-type]
    assert blinks_of(middle) == 0


def test_narrow_eyes_are_not_judged() -> None:
    """What is measured that badly tells nothing."""
    cue = BlinkCue()
    for index in range(60):
        narrow = 0.05 if index % 20 in (10, 11, 12) else 0.11
        cue.see(reading(index * FRAME_MS, eye_opening=narrow, eye_light=0.6 - 3 * narrow))
    assert cue.blinked_at_ms == []
