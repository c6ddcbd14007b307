"""Light: the face's colour follows the screen's, in order and in time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from agecheck.live_script import LIGHT_MS, N_LIGHTS, Light
from agecheck.liveness.light import MIN_AMPLITUDE, LightAnswer, LightCue
from live.readings import FRAME_MS

BEGAN_MS = 1000
ENDED_MS = BEGAN_MS + LIGHT_MS * N_LIGHTS + 2500
SKIN = np.array([200.0, 165.0, 140.0])


def drawn(seed: int) -> tuple[Light, ...]:
    """As a script's lights are drawn, but the same on every run."""
    random, lights = np.random.default_rng(seed), list[Light]()
    while len(lights) < N_LIGHTS:
        red, green, blue = random.choice([40, 255], 3).tolist()
        light = Light(red, green, blue, LIGHT_MS)
        if 1 <= (red, green, blue).count(255) <= 2 and light not in lights[-1:]:
            lights.append(light)
    return tuple(lights)


def lit_skin(
    lights: Sequence[Light], at_ms: float, share: float, lag_ms: float
) -> NDArray[np.float64]:
    """The skin's colour under the room's light and the screen's."""
    left_ms = at_ms - BEGAN_MS - lag_ms
    for light in lights:
        if 0 <= left_ms < light.duration_ms:
            screen = np.array([light.red, light.green, light.blue]) / 255
            return SKIN * 0.8 * (1 + share * screen)
        left_ms -= light.duration_ms
    return SKIN * 0.8


def answer_of(
    shown: Sequence[Light],
    on_face: Sequence[Light],
    *,
    share: float = 0.1,
    lag_ms: float = 120.0,
    noise: float = 0.5,
    began: bool = True,
    seed: int = 0,
    frame_ms: int = FRAME_MS,
) -> LightAnswer:
    """What the cue says of a face that these lights fell on."""
    random, cue = np.random.default_rng(seed), LightCue(shown)
    if began:
        cue.began(BEGAN_MS)
    for at_ms in range(0, ENDED_MS, frame_ms):
        drift = 1 + 0.00001 * at_ms
        red, green, blue = (
            lit_skin(on_face, at_ms, share, lag_ms) * drift + random.normal(0, noise, 3)
        ).tolist()
        cue.see(at_ms, (red, green, blue))
    return cue.result


@pytest.mark.parametrize("seed", range(20))
def test_a_face_that_is_lit_answers(seed: int) -> None:
    """At once and with a slow screen, in strong light and in weak."""
    random = np.random.default_rng(seed)
    lights = drawn(seed)
    share, lag_ms = float(random.uniform(0.05, 0.3)), float(random.uniform(20, 380))
    answer = answer_of(lights, lights, share=share, lag_ms=lag_ms, seed=seed)
    assert answer is LightAnswer.ANSWERED


def test_a_face_on_which_no_light_falls_does_not_answer() -> None:
    """An injected video has never seen this screen."""
    for seed in range(20):
        assert answer_of(drawn(seed), (), seed=seed) is LightAnswer.UNANSWERED


def test_other_colours_are_not_taken_for_these() -> None:
    """A replay was lit, by another session's colours."""
    wrong = [answer_of(drawn(seed), drawn(1000 + seed), seed=seed) for seed in range(200)]
    assert LightAnswer.ANSWERED not in wrong


def test_an_answer_that_comes_too_late_is_none() -> None:
    """Somebody who first has to render it."""
    lights = tuple(
        Light(red, 40, blue, 350) for red, blue in [(255, 40), (40, 255)] * 2 + [(255, 255)] * 8
    )
    assert answer_of(lights, lights, lag_ms=1400) is not LightAnswer.ANSWERED


def test_too_weak_an_answer_is_none() -> None:
    """In the sun a screen does not show: nothing is known then, and nobody is accused."""
    lights = drawn(0)
    too_weak = MIN_AMPLITUDE / 10
    assert answer_of(lights, lights, share=too_weak, noise=0.01) is LightAnswer.UNANSWERED


@pytest.mark.parametrize("frame_ms", [100, 125, 160])
def test_a_slow_camera_is_enough(frame_ms: int) -> None:
    """Six to ten frames a second: a small computer, or a dark room."""
    for seed in range(20):
        lights = drawn(seed)
        answer = answer_of(lights, lights, seed=seed, frame_ms=frame_ms)
        assert answer is LightAnswer.ANSWERED
    wrong = [
        answer_of(drawn(seed), drawn(1000 + seed), seed=seed, frame_ms=frame_ms)
        for seed in range(200)
    ]
    assert LightAnswer.ANSWERED not in wrong


@pytest.mark.parametrize("frame_ms", [250, 700, 1200])
def test_too_few_frames_accuse_nobody(frame_ms: int) -> None:
    """A person before a computer that is too slow has answered; nobody could see it."""
    for seed in range(20):
        lights = drawn(seed)
        answer = answer_of(lights, lights, seed=seed, frame_ms=frame_ms)
        assert answer is LightAnswer.UNANSWERED


def test_before_the_lights_began_there_is_no_answer() -> None:
    """A page that never showed them has proved nothing."""
    lights = drawn(0)
    assert answer_of(lights, lights, began=False) is LightAnswer.NONE_YET


def test_without_lights_nothing_is_missing() -> None:
    """Passive shows none."""
    assert LightCue(()).result is LightAnswer.ANSWERED
