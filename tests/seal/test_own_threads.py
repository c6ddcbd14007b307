"""A task that starts threads: they are all behind the walls, and the state says what is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agecheck import SealError
from agecheck.seal.pool import WorkerPool
from agecheck.seal.setup import WorkerSetup
from agecheck.seal_state import SealLevel, Wall
from seal import threaded
from seal.processes import first_worker_pid
from seal.tasks import NO_FACE, OVER


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool(threaded.setup(), concurrency=1)
    yield pool
    pool.close()


def test_all_but_one_wall_stand(pool: WorkerPool) -> None:
    """It is not called sealed, even where everything can be had."""
    assert pool.state.level is SealLevel.PARTIAL
    assert pool.state.missing == (Wall.SINGLE_THREAD,)


def test_every_thread_carries_the_filter(pool: WorkerPool) -> None:
    """The caller has looked before it hands a picture over; so does this test."""
    threads = list(Path(f"/proc/{first_worker_pid(pool)}/task").iterdir())
    assert len(threads) == 2
    assert all("\nSeccomp:\t2\n" in (thread / "status").read_text() for thread in threads)


def test_the_thread_was_behind_landlock_from_its_start(pool: WorkerPool) -> None:
    """It could read what it was granted, and not a file beside it."""
    assert pool.check(b"read at start") == OVER


@pytest.mark.parametrize(
    "attempt", ["read", "write", "flood", "socket", "pair", "process", "signal"]
)
def test_the_thread_is_refused(attempt: str, pool: WorkerPool) -> None:
    """What would kill the default worker fails here, in a thread that is not the main one."""
    pid = first_worker_pid(pool)
    assert pool.check(attempt.encode()) == NO_FACE
    assert first_worker_pid(pool) == pid


def test_a_further_thread_is_born_behind_the_filter(pool: WorkerPool) -> None:
    """A library may start threads at any time: a new one can do no more than the old ones."""
    assert pool.check(b"thread") == OVER


def test_threads_that_were_not_announced_are_not_sealed() -> None:
    """Without the grant a task with a thread of its own gets no worker."""
    unannounced: WorkerSetup = replace(threaded.setup(), own_threads=None)
    with pytest.raises(SealError, match="single-thread"):
        WorkerPool(unannounced, concurrency=1)
