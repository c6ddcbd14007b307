"""When an answer is let out: at whole multiples of the quantum, failures included."""

from __future__ import annotations

import math
import time
from contextlib import nullcontext

import pytest

from agecheck import checker as checker_module
from agecheck.challenge import Challenge
from agecheck.checker import AgeChecker, sleep_to_quantum
from agecheck.errors import ImageError, ImageFault, InternalError, WorkerError, WorkerFault
from agecheck.policy import EffectivePolicy
from agecheck.seal_state import OPEN
from agecheck.verdict import CheckResult, Verdict
from unit.fakes import FakeSigner

AUDIENCE = "https://shop.example"
CHALLENGE = Challenge(AUDIENCE, "nonce-of-the-shop-0001", 18)
QUANTUM_MS = 60


class Clock:
    """Time that passes only where somebody works or sleeps: a busy machine changes nothing."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def elapsed_ms(self) -> float:
        return (self.now_s - 1000.0) * 1000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(checker_module, "time", clock)
    return clock


def checker_that(clock: Clock, outcome: CheckResult | Exception, after_ms: float) -> AgeChecker:
    def run_check(_: object) -> CheckResult:
        clock.sleep(after_ms / 1000)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return AgeChecker(
        run_check,
        EffectivePolicy(18, 25.0, 3),
        bundle_digest="ab" * 32,
        seal=OPEN,
        release_quantum_ms=QUANTUM_MS,
    )


@pytest.mark.parametrize("after_ms", [1, 20, 59, 61, 150])
@pytest.mark.parametrize(
    ("outcome", "raised"),
    [
        (CheckResult(Verdict.OVER), None),
        (ImageError(ImageFault.CORRUPT), ImageError),
        (WorkerError(WorkerFault.DIED), WorkerError),
        (RuntimeError("unforeseen"), InternalError),
    ],
)
def test_an_attestation_ends_on_the_quantum(
    clock: Clock,
    outcome: CheckResult | Exception,
    raised: type[Exception] | None,
    after_ms: float,
) -> None:
    """A worker could otherwise tell something by the moment at which it fails."""
    checker = checker_that(clock, outcome, after_ms)
    with nullcontext() if raised is None else pytest.raises(raised):
        checker.attest(b"picture", CHALLENGE, FakeSigner(AUDIENCE, []))
    quanta = math.ceil(after_ms / QUANTUM_MS)
    assert clock.elapsed_ms() == pytest.approx(quanta * QUANTUM_MS, abs=0.001)


def test_a_check_is_not_held_back(clock: Clock) -> None:
    """Its caller has the picture: a delay would hide nothing."""
    checker_that(clock, CheckResult(Verdict.OVER), 20).check(b"picture")
    assert clock.elapsed_ms() == pytest.approx(20, abs=0.001)


def test_a_late_answer_waits_for_the_next_multiple(clock: Clock) -> None:
    """Not for the remainder of nothing: 70 ms at a quantum of 60 are released at 120."""
    sleep_to_quantum(clock.now_s - 0.070, QUANTUM_MS)
    assert clock.elapsed_ms() == pytest.approx(50, abs=0.001)


def test_a_quantum_of_zero_waits_for_nothing(clock: Clock) -> None:
    """Whoever measures speed can turn it off."""
    sleep_to_quantum(clock.now_s - 0.001, 0)
    assert clock.elapsed_ms() == 0


def test_the_clock_is_a_real_one() -> None:
    """Unless a test changes it: a real sleep is at least as long as it has to be."""
    began_s = time.monotonic()
    sleep_to_quantum(began_s, 20)
    assert time.monotonic() - began_s >= 0.019
