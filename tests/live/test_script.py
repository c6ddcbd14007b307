"""The script of a session: drawn by the caller, handed to the worker as bytes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agecheck.errors import ChallengeError
from agecheck.live_script import (
    Light,
    LiveScript,
    Step,
    draw_script,
    script_of_bytes,
)
from agecheck.seal.live_channel import MAX_SCRIPT_BYTES

LIGHTS = st.builds(Light, *[st.integers(0, 255)] * 3, duration_ms=st.integers(0, 65_535))
SCRIPTS = st.builds(
    LiveScript,
    st.lists(st.sampled_from(Step), max_size=8).map(tuple),
    st.lists(LIGHTS, max_size=20).map(tuple),
)


@given(SCRIPTS)
def test_a_script_comes_through_as_itself(script: LiveScript) -> None:
    """The worker checks what the caller drew."""
    data = script.to_bytes()
    assert script_of_bytes(data) == script
    assert 1 <= len(data) <= MAX_SCRIPT_BYTES


@given(st.binary(max_size=200))
def test_other_bytes_are_refused_or_a_script(data: bytes) -> None:
    """Nothing but the typed error comes of them."""
    try:
        script = script_of_bytes(data)
    except ChallengeError:
        return
    assert script_of_bytes(script.to_bytes()) == script


@pytest.mark.parametrize("liveness", ["none", "passive"])
def test_only_active_asks_for_something(liveness: str) -> None:
    """Another level's script is empty, and as bytes it is one all the same."""
    assert draw_script(liveness) == LiveScript()
    assert script_of_bytes(draw_script(liveness).to_bytes()) == LiveScript()


def test_scripts_are_drawn_anew_and_all_can_be_asked() -> None:
    """No step and no colour follows itself, and there is always a turn, which flatness needs."""
    scripts = [draw_script("active") for _ in range(300)]
    for script in scripts:
        assert {Step.TURN_LEFT, Step.TURN_RIGHT} & set(script.steps)
        assert all(a is not b for a, b in pairwise(script.steps))
        assert all(a != b for a, b in pairwise(script.lights))
    assert {step for script in scripts for step in script.steps} == set(Step)
    assert len({script.steps for script in scripts}) > 40
    assert len({script.lights for script in scripts}) > 290


def test_no_light_flashes_faster_than_people_can_bear() -> None:
    """At most three pairs of changes a second (WCAG 2.2, 2.3.1)."""
    for light in draw_script("active").lights:
        assert 2 * light.duration_ms >= 1000 / 3


def test_nothing_stands_beside_a_script() -> None:
    """Equal scripts have equal bytes, and bytes before or behind one are no script."""
    script = draw_script("active")
    data = script.to_bytes()
    assert data == LiveScript(script.steps, script.lights).to_bytes()
    for other in (bytes(16) + data, data + b"\0", data[:-1], b""):
        with pytest.raises(ChallengeError):
            script_of_bytes(other)
