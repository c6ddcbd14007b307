"""Parts of a kiosk whose behaviour a test writes down: they implement the real parts' ports."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agecheck.guidance import LiveCode
from agecheck.kiosk.attendant import Room
from agecheck.kiosk.counters import Counters
from agecheck.kiosk.health import Health
from agecheck.kiosk.messages import Outcome, Refusal
from agecheck.live_script import Light
from agecheck.live_session import LiveAttempts
from agecheck.verdict import CheckResult, Verdict

if TYPE_CHECKING:
    from agecheck.ports import RgbFrame


@dataclass
class ScriptedLive:
    """A session that ends after so many frames, in this way."""

    end: CheckResult | Exception = field(default_factory=lambda: CheckResult(Verdict.OVER))
    n_frames: int = 2
    lights: Sequence[Light] = ()
    shown: list[int] = field(default_factory=list)
    lit_at_ms: list[int] = field(default_factory=list)
    closed: int = 0

    @property
    def is_done(self) -> bool:
        return len(self.shown) >= self.n_frames

    def lights_began(self, at_ms: int) -> None:
        self.lit_at_ms.append(at_ms)

    def show(self, frame: RgbFrame, at_ms: int) -> bool:  # noqa: ARG002
        self.shown.append(at_ms)
        return True

    def tick(self) -> LiveCode:
        return LiveCode.GOOD

    def finish(self) -> CheckResult:
        if isinstance(self.end, Exception):
            raise self.end
        return self.end

    def __enter__(self) -> ScriptedLive:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed += 1


@dataclass
class KeptLink:
    """Outputs that takes everything, and keeps the order of it."""

    refusal: Refusal | None = None
    delivers: bool = True
    said: list[object] = field(default_factory=list)
    delay_s: float = 0.0

    def begin(self) -> tuple[int, Refusal | None]:
        self.said.append("begin")
        return 1, self.refusal

    def end(self, session: int, outcome: Outcome) -> bool:  # noqa: ARG002
        self.said.append(outcome)
        if outcome is Outcome.OVER:
            time.sleep(self.delay_s)
        return self.delivers and outcome is Outcome.OVER


def room_of(
    live: Callable[[], ScriptedLive], link: KeptLink, *, result_s: float = 0.2, attempts: int = 3
) -> Room:
    """What visits share."""
    return Room(
        open_session=lambda: nullcontext(live()),
        link=link,
        attempts=LiveAttempts(attempts, 60.0, time.monotonic),
        counters=Counters(time.monotonic),
        health=Health(lambda: True),
        source=None,
        result_s=result_s,
    )
