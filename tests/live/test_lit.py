"""Lit: the face whose age counts is the one on which the lights fell."""

from __future__ import annotations

from agecheck.live_script import LIGHT_MS, N_LIGHTS
from agecheck.liveness.lit import MAX_FRAMES, LitFace
from live.readings import FRAME_MS, LOOK, OTHER_LOOK, reading

BEGAN_MS = 200
DURATION_MS = LIGHT_MS * N_LIGHTS


def watched(lit_share: float, *, began: bool = True) -> LitFace:
    """One face for that share of the lights, another for the rest, and then each once."""
    face = LitFace(DURATION_MS)
    if began:
        face.began(BEGAN_MS)
    for at_ms in range(0, BEGAN_MS + DURATION_MS + FRAME_MS, FRAME_MS):
        is_first = at_ms - BEGAN_MS < lit_share * DURATION_MS
        face.see(reading(at_ms, thumbnail=LOOK if is_first else OTHER_LOOK))
    return face


def both_after(face: LitFace) -> tuple[bool, bool]:
    """Whether the one and the other count, later on."""
    n_before = len(range(0, BEGAN_MS + DURATION_MS + FRAME_MS, FRAME_MS))
    for index, look in enumerate((LOOK, OTHER_LOOK)):
        face.see(reading(5000 + index, thumbnail=look))
    return face.looks_like(n_before), face.looks_like(n_before + 1)


def test_the_face_that_was_lit_counts_and_no_other() -> None:
    """Whoever is mixed in afterwards was not there under the lights."""
    assert both_after(watched(1.0)) == (True, False)


def test_a_moment_under_the_lights_is_not_enough() -> None:
    """Whoever is mixed in for one of eight lights and more has not answered them."""
    assert both_after(watched(0.2)) == (False, True)
    assert both_after(watched(0.8)) == (True, False)


def test_without_lights_nobody_counts() -> None:
    """A page that never showed them, and a frame that was never seen."""
    assert both_after(watched(1.0, began=False)) == (False, False)
    assert not LitFace(DURATION_MS).looks_like(0)


def test_a_second_beginning_is_ignored() -> None:
    """Or the lights could be said to have begun when another face is there."""
    face = watched(1.0)
    face.began(60_000)
    for index in range(20):
        face.see(reading(60_000 + index, thumbnail=OTHER_LOOK))
    assert not face.looks_like(len(range(0, BEGAN_MS + DURATION_MS + FRAME_MS, FRAME_MS)) + 19)


def test_memory_is_bounded_and_what_is_beyond_does_not_count() -> None:
    """However long a session is fed."""
    face = LitFace(DURATION_MS)
    face.began(0)
    for index in range(MAX_FRAMES + 5):
        face.see(reading(index, thumbnail=LOOK))
    assert face.looks_like(MAX_FRAMES - 1)
    assert not face.looks_like(MAX_FRAMES)
