"""Runs a program of its own beside the tests: for forks, signals and endings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from seal.processes import CAT, PORTRAIT, TESTS

TIME_LIMIT_S = 60.0
PREAMBLE = f"""
import gc, json, os, signal, sys, threading, time
from agecheck import AgePolicy, load_checker
from agecheck.errors import AgecheckError, WorkerError
from agecheck.seal.live_channel import LiveChannel
from agecheck.seal.pool import WorkerPool
from agecheck.seal.setup import WorkerSetup
from seal.processes import pool_of, server_pid_of

PORTRAIT, CAT = {str(PORTRAIT)!r}, {str(CAT)!r}

def tell(**said):
    print(json.dumps(said), flush=True)

def tell_soon(pool):
    # How many workers are out, from a thread beside a check.
    def wait_and_tell():
        while not any(worker.state for worker in list(pool._out)):
            time.sleep(0.01)
        time.sleep(0.1)
        tell(out=len(pool._out))
    threading.Thread(target=wait_and_tell, daemon=True).start()

def end_with_what_is_held():
    # How many descriptors lead to the parent's workers, as a forked child's exit code.
    links = [os.readlink(f"/proc/self/fd/{{n}}") for n in range(64)
             if os.path.lexists(f"/proc/self/fd/{{n}}")]
    os._exit(sum("socket" in link or "pidfd" in link for link in links))

def obedient(deadline_s=30.0):
    setup = WorkerSetup("seal.tasks:Obedient", max_checks=100, deadline_s=deadline_s)
    return WorkerPool(setup, concurrency=2)
"""


FORK_WARNING = "ignore:This process:DeprecationWarning"
"""From 3.12 on Python warns whoever forks beside threads, which is what is tried here."""


def start(program: str, *, path_first: Path | None = None) -> subprocess.Popen[str]:
    """The program after the preamble, in a process that can be talked to."""
    folders = [path_first, TESTS]
    path = os.pathsep.join(str(folder) for folder in folders if folder is not None)
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-W", FORK_WARNING, "-c", PREAMBLE + program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )


def hear(process: subprocess.Popen[str]) -> Any:
    """The next thing that it tells."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise AssertionError(process.communicate(timeout=TIME_LIMIT_S)[1])
    return json.loads(line)


def run(program: str, *, path_first: Path | None = None) -> list[Any]:
    """All that it tells, once it has ended without a word of complaint."""
    with start(program, path_first=path_first) as process:
        out, complaints = process.communicate(timeout=TIME_LIMIT_S)
    assert complaints == ""
    assert process.returncode == 0
    return [json.loads(line) for line in out.splitlines()]
