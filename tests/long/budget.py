"""How long each long test runs, and what it draws its cases from."""

from __future__ import annotations

import os
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

SECONDS = float(os.environ.get("LONG_SECONDS", "60"))
SEED = int(os.environ.get("LONG_SEED") or time.time())
FEWEST_CASES = 20
SLOWEST_CASE_S = 20.0
"""A picture that takes longer than this is a way to stop a kiosk. By the clock: a sealed worker's
processor time is not ours to read."""

SHARES = {
    "damaged bytes": 0.22,
    "framings": 0.16,
    "no face": 0.14,
    "cats": 0.08,
    "tokens": 0.03,
    "verifiers": 0.03,
    "soak": 0.14,
    "sealed soak": 0.06,
    "live frames": 0.06,
    "camera faults": 0.08,
}


@dataclass
class LongRun:
    """One test's share of the time. Case n of a seed is the same whatever ran before it."""

    name: str
    count: int = 0
    slowest_s: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    notes: str = ""

    @property
    def seconds(self) -> float:
        return SECONDS * SHARES[self.name]

    def cases(self, fewest: int = FEWEST_CASES) -> Iterator[np.random.Generator]:
        """A source of randomness for each case, until the time is up."""
        end_s = time.monotonic() + self.seconds
        while self.count < fewest or time.monotonic() < end_s:
            self.count += 1
            start_s = time.monotonic()
            yield self.randomness(self.count)
            self.slowest_s = max(self.slowest_s, time.monotonic() - start_s)
            assert self.slowest_s < SLOWEST_CASE_S, self.summary()

    def randomness(self, case: int) -> np.random.Generator:
        return np.random.default_rng([SEED, zlib.crc32(self.name.encode()), case])

    def summary(self) -> str:
        outcomes = ", ".join(f"{name} {count}" for name, count in self.outcomes.most_common())
        return "; ".join(
            [
                f"{self.name}: {self.count} cases (LONG_SEED={SEED})",
                f"slowest {self.slowest_s:.2f} s",
                *([self.notes] if self.notes else []),
                outcomes,
            ]
        )
