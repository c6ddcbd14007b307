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
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from agecheck.bootstrap import build_session
from agecheck.live_script import draw_script
from agecheck.policy import EffectivePolicy
from benchmarks.actors import Person
from benchmarks.clips import Frame
from benchmarks.live_runs import pipeline

FRAME_STEP_MS = 33
SESSION_FRAMES = 450
N_RENDERED = 90
TICK_FRAMES = 15
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Slice:
    """What a run of frames cost.

    Attributes:
        frames, sessions: how many there were.
        seconds: of the clock, for everything.
        real_time_factor: how much faster than 30 frames a second; above 1 is fast enough.
        first_ms, last_ms: median processor time a frame, in the first and the last tenth.
        growth_bytes: resident memory at the end over that after the first tenth.
        new_descriptors: open at the end over those after the first tenth.
    """

    frames: int
    sessions: int
    seconds: float
    real_time_factor: float
    first_ms: float
    last_ms: float
    growth_bytes: int
    new_descriptors: int


def run_frames(n_frames: int, *, liveness: str = "passive", max_seconds: float = 1e9) -> Slice:
    """Run frames through sessions that are never told to end, each SESSION_FRAMES long."""
    rendered = _rendered()
    random = np.random.default_rng(1)
    noise = random.integers(-3, 4, rendered[0].shape, np.int16)
    policy = EffectivePolicy(18, 25.0, 3, liveness)
    costs_ms: list[float] = []
    after_warm_up: tuple[int, int] | None = None
    session, n_sessions = None, 0
    began_s = time.monotonic()
    for index in range(n_frames):
        if index % SESSION_FRAMES == 0:
            if session is not None:
                session.finish()
            script = draw_script(liveness)
            session = build_session(pipeline(), policy, 10.0, script.to_bytes())
            n_sessions += 1
        frame = _with_noise(rendered[_to_and_fro(index)], noise, random)
        frame_began_s = time.thread_time()
        if session is not None:
            session.see(frame, index % SESSION_FRAMES * FRAME_STEP_MS)
            if index % TICK_FRAMES == 0:
                session.tick()
        costs_ms.append((time.thread_time() - frame_began_s) * 1000)
        if index == n_frames // 10:
            after_warm_up = (_resident_bytes(), _descriptors())
        if time.monotonic() - began_s > max_seconds:
            break
    seconds, n = time.monotonic() - began_s, len(costs_ms)
    resident_bytes, descriptors = after_warm_up or (_resident_bytes(), _descriptors())
    tenth = max(1, n // 10)
    return Slice(
        frames=n,
        sessions=n_sessions,
        seconds=round(seconds, 1),
        real_time_factor=round(n * FRAME_STEP_MS / 1000 / seconds, 2),
        first_ms=round(float(np.median(costs_ms[:tenth])), 2),
        last_ms=round(float(np.median(costs_ms[-tenth:])), 2),
        growth_bytes=_resident_bytes() - resident_bytes,
        new_descriptors=_descriptors() - descriptors,
    )


def _rendered() -> list[Frame]:
    person = Person(0)
    return [person.frame(index * FRAME_STEP_MS) for index in range(N_RENDERED)]


def _to_and_fro(index: int) -> int:
    """So that the person does not jump where the rendered frames end."""
    place = index % (2 * N_RENDERED - 2)
    return place if place < N_RENDERED else 2 * N_RENDERED - 2 - place


def _with_noise(frame: Frame, noise: np.ndarray, random: np.random.Generator) -> Frame:
    """No two frames are equal."""
    shift = int(random.integers(frame.shape[0]))
    return np.asarray(np.clip(frame + np.roll(noise, shift, 0), 0, 255), np.uint8)


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def main(arguments: list[str] | None = None) -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=216_000)
    parser.add_argument("--liveness", choices=("passive", "active"), default="passive")
    options = parser.parse_args(arguments)
    done = run_frames(options.frames, liveness=options.liveness)
    sys.stdout.write(json.dumps(asdict(done), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
