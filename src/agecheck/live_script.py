"""What a live session asks of a person: movements and colours, drawn anew for each session.

The calling process draws them, so that the worker, which only sees frames, cannot choose what it
will accept. Standard library only.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import IntEnum

from agecheck.errors import ChallengeError

TICK_MS = 500
"""How often the worker says one word."""
MAX_TICKS = 120
"""A session's time, in ticks: one minute. A tick that passes in silence counts."""
N_STEPS = 3
N_LIGHTS = 12
LIGHT_MS = 350
"""About 1.4 pairs of changes a second: below the three flashes a second that WCAG 2.2 (success
criterion 2.3.1) allows, and longer than a camera needs to settle."""
_STRONG, _WEAK = 255, 40
_COLOURS = (
    (_STRONG, _WEAK, _WEAK),
    (_WEAK, _STRONG, _WEAK),
    (_WEAK, _WEAK, _STRONG),
    (_STRONG, _STRONG, _WEAK),
    (_STRONG, _WEAK, _STRONG),
    (_WEAK, _STRONG, _STRONG),
)


class Step(IntEnum):
    """A movement. Left and right are the person's own."""

    TURN_LEFT = 0
    TURN_RIGHT = 1
    NOD = 2
    COME_CLOSER = 3
    BLINK = 4


@dataclass(frozen=True, slots=True)
class Light:
    """One colour of the screen, 0 to 255 each, and how long it is shown."""

    red: int
    green: int
    blue: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class LiveScript:
    """The movements in their order, and the colours in theirs. Both are empty unless active."""

    steps: tuple[Step, ...] = ()
    lights: tuple[Light, ...] = ()

    def to_bytes(self) -> bytes:
        """For the worker: the steps, then the lights; each with its number before it."""
        packed = bytes([len(self.steps), *self.steps, len(self.lights)])
        for light in self.lights:
            packed += bytes([light.red, light.green, light.blue])
            packed += light.duration_ms.to_bytes(2, "big")
        return packed


def draw_script(liveness: str) -> LiveScript:
    """A fresh script from the operating system's source of randomness.

    At least one step is a turn, which flatness needs, and no step and no colour follows itself.
    There are 68 orders of steps and 6 times 5 to the eleventh, 292,968,750, of lights.
    """
    if liveness != "active":
        return LiveScript()
    steps = _draw(len(Step), N_STEPS)
    while not {Step.TURN_LEFT, Step.TURN_RIGHT} & set(steps):
        steps = _draw(len(Step), N_STEPS)
    lights = (Light(*_COLOURS[i], LIGHT_MS) for i in _draw(len(_COLOURS), N_LIGHTS))
    return LiveScript(tuple(Step(i) for i in steps), tuple(lights))


def script_of_bytes(data: bytes) -> LiveScript:
    """What `LiveScript.to_bytes` wrote.

    Raises:
        ChallengeError: the bytes are none.
    """
    try:
        n_steps = data[0]
        steps = tuple(Step(i) for i in data[1 : 1 + n_steps])
        rest = data[1 + n_steps :]
        n_lights, packed = rest[0], rest[1:]
        lights = tuple(
            Light(packed[i], packed[i + 1], packed[i + 2], int.from_bytes(packed[i + 3 : i + 5]))
            for i in range(0, len(packed), 5)
        )
    except (IndexError, ValueError, TypeError):
        raise ChallengeError("the bytes are no live script") from None
    if len(steps) != n_steps or len(packed) != 5 * n_lights:
        raise ChallengeError("the bytes are no live script")
    return LiveScript(steps, lights)


def _draw(n_kinds: int, length: int) -> list[int]:
    drawn: list[int] = []
    while len(drawn) < length:
        following = secrets.randbelow(n_kinds)
        if not drawn or following != drawn[-1]:
            drawn.append(following)
    return drawn
