"""A benchmark that is ended from outside takes its workers with it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agecheck.bench.processes import family, states
from bench.faces import LabelledFolder

PATIENCE_S = 120.0


@pytest.fixture
def running(labelled: LabelledFolder, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`agecheck bench accuracy` with two workers at work."""
    typed = ["bench", "accuracy", str(labelled.path), "--workers", "2", "--out", str(tmp_path)]
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "agecheck", *typed], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline_s = time.monotonic() + PATIENCE_S
    while len(family(process.pid)) < 4 and time.monotonic() < deadline_s:  # and a tracker
        time.sleep(0.05)
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_its_workers_end_with_it(running: subprocess.Popen[bytes], number: int) -> None:
    """Whoever kills a run does not find its workers days later."""
    members = set(family(running.pid))
    assert len(members) >= 4
    running.send_signal(number)
    deadline_s = time.monotonic() + PATIENCE_S
    while members & alive() and time.monotonic() < deadline_s:
        running.poll()
        time.sleep(0.05)
    assert members & alive() == set()


def test_a_machine_that_is_taken_away_is_no_failure(running: subprocess.Popen[bytes]) -> None:
    """SIGTERM ends a run in order, as Ctrl-C does, so that its checkpoint can be taken up again."""
    running.terminate()
    _, errors = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 128 + signal.SIGTERM
    assert b"Traceback" not in errors


def alive() -> set[int]:
    return {pid for pid, (_, state) in states().items() if state != "Z"}
