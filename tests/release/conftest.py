"""The tests of a release look at what `make test-release` has built and installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from release.environments import ENVIRONMENTS, interpreters, wheel
from release.package import ROOT

Offline = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def built_wheel() -> Path:
    """The wheel in dist/."""
    return wheel()


@pytest.fixture(params=list(interpreters()))
def environment(request: pytest.FixtureRequest) -> Path:
    """A fresh environment with nothing but the wheel and what it needs, for each Python at hand."""
    return ENVIRONMENTS / str(request.param)


@pytest.fixture
def offline(environment: Path, tmp_path: Path) -> Offline:
    """Runs a program of that environment in an empty folder, with the network unplugged."""
    for name in ("examples/demo.sh", "tests/pictures/astronaut.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / name, tmp_path / name)

    def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
        variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        path = os.pathsep.join([str(environment / "bin"), variables.get("PATH", "")])
        return subprocess.run(  # noqa: S603
            ["unshare", "--map-root-user", "--net", "--", *command],  # noqa: S607
            cwd=tmp_path,
            env={**variables, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    return run
