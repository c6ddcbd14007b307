"""Where a worker runs: beside a caller that goes on, in the place of one that waits."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from agecheck import AgeChecker, AgePolicy, load_checker
from agecheck.seal.live_channel import LiveChannel
from seal.processes import PORTRAIT, first_worker_pid, pool_of

POLICY = AgePolicy(age_limit=18, challenge_age=25)
ALL = os.sched_getaffinity(0)


@pytest.fixture(scope="module")
def checker() -> Iterator[AgeChecker]:
    with load_checker(POLICY) as checker:
        yield checker


@pytest.mark.parametrize("processor", sorted(ALL))
def test_a_check_runs_on_its_callers_processor(checker: AgeChecker, processor: int) -> None:
    """Its caller waits, so the processor is free, awake and at speed."""
    found: list[set[int]] = []

    def ask() -> None:
        os.sched_setaffinity(0, {processor})  # of this thread alone
        checker.check(PORTRAIT)
        found.append(os.sched_getaffinity(first_worker_pid(pool_of(checker))))

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join()
    assert found == [{processor}]


def test_a_live_session_may_run_anywhere(checker: AgeChecker) -> None:
    """Its caller takes the next frame meanwhile, also when the worker had checked a picture."""
    checker.check(PORTRAIT)
    pool = pool_of(checker)
    pid = first_worker_pid(pool)
    with LiveChannel(pool, b"a live session"):
        assert os.sched_getaffinity(pid) == ALL
