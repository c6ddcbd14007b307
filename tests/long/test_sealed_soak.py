"""Sealed, with workers killed at random moments: no answer changes, and nothing is left behind."""

from __future__ import annotations

import os
import threading
import time

import numpy as np
import pytest

from agecheck import AgeChecker, AgePolicy, load_checker
from agecheck.errors import WorkerError
from benchmarks.processes import children, descriptors, family, kill_child, rss_bytes, zombies
from long.budget import LongRun
from long.test_picture_fuzz import outcome
from long.test_soak import RSS_TOLERANCE_BYTES, picture_of

KILL_SHARE = 0.3
LATEST_KILL_S = 0.05
"""Twice what a check takes: some come too late, and hit a worker that waits."""
SETTLE_S = 1.0


def kill_one(rng: np.random.Generator, server: int) -> None:
    """Any worker: the one that has the picture, or the one that was forked ahead."""
    if workers := children(server):
        kill_child(int(rng.choice(workers)), server)


def held(server: int) -> dict[str, int]:
    """What this process and the fork server hold when nothing is being checked."""
    time.sleep(SETTLE_S)
    return {
        "processes": len(family(os.getpid())),
        "descriptors": descriptors(os.getpid()),
        "fork server's descriptors": descriptors(server),
        "zombies": zombies(family(os.getpid())),
    }


# Pillow warns of odd metadata; as an error the warning would hide what comes after it.
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.long_share("sealed soak")
def test_killed_workers_leave_nothing_behind(long_run: LongRun) -> None:
    """A worker's death costs one check, and only the one that it was busy with."""
    policy = AgePolicy(age_limit=18, challenge_age=25)
    unsealed = load_checker(policy, seal="off")
    others = set(children(os.getpid()))
    with load_checker(policy) as sealed:
        (server,) = set(children(os.getpid())) - others
        found = outcome_or_death(sealed, picture_of(long_run.randomness(0)))
        assert found != "died"
        before, memory_bytes = held(server), rss_bytes(server)
        for rng in long_run.cases():
            picture = picture_of(rng)
            killer = None
            if rng.random() < KILL_SHARE:
                killer = threading.Timer(rng.uniform(0, LATEST_KILL_S), kill_one, (rng, server))
                killer.start()
            found = outcome_or_death(sealed, picture)
            if killer is not None:
                killer.join()
            long_run.outcomes[found] += 1
            if killer is None or found != "died":
                assert found == outcome(unsealed, picture)
        after = held(server)
        assert abs(rss_bytes(server) - memory_bytes) <= RSS_TOLERANCE_BYTES
    assert long_run.outcomes["died"] < long_run.count * KILL_SHARE * 1.5
    assert after["zombies"] == 0
    # One worker more may be waiting, with the two descriptors that lead to it.
    assert after["processes"] <= before["processes"] + 1
    assert after["descriptors"] <= before["descriptors"] + 2
    assert after["fork server's descriptors"] == before["fork server's descriptors"]


def outcome_or_death(checker: AgeChecker, picture: bytes) -> str:
    """As `outcome`; a worker's death, which only a kill may bring, has a name of its own."""
    try:
        return outcome(checker, picture)
    except WorkerError:
        return "died"
