"""Does the seal last? Many checks in one process, then workers killed at random moments.

Part of `benchmarks.seal --soak`. Nothing may grow, hang, be left behind, or answer wrongly.
"""

from __future__ import annotations

import os
import random
import statistics
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from agecheck import AgeChecker, AgePolicy, Verdict, load_checker
from agecheck.errors import WorkerError
from benchmarks.figures import report
from benchmarks.processes import children, descriptors, family, kill_child, rss_bytes, zombies
from benchmarks.sample import selfie_jpeg

CHECKS = 10_000
WARM_UP_CHECKS = 1_000
SAMPLE_EVERY_CHECKS = 47
"""No divisor of a worker's life, so that samples fall on every part of it."""
KILLS = 200
CHECKS_AFTER_KILLS = 100
DEADLINE_S = 10.0
SETTLE_S = 1.0
_SMALL_SELFIE_PX = (640, 480)

LIMITS = {
    "soak_wrong": ("at most", 0),
    "soak_caller_rss_deviation_mb": ("at most", 5.0),
    "soak_fork_server_rss_deviation_mb": ("at most", 5.0),
    "soak_caller_descriptors_growth": ("at most", 0),
    "soak_fork_server_descriptors_growth": ("at most", 0),
    "soak_processes_growth": ("at most", 0),
    "kills": ("at least", KILLS),
    "kills_during_a_check": ("at least", 1),
    "kills_wrong": ("at most", 0),
    "kills_other_errors": ("at most", 0),
    "kills_longest_call_ms": ("at most", DEADLINE_S * 1e3),
    "kills_zombies_left": ("at most", 0),
    "kills_processes_growth": ("at most", 0),
    "kills_caller_descriptors_growth": ("at most", 0),
    "kills_later_calls_right": ("at least", CHECKS_AFTER_KILLS),
}


@dataclass
class _Samples:
    """What the processes held, now and then."""

    series: dict[str, list[int]] = field(default_factory=dict)

    def take(self) -> None:
        caller = os.getpid()
        (server,) = children(caller)
        now = {
            "caller_rss": rss_bytes(caller),
            "fork_server_rss": rss_bytes(server),
            "caller_descriptors": descriptors(caller),
            "fork_server_descriptors": descriptors(server),
            "processes": len(family(caller)),
        }
        for name, value in now.items():
            self.series.setdefault(name, []).append(value)

    def deviation_mb(self, name: str) -> float:
        """How far from the median it ever was, either way."""
        values = self.series[name]
        middle = statistics.median(values)
        return max(abs(value - middle) for value in values) / 1e6

    def growth(self, name: str) -> float:
        """The last quarter's median less the first one's: a leak of one a worker shows as many."""
        values = self.series[name]
        quarter = len(values) // 4
        return statistics.median(values[-quarter:]) - statistics.median(values[:quarter])


class _Killer(threading.Thread):
    """Kills a worker of this process's fork server, any of them, at moments drawn at random."""

    def __init__(self, kills: int, longest_pause_s: float) -> None:
        super().__init__()
        self._kills, self._longest_pause_s = kills, longest_pause_s
        self._random = random.Random(0)  # noqa: S311
        self.killed = 0

    def run(self) -> None:
        while self.killed < self._kills:
            time.sleep(self._random.uniform(0, self._longest_pause_s))
            self.killed += self._kill_one()

    def _kill_one(self) -> bool:
        for server in children(os.getpid()):
            workers = children(server)
            if workers:
                return kill_child(self._random.choice(workers), server)
        return False


def measure(out: Path, *, checks: int = CHECKS, kills: int = KILLS) -> list[str]:
    """Soak, then kill; the figures that miss their limits."""
    jpeg = selfie_jpeg(*_SMALL_SELFIE_PX)
    with load_checker(AgePolicy(challenge_age=25), deadline_s=DEADLINE_S) as checker:
        figures, settled = _soak(checker, jpeg, checks)
        figures |= _kill_workers(checker, jpeg, kills, figures["soak_check_ms"] / 1e3, settled)
    facts = {"picture": "sample portrait, JPEG, 640 x 480 (height, width)", "checks": checks}
    return report(figures, LIMITS, facts, out)


def _soak(checker: AgeChecker, jpeg: bytes, checks: int) -> tuple[dict[str, float], _Samples]:
    samples = _Samples()
    wrong = 0
    started_s = time.perf_counter()
    for index in range(checks):
        wrong += checker.check(jpeg).verdict is not Verdict.OVER
        if index >= min(WARM_UP_CHECKS, checks // 10) and index % SAMPLE_EVERY_CHECKS == 0:
            samples.take()
    elapsed_s = time.perf_counter() - started_s
    return {
        "soak_checks": checks,
        "soak_check_ms": elapsed_s / checks * 1e3,
        "soak_wrong": wrong,
        "soak_caller_rss_mb": statistics.median(samples.series["caller_rss"]) / 1e6,
        "soak_caller_rss_deviation_mb": samples.deviation_mb("caller_rss"),
        "soak_fork_server_rss_deviation_mb": samples.deviation_mb("fork_server_rss"),
        "soak_caller_descriptors_growth": samples.growth("caller_descriptors"),
        "soak_fork_server_descriptors_growth": samples.growth("fork_server_descriptors"),
        "soak_processes_growth": samples.growth("processes"),
        "soak_processes_most": max(samples.series["processes"]),
    }, samples


def _kill_workers(
    checker: AgeChecker, jpeg: bytes, kills: int, check_s: float, settled: _Samples
) -> dict[str, float]:
    killer = _Killer(kills, 4 * check_s)
    right = wrong = died = other = 0
    longest_ms = 0.0
    killer.start()
    while killer.is_alive():
        started_s = time.perf_counter()
        try:
            verdict = checker.check(jpeg).verdict
            right, wrong = right + (verdict is Verdict.OVER), wrong + (verdict is not Verdict.OVER)
        except WorkerError:
            died += 1  # the only honest answer when its worker is gone
        except Exception:
            other += 1
        longest_ms = max(longest_ms, (time.perf_counter() - started_s) * 1e3)
    killer.join()
    later_right = sum(
        checker.check(jpeg).verdict is Verdict.OVER for _ in range(CHECKS_AFTER_KILLS)
    )
    time.sleep(SETTLE_S)
    after = _Samples()
    after.take()
    before = {name: max(values) for name, values in settled.series.items()}
    return {
        "kills": killer.killed,
        "kills_right_answers": right,
        "kills_during_a_check": died,
        "kills_wrong": wrong,
        "kills_other_errors": other,
        "kills_longest_call_ms": longest_ms,
        "kills_zombies_left": zombies(family(os.getpid())),
        "kills_processes_growth": max(0, after.series["processes"][0] - before["processes"]),
        "kills_caller_descriptors_growth": max(
            0, after.series["caller_descriptors"][0] - before["caller_descriptors"]
        ),
        "kills_later_calls_right": later_right,
    }
