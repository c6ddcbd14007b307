"""When an answer is let out: at whole multiples of the quantum, failures included."""

from __future__ import annotations

import time

import pytest

from agecheck.challenge import Challenge
from agecheck.checker import AgeChecker, sleep_to_quantum
from agecheck.errors import ImageError, ImageFault, WorkerError, WorkerFault
from agecheck.policy import EffectivePolicy
from agecheck.seal_state import OPEN
from agecheck.verdict import CheckResult, Verdict
from unit.fakes import FakeSigner

AUDIENCE = "https://shop.example"
CHALLENGE = Challenge(AUDIENCE, "nonce-of-the-shop-0001", 18)
QUANTUM_MS = 60
SLACK_MS = 30
"""How late a busy machine may wake a sleeper."""


def elapsed_ms(began_s: float) -> float:
    return (time.monotonic() - began_s) * 1000


def checker_that(outcome: CheckResult | Exception, after_ms: float) -> AgeChecker:
    def run_check(_: object) -> CheckResult:
        time.sleep(after_ms / 1000)
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


@pytest.mark.parametrize("after_ms", [0, 20])
@pytest.mark.parametrize(
    "outcome",
    [
        CheckResult(Verdict.OVER),
        ImageError(ImageFault.CORRUPT),
        WorkerError(WorkerFault.DIED),
        RuntimeError("unforeseen"),
    ],
)
def test_an_attestation_ends_on_the_quantum(
    outcome: CheckResult | Exception, after_ms: float
) -> None:
    """A worker could otherwise tell something by the moment at which it fails."""
    checker = checker_that(outcome, after_ms)
    began_s = time.monotonic()
    if isinstance(outcome, Exception):
        with pytest.raises(Exception):  # noqa: B017, PT011
            checker.attest(b"picture", CHALLENGE, FakeSigner(AUDIENCE, []))
    else:
        checker.attest(b"picture", CHALLENGE, FakeSigner(AUDIENCE, []))
    assert QUANTUM_MS <= elapsed_ms(began_s) < QUANTUM_MS + SLACK_MS


def test_a_check_is_not_held_back() -> None:
    """Its caller has the picture: a delay would hide nothing."""
    checker = checker_that(CheckResult(Verdict.OVER), 0)
    began_s = time.monotonic()
    checker.check(b"picture")
    assert elapsed_ms(began_s) < QUANTUM_MS / 2


def test_a_late_answer_waits_for_the_next_multiple() -> None:
    """Not for the remainder of nothing: 70 ms at a quantum of 60 are released at 120."""
    began_s = time.monotonic() - 0.070
    sleep_to_quantum(began_s, QUANTUM_MS)
    assert 2 * QUANTUM_MS <= elapsed_ms(began_s) < 2 * QUANTUM_MS + SLACK_MS


def test_a_quantum_of_zero_waits_for_nothing() -> None:
    """Whoever measures speed can turn it off."""
    began_s = time.monotonic()
    sleep_to_quantum(began_s - 0.001, 0)
    assert elapsed_ms(began_s) < SLACK_MS
