"""A check leaves no file, no output and no changed setting behind."""

from __future__ import annotations

import gc
import locale
import logging
import os
import tempfile
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agecheck import (
    load_checker,
)
from unit.shipped_checks import CHALLENGE_25, OVER, recoded


def process_state() -> dict[str, object]:
    """What a library can change behind its caller's back."""
    umask = os.umask(0o077)
    os.umask(umask)
    return {
        "environment": dict(os.environ),
        "folder": Path.cwd(),
        "umask": umask,
        "numpy errors": np.geterr(),
        "numpy printing": np.get_printoptions(),
        "warning filters": list(warnings.filters),
        "locale": locale.setlocale(locale.LC_ALL),
        "log handlers": list(logging.root.handlers),
        "log level": logging.root.level,
        "pixel limit": Image.MAX_IMAGE_PIXELS,
        "python threads": threading.active_count(),
        "descriptors": len(list(Path("/dev/fd").iterdir())),
    }


def test_a_check_leaves_nothing_behind(
    tmp_path: Path,
    portrait: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """No file, no output, and no setting of the process that the caller did not make."""
    for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with load_checker(CHALLENGE_25) as checker:
        checker.check(portrait)  # what is imported late is imported now
    gc.collect()  # or a checker that another test left open ends in between
    before = process_state()

    with load_checker(CHALLENGE_25) as checker:
        for image_format in ("PNG", "JPEG", "WEBP"):
            assert checker.check(recoded(portrait, image_format)) == OVER

    assert process_state() == before
    assert list(tmp_path.rglob("*")) == []
    assert capfd.readouterr() == ("", "")
