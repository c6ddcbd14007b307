"""The attack species of the generated clips, by their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from agecheck.guidance import LiveCode
from agecheck.live_script import Light
from benchmarks.actors import ANSWERED, Actor, Covered, Deaf, Person, Sheet
from benchmarks.clips import SIZE_PX, Frame, Look, Pose, noisy, render


class Frozen(Deaf):
    """One frame, injected again and again."""

    def __init__(self, seed: int) -> None:
        self._frame = Person(seed).frame(0)

    def frame(self, at_ms: int) -> Frame:  # noqa: ARG002
        return self._frame


class Looped(Deaf):
    """A second and a half of a living person, injected again and again."""

    def __init__(self, seed: int) -> None:
        self._person, self._kept = Person(seed), dict[int, Frame]()

    def frame(self, at_ms: int) -> Frame:
        moment = at_ms % 1500
        if moment not in self._kept:
            self._kept[moment] = self._person.frame(moment)
        return self._kept[moment]


class Injected(Person):
    """A rendered person that does all that is asked, and on whom no light falls."""

    def lit(self, lights: Sequence[Light], began_at_ms: int) -> None:
        """It is not."""


class OtherLights(Person):
    """A replay of somebody who was lit by other colours."""

    def lit(self, lights: Sequence[Light], began_at_ms: int) -> None:
        super().lit([lights[(i + 3) % len(lights)] for i in range(len(lights))], began_at_ms)


class WrongOrder(Person):
    """Does another movement than the one that is asked for."""

    def hear(self, code: LiveCode, at_ms: int) -> None:
        if code in ANSWERED:
            wrong = {LiveCode.TURN_LEFT: LiveCode.TURN_RIGHT}.get(code, LiveCode.TURN_LEFT)
            super().hear(wrong, at_ms)


class SecondFace(Person):
    """Another face comes in beside the first, and stays."""

    def __init__(self, seed: int, from_ms: int = 900) -> None:
        super().__init__(seed, Look())
        self._scale, self._from_ms, self._other = 0.62, from_ms, Person(seed + 1, _OTHER)
        self._other._scale = 0.62
        self._place_px = np.array([-130.0, 0.0])
        self._other._place_px = np.array([150.0, 0.0])

    def frame(self, at_ms: int) -> Frame:
        frame = super().frame(at_ms)
        if at_ms >= self._from_ms:
            half = SIZE_PX[1] // 2
            frame = np.concatenate([frame[:, :half], self._other.frame(at_ms)[:, half:]], axis=1)
        return frame


class Swap(Person):
    """Another person's face in the place of the first, from one frame to the next."""

    def __init__(self, seed: int, from_ms: int = 900) -> None:
        super().__init__(seed, Look())
        self._from_ms = from_ms

    def frame(self, at_ms: int) -> Frame:
        if at_ms >= self._from_ms:
            self.look = replace(_OTHER, noise=self.look.noise)
        return super().frame(at_ms)


class CoveredSwap(Covered):
    """Another person's face in the place of the first, while nothing is seen."""

    def __init__(self, seed: int, from_ms: int = 900) -> None:
        super().__init__(seed, from_ms, 200 + seed * 100 % 800, Look())

    def frame(self, at_ms: int) -> Frame:
        if at_ms >= self._to_ms:
            self.look = replace(_OTHER, noise=self.look.noise)
        return super().frame(at_ms)


class Dissolved(Person):
    """A living face does all that is asked; for a second another's still one is mixed in, and out.

    In a pose in which the living one was not seen, so that no look of it is near.
    """

    STEP_MS, FOR_MS = 50, 1100

    def __init__(self, seed: int, from_ms: int = 4100) -> None:
        super().__init__(seed, replace(_OTHER, light_share=0.15, noise=2.5))
        self._scale, self._place_px, self._sway = 1.0, np.zeros(2), 0.3 * self._sway
        self._from_ms, self._to_ms = from_ms, from_ms + self.FOR_MS
        self._mixed = 1 + seed % 3
        self._still = render(Look(noise=0.0), Pose(), np.random.default_rng(seed))

    def hear(self, code: LiveCode, at_ms: int) -> None:
        if at_ms >= self._to_ms:
            super().hear(code, at_ms)

    def pose(self, at_ms: int) -> Pose:
        pose = super().pose(at_ms)
        return replace(pose, yaw_deg=pose.yaw_deg + 6, pitch_deg=pose.pitch_deg + 6)

    def frame(self, at_ms: int) -> Frame:
        into_ms = min(at_ms - self._from_ms + self.STEP_MS, self._to_ms - at_ms)
        share = float(np.clip(into_ms / ((self._mixed + 1) * self.STEP_MS), 0, 1))
        if share == 0:
            return super().frame(at_ms)
        mixed = (1 - share) * super().frame(at_ms) + share * noisy(self._still, 2.5, self._rng)
        return mixed.astype(np.uint8)


_OTHER = Look(mirrored=True, stretch=1.08, tone_rgb=(0.85, 0.78, 0.72))


def still(seed: int) -> Callable[[int], Frame]:
    picture = render(Look(noise=0.5), Pose(), np.random.default_rng(seed))
    return lambda _: picture


SPECIES: dict[str, Callable[[int], Actor]] = {
    "photo": lambda seed: Sheet(seed, still(seed)),
    "tilted-photo": lambda seed: Sheet(seed, still(seed), tilt_deg=35),
    "screen-photo": lambda seed: Sheet(seed, still(seed), screen=0.05),
    "screen-video": lambda seed: Sheet(seed, Person(seed).frame, screen=0.05),
    "frozen": Frozen,
    "looped": Looped,
    "second-face": SecondFace,
    "swap": Swap,
    "covered-swap": CoveredSwap,
    "wrong-order": WrongOrder,
    "injected-no-light": Injected,
    "injected-other-lights": OtherLights,
    "dissolved": Dissolved,
}
ACTIVE_ONLY = ("wrong-order", "injected-no-light", "injected-other-lights", "dissolved")
"""What passive does not ask for, it cannot miss."""
