"""Puts the seal to the test: which walls stand, and how a worker fares that runs into them."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from agecheck.errors import InternalError, WorkerError, WorkerFault
from agecheck.seal_state import Wall

if TYPE_CHECKING:
    from agecheck.seal.pool import WorkerPool

DEADLINE_S = 5.0


class Ending(StrEnum):
    """How an attempt in a sealed worker ended."""

    ANSWERED = "answered"
    """It went through."""
    DIED = "died"
    REFUSED = "refused"
    """It failed, and the worker lived to try another way."""


@dataclass(frozen=True, slots=True)
class SealHealth:
    """What stands around a worker here.

    Attributes:
        walls: name of a wall -> whether it stands.
        attempts: what a worker tried -> how it ended.
        problems: one sentence for each of them that is not as it should be.
    """

    walls: dict[str, bool] = field(default_factory=dict)
    attempts: dict[str, Ending] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def examine_walls() -> SealHealth:
    """Have a worker like that of a check try what it must not; empty where there is no seal.

    Raises:
        SealError: no worker can be had.
    """
    health = SealHealth()
    if sys.platform != "linux":
        return health
    from agecheck.seal.pool import WorkerPool
    from agecheck.seal.probe import FACTORY, Attempt
    from agecheck.seal.setup import WorkerSetup

    pool = WorkerPool(WorkerSetup(FACTORY, deadline_s=DEADLINE_S), require_all=False)
    try:
        for wall in Wall:
            health.walls[wall] = wall not in pool.state.missing
            if not health.walls[wall]:
                health.problems.append(f"wall {wall}: missing")
        for attempt in Attempt:
            ending = _ending(pool, attempt.encode())
            wanted = Ending.ANSWERED if attempt is Attempt.NOTHING else Ending.DIED
            health.attempts[attempt] = ending
            if ending is not wanted:
                health.problems.append(f"a sealed worker that tries {attempt}: {ending}")
    finally:
        pool.close()
    return health


def _ending(pool: WorkerPool, attempt: bytes) -> Ending:
    try:
        pool.check(attempt)
    except InternalError:
        return Ending.REFUSED
    except WorkerError as error:
        return Ending.DIED if error.fault is WorkerFault.DIED else Ending.ANSWERED
    return Ending.ANSWERED
