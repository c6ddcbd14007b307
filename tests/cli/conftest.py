"""Runs the command line: in this process for most tests, as a real process for some."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import agecheck
from agecheck.cli.program import cli

PACKAGE = Path(agecheck.__file__).parent


@pytest.fixture
def invoke() -> Callable[..., Result]:
    """The program inside this process: invoke("check", path, stdin=b"...")."""

    def run(*arguments: str | Path, stdin: bytes | None = None) -> Result:
        texts = [str(argument) for argument in arguments]
        return CliRunner().invoke(cli, texts, prog_name="agecheck", input=stdin)

    return run


@pytest.fixture
def command_line() -> Callable[..., list[str]]:
    """The argument vector that starts the program as a process."""

    def build(*arguments: str | Path) -> list[str]:
        return [sys.executable, "-m", "agecheck", *(str(argument) for argument in arguments)]

    return build


@pytest.fixture
def spawn(
    command_line: Callable[..., list[str]],
) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """The program as a process: spawn("check", path, path_first=folder, env={...})."""

    def run(
        *arguments: str | Path,
        stdin: bytes = b"",
        path_first: Path | None = None,
        env: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        environment = {**os.environ, **(env or {})}
        if path_first is not None:
            inherited = environment.get("PYTHONPATH", "")
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(path_first), inherited]))
        return subprocess.run(  # noqa: S603
            command_line(*arguments),
            input=stdin,
            env=environment,
            capture_output=True,
            check=False,
            timeout=120,
        )

    return run


@pytest.fixture
def no_seccomp(tmp_path: Path) -> Path:
    """A folder that makes a machine without libseccomp when it comes first on the path."""
    folder = tmp_path / "no-seccomp"
    folder.mkdir()
    (folder / "pyseccomp.py").write_text('raise RuntimeError("no libseccomp here")\n')
    return folder


@pytest.fixture
def damaged_install(tmp_path: Path) -> Path:
    """A folder with a copy of the package in which one bit of one model differs."""
    folder = tmp_path / "damaged"
    shutil.copytree(PACKAGE, folder / "agecheck", ignore=shutil.ignore_patterns("__pycache__"))
    model = folder / "agecheck" / "models" / "data" / "age-mobilenet.onnx"
    model_bytes = bytearray(model.read_bytes())
    model_bytes[len(model_bytes) // 2] ^= 1
    model.write_bytes(model_bytes)
    return folder
