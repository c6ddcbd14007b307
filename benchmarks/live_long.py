"""Frames without end through live sessions, one after the other: does anything grow?

    python -m benchmarks.live_long [--frames 216000]

216,000 frames are two hours at 30 a second. `run_frames` is what `make long` calls for a slice.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from agecheck.bench.machine import describe_machine
from agecheck.bootstrap import build_session
from agecheck.live_script import draw_script
from agecheck.policy import EffectivePolicy
from benchmarks.actors import Person
from benchmarks.clips import Frame
from benchmarks.live_runs import pipeline

RESULTS = Path(__file__).parent / "results" / "live_long.json"
FRAME_STEP_MS = 33
SESSION_FRAMES = 450
N_RENDERED = 90
TICK_FRAMES = 15
WARM_UP_SESSIONS = 2
"""The allocator keeps what the first two have freed."""
MIN_REAL_TIME_FACTOR = 1.0
MAX_GROWTH_BYTES = 5 << 20
QUIET = 0.1
MAX_SLOWING = 1.25
"""Quiet moments of one machine differ by a tenth; what grows with every frame grows past it."""
EXPECTED_END = "OVER"
"""A session that ends as an attack looks at no more frames: they would cost nothing."""
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Slice:
    """What a run of frames cost.

    Attributes:
        frames: how many there were.
        ended: how many sessions ended how.
        seconds: of the clock, for everything.
        real_time_factor: how much faster than 30 frames a second; above 1 is fast enough.
        first_ms, last_ms: processor time a frame while nothing else ran on the machine, in the
            first and the last tenth: the tenth percentile.
        median_ms, p99_ms: the same over all frames, whatever else ran.
        growth_bytes: highest resident memory at the end of a session, over that at the end of the
            warm-up: the first tenth of the sessions, and WARM_UP_SESSIONS at least.
        new_descriptors: the same of open descriptors.
    """

    frames: int
    ended: dict[str, int]
    seconds: float
    real_time_factor: float
    first_ms: float
    last_ms: float
    median_ms: float
    p99_ms: float
    growth_bytes: int
    new_descriptors: int

    def missed(self) -> list[str]:
        """The limits that were not held, by the name of the figure."""
        held = {
            "ended": set(self.ended) == {EXPECTED_END},
            "real_time_factor": self.real_time_factor > MIN_REAL_TIME_FACTOR,
            "last_ms": self.last_ms <= MAX_SLOWING * self.first_ms,
            "growth_bytes": self.growth_bytes <= MAX_GROWTH_BYTES,
            "new_descriptors": self.new_descriptors <= 0,
        }
        return [name for name, is_held in held.items() if not is_held]


def run_frames(n_frames: int) -> Slice:
    """Run frames through passive sessions that are never told to end, each SESSION_FRAMES long."""
    rendered = _rendered()
    random = np.random.default_rng(1)
    noise = random.integers(-3, 4, rendered[0].shape, np.int16)
    policy = EffectivePolicy(18, 25.0, 3, "passive")
    costs_ms = np.full(n_frames, np.nan)  # written to, so that it is resident from the start
    resident_bytes: list[int] = []
    descriptors: list[int] = []
    ended: Counter[str] = Counter()
    began_s = time.monotonic()
    for first in range(0, n_frames, SESSION_FRAMES):
        session = build_session(pipeline(), policy, 10.0, draw_script("passive").to_bytes())
        for index in range(first, min(first + SESSION_FRAMES, n_frames)):
            frame = _with_noise(rendered[_to_and_fro(index - first)], noise, random)
            frame_began_s = time.thread_time()
            session.see(frame, (index - first) * FRAME_STEP_MS)
            if index % TICK_FRAMES == 0:
                session.tick()
            costs_ms[index] = (time.thread_time() - frame_began_s) * 1000
        result = session.finish()
        ended[str(result.reason or result.verdict)] += 1
        resident_bytes.append(_resident_bytes())
        descriptors.append(_descriptors())
    seconds = time.monotonic() - began_s
    tenth = max(1, n_frames // 10)
    return Slice(
        frames=n_frames,
        ended=dict(ended),
        seconds=round(seconds, 1),
        real_time_factor=round(n_frames * FRAME_STEP_MS / 1000 / seconds, 2),
        first_ms=round(float(np.quantile(costs_ms[:tenth], QUIET)), 2),
        last_ms=round(float(np.quantile(costs_ms[-tenth:], QUIET)), 2),
        median_ms=round(float(np.median(costs_ms)), 2),
        p99_ms=round(float(np.quantile(costs_ms, 0.99)), 2),
        growth_bytes=_rise(resident_bytes),
        new_descriptors=_rise(descriptors),
    )


def _rise(levels: list[int]) -> int:
    after_warm_up = levels[max(WARM_UP_SESSIONS, len(levels) // 10) - 1 :]
    return max(after_warm_up) - after_warm_up[0]


def _rendered() -> list[Frame]:
    person = Person(0)
    return [person.frame(index * FRAME_STEP_MS) for index in range(N_RENDERED)]


def _to_and_fro(index: int) -> int:
    """So that the person does not jump where the rendered frames end."""
    place = index % (2 * N_RENDERED - 2)
    return place if place < N_RENDERED else 2 * N_RENDERED - 2 - place


def _with_noise(frame: Frame, noise: np.ndarray, random: np.random.Generator) -> Frame:
    """No two frames are equal, but for one pair in 300,000."""
    shift = random.integers(frame.shape[:2])
    return np.asarray(np.clip(frame + np.roll(noise, shift, (0, 1)), 0, 255), np.uint8)


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def main(arguments: list[str] | None = None) -> int:
    """Run, print, write; 1 when a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=216_000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    done = run_frames(options.frames)
    document = {
        "schema": "agecheck-live-long/1",
        **asdict(done),
        "missed": done.missed(),
        "machine": describe_machine(),
    }
    text = json.dumps(document, indent=1) + "\n"
    options.out.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return 1 if done.missed() else 0


if __name__ == "__main__":
    sys.exit(main())
