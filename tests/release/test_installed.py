"""The wheel in a fresh environment of each Python at hand; the sources are not there."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

from agecheck import __version__
from release.environments import interpreters, minor_versions

SMOKE = Path(__file__).parent / "smoke.py"

Offline = Callable[..., CompletedProcess[str]]


def test_the_python_that_runs_this_is_one_of_those_tried() -> None:
    """The list of Pythons is never empty, and holds none that the package does not name."""
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in interpreters()
    assert set(minor_versions()) >= interpreters().keys()


def test_a_first_program_runs_without_sources_or_network(
    offline: Offline, environment: Path
) -> None:
    """What pip installs answers, signs and verifies on its own, behind a whole seal."""
    ran = offline("python", "-I", SMOKE)
    assert ran.stderr == ""
    told = json.loads(ran.stdout)
    assert told["interfaces"] == ["lo"]
    assert told["versions"] == [__version__, __version__]
    assert Path(told["package"]).is_relative_to(environment)
    assert (told["over"], told["seal"]) == ([True, True], "sealed")


def test_the_demo_runs_without_sources_or_network(offline: Offline) -> None:
    """The first thing that the README has a reader do needs nothing but the wheel."""
    ran = offline("sh", "examples/demo.sh")
    assert (ran.stderr, ran.returncode) == ("", 0)
    assert "OVER 18" in ran.stdout.splitlines()


def test_doctor_finds_the_installation_whole(offline: Offline) -> None:
    """Every shipped file came through packing, and every wall stands on this Python."""
    ran = offline("agecheck", "doctor")
    assert (ran.stdout.splitlines()[-1], ran.stderr, ran.returncode) == ("all well", "", 0)
