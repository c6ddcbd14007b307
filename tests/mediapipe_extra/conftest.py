"""Needs the `mediapipe` extra and strace; `make test-system` has an environment with both."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from mediapipe_extra.pictures import PORTRAITS, SELFIES
from selfies.conftest import PORTRAIT, pipeline, sample
from selfies.degrade import Portrait
from system.tracing import Call, traced

__all__ = ["pipeline", "sample"]

Traced = tuple[subprocess.CompletedProcess[bytes], list[Call]]
IDLE_S = 66
"""MediaPipe's thread for metrics wakes up one minute after the start."""
TESTS = Path(__file__).parents[1]
AN_IDLE_MINUTE = f"""
import sys, time
sys.path.insert(0, sys.argv[2])
from agecheck import AgePolicy, load_checker
from seal.processes import first_worker_pid, pool_of
with load_checker(AgePolicy(age_limit=12, challenge_age=15), detector="mediapipe") as checker:
    verdicts = [checker.check(sys.argv[1]).verdict]
    pid = first_worker_pid(pool_of(checker))
    time.sleep({IDLE_S})
    verdicts.append(checker.check(sys.argv[1]).verdict)
    print(*verdicts, first_worker_pid(pool_of(checker)) == pid)
"""


@pytest.fixture(scope="session", autouse=True)
def idle_minute(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Future[Traced]]:
    """A worker that is asked, waits for a minute, and is asked again; it waits beside the tests."""
    program = [sys.executable, "-c", AN_IDLE_MINUTE, str(PORTRAIT), str(TESTS)]
    with ThreadPoolExecutor(1) as beside:
        yield beside.submit(traced, program, tmp_path_factory.mktemp("idle"))


@pytest.fixture(scope="session")
def pictures(sample: Portrait, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sample portrait at several sizes and places, and the synthetic selfies, as files."""
    folder = tmp_path_factory.mktemp("pictures")
    paths: dict[str, Path] = {}
    for name, make in {**PORTRAITS, **SELFIES}.items():
        paths[name] = folder / f"{len(paths)}.png"
        make(sample).save(paths[name])
    return paths
