"""Poisoned code ends itself in a way that says something."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

from agecheck.errors import WorkerError
from agecheck.seal.pool import WorkerPool
from agecheck.seal.setup import WorkerSetup
from attacks.attempt import SECRET, Attempt
from attacks.trial import Outcome, outcome

WAYS = (0, 1, 7, 255, -int(signal.SIGSEGV), -int(signal.SIGFPE), -int(signal.SIGABRT))
"""Exit codes, and signals as negative numbers."""


class End(Attempt):
    """Ends in the way that it was given, when the picture is there."""

    def act(self, data: bytes) -> bool:
        way = self.given["way"]
        if way >= 0:
            os._exit(way)
        if way == -signal.SIGSEGV:
            ctypes.string_at(len(data))
        os.kill(os.getpid(), -way)
        return False


def run() -> Iterator[Outcome]:
    """Seen by the caller, every end is the same error."""
    outside = {_ended_outside(way) for way in WAYS}
    inside = {_ended_inside(way) for way in WAYS}
    yield outcome(
        "codes and signals",
        control=len(outside) == len(WAYS),
        succeeded=len(inside) > 1,
        by=f"{len(WAYS)} ends look the same to the caller, whose child the worker is not",
    )


def _ended_outside(way: int) -> int:
    code = f"import os; os._exit({way})" if way >= 0 else f"import os; os.kill(os.getpid(), {-way})"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode  # noqa: S603


def _ended_inside(way: int) -> tuple[str, ...]:
    setup = WorkerSetup(
        "attacks.attempt:Poisoned",
        {
            "reference": f"{__name__}:End",
            "given": {"way": way},
            "stage": "picture",
            "prepare_stage": "server",
        },
    )
    pool = WorkerPool(setup, concurrency=1)
    try:
        pool.check(SECRET)
    except WorkerError as error:
        # All that the caller can see, the text of its causes included.
        return (
            str(error),
            repr(error),
            repr(error.args),
            repr(error.__cause__),
            repr(error.__context__),
        )
    finally:
        pool.close()
    return ("an answer",)
