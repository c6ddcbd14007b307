"""How long a check takes on this machine: percentiles, stages, cold start, callers, memory.

Accuracy and latency are separate runs: this one looks at a few pictures many times over.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from agecheck._version import __version__
from agecheck.bench.machine import describe_machine, load_average
from agecheck.bench.processes import HEAVIEST_IMPORTS, peak_memory_mib, run_timed_ms
from agecheck.bench.stages import STAGES, StagedCheck
from agecheck.bench.timing import interleaved_ms, percentile_ms, percentiles_ms
from agecheck.bootstrap import build_estimator, build_pipeline, load_checker
from agecheck.calibration import shipped_calibration
from agecheck.checker import AgeChecker
from agecheck.errors import AgecheckError
from agecheck.image.header import read_header
from agecheck.models.store import ModelStore
from agecheck.policy import AgePolicy
from agecheck.verdict import AFTER_THE_ESTIMATE

SCHEMA = "agecheck-bench-latency/1"
_NOTE = (
    "Times of whole checks as callers see them, of these pictures, on this machine, with whatever "
    "else ran on it. The networks run on one thread; callers are threads that share one checker."
)

Document = dict[str, Any]


class LatencyError(AgecheckError, ValueError):
    """A picture is not one to time checks on; the message gives its number, never its name."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to time, and how often.

    Attributes:
        paths: of the pictures; each has one usable face.
        rounds: checks of each kind.
        cold_rounds: starts of each command.
        callers: the most threads that share a checker.
        caller_repeats: measurements of each number of callers.
        checks_a_caller: what each of them asks for in one measurement.
        batches: how many pictures one command gets; 1 is among them.
        memory_runs: commands that are weighed.
    """

    paths: Sequence[Path]
    rounds: int
    cold_rounds: int
    callers: int
    caller_repeats: int = 5
    checks_a_caller: int = 20
    batches: Sequence[int] = (1, 8, 32)
    memory_runs: int = 3


def measure(plan: Plan, on_step: Callable[[str], None]) -> Document:
    """Run everything; docs/reference/bench.md describes what comes out.

    Args:
        on_step: told what begins.

    Raises:
        LatencyError: a picture cannot be read, or its check ends before an age is estimated.
        ImageError: a picture cannot be used.
        SealError, ModelError, CalibrationError: as `load_checker` has them.
        CommandError: the command failed.
    """
    started_s, load_before = time.monotonic(), load_average()
    pictures = [_read(path, number) for number, path in enumerate(plan.paths, start=1)]
    staged = _staged_check()
    for number, encoded in enumerate(pictures, start=1):
        _require_full_check(staged, encoded, number)
    with load_checker() as checker:
        on_step("warm checks")
        warm = _warm(staged, checker, pictures, plan.rounds)
        on_step("callers")
        callers = _callers(checker, pictures, plan)
        seal = str(checker.seal)
    on_step("cold commands")
    cold = _cold(plan)
    on_step("memory")
    memory = [peak_memory_mib(_command(plan.paths, 1)) for _ in range(plan.memory_runs)]
    taken = [peak_mib for peak_mib in memory if peak_mib is not None]
    return {
        "schema": SCHEMA,
        "note": _NOTE,
        "pictures": [_describe(encoded) for encoded in pictures],
        "bundle": {"agecheck": __version__, "models_digest": ModelStore().digest()},
        "seal": seal,
        **warm,
        "callers": callers,
        **cold,
        "peak_memory_mib": round(max(taken), 1) if taken else None,
        "run": {
            "machine": describe_machine(),
            "load_average_before": load_before,
            "rounds": plan.rounds,
            "cold_rounds": plan.cold_rounds,
            "seconds": round(time.monotonic() - started_s, 1),
        },
    }


def _read(path: Path, number: int) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise LatencyError(f"picture {number} cannot be read") from None


def _staged_check() -> StagedCheck:
    store, calibration = ModelStore(), shipped_calibration()
    return StagedCheck(
        build_pipeline(store, build_estimator(store, calibration.fusion)),
        AgePolicy().resolve(calibration.challenge_ages_years),
        calibration.max_sd_years,
    )


def _require_full_check(staged: StagedCheck, encoded: bytes, number: int) -> None:
    reason = staged.check(encoded)[0].reason
    if reason is not None and reason not in AFTER_THE_ESTIMATE:
        raise LatencyError(
            f"the check of picture {number} ends before an age is estimated ({reason}): "
            "its time would be less than that of a check"
        )


def _warm(
    staged: StagedCheck, checker: AgeChecker, pictures: Sequence[bytes], rounds: int
) -> Document:
    """Checks as callers make them, sealed or not, and the stages of those in this process."""
    stages_ms: dict[str, list[float]] = {stage: [] for stage in STAGES}

    def in_process(encoded: bytes) -> None:
        for stage, spent_ms in staged.check(encoded)[1].items():
            stages_ms[stage].append(spent_ms)

    timings_ms = interleaved_ms(
        {
            "default": _in_turn(checker.check, pictures),
            "unsealed": _in_turn(in_process, pictures),
        },
        rounds,
    )
    return {
        "check_ms": {name: percentiles_ms(times_ms) for name, times_ms in timings_ms.items()},
        "stages_ms": {
            stage: percentiles_ms(times_ms[-rounds:]) for stage, times_ms in stages_ms.items()
        },
    }


def _in_turn(check: Callable[[bytes], object], pictures: Sequence[bytes]) -> Callable[[], object]:
    """A call that takes the next picture each time."""
    turn = count()
    return lambda: check(pictures[next(turn) % len(pictures)])


def _callers(checker: AgeChecker, pictures: Sequence[bytes], plan: Plan) -> list[Document]:
    """How many checks a second threads get from one checker that they share."""

    def calls(index: int) -> None:
        for turn in range(plan.checks_a_caller):
            checker.check(pictures[(index + turn) % len(pictures)])

    def all_of(callers: int) -> None:
        with ThreadPoolExecutor(callers) as pool:
            list(pool.map(calls, range(callers)))

    subjects = {str(n): _bound(all_of, n) for n in range(1, plan.callers + 1)}
    times_ms = interleaved_ms(subjects, plan.caller_repeats, warm_up_rounds=1)
    rows = []
    for callers in range(1, plan.callers + 1):
        rates = [1e3 * callers * plan.checks_a_caller / t for t in times_ms[str(callers)]]
        rows.append(
            {
                "callers": callers,
                "checks_per_s": round(median(rates), 1),
                "lowest": round(min(rates), 1),
                "highest": round(max(rates), 1),
            }
        )
    return rows


def _bound(call: Callable[[int], None], number: int) -> Callable[[], None]:
    return lambda: call(number)


def _command(paths: Sequence[Path], pictures: int) -> list[str]:
    """`agecheck check` on so many pictures, which answers as soon as it can."""
    files = [str(paths[index % len(paths)].absolute()) for index in range(pictures)]
    return [*(sys.executable, "-m", "agecheck", "check", "--release-quantum-ms", "0"), *files]


def _cold(plan: Plan) -> Document:
    """Whole processes: with one picture, with several, and Python with the two largest imports."""
    commands: Mapping[str, Sequence[str]] = {
        "imports": HEAVIEST_IMPORTS,
        **{str(batch): _command(plan.paths, batch) for batch in plan.batches},
    }
    subjects = {name: _run(command) for name, command in commands.items()}
    times_ms = interleaved_ms(subjects, plan.cold_rounds, warm_up_rounds=1)
    return {
        "cold_start_ms": {
            "command": percentile_ms(times_ms["1"], 50),
            "imports": percentile_ms(times_ms["imports"], 50),
        },
        "batch": [
            {
                "pictures": batch,
                "ms_a_picture": percentile_ms([t / batch for t in times_ms[str(batch)]], 50),
            }
            for batch in plan.batches
        ],
    }


def _run(command: Sequence[str]) -> Callable[[], float]:
    return lambda: run_timed_ms(command)


def _describe(encoded: bytes) -> Document:
    header = read_header(encoded)
    return {"size_px": [header.height_px, header.width_px], "encoded_bytes": len(encoded)}
