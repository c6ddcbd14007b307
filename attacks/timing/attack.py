"""Poisoned code answers late, by as much as it wants to say."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from agecheck.challenge import Challenge
from agecheck.checker import DEFAULT_RELEASE_QUANTUM_MS, AgeChecker
from agecheck.policy import EffectivePolicy
from agecheck.seal.pool import WorkerPool
from agecheck.seal.setup import WorkerSetup
from agecheck.token import DeviceKey
from agecheck.verdict import CheckResult, Verdict
from attacks.trial import Outcome, outcome

DELAYS_MS = (0, 10, 20, 30)
_ROUNDS = 7
_AUDIENCE, _NONCE = "https://shop.example", "0123456789abcdef"
_SHOWS_S = 0.005
"""Differences above this are seen by anybody with a clock."""


class Late:
    """Answers OVER, as many milliseconds late as the picture's first byte says."""

    def before_seal(self) -> None:
        pass

    def check(self, source: Any) -> CheckResult:
        until_s = time.monotonic() + source[0] / 1000
        while time.monotonic() < until_s:
            pass
        return CheckResult(Verdict.OVER)

    def open_session(self, script: bytes) -> Any:
        raise NotImplementedError


def run() -> Iterator[Outcome]:
    """Without the quantum the delays show; with it, every token comes at the same multiple."""
    setup = WorkerSetup(f"{__name__}:Late", max_checks=1000)
    pool = WorkerPool(setup, concurrency=1)
    try:
        at_once = _release_times_s(pool, 0)
        on_quantum = _release_times_s(pool, DEFAULT_RELEASE_QUANTUM_MS)
    finally:
        pool.close()
    steps = [late - early for early, late in pairwise(at_once)]
    spread_ms = (max(on_quantum) - min(on_quantum)) * 1000
    yield outcome(
        f"0 to {DELAYS_MS[-1]} ms late, within the quantum",
        control=min(steps) > _SHOWS_S,
        succeeded=spread_ms / 1000 > _SHOWS_S,
        by=f"tokens come within {spread_ms:.1f} ms of each other",
    )


def _release_times_s(pool: WorkerPool, quantum_ms: int) -> list[float]:
    """The median time to a token, for each of DELAYS_MS."""
    policy = EffectivePolicy(18, 25.0, 3)
    checker = AgeChecker(
        pool.check,
        policy,
        bundle_digest="0" * 64,
        seal=pool.state,
        release_quantum_ms=quantum_ms,
    )
    challenge = Challenge(_AUDIENCE, _NONCE, policy.age_limit)
    with tempfile.TemporaryDirectory() as folder:
        signer = DeviceKey.create(Path(folder) / "key").signer(_AUDIENCE)
        times_s: dict[int, list[float]] = {delay_ms: [] for delay_ms in DELAYS_MS}
        for _ in range(_ROUNDS):
            for delay_ms in DELAYS_MS:
                began_s = time.monotonic()
                checker.attest(bytes([delay_ms]), challenge, signer)
                times_s[delay_ms].append(time.monotonic() - began_s)
    return [statistics.median(times) for times in times_s.values()]
