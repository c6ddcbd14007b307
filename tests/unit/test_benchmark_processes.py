"""What the benchmarks of processes rest on: who belongs to whom, and that nobody else is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.figures import report
from benchmarks.processes import children, descriptors, family, kill_child, pss_mib, zombies

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(SLEEP)  # noqa: S603
    yield process
    process.kill()
    process.wait()


def test_a_child_is_found_and_killed(sleeper: subprocess.Popen[bytes]) -> None:
    """The soak kills workers this way, and waits until they are gone."""
    assert sleeper.pid in children(os.getpid())
    assert sleeper.pid in family(os.getpid())
    assert kill_child(sleeper.pid, os.getpid())
    assert zombies([os.getpid()]) >= 1  # it is not reaped yet, and that is seen
    assert sleeper.wait() == -9
    assert sleeper.pid not in children(os.getpid())


def test_another_ones_child_is_not_killed(sleeper: subprocess.Popen[bytes]) -> None:
    """A number that was given to another process meanwhile must not cost its life."""
    assert not kill_child(sleeper.pid, os.getppid())
    time.sleep(0.05)
    assert sleeper.poll() is None


def test_an_ended_process_holds_nothing(sleeper: subprocess.Popen[bytes]) -> None:
    """Processes end while they are measured."""
    assert pss_mib(sleeper.pid) > 0
    sleeper.kill()
    sleeper.wait()
    assert pss_mib(sleeper.pid) == 0
    assert not kill_child(sleeper.pid, os.getpid())


def test_an_open_file_is_a_descriptor_more(tmp_path: Path) -> None:
    """A leak of one a check must show."""
    before = descriptors(os.getpid())
    with (tmp_path / "file").open("w"):
        assert descriptors(os.getpid()) == before + 1


@pytest.mark.parametrize(
    ("value", "kind", "is_missed"),
    [
        (1.15, "at most", False),
        (1.16, "at most", True),
        (1.15, "at least", False),
        (1.14, "at least", True),
        (None, "at most", True),
        (None, "at least", True),
    ],
)
def test_a_figure_meets_its_limit_or_is_named(
    value: float | None,
    kind: str,
    is_missed: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A figure that could not be taken must not count as met."""
    missed = report({"ratio": value}, {"ratio": (kind, 1.15)}, {}, tmp_path / "out.json")
    assert missed == (["ratio"] if is_missed else [])
    assert ("MISSED" in capsys.readouterr().out) == is_missed
    document = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert document["missed"] == missed
    assert document["limits"] == {"ratio": f"{kind} 1.15"}


def test_a_limit_for_a_figure_that_there_is_not(tmp_path: Path) -> None:
    """A misspelt name would be a limit that nothing can miss."""
    with pytest.raises(KeyError):
        report({"ratio": 1.0}, {"ration": ("at most", 1.0)}, {}, tmp_path / "out.json")
