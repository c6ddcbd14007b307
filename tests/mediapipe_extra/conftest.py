"""Needs the `mediapipe` extra and strace; `make test-system` has an environment with both."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediapipe_extra.pictures import PORTRAITS, SELFIES
from selfies.conftest import pipeline, sample
from selfies.degrade import Portrait

__all__ = ["pipeline", "sample"]


@pytest.fixture(scope="session")
def pictures(sample: Portrait, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sample portrait at several sizes and places, and the synthetic selfies, as files."""
    folder = tmp_path_factory.mktemp("pictures")
    paths: dict[str, Path] = {}
    for name, make in {**PORTRAITS, **SELFIES}.items():
        paths[name] = folder / f"{len(paths)}.png"
        make(sample).save(paths[name])
    return paths
