"""Runs tries: outside the walls, where they have to work, and inside, where they must not."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agecheck.errors import InternalError, SealError, WorkerError, WorkerFault
from agecheck.seal.pool import WorkerPool
from agecheck.seal.setup import WorkerSetup
from agecheck.verdict import Verdict
from attacks.attempt import SECRET, Honest, Try

DEADLINE_S = 5.0
_ARRIVAL_S = 0.05
"""After a try, for what it sent to arrive."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try ended.

    Attributes:
        name: the try's.
        succeeded: whether it worked; None when it could not be tried.
        by: what stopped it, or what went wrong.
    """

    name: str
    succeeded: bool | None
    by: str


def outcome(name: str, *, control: bool, succeeded: bool, by: str) -> Outcome:
    """How an attack from the calling process ended.

    Args:
        name: the try's.
        control: the same attack worked where nothing stops it.
        succeeded: it worked on what it attacks.
        by: what stopped it.
    """
    if not control:
        return Outcome(name, None, "it does not work where nothing stops it: nothing is proven")
    return Outcome(name, succeeded, by)


def honest_code_passes() -> bool:
    """Whether a task that attacks nothing works in a worker behind all walls."""
    return _works_inside(Try("honest", Honest)) == (True, "worked")


def run_tries(tries: Iterable[Try]) -> Iterator[Outcome]:
    """Each in turn."""
    for a_try in tries:
        yield _run_try(a_try)


def _run_try(a_try: Try) -> Outcome:
    if not _works_outside(a_try):
        return outcome(a_try.name, control=False, succeeded=False, by="")
    worked, how = _works_inside(a_try)
    if how == _BROKEN:
        return Outcome(a_try.name, None, how)
    if not worked and how == _KILLED and a_try.calls:
        works_then, how_then = _works_inside(a_try, let_through=a_try.calls)
        if not works_then and how_then == _KILLED:
            return Outcome(a_try.name, None, f"killed for something else than {a_try.calls}")
        behind = "nothing else" if works_then else how_then
        how = f"{how} by the filter (behind it: {behind})"
    return Outcome(a_try.name, worked, how)


_KILLED = "worker killed"
_BROKEN = "the attempt itself failed"


def _works_outside(a_try: Try) -> bool:
    with a_try.scene() as scene:
        ended = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "attacks.attempt", a_try.reference, json.dumps(scene.given)],
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )
        if scene.effect is None:
            return ended.returncode == 0
        time.sleep(_ARRIVAL_S)
        return scene.effect()


def _works_inside(a_try: Try, let_through: tuple[str, ...] = ()) -> tuple[bool, str]:
    with a_try.scene() as scene:
        setup = WorkerSetup(
            "attacks.attempt:Poisoned",
            {
                "reference": a_try.reference,
                "given": scene.given,
                "stage": a_try.stage,
                "prepare_stage": a_try.prepare_stage,
            },
            deadline_s=DEADLINE_S,
            extra_calls=let_through,
        )
        own_word, how = _check(setup, a_try.require_all)
        if scene.effect is None:
            return own_word, how
        time.sleep(_ARRIVAL_S)
        reached = scene.effect()
        return reached, how if reached or not own_word else "goes nowhere"


def _check(setup: WorkerSetup, require_all: bool) -> tuple[bool, str]:
    """The attempt's own word, and how it ended."""
    pool = None
    try:
        pool = WorkerPool(setup, require_all=require_all, concurrency=1)
        worked = pool.check(SECRET).verdict is Verdict.OVER
        return worked, "worked" if worked else "refused"
    except WorkerError as error:
        return False, _KILLED if error.fault is WorkerFault.DIED else str(error)
    except SealError as error:
        return False, f"no check at all: {error}"
    except InternalError:
        return False, _BROKEN
    finally:
        if pool is not None:
            pool.close()
