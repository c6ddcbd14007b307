"""Pools and checkers that a whole module shares: each costs a start of its fork server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agecheck import AgeChecker, AgePolicy, load_checker
from agecheck.seal.pool import WorkerPool
from agecheck.seal.setup import WorkerSetup

DEADLINE_S = 1.0


@pytest.fixture(scope="module")
def obedient() -> Iterator[WorkerPool]:
    """Workers that do as they are told; see seal.tasks."""
    setup = WorkerSetup("seal.tasks:Obedient", max_checks=1000, deadline_s=DEADLINE_S)
    pool = WorkerPool(setup, concurrency=2)
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def checker() -> Iterator[AgeChecker]:
    """As shipped, but at a challenge age that the portrait passes."""
    with load_checker(AgePolicy(age_limit=18, challenge_age=25)) as checker:
        yield checker


@pytest.fixture(scope="module")
def unsealed() -> AgeChecker:
    """The same in this process."""
    return load_checker(AgePolicy(age_limit=18, challenge_age=25), seal="off")
